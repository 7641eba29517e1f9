"""Dense search: exact inner products in FAISS, with the filter inside the search."""

from __future__ import annotations

from collections.abc import Sequence

import faiss
import numpy as np
from numpy.typing import NDArray

from fallow_index.threads import usable_cores

Vectors = NDArray[np.float32]

_ADD_BLOCK = 1 << 14
_THREADS = 2
"""Threads of one FAISS search; more only wait for memory."""
_ROWS_A_THREAD = 100_000
"""Below this many rows one thread is faster: waking a second one costs more than the scan."""


class DenseIndex:
    """The dense vectors of several segments as one flat FAISS index in half precision.

    Half precision (768 bytes a paper in memory) is faster than float32, being bound by memory, and changes
    dot products in the fourth digit. Slots count through the segments in order.
    """

    def __init__(self, segments: Sequence[Vectors], dimension: int) -> None:
        self._segments = tuple(segments)
        self._index = faiss.IndexScalarQuantizer(
            dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        self._index.is_trained = True
        for vectors in segments:
            for start in range(0, len(vectors), _ADD_BLOCK):
                self._index.add(np.ascontiguousarray(vectors[start : start + _ADD_BLOCK]))
        sizes = np.array([len(vectors) for vectors in segments], dtype=np.int64)
        self._bases = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])

    def __len__(self) -> int:
        return int(self._bases[-1])

    def search(self, query: Vectors, k: int, allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Slots of the k best among those allowed (bool [slots]), best first; fewer only if fewer are
        allowed.

        query: float32 [dimension].
        """
        k = min(k, int(np.count_nonzero(allowed)))
        if k < 1:
            return np.empty(0, np.int64)
        # FAISS wraps these constructors in Python; its stubs know only the C++ ones.
        selector = faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))  # type: ignore[call-arg,arg-type]
        faiss.omp_set_num_threads(min(_THREADS, usable_cores(), 1 + len(self) // _ROWS_A_THREAD))
        options = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        _, found = self._index.search(query[np.newaxis].astype(np.float32), k, params=options)
        return np.asarray(found[0][found[0] >= 0], dtype=np.int64)

    def scores(self, query: Vectors, slots: NDArray[np.int64]) -> Vectors:
        """Exact float32 dot products of the query with some slots, float32 [slots]."""
        scores = np.empty(len(slots), np.float32)
        for vectors, at, rows in self._located(slots):
            scores[at] = vectors[rows] @ query
        return scores

    def _located(
        self, slots: NDArray[np.int64]
    ) -> list[tuple[Vectors, NDArray[np.int64], NDArray[np.int64]]]:
        """Per segment: its vectors, which of `slots` lie in it, and their rows there."""
        owner = np.searchsorted(self._bases, slots, side="right") - 1
        located = []
        for segment, vectors in enumerate(self._segments):
            at = np.flatnonzero(owner == segment)
            if len(at):
                located.append((vectors, at, slots[at] - self._bases[segment]))
        return located


def knn(queries: Vectors, base: Vectors, k: int) -> tuple[NDArray[np.int64], Vectors]:
    """The k best rows of `base` for each query by inner product: rows [m, k] and products [m, k].

    Exact, in blocks (FAISS); where base has fewer than k rows the rest is -1 and -inf.
    """
    if not len(queries) or not len(base):
        return np.full((len(queries), k), -1, np.int64), np.full((len(queries), k), -np.inf, np.float32)
    faiss.omp_set_num_threads(min(_THREADS, usable_cores()))
    products, rows = faiss.knn(
        np.ascontiguousarray(queries, np.float32),
        np.ascontiguousarray(base, np.float32),
        k,
        metric=faiss.METRIC_INNER_PRODUCT,
    )
    products[rows < 0] = -np.inf
    return rows, products
