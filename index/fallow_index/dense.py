"""Dense search: inner products in FAISS, with the filter inside the search.

A small library is scanned (exact). A large one has an inverted file (dense_ivf.py) that nominates, refined by
exact products; where few papers are allowed these are computed for every one of them. A GPU, when FAISS has
one, scans everything at any size.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from fallow_index.dense_ivf import DenseIvf, use_threads
from fallow_index.dense_table import DenseTable, Slots, Vectors

_ADD_BLOCK = 1 << 14
_ROWS_A_THREAD = 100_000
"""Below this many rows one thread is faster: waking a second one costs more than the scan."""
_PRODUCTS_A_THREAD = 1_000_000
"""The same for many queries at once."""
REFINED = 5
"""Nominees of the inverted file for each result, then exact products (recall@200 .99, docs/search.md)."""
FEW, FEW_SHARE = 4_000, 64
"""Up to 4,000 allowed papers, or one in 64, exact products of all of them cost less than the lists."""
MOST_ON_GPU = 2_048
"""The longest result that FAISS's GPU indexes give."""


class DenseIndex:
    """The dense vectors of several segments; slots count through the segments in order.

    ivf: the generation's inverted file, None for a small library: then copies in half precision, as they are
    stored (768 bytes a paper in memory), are scanned.
    """

    def __init__(
        self, segments: Sequence[NDArray[np.floating]], dimension: int, ivf: DenseIvf | None = None
    ) -> None:
        self._table = DenseTable(segments, dimension)
        self._ivf = ivf
        self._gpu = _on_gpu(self._flat) if len(self) and faiss.get_num_gpus() > 0 else None
        if ivf is None and self._gpu is None:
            _ = self._flat  # read now, rather than by the first question

    def __len__(self) -> int:
        return len(self._table)

    def search(self, query: Vectors, k: int, allowed: NDArray[np.bool_]) -> Slots:
        """Slots of the k best among those allowed (bool [slots]), best first; fewer only if fewer are
        allowed.

        query: float32 [dimension].
        """
        count = int(np.count_nonzero(allowed))
        k = min(k, count)
        if k < 1:
            return np.empty(0, np.int64)
        query = np.ascontiguousarray(query, np.float32)
        if self._gpu is not None and k <= MOST_ON_GPU:
            found = self._scan_gpu(query, allowed)
            if len(found) >= k:
                return found[:k]
        if self._ivf is None:
            return self._scan(query, k, allowed)
        if count > max(FEW, len(self) // FEW_SHARE, REFINED * k):
            nominees = self._ivf.nominate(query[np.newaxis], REFINED * k, allowed)[0]
            nominees = nominees[nominees >= 0]
            if len(nominees) >= k:
                return self._best(query, nominees, k)
        return self._best(query, np.flatnonzero(allowed), k)

    def scores(self, query: Vectors, slots: Slots) -> Vectors:
        """Exact float32 dot products of the query with some slots, float32 [slots]."""
        return self._table.products(query, slots)

    def take(self, slots: Slots) -> Vectors:
        """The vectors of some slots, float32 [slots, dimension]."""
        return self._table.take(slots)

    @cached_property
    def _flat(self) -> Any:
        index = faiss.IndexScalarQuantizer(
            self._table.dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        index.is_trained = True
        for vectors in self._table.segments:
            for start in range(0, len(vectors), _ADD_BLOCK):
                index.add(np.ascontiguousarray(vectors[start : start + _ADD_BLOCK], np.float32))
        return index

    def _scan(self, query: Vectors, k: int, allowed: NDArray[np.bool_]) -> Slots:
        # FAISS wraps these constructors in Python; its stubs know only the C++ ones.
        selector = faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))  # type: ignore[call-arg,arg-type]
        use_threads(1 + len(self) // _ROWS_A_THREAD)
        options = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        _, found = self._flat.search(query[np.newaxis], k, params=options)
        return np.asarray(found[0][found[0] >= 0], dtype=np.int64)

    def _scan_gpu(self, query: Vectors, allowed: NDArray[np.bool_]) -> Slots:
        """The allowed among the best MOST_ON_GPU; a GPU index takes no filter."""
        assert self._gpu is not None
        _, found = self._gpu.search(query[np.newaxis], min(MOST_ON_GPU, len(self)))
        slots = np.asarray(found[0][found[0] >= 0], dtype=np.int64)
        return slots[allowed[slots]]

    def _best(self, query: Vectors, slots: Slots, k: int) -> Slots:
        """The k slots of the highest exact products, best first; the lower slot among equals."""
        slots = np.sort(slots)
        best = np.argsort(-self._table.products(query, slots), kind="stable")[:k]
        return slots[best]


def _on_gpu(index: Any) -> Any:
    """A copy of an index on the first GPU that FAISS sees."""
    return faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, index)


def knn(queries: Vectors, base: Vectors, k: int) -> tuple[NDArray[np.int64], Vectors]:
    """The k best rows of `base` for each query by inner product: rows [m, k] and products [m, k].

    Exact, in blocks (FAISS); where base has fewer than k rows the rest is -1 and -inf.
    """
    if not len(queries) or not len(base):
        return np.full((len(queries), k), -1, np.int64), np.full((len(queries), k), -np.inf, np.float32)
    use_threads(1 + len(queries) * len(base) // _PRODUCTS_A_THREAD)
    products, rows = faiss.knn(
        np.ascontiguousarray(queries, np.float32),
        np.ascontiguousarray(base, np.float32),
        k,
        metric=faiss.METRIC_INNER_PRODUCT,
    )
    products[rows < 0] = -np.inf
    return rows, products
