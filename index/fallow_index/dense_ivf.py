"""An inverted file over the dense vectors of a large library: a few lists are read in place of every vector.

IVF (Sivic and Zisserman 2003) with RaBitQ codes of the residuals (Gao and Long 2024, one bit a component, in
FAISS's fast-scan layout): 90 bytes a paper. Such codes only nominate; whoever asks refines by exact products
with the stored vectors (dense.py): of twice as many nominees as results a fifth is still missing. Chosen over
product quantisation because it needs no training but that of the lists and takes vectors of any length; at
equal refinement both find the same within two points (docs/search.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from fallow_index.arrays import REBUILD, FileSum, check_file, map_array, save_array
from fallow_index.dense_table import DenseTable, Vectors
from fallow_index.threads import usable_cores
from fallow_ingest.errors import IndexDamaged

IVF_FILE: Final = "dense_ivf.npy"
IVF_FROM = 50_000
"""Papers from which the file is written. CPU of one search on real abstracts: flat 4 ms at 50,000 papers and
10 ms at 100,000, lists 1.6 ms. Below 50,000 the scan is exact, needs no training, and drowns in the rest."""
ROWS_A_LIST = 400
"""Mean length of a list when it is trained."""
GROWN = 2
"""The lists are trained anew once they are this many times as long: until then new vectors still lie near
the centroids of the old ones (a field drifts slowly), after that a probe reads twice what it was meant to."""
MOST_DEAD = 0.3
"""Share of dead entries from which it is made anew."""
LEAST_PROBED, PROBED_SHARE = 64, 16
"""Lists read for a query: 64, or one in 16 where that is more."""
_TRAINED_A_LIST = 64
_ITERATIONS = 8
_SEED = 12345
_BLOCK = 1 << 14
_THREADS = 2
"""Threads of FAISS; more only wait for memory."""
_WORTH_A_THREAD = 256
"""Queries of a batch, from which waking a second thread costs less than it saves."""

Slots = NDArray[np.int64]


class DenseIvf:
    """The lists of one generation; entries are slots."""

    def __init__(self, index: Any) -> None:
        self._index = index

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @classmethod
    def trained(cls, table: DenseTable, slots: Slots) -> DenseIvf:
        """Lists for some slots, which it then holds. Deterministic: fixed seed, one thread."""
        lists = max(1, len(slots) // ROWS_A_LIST)
        coarse = faiss.IndexFlatIP(table.dimension)
        coarse.this.disown()  # type: ignore[attr-defined]  # the index frees it
        index = faiss.IndexIVFRaBitQFastScan(coarse, table.dimension, lists, faiss.METRIC_INNER_PRODUCT)
        index.own_fields = True
        index.cp.niter, index.cp.seed = _ITERATIONS, _SEED
        index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, _TRAINED_A_LIST
        use_threads(1)
        wanted = min(len(slots), lists * _TRAINED_A_LIST)
        sample = np.random.RandomState(_SEED).choice(len(slots), wanted, replace=False)
        index.train(table.take(slots[np.sort(sample)]))
        found = cls(index)
        found.add(table, slots)
        return found

    @classmethod
    def read(cls, folder: Path, *, slots: int) -> DenseIvf:
        """The lists of a generation with so many slots. Raises IndexDamaged naming the file."""
        path = folder / IVF_FILE
        data = np.array(map_array(path, np.uint8))
        try:
            index = faiss.deserialize_index(data)
        except RuntimeError as error:
            raise IndexDamaged(f"{path} holds no index", REBUILD) from error
        if not isinstance(index, faiss.IndexIVFRaBitQFastScan) or index.ntotal > 2 * slots:
            raise IndexDamaged(f"{path} does not fit the segments", REBUILD)
        return cls(index)

    def write(self, folder: Path) -> dict[str, FileSum]:
        """Write the file of a generation; returns its checksum."""
        written = BytesIO()
        # Not serialize_index: it needs C++ vectors, a type that PyMuPDF claims where it is loaded first.
        faiss.write_index(self._index, faiss.PyCallbackIOWriter(written.write))  # type: ignore[attr-defined]
        return {IVF_FILE: save_array(folder / IVF_FILE, np.frombuffer(written.getbuffer(), np.uint8))}

    def add(self, table: DenseTable, slots: Slots) -> None:
        """Add the vectors of further slots to the lists there are."""
        use_threads(1 + len(slots) // _BLOCK)
        for start in range(0, len(slots), _BLOCK):
            some = slots[start : start + _BLOCK]
            self._index.add_with_ids(table.take(some), some)

    def outgrown(self, papers: int) -> bool:
        """Whether it should be made anew for so many live papers."""
        too_long = papers >= GROWN * ROWS_A_LIST * max(1, self._index.nlist)
        return too_long or len(self) - papers > MOST_DEAD * len(self)

    def renumber(self, slot_of: Slots) -> None:
        """Give each entry its slot in a new generation. slot_of[old slot] is -1 for what is gone."""
        for entries in self.lists():
            entries[:] = np.where(entries >= 0, slot_of[entries], -1)

    def lists(self) -> list[Slots]:
        """The entries of each list, int64, -1 for what is gone; views of what is stored."""
        lists = self._index.invlists
        sizes = [lists.list_size(at) for at in range(self._index.nlist)]
        return [
            faiss.rev_swig_ptr(lists.get_ids(at), size) if size else np.empty(0, np.int64)
            for at, size in enumerate(sizes)
        ]

    def nearest_lists(self, count: int) -> Slots:
        """For each list those with the nearest centroids, itself first, int64 [lists, count or all]."""
        centroids = self._index.quantizer.reconstruct_n(0, self._index.nlist)
        products = centroids @ centroids.T
        np.fill_diagonal(products, np.inf)
        return np.argsort(-products, axis=1, kind="stable")[:, :count]

    def nominate(self, queries: Vectors, count: int, allowed: NDArray[np.bool_]) -> Slots:
        """About the best `count` allowed slots of each query, int64 [m, count], in no reliable order; -1
        fills up.

        queries: float32 [m, d]; allowed: bool [slots]. The fewer are allowed, the more lists are read.
        """
        share = max(1e-9, np.count_nonzero(allowed) / max(1, len(allowed)))
        lists = self._index.nlist
        probed = min(lists, int(max(LEAST_PROBED, lists / PROBED_SHARE) / share))
        use_threads(1 + len(queries) // _WORTH_A_THREAD)
        # FAISS wraps these constructors in Python; its stubs know only the C++ ones.
        selector = faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))  # type: ignore[call-arg,arg-type]
        options = faiss.SearchParametersIVF(nprobe=probed, sel=selector)  # type: ignore[call-arg]
        _, found = self._index.search(np.ascontiguousarray(queries, np.float32), count, params=options)
        return np.asarray(found, dtype=np.int64)


def read_ivf(folder: Path, files: Mapping[str, FileSum], *, slots: int) -> DenseIvf | None:
    """The inverted file of a generation that has one among its `files`.

    Its checksum is verified here, not only by builds: FAISS trusts what it reads, and 90 bytes a paper are
    soon read. Raises IndexDamaged naming the file.
    """
    if IVF_FILE not in files:
        return None
    check_file(folder / IVF_FILE, files[IVF_FILE], fully=True)
    return DenseIvf.read(folder, slots=slots)


def use_threads(most: int) -> None:
    """Let FAISS's next call use up to `most` threads, as far as there are cores."""
    faiss.omp_set_num_threads(max(1, min(_THREADS, most, usable_cores())))
