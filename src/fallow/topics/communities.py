"""Communities of the joined graph in two levels: subfields, and directions made of whole subfields.

Modularity with a resolution (Newman & Girvan 2004; Reichardt & Bornholdt 2006) is optimised by Leiden (Traag,
Waltman & van Eck 2019). One run depends on the order in which it meets the papers, so several runs vote: an
edge counts by the share of runs that keep its ends together (ensemble clustering for graphs, Poulin &
Theberge 2018), and the last run goes over that graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from sknetwork.clustering import Leiden

Labels = npt.NDArray[np.int64]
Csr = Any


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the tree should look like for a library of n papers."""

    directions: int
    subfields: int
    smallest: int

    @classmethod
    def of(cls, n: int) -> Sizes:
        """About 8 directions and subfields of 8 or 9 papers at 260 papers, 32 and 72 at 22,500; both grow as
        powers of n."""
        papers = 8.5 * (max(n, 1) / 260) ** 0.48
        directions = 8.0 * (max(n, 1) / 260) ** 0.31
        subfields = max(1, min(n, round(n / papers)))
        smallest = max(3 if n < 200 else 5, round(papers / 4))
        return cls(
            min(subfields, max(1, round(min(directions, n / 20)))), subfields, min(smallest, max(1, n))
        )


class SeededLeiden(Leiden):  # type: ignore[misc]
    """scikit-network's Leiden with a refinement that a seed decides.

    The compiled refinement draws from C's `rand()`, whose state belongs to the process: two runs with one
    seed differ (observed with 0.33.5). Here the refinement is greedy instead of random: single papers are
    moved, with the same objective, over the edges that lie inside the communities. Communities stay
    connected, which is what it is for.
    """

    def _optimize_refine(
        self, labels: Labels, labels_refined: Labels, adjacency: Csr, out_weights: Any, in_weights: Any
    ) -> Labels:
        inside = sp.coo_matrix(adjacency)
        kept = labels[inside.row] == labels[inside.col]
        within = sp.csr_matrix(
            (inside.data[kept], (inside.row[kept], inside.col[kept])), shape=adjacency.shape
        )
        return np.asarray(self._optimize(labels_refined, within, out_weights, in_weights)[0])


def leiden(adjacency: Csr, resolution: float, seed: int) -> Labels:
    """One Leiden run: int64 [n] labels from 0, the largest community first; the same for the same seed."""
    if adjacency.nnz == 0:
        return np.arange(adjacency.shape[0], dtype=np.int64)
    algorithm = SeededLeiden(
        resolution=resolution,
        modularity="newman",
        tol_optimization=1e-5,
        tol_aggregation=1e-5,
        shuffle_nodes=True,
        random_state=np.random.RandomState(seed),
        return_probs=False,
        return_aggregate=False,
    )
    return np.asarray(algorithm.fit_predict(adjacency), dtype=np.int64)


def consensus(
    adjacency: Csr, runs: Sequence[Labels], *, earlier: Labels | None = None, least: float = 0.05
) -> Csr:
    """The graph re-weighed by agreement: weight x (least + (1 - least) x share of runs that join both ends).

    earlier: int64 [n], the communities of the last build, -1 for papers that had none; they have twice
    the say of all runs together on edges between papers they know, so that a map changes where papers came
    and not elsewhere.
    """
    edges = sp.coo_matrix(adjacency)
    together = np.zeros(edges.nnz)
    for labels in runs:
        together += labels[edges.row] == labels[edges.col]
    share = together / max(1, len(runs))
    if earlier is not None:
        left, right = earlier[edges.row], earlier[edges.col]
        share = np.where((left >= 0) & (right >= 0), 0.35 * share + 0.65 * (left == right), share)
    return sp.csr_matrix(
        (edges.data * (least + (1 - least) * share), (edges.row, edges.col)), shape=adjacency.shape
    )


def resolution_for(adjacency: Csr, communities: int, seed: int, rounds: int = 8) -> float:
    """A resolution at which there are about `communities` communities of ordinary size (bisection).

    Communities are counted by their effective number n^2 / sum of sizes^2 (Simpson 1949), which grows with
    the resolution, unlike the number of those above some size. The more there are the less alike they are in
    size: communities^.95 was observed.
    """
    low, high = 0.05, 4.0 * max(8, communities)
    best, distance = 1.0, np.inf
    wanted = float(communities) ** 0.95
    for _ in range(rounds):
        middle = float(np.sqrt(low * high))
        sizes = np.bincount(leiden(adjacency, middle, seed)).astype(np.float64)
        found = float(sizes.sum() ** 2 / (sizes**2).sum())
        if abs(np.log(found / wanted)) < distance:
            best, distance = middle, abs(np.log(found / wanted))
        if distance < 0.03:
            break
        low, high = (middle, high) if found < wanted else (low, middle)
    return best


