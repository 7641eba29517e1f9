"""The dense vectors of several segments as one table of slots, read where they lie: only what is asked for is
copied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Slots = NDArray[np.int64]


class DenseTable:
    """Vectors by slot; slots count through the segments in order. segments: floating [n, dimension] each."""

    def __init__(self, segments: Sequence[NDArray[np.floating]], dimension: int) -> None:
        self.segments = tuple(segments)
        self.dimension = dimension
        sizes = np.array([len(vectors) for vectors in segments], dtype=np.int64)
        self._bases = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])

    def __len__(self) -> int:
        return int(self._bases[-1])

    def take(self, slots: Slots) -> Vectors:
        """The vectors of some slots, float32 [slots, dimension]."""
        taken = np.empty((len(slots), self.dimension), np.float32)
        for vectors, at, rows in self._located(slots):
            taken[at] = vectors[rows]
        return taken

    def products(self, query: Vectors, slots: Slots) -> Vectors:
        """Exact inner products of a query [dimension] with some slots, float32 [slots]."""
        products = np.empty(len(slots), np.float32)
        for vectors, at, rows in self._located(slots):
            products[at] = vectors[rows].astype(np.float32) @ query
        return products

    def _located(self, slots: Slots) -> Iterator[tuple[NDArray[np.floating], Slots, Slots]]:
        """Per segment: its vectors, which of `slots` lie in it, and their rows there."""
        owner = np.searchsorted(self._bases, slots, side="right") - 1
        for segment, vectors in enumerate(self.segments):
            at = np.flatnonzero(owner == segment)
            if len(at):
                yield vectors, at, slots[at] - self._bases[segment]
