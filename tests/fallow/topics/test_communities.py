from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from fallow.topics.communities import (
    Sizes,
    absorb_small,
    dissolve_loose,
    leiden,
    partition,
    settle,
    split_large,
)
from fallow.topics.joined_graph import exact_neighbours, join

sys.path.insert(0, str(Path(__file__).parent))

from planted import agreement, block_graph, block_vectors


def planted(sizes: list[int], seed: int = 0) -> tuple[object, np.ndarray]:
    references, community = block_graph(sizes, inside=0.15, outside=0.004, seed=seed)
    near, cosine = exact_neighbours(block_vectors(community, seed=seed), 10)
    return join(references, near, cosine).adjacency, community


def test_planted_communities_are_found() -> None:
    adjacency, community = planted([40] * 10)
    found = partition(adjacency, sizes=Sizes(3, 14, 10))
    assert agreement(found.subfield, community) > 0.95
    assert 2 <= found.direction_of.max() + 1 <= 4


def test_one_seed_one_partition() -> None:
    adjacency, _ = planted([30] * 8)
    first, again = partition(adjacency, seed=3), partition(adjacency, seed=3)
    assert (first.subfield == again.subfield).all()
    assert (first.direction_of == again.direction_of).all()


def test_seeds_agree() -> None:
    adjacency, _ = planted([30] * 8)
    sizes = Sizes(2, 8, 8)
    first, other = (partition(adjacency, sizes=sizes, seed=seed) for seed in (1, 2))
    assert agreement(first.subfield, other.subfield) > 0.8


def test_leiden_is_decided_by_its_seed() -> None:
    adjacency, _ = planted([25] * 12)
    runs = [leiden(adjacency, 5.0, 7) for _ in range(3)]
    assert all((run == runs[0]).all() for run in runs)


def test_communities_are_connected() -> None:
    adjacency, _ = planted([30] * 8)
    labels = leiden(adjacency, 8.0, 0)
    for k in range(labels.max() + 1):
        rows = np.flatnonzero(labels == k)
        assert sp.csgraph.connected_components(adjacency[rows][:, rows])[0] == 1


def test_isolated_papers_have_no_subfield() -> None:
    found = partition(sp.csr_matrix((10_000, 10_000)))
    assert (found.subfield == -1).all()
    assert found.direction_of.size == 0


def test_one_giant_clique_is_one_subfield_or_few() -> None:
    clique = sp.csr_matrix(np.ones((60, 60)) - np.eye(60))
    found = partition(clique)
    assert (found.subfield >= 0).all()
    assert found.direction_of.size <= 6


@pytest.mark.parametrize("n", [1, 2, 3, 29, 260, 22_552, 1_000_000])
def test_sizes_are_possible(n: int) -> None:
    sizes = Sizes.of(n)
    assert 1 <= sizes.directions <= sizes.subfields <= n
    assert 1 <= sizes.smallest <= n


def test_sizes_of_core_and_sample() -> None:
    assert 20 <= Sizes.of(22_552).directions <= 40
    assert 6 <= Sizes.of(260).directions <= 12
    assert 5 <= 260 / Sizes.of(260).subfields <= 25
    assert 30 <= 22_552 / Sizes.of(22_552).subfields <= 150


def test_small_communities_join_their_best_neighbour() -> None:
    dense = np.zeros((9, 9))
    dense[:4, :4] = dense[4:8, 4:8] = 1.0
    dense[8, 1] = dense[1, 8] = 0.5
    dense[8, 5] = dense[5, 8] = 0.1
    np.fill_diagonal(dense, 0)
    labels = absorb_small(sp.csr_matrix(dense), np.array([0] * 4 + [1] * 4 + [2]), 3)
    assert labels[8] == 0


def test_a_crumb_without_links_stays_apart() -> None:
    dense = np.kron(np.eye(2), np.ones((4, 4)))
    labels = absorb_small(
        sp.csr_matrix(sp.block_diag([dense, np.ones((2, 2))])), np.repeat([0, 1, 2], [4, 4, 2]), 3
    )
    assert set(labels[8:]) == {2}


def test_misplaced_papers_move() -> None:
    dense = np.kron(np.eye(2), np.ones((5, 5))) - np.eye(10)
    labels = settle(sp.csr_matrix(dense), np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1]))
    assert labels[4] == 0


def test_large_communities_are_split() -> None:
    adjacency, community = planted([30, 30, 30, 30])
    labels = split_large(adjacency, np.zeros(120, dtype=np.int64), 75, 0)
    assert agreement(labels, community) > 0.8


def test_what_is_left_between_topics_is_taken_apart() -> None:
    dense = np.kron(np.eye(3), np.ones((6, 6)))
    strays = np.zeros((18, 4))
    strays[0, 0] = strays[1, 0] = strays[7, 1] = strays[13, 2] = strays[14, 3] = 1.0
    whole = sp.csr_matrix(np.block([[dense, strays], [strays.T, 0.1 * (np.ones((4, 4)) - np.eye(4))]]))
    labels = dissolve_loose(whole, np.repeat([0, 1, 2, 3], [6, 6, 6, 4]))
    assert labels[18:].tolist() == [0, 1, 2, 2]
