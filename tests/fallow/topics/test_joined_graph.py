from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from fallow.topics.joined_graph import Weights, coupling, exact_neighbours, join, meaning


def references(pairs: list[tuple[int, int]], n: int) -> sp.csr_matrix:
    rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
    return sp.csr_matrix((np.ones(len(pairs), dtype=bool), (rows, columns)), shape=(n, n))


def nobody(n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full((n, 3), -1), np.full((n, 3), -np.inf)


def test_coupling_joins_papers_with_the_same_references() -> None:
    shared = coupling(references([(0, 2), (0, 3), (1, 2), (1, 3)], 4).astype(float), 100, 5)
    assert shared[0, 1] == pytest.approx(1.0)
    assert shared[0, 2] == 0


def test_a_hub_couples_nobody() -> None:
    citing = references([(k, 9) for k in range(9)], 10).astype(float)
    assert coupling(citing, hub=5, kept=5).nnz == 0
    assert coupling(citing, hub=9, kept=5).nnz > 0


def test_coupling_keeps_the_strongest() -> None:
    rng = np.random.default_rng(0)
    citing = sp.csr_matrix((rng.random((40, 40)) < 0.3).astype(float))
    assert np.diff(coupling(citing, 100, 4).indptr).max() <= 4


def test_without_citations_a_paper_hangs_by_meaning() -> None:
    near = np.array([[1], [0], [0]])
    graph = join(references([(0, 1)], 3), near, np.array([[0.9], [0.9], [0.8]]))
    assert graph.adjacency[2, 0] > 0
    assert graph.cited.tolist() == [True, True, False]
    assert graph.meant.all()


def test_every_paper_has_one_vote() -> None:
    near = np.array([[1, 2], [0, 2], [0, 1]])
    graph = join(references([(0, 1), (0, 2)], 3), near, np.full((3, 2), 0.5))
    assert graph.adjacency.sum() == pytest.approx(2 * 3)
    assert abs(graph.adjacency - graph.adjacency.T).max() < 1e-12


def test_self_citations_and_duplicates_count_nothing() -> None:
    once = join(references([(1, 0)], 2), *nobody(2))
    often = join(references([(1, 0), (1, 0), (1, 1)], 2), *nobody(2))
    assert (once.adjacency != often.adjacency).nnz == 0


def test_missing_neighbours_are_no_edges() -> None:
    matrix = meaning(np.array([[1, -1], [-1, -1]]), np.array([[0.9, -np.inf], [-np.inf, -np.inf]]), 0.15)
    assert matrix.nnz == 1


def test_far_papers_are_no_neighbours() -> None:
    graph = join(references([], 2), np.array([[1], [0]]), np.array([[0.1], [0.1]]))
    assert graph.adjacency.nnz == 0
    assert not graph.meant.any()


def test_weights_decide() -> None:
    near = np.array([[2], [2], [0]])
    cosine = np.full((3, 1), 0.9)
    cites = join(references([(0, 1)], 3), near, cosine, weights=Weights(direct=1.0, meaning=0.1))
    means = join(references([(0, 1)], 3), near, cosine, weights=Weights(direct=0.1, meaning=1.0))
    assert cites.adjacency[0, 1] > cites.adjacency[0, 2]
    assert means.adjacency[0, 1] < means.adjacency[0, 2]


def test_exact_neighbours() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(50, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[7] = 0
    rows, values = exact_neighbours(vectors, 5, block=16)
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -9)
    scores[:, 7] = -9
    for k in (0, 20, 49):
        assert rows[k].tolist() == np.argsort(-scores[k], kind="stable")[:5].tolist()
        assert values[k] == pytest.approx(np.sort(scores[k])[::-1][:5], abs=1e-6)
    assert (rows[7] == -1).all()
    assert 7 not in rows


def test_exact_neighbours_of_tiny_libraries() -> None:
    assert exact_neighbours(np.ones((1, 4), dtype=np.float32), 5)[0].tolist() == [[-1] * 5]
    assert exact_neighbours(np.eye(2, dtype=np.float32), 3)[0].tolist() == [[1, -1, -1], [0, -1, -1]]
