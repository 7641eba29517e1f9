"""One generation of an index, open for reading: which paper has which row, its vectors, its neighbours.

A slot is a row of a segment, dead ones included, counted through the segments in order; a row counts the
live slots only.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fallow_index.arrays import REBUILD, map_array
from fallow_index.dense import knn
from fallow_index.filters import SlotTable
from fallow_index.generations import (
    NUMBERS_FILE,
    PUBLIC_BY_FILE,
    Generation,
)
from fallow_index.neighbours import KEPT, read_neighbours, without_self
from fallow_index.segments import KEY_BYTES, Keys, Segment
from fallow_index.token_codec import TokenQuantiser
from fallow_index.vector_files import live_vectors
from fallow_ingest.errors import IndexDamaged

Numbers = NDArray[np.int64]
Vectors = NDArray[np.float32]


class OpenIndex:
    """A generation's arrays, memory-mapped; a later build does not disturb them. numbers: int64 [rows]."""

    def __init__(self, library: Path, generation: Generation) -> None:
        self.library = library
        self.generation = generation
        folder = generation.folder
        self.table = SlotTable(
            map_array(folder / NUMBERS_FILE, np.int64), map_array(folder / PUBLIC_BY_FILE, np.int32)
        )
        self._segments = [Segment.open(folder / s.name, generation.space) for s in generation.segments]
        sizes = np.array([len(segment) for segment in self._segments], dtype=np.int64)
        self._bases = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        if not len(self.table.numbers) == len(self.table.public_by) == self._bases[-1]:
            raise IndexDamaged(f"{folder / NUMBERS_FILE} does not fit the segments", REBUILD)
        self._live = np.asarray(self.table.numbers >= 0)
        self._slots: Numbers = np.flatnonzero(self._live)
        self.numbers: Numbers = np.asarray(self.table.numbers[self._slots])
        self._order = np.argsort(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)

    @cached_property
    def vectors(self) -> Vectors:
        """Dense vectors of all papers in row order, float32 [n, d], of length 1; copied at first use."""
        return live_vectors([segment.dense for segment in self._segments], self._live)

    @cached_property
    def keys(self) -> Keys:
        """Content keys of all papers in row order, uint8 [n, 16]."""
        parts = [segment.keys for segment in self._segments]
        return np.concatenate([np.empty((0, KEY_BYTES), np.uint8), *parts])[self._live]

    @property
    def days(self) -> NDArray[np.int32]:
        """The day by which each paper was public, in row order, int32 [n], yyyymmdd."""
        return np.asarray(self.table.public_by[self._slots])

    @property
    def token_counts(self) -> Numbers:
        """How many token vectors each paper has, in row order, int64."""
        counts = [np.diff(segment.tokens.offsets) for segment in self._segments]
        return np.concatenate([np.empty(0, np.int64), *counts])[self._live]

    @property
    def quantisers(self) -> list[TokenQuantiser]:
        """Of the token vectors of each segment."""
        return [segment.tokens.quantiser for segment in self._segments]

    def tokens(self, rows: Numbers) -> tuple[Vectors, Numbers]:
        """Token vectors of some papers as the encoder made them, decompressed, without repeats.

        Returns float32 [tokens, token_dimension], and offsets int64 [rows + 1] of where each paper's begin.
        """
        dimension = self.generation.space.token_dimension
        parts = [np.empty((0, dimension), np.float32)]
        lengths = [0]
        for slot in self._slots[rows].tolist():
            segment, at = self._place(slot)
            parts.append(segment.tokens.vectors(np.array([at])))
            lengths.append(len(parts[-1]))
        return np.concatenate(parts), np.cumsum(lengths)

    def rows(self, numbers: Collection[int] | Numbers) -> Numbers:
        """The row of each paper number, int64; -1 for papers that the index does not hold."""
        wanted = np.asarray(
            numbers if isinstance(numbers, np.ndarray) else list(numbers), dtype=np.int64
        ).reshape(-1)
        if not len(self.numbers) or not len(wanted):
            return np.full(len(wanted), -1, np.int64)
        place = np.searchsorted(self.numbers, wanted, sorter=self._order)
        row = self._order[np.minimum(place, len(self.numbers) - 1)]
        return np.where(self.numbers[row] == wanted, row, -1)

    def slots(self, numbers: Collection[int] | Numbers) -> Numbers:
        """The slot of each of those papers that the index holds, int64, in their order."""
        rows = self.rows(numbers)
        return self._slots[rows[rows >= 0]]

    def nearest(self, k: int, rows: Numbers | None = None) -> tuple[NDArray[np.int32], Vectors]:
        """The k nearest other papers by cosine: rows int32 [m, k] and similarities float32 [m, k], best
        first.

        rows: which papers to ask for, None for all. Up to 20 come from the file that the build wrote, more
        are computed. Where a library holds too few papers the rest is -1 with similarity -inf.
        """
        chosen = np.arange(len(self)) if rows is None else np.asarray(rows, dtype=np.int64)
        if k > KEPT:
            found, similarity = without_self(*knn(self.vectors[chosen], self.vectors, k + 1), chosen)
            return found.astype(np.int32), similarity
        kept = read_neighbours(self.generation.folder)
        numbers, similarity = kept.numbers[chosen, :k], kept.similarities[chosen, :k]
        return self.rows(numbers.ravel()).reshape(numbers.shape).astype(np.int32), np.array(similarity)

    def _place(self, slot: int) -> tuple[Segment, int]:
        at = int(np.searchsorted(self._bases, slot, side="right")) - 1
        return self._segments[at], slot - int(self._bases[at])
