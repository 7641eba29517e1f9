"""One weighted graph from four kinds of nearness: citation, coupling, co-citation and meaning.

Every paper has one vote. The vote is split over the kinds of nearness the paper has any of, in the
proportions of `Weights`, and inside a kind in proportion to strength. A paper without citations so gives its
whole vote to its neighbours by meaning, and a survey with 300 references has no more weight than a note with
three. The adjacency is the sum of the votes that two papers give each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]
Csr = Any  # scipy.sparse.csr_matrix or csr_array: scipy carries no types


@dataclass(frozen=True, slots=True)
class Weights:
    """How a paper's vote is split.

    Citations decide when there are any: authors say themselves what their work belongs to. Meaning is a
    strong second voice because reference lists in open corpora are incomplete. hub_references: a work cited
    more often than this says nothing about what its citers have in common; it is left out of coupling,
    likewise a paper with more references than this out of co-citation. kept: strongest coupled (and co-cited)
    papers kept for each paper.
    """

    direct: float = 0.30
    coupling: float = 0.15
    co_citation: float = 0.15
    meaning: float = 0.40
    hub_references: int = 200
    kept: int = 15


@dataclass(frozen=True, slots=True)
class JoinedGraph:
    """The joined graph over n papers in row order.

    adjacency: symmetric CSR float64 [n, n], no self loops.
    cited: bool [n], the paper has at least one reference or citation here.
    meant: bool [n], the paper has at least one neighbour by meaning.
    """

    adjacency: Csr
    cited: npt.NDArray[np.bool_]
    meant: npt.NDArray[np.bool_]


def join(
    references: Csr,
    neighbours: Ints,
    similarity: Floats,
    *,
    weights: Weights | None = None,
    floor: float = 0.15,
) -> JoinedGraph:
    """The joined graph of n papers.

    references: CSR bool [n, n], citing -> cited. neighbours: int [n, k] rows, -1 where there is none;
    similarity: float [n, k] cosines. A cosine under `floor` is no nearness.
    """
    weights = weights or Weights()
    references = _clean(references)
    layers = [
        (weights.direct, symmetric(references)),
        (weights.coupling, coupling(references, weights.hub_references, weights.kept)),
        (weights.co_citation, coupling(references.T.tocsr(), weights.hub_references, weights.kept)),
        (weights.meaning, meaning(neighbours, similarity, floor)),
    ]
    votes = _split_votes(layers)
    adjacency = (votes + votes.T).tocsr()
    adjacency.sort_indices()
    return JoinedGraph(adjacency, _degrees(layers[0][1]) > 0, _degrees(layers[3][1]) > 0)


def symmetric(references: Csr) -> Csr:
    """Direct citations without direction, each end weighed by 1/sqrt of the cited paper's in-degree.

    A citation of a paper that everybody cites tells less (the logic of inverse document frequency).
    """
    received = np.asarray(references.sum(axis=0)).ravel()
    scaled = references @ sp.diags(1.0 / np.sqrt(np.maximum(received, 1.0)))
    return (scaled + scaled.T).tocsr()


def coupling(references: Csr, hub: int, kept: int) -> Csr:
    """Bibliographic coupling (Kessler 1963): papers that cite the same work, as a cosine, top `kept` a paper.

    With the transposed matrix this is co-citation (Small 1973). A shared work counts 1/log2(1 + its citers)
    (Adamic & Adar 2003); one cited more than `hub` times is left out, which bounds the cost as well.
    """
    citers = np.asarray(references.sum(axis=0)).ravel()
    # A work cited once couples nobody; log2(1 + 2) is the first weight that is used.
    column = np.where((citers >= 2) & (citers <= hub), 1.0 / np.log2(1.0 + np.maximum(citers, 1.0)), 0.0)
    weighed = references @ sp.diags(np.sqrt(column))
    norm = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    unit = (sp.diags(1.0 / np.maximum(norm, 1e-12)) @ weighed).tocsr()
    unit.eliminate_zeros()
    return _strongest(unit, kept)


def meaning(neighbours: Ints, similarity: Floats, floor: float) -> Csr:
    """Nearest neighbours by meaning; the strength of a neighbour is its cosine above the paper's own weakest.

    Local scaling (Zelnik-Manor & Perona 2004, in its simplest form) keeps dense areas from swallowing sparse
    ones.
    """
    n, k = neighbours.shape
    usable = (neighbours >= 0) & (similarity >= floor)
    weakest = np.where(usable, similarity, np.inf).min(axis=1, initial=np.inf)
    weakest = np.where(np.isfinite(weakest), weakest, 0.0)
    strength = np.where(usable, similarity - weakest[:, None] + 0.05, 0.0)
    rows = np.repeat(np.arange(n), k)
    chosen = usable.ravel()
    matrix = sp.csr_matrix(
        (strength.ravel()[chosen].astype(np.float64), (rows[chosen], neighbours.ravel()[chosen])),
        shape=(n, n),
    )
    matrix.setdiag(0)
    matrix.eliminate_zeros()
    return matrix


def exact_neighbours(vectors: Floats, k: int, *, block: int = 2048) -> tuple[Ints, Floats]:
    """The k nearest rows of each row by cosine, itself left out: (int32 [n, k], float32 [n, k]), -1 where
    none.

    vectors: float [n, d], L2-normalised; a zero row has no neighbours. Blocks bound the memory to block x n
    floats. Equal cosines are ordered by row, so the answer depends on nothing else.
    """
    n = vectors.shape[0]
    rows = np.full((n, k), -1, dtype=np.int32)
    values = np.zeros((n, k), dtype=np.float32)
    take = min(k, n - 1)
    if take < 1:
        return rows, values
    dense = np.ascontiguousarray(vectors, dtype=np.float32)
    empty = np.linalg.norm(dense, axis=1) < 1e-6
    for start in range(0, n, block):
        scores = dense[start : start + block] @ dense.T
        m = scores.shape[0]
        scores[np.arange(m), np.arange(start, start + m)] = -2.0
        scores[:, empty] = -2.0
        near = np.argpartition(-scores, take - 1, axis=1)[:, :take]
        near.sort(axis=1)
        value = np.take_along_axis(scores, near, axis=1)
        order = np.argsort(-value, axis=1, kind="stable")
        rows[start : start + m, :take] = np.take_along_axis(near, order, axis=1)
        values[start : start + m, :take] = np.take_along_axis(value, order, axis=1)
    rows[(values <= -1.5) | empty[:, None]] = -1
    values[rows < 0] = 0.0
    return rows, values


def _clean(references: Csr) -> Csr:
    matrix = sp.csr_matrix(references, dtype=np.float64, copy=True)
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    matrix.setdiag(0)
    matrix.eliminate_zeros()
    return matrix


def _strongest(unit: Csr, kept: int, block: int = 20_000) -> Csr:
    """unit @ unit.T without its diagonal, the `kept` largest of each row, by blocks of rows."""
    n = unit.shape[0]
    transposed = unit.T.tocsr()
    indptr, indices, data = [np.zeros(1, dtype=np.int64)], [], []
    for start in range(0, max(n, 1), block):
        product = (unit[start : start + block] @ transposed).tocsr()
        product.sort_indices()
        row = np.repeat(np.arange(product.shape[0]), np.diff(product.indptr))
        other = product.indices != row + start
        row, column, value = row[other], product.indices[other], product.data[other]
        order = np.lexsort((column, -value, row))
        row, column, value = row[order], column[order], value[order]
        first = np.searchsorted(row, np.arange(product.shape[0]))
        top = np.arange(row.size) - first[row] < kept
        counts = np.bincount(row[top], minlength=product.shape[0])
        indptr.append(indptr[-1][-1] + np.cumsum(counts))
        indices.append(column[top])
        data.append(value[top])
    matrix = sp.csr_matrix(
        (np.concatenate(data), np.concatenate(indices), np.concatenate(indptr)), shape=(n, n)
    )
    matrix.sort_indices()
    return matrix


def _split_votes(layers: list[tuple[float, Csr]]) -> Csr:
    n = layers[0][1].shape[0]
    degrees = [_degrees(matrix) for _, matrix in layers]
    budget = sum(weight * (degree > 0) for (weight, _), degree in zip(layers, degrees, strict=True))
    votes = sp.csr_matrix((n, n))
    for (weight, matrix), degree in zip(layers, degrees, strict=True):
        scale = weight / np.maximum(degree * np.maximum(budget, 1e-12), 1e-12)
        votes = votes + sp.diags(np.where(degree > 0, scale, 0.0)) @ matrix
    return votes.tocsr()


def _degrees(matrix: Csr) -> Floats:
    return np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()