@dataclass(frozen=True, slots=True)
class Partition:
    """Two levels over n papers in row order.

    subfield: int64 [n], -1 for papers that hang by nothing. direction_of: int64 [subfields], parent of each
    subfield.
    """

    subfield: Labels
    direction_of: Labels

    @property
    def direction(self) -> Labels:
        """Direction of each paper: int64 [n], -1 where it has no subfield."""
        return np.where(self.subfield >= 0, self.direction_of[self.subfield], -1)


def partition(
    adjacency: Csr,
    *,
    sizes: Sizes | None = None,
    seed: int = 0,
    runs: int | None = None,
    earlier: Partition | None = None,
) -> Partition:
    """Subfields by a vote of `runs` Leiden runs (10; 40 below 5,000 papers, where they cost nothing),
    directions by Leiden over the graph of subfields.

    adjacency: symmetric CSR [n, n]. Rows without an edge get subfield -1. earlier: the partition of
    the last build over the same rows, see `consensus`. The same seed gives the same partition.
    """
    n = adjacency.shape[0]
    placed = np.flatnonzero(np.diff(adjacency.indptr) > 0)
    if placed.size == 0:
        return Partition(np.full(n, -1, dtype=np.int64), np.zeros(0, dtype=np.int64))
    sizes = sizes or Sizes.of(placed.size)
    runs = runs or (10 if placed.size > 5_000 else 24)
    graph = adjacency[placed][:, placed].tocsr()
    before = earlier.subfield[placed] if earlier is not None else None
    labels = _voted(graph, sizes.subfields, seed, runs, before)
    labels = absorb_small(graph, labels, sizes.smallest)
    labels = _compact(settle(graph, labels))
    labels = split_large(graph, labels, 2.5 * placed.size / sizes.subfields, seed)
    labels = _compact(absorb_small(graph, labels, sizes.smallest))
    labels = _compact(dissolve_loose(graph, labels))
    above = earlier.direction[placed] if earlier is not None else None
    parents = _directions(graph, labels, sizes.directions, seed, earlier=above)
    subfield = np.full(n, -1, dtype=np.int64)
    subfield[placed] = labels
    return Partition(subfield, parents)


def absorb_small(adjacency: Csr, labels: Labels, smallest: int) -> Labels:
    """Communities of fewer than `smallest` papers go, smallest first, to the one they share most weight with.

    One that is connected to nothing stays as it is: the caller decides whether it is a topic or a set of
    outliers.
    """
    labels = labels.copy()
    members = [list(np.flatnonzero(labels == k)) for k in range(int(labels.max(initial=-1)) + 1)]
    queue = sorted(
        (k for k, rows in enumerate(members) if len(rows) < smallest), key=lambda k: (len(members[k]), k)
    )
    for k in queue:
        if not members[k] or len(members[k]) >= smallest:
            continue
        rows = adjacency[members[k]]
        weight = np.bincount(labels[rows.indices], weights=rows.data, minlength=len(members))
        weight[k] = 0.0
        # Without the root a giant community would take every crumb only for being large.
        pull = weight / np.sqrt([max(1, len(group)) for group in members])
        if pull.max() <= 0:
            continue
        target = int(pull.argmax())
        labels[members[k]] = target
        members[target].extend(members[k])
        members[k] = []
    return labels


def settle(adjacency: Csr, labels: Labels, rounds: int = 3, margin: float = 1.25) -> Labels:
    """Papers whose links lie mostly in another community move there, all at once, a few rounds.

    A move needs `margin` times the weight the paper has at home, so that borders do not swing.
    """
    n = labels.size
    for _ in range(rounds):
        k = int(labels.max(initial=-1)) + 1
        weight = (adjacency @ sp.csr_matrix((np.ones(n), (np.arange(n), labels)), shape=(n, k))).tocsr()
        home = np.asarray(weight[np.arange(n), labels]).ravel()
        best = np.asarray(weight.argmax(axis=1)).ravel()
        most = np.asarray(weight.max(axis=1).todense()).ravel()
        moves = most > margin * home + 1e-12
        if not moves.any():
            break
        labels = np.where(moves, best, labels).astype(np.int64)
    return labels


def dissolve_loose(adjacency: Csr, labels: Labels, share: float = 0.6) -> Labels:
    """Communities that keep much less of their weight inside than others do are taken apart.

    Loose ones are what was left between topics, and would pass for thin corners. share: of the median share
    of weight inside, below which each paper goes to the other community it has most weight with.
    """
    between = aggregate(adjacency, labels)
    inside = between.diagonal() / np.maximum(np.asarray(between.sum(axis=1)).ravel(), 1e-12)
    loose = inside < share * float(np.median(inside))
    if not loose.any():
        return labels
    count = inside.size
    n = labels.size
    member = sp.csr_matrix((np.ones(n), (np.arange(n), labels)), shape=(n, count))
    weight = sp.csr_matrix(adjacency @ member @ sp.diags((~loose).astype(np.float64)))
    best = np.asarray(weight.argmax(axis=1)).ravel()
    reached = np.asarray(weight.max(axis=1).todense()).ravel() > 0
    return np.where(loose[labels] & reached, best, labels).astype(np.int64)


