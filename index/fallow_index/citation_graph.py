"""Who cites whom, as sparse matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from fallow_ingest.catalog import Catalog


@dataclass(frozen=True, eq=False)
class CitationGraph:
    """The citation graph of a library.

    numbers: int64 [n], ascending paper numbers, one a row. years: int16 [n], 0 when unknown.
    references: bool CSR [n, n], row cites column; cited_by: its transpose, also CSR.
    self_citations, future_citations: pairs left out because a paper cited itself, or one of a later
    year (wrong dates in a source, or a preprint cited before its venue dated it).
    """

    numbers: NDArray[np.int64]
    years: NDArray[np.int16]
    references: sparse.csr_matrix
    cited_by: sparse.csr_matrix
    self_citations: int
    future_citations: int

    @classmethod
    def load(cls, catalog: Catalog, *, as_of: int | None = None) -> CitationGraph:
        """The graph of all papers, or of those public by `as_of` (yyyymmdd); O(papers + citations)."""
        papers = catalog.connection.execute(
            "SELECT number, coalesce(year, 0) FROM papers WHERE ? IS NULL OR public_by <= ? ORDER BY number",
            (as_of, as_of),
        )
        table = np.array([tuple(row) for row in papers], dtype=np.int64).reshape(-1, 2)
        numbers, years = table[:, 0].copy(), np.clip(table[:, 1], 0, 32767).astype(np.int16)
        pairs = np.fromiter(
            (number for pair in catalog.citations() for number in pair), dtype=np.int64
        ).reshape(-1, 2)
        citing, cited = find_rows(numbers, pairs[:, 0]), find_rows(numbers, pairs[:, 1])
        held = (citing >= 0) & (cited >= 0)
        citing, cited = citing[held], cited[held]
        own = citing == cited
        late = _from_future(years[citing], years[cited]) & ~own
        kept = ~own & ~late
        references = _matrix(citing[kept], cited[kept], len(numbers))
        cited_by = references.T.tocsr()
        return cls(numbers, years, references, cited_by, int(own.sum()), int(late.sum()))

    def __len__(self) -> int:
        return len(self.numbers)

    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The row of each paper number, -1 for papers that the graph does not hold."""
        return find_rows(self.numbers, np.asarray(numbers, dtype=np.int64))

    @property
    def citation_counts(self) -> NDArray[np.int64]:
        """How often each paper is cited within the library, int64 [n]."""
        counts: NDArray[np.int64] = np.diff(self.cited_by.indptr).astype(np.int64)
        return counts


def find_rows(ascending: NDArray[np.int64], numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each number stands in an ascending array, -1 where it does not."""
    if not len(ascending):
        return np.full(len(numbers), -1, np.int64)
    at = np.minimum(np.searchsorted(ascending, numbers), len(ascending) - 1)
    return np.where(ascending[at] == numbers, at, -1)


def _from_future(citing: NDArray[np.int16], cited: NDArray[np.int16]) -> NDArray[np.bool_]:
    return (citing > 0) & (cited > 0) & (cited > citing)


def _matrix(citing: NDArray[np.int64], cited: NDArray[np.int64], size: int) -> sparse.csr_matrix:
    matrix = sparse.csr_matrix((np.ones(len(citing), np.bool_), (citing, cited)), shape=(size, size))
    matrix.sum_duplicates()
    matrix.sort_indices()
    return matrix