def aggregate(adjacency: Csr, labels: Labels) -> Csr:
    """Weight between communities: symmetric CSR [k, k], weight inside on the diagonal."""
    n = labels.size
    member = sp.csr_matrix((np.ones(n), (np.arange(n), labels)), shape=(n, int(labels.max(initial=-1)) + 1))
    return (member.T @ adjacency @ member).tocsr()


def _voted(graph: Csr, communities: int, seed: int, runs: int, earlier: Labels | None) -> Labels:
    if communities <= 1:
        return _components(graph)
    base = seed * 10_007
    resolution = resolution_for(graph, communities, base)
    votes = [leiden(graph, resolution, base + run) for run in range(runs)]
    agreed = consensus(graph, votes, earlier=earlier)
    # Agreement lifts the weight inside communities, which makes them split further at one and the same
    # resolution.
    return leiden(agreed, 0.7 * resolution, base + runs)


def split_large(adjacency: Csr, labels: Labels, largest: float, seed: int) -> Labels:
    """Communities of more than `largest` papers are split again at a resolution of their own.

    One resolution for all makes communities of like weight, not of like size (Fortunato & Barthelemy 2007).
    """
    labels = labels.copy()
    for k in np.flatnonzero(np.bincount(labels) > largest):
        rows = np.flatnonzero(labels == k)
        inside = adjacency[rows][:, rows].tocsr()
        again = _voted(inside, max(2, round(rows.size / (0.4 * largest))), seed, 16, None)
        labels[rows] = np.where(again == 0, k, labels.max() + again)
    return labels


def _directions(
    graph: Csr, labels: Labels, directions: int, seed: int, runs: int = 60, earlier: Labels | None = None
) -> Labels:
    between = aggregate(graph, labels)
    count = between.shape[0]
    if directions <= 1 or count <= 2:
        return np.zeros(count, dtype=np.int64)
    base = seed * 10_007 + 5_003
    resolution = resolution_for(between, directions, base)
    votes = [leiden(between, resolution, base + run) for run in range(runs)]
    agreed = consensus(between, votes, earlier=None if earlier is None else _majority(labels, earlier, count))
    found = leiden(agreed, resolution_for(agreed, directions, base), base + runs)
    outside = sp.csr_matrix(between - sp.diags(between.diagonal()))
    found = _rehome(outside, found)
    return _compact(_absorb_thin(outside, found, np.bincount(labels), labels.size / (8 * directions)))


def _rehome(outside: Csr, directions: Labels, margin: float = 1.2) -> Labels:
    """Subfields that are plainly nearer to another direction move there, once.

    Nearness is weight / sqrt(weight of the direction): without the root the largest direction would take all.
    """
    count = directions.size
    member = sp.csr_matrix((np.ones(count), (np.arange(count), directions)))
    volume = np.asarray((outside @ member).sum(axis=0)).ravel()
    near = np.asarray((outside @ member).todense()) / np.sqrt(np.maximum(volume, 1e-12))
    home = near[np.arange(count), directions]
    return np.where(near.max(axis=1) > margin * home, near.argmax(axis=1), directions).astype(np.int64)


def _absorb_thin(outside: Csr, directions: Labels, papers: Labels, least: float) -> Labels:
    """Directions of fewer than `least` papers go to the direction that they are linked with most."""
    directions = directions.copy()
    for d in np.unique(directions):
        own = np.flatnonzero(directions == d)
        weight = np.bincount(directions[outside[own].indices], weights=outside[own].data)
        weight = np.where(np.arange(weight.size) == d, 0.0, weight)
        if papers[own].sum() < least and weight.max(initial=0.0) > 0:
            directions[own] = int(weight.argmax())
    return directions


def _majority(labels: Labels, earlier: Labels, count: int) -> Labels:
    """For each community the earlier direction that most of its papers had, -1 where most had none."""
    table = np.zeros((count, int(earlier.max(initial=-1)) + 2), dtype=np.int64)
    np.add.at(table, (labels, earlier + 1), 1)
    return np.asarray(table.argmax(axis=1) - 1, dtype=np.int64)


def _components(graph: Csr) -> Labels:
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _compact(labels: Labels) -> Labels:
    """Labels 0..k-1, the largest community first, ties by first member."""
    values, first, inverse, counts = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.lexsort((first, -counts))
    rank = np.empty(values.size, dtype=np.int64)
    rank[order] = np.arange(values.size)
    return rank[inverse]
