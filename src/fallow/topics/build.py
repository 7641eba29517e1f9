"""From papers, citations and vectors to a topic tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from fallow.topics.communities import Partition, Sizes, aggregate, partition
from fallow.topics.identity import carry_ids, previous_groups
from fallow.topics.joined_graph import JoinedGraph, Weights, exact_neighbours, join
from fallow.topics.labels import Name, name_topics
from fallow.topics.layout import Discs, central_first, lay_out, sunflower
from fallow.topics.model import DIRECTION, SUBFIELD, MapRun, Place, Topic, TopicTree
from fallow.topics.phrases import phrase_table
from fallow.topics.store import has_topics, load_topics, save_topics
from fallow_ingest.catalog import Catalog
from fallow_ingest.progress import ReportProgress, ignore_progress

NEIGHBOURS = 15

VERSION = 1
"""Of the way maps are made: raise it when a build should make anew what it would otherwise keep."""


class Neighbourhood(Protocol):
    """What the map needs of the search index."""

    @property
    def numbers(self) -> npt.NDArray[np.int64]: ...  # noqa: D102

    @property
    def vectors(self) -> npt.NDArray[np.floating[Any]]: ...  # noqa: D102

    def rows(self, numbers: Any, /) -> npt.NDArray[np.integer[Any]]: ...  # noqa: D102

    def nearest(self, k: int, rows: Any = None) -> tuple[Any, Any]: ...  # noqa: D102


class Citations(Protocol):
    """What the map needs of the citation graph."""

    @property
    def numbers(self) -> npt.NDArray[np.int64]: ...  # noqa: D102

    @property
    def years(self) -> npt.NDArray[np.integer[Any]]: ...  # noqa: D102

    @property
    def references(self) -> Any: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Texts:
    """Titles, abstracts and keywords of n papers in row order."""

    titles: Sequence[str]
    abstracts: Sequence[str]
    keywords: Sequence[Sequence[str]]


def build_topics(
    catalog: Catalog,
    searcher: Neighbourhood,
    graph: Citations,
    *,
    seed: int = 0,
    as_of: int | None = None,
    weights: Weights | None = None,
    save: bool = True,
    report: ReportProgress = ignore_progress,
) -> TopicTree:
    """The topic tree of a library (of what was public by `as_of`, yyyymmdd), saved in place of the stored
    one.

    With `as_of` the tree is a look into the past: it is not saved and takes no ids from the stored one, whose
    shape knows the future. `graph` must have been loaded with the same `as_of`. Raises LibraryBusy or
    DiskFull on saving.
    """
    report("map: reading papers", 0, 4)
    numbers, texts, contents = _read(catalog, as_of)
    references = references_among(numbers, graph)
    report("map: joining citations and meaning", 1, 4)
    neighbours, similarity, indexed = _neighbours(searcher, numbers, exact=as_of is not None)
    keeps = save and as_of is None
    previous = load_topics(catalog) if keeps and has_topics(catalog) else None
    fingerprint = _fingerprint(
        numbers, contents, references, neighbours, (VERSION, seed, weights or Weights())
    )
    if previous is not None and previous.run.fingerprint == fingerprint:
        report("map: nothing new", 4, 4)
        return previous
    joined = join(references, neighbours, similarity, weights=weights)
    report("map: finding topics", 2, 4)
    parts = partition(joined.adjacency, seed=seed, earlier=earlier_partition(numbers, previous))
    report("map: naming topics", 3, 4)
    tree = plant_tree(numbers, texts, joined, parts, indexed, seed=seed, previous=previous)
    stamp = datetime.now(UTC).isoformat(timespec="seconds")
    tree = replace(tree, run=replace(tree.run, as_of=as_of, built_at=stamp, fingerprint=fingerprint))
    if keeps:
        save_topics(catalog, tree)
    report("map: done", 4, 4)
    return tree


def earlier_partition(numbers: npt.NDArray[np.int64], tree: TopicTree | None) -> Partition | None:
    """An earlier tree as a partition of the rows of `numbers`; None without one."""
    if tree is None or not tree.topics:
        return None
    row = {topic.id: k for k, topic in enumerate(tree.subfields())}
    above = {topic.id: k for k, topic in enumerate(tree.directions())}
    subfield = [row.get(place.subfield, -1) if (place := tree.places.get(int(n))) else -1 for n in numbers]
    parents = [above[topic.parent] for topic in tree.subfields() if topic.parent is not None]
    return Partition(np.array(subfield, dtype=np.int64), np.array(parents, dtype=np.int64))


def references_among(numbers: npt.NDArray[np.int64], graph: Citations) -> Any:
    """The graph's citations over the rows of `numbers` (ascending): CSR bool [n, n]."""
    held = np.asarray(graph.numbers)
    row = np.searchsorted(numbers, held)
    row[row == numbers.size] = 0
    known = (numbers[row] == held) if numbers.size else np.zeros(held.size, dtype=bool)
    edges = sp.coo_matrix(graph.references)
    kept = known[edges.row] & known[edges.col]
    n = numbers.size
    pairs = (row[edges.row[kept]], row[edges.col[kept]])
    matrix = sp.csr_matrix((np.ones(int(kept.sum()), dtype=bool), pairs), shape=(n, n))
    matrix.sort_indices()
    return matrix


def plant_tree(
    numbers: npt.NDArray[np.int64],
    texts: Texts,
    joined: JoinedGraph,
    parts: Partition,
    indexed: npt.NDArray[np.bool_],
    *,
    seed: int = 0,
    previous: TopicTree | None = None,
) -> TopicTree:
    """Names, places and ids for a partition. numbers: int64 [n] ascending; indexed: bool [n]."""
    parts, reasons = _set_outliers_apart(numbers, parts, indexed)
    label, parent = parts.subfield, parts.direction_of
    table = phrase_table(texts.titles, texts.abstracts, texts.keywords)
    direction_names, subfield_names = name_topics(table, label, parent)
    members = [numbers[label == k].tolist() for k in range(parent.size)]
    direction = parts.direction
    above = [numbers[direction == d].tolist() for d in range(len(direction_names))]
    first = previous.run.next_id if previous else 1
    ids0, first = carry_ids(above, previous_groups(previous, DIRECTION), first)
    ids1, first = carry_ids(members, previous_groups(previous, SUBFIELD), first)
    known = previous.by_id if previous else {}
    start = np.array([(known[i].x, known[i].y) if i in known else (np.nan, np.nan) for i in ids1]).reshape(
        -1, 2
    )
    between = _between(joined, label, parent.size)
    sizes = np.array([len(group) for group in members], dtype=np.int64)
    upper, lower = lay_out(between, sizes, parent, seed=seed, start=start if previous else None)
    topics = _topics(ids0, None, direction_names, [len(group) for group in above], upper, DIRECTION)
    topics += _topics(ids1, [ids0[d] for d in parent], subfield_names, sizes.tolist(), lower, SUBFIELD)
    places = _places(numbers, joined, label, ids0, ids1, parent, lower)
    return TopicTree(
        tuple(topics),
        places,
        reasons,
        _notes(numbers.size, joined, label, indexed),
        MapRun(seed, next_id=first),
    )


def _read(catalog: Catalog, as_of: int | None) -> tuple[npt.NDArray[np.int64], Texts, list[str]]:
    """(paper numbers, their texts, what those texts hash to)."""
    numbers, titles, abstracts, keywords, contents = [], [], [], [], []
    for paper in catalog.papers(as_of):
        numbers.append(paper.number)
        titles.append(paper.title)
        abstracts.append(paper.abstract)
        keywords.append(paper.keywords)
        contents.append("\x1f".join((paper.content_hash, *paper.keywords)))
    return np.array(numbers, dtype=np.int64), Texts(titles, abstracts, keywords), contents


def _fingerprint(
    numbers: npt.NDArray[np.int64],
    contents: Sequence[str],
    references: Any,
    neighbours: Any,
    settings: object,
) -> str:
    digest = blake2b(repr(settings).encode(), digest_size=16)
    digest.update("\x1e".join(contents).encode("utf-8", "surrogatepass"))
    for part in (numbers, references.indptr, references.indices, neighbours):
        digest.update(np.ascontiguousarray(part, dtype=np.int64).tobytes())
    return digest.hexdigest()


def _neighbours(
    searcher: Neighbourhood, numbers: npt.NDArray[np.int64], *, exact: bool
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Neighbours of `numbers` among themselves: rows int [n, k] (-1 none), cosines [n, k], indexed bool [n].

    exact: compare these papers only with each other. Neighbours that the index keeps may be papers outside
    `numbers`; dropping them would leave gaps, which tell what came later.
    """
    n = numbers.size
    rows = np.asarray(searcher.rows(numbers), dtype=np.int64)
    indexed = rows >= 0
    neighbours = np.full((n, NEIGHBOURS), -1, dtype=np.int64)
    similarity = np.zeros((n, NEIGHBOURS), dtype=np.float64)
    if not indexed.any():
        return neighbours, similarity, indexed
    own = np.flatnonzero(indexed)
    if exact:
        near, cosine = exact_neighbours(np.asarray(searcher.vectors)[rows[own]], NEIGHBOURS)
        neighbours[own] = np.where(near >= 0, own[near], -1)
        similarity[own] = cosine
        return neighbours, similarity, indexed
    near, cosine = searcher.nearest(NEIGHBOURS, rows[own])
    k = near.shape[1]
    mine = np.full(np.asarray(searcher.numbers).size, -1, dtype=np.int64)
    mine[rows[own]] = own
    neighbours[own, :k] = np.where(near >= 0, mine[near], -1)
    similarity[own, :k] = np.where(near >= 0, cosine, 0.0)
    return neighbours, similarity, indexed


def _set_outliers_apart(
    numbers: npt.NDArray[np.int64], parts: Partition, indexed: npt.NDArray[np.bool_]
) -> tuple[Partition, dict[int, str]]:
    """The partition without crumbs, and why each paper outside it has no place."""
    placed = int((parts.subfield >= 0).sum())
    counts = np.bincount(parts.subfield[parts.subfield >= 0], minlength=parts.direction_of.size)
    crumbs = counts < Sizes.of(placed).smallest
    reasons: dict[int, str] = {}
    for row in np.flatnonzero(parts.subfield < 0):
        if indexed[row]:
            reasons[int(numbers[row])] = "No citation in this library, and nothing here reads like it."
        else:
            reasons[int(numbers[row])] = "No citation in this library, and its text is not indexed."
    for topic in np.flatnonzero(crumbs):
        group = numbers[parts.subfield == topic].tolist()
        others = f"{len(group) - 1} other paper{'s' * (len(group) != 2)}" if len(group) > 1 else "itself"
        for number in group:
            reasons[number] = f"Linked only with {others}, and that group with nothing else here."
    kept = np.flatnonzero(~crumbs)
    renumber = np.full(crumbs.size + 1, -1, dtype=np.int64)
    renumber[kept] = np.arange(kept.size)
    _, parents = np.unique(parts.direction_of[kept], return_inverse=True)
    return Partition(renumber[parts.subfield], parents.astype(np.int64)), reasons


def _between(joined: JoinedGraph, label: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.float64]:
    rows = np.flatnonzero(label >= 0)
    if rows.size == 0:
        return np.zeros((count, count))
    dense: npt.NDArray[np.float64] = aggregate(joined.adjacency[rows][:, rows], label[rows]).toarray()
    return dense


def _topics(
    ids: Sequence[int],
    parents: Sequence[int] | None,
    names: Sequence[Name],
    sizes: Sequence[int],
    discs: Discs,
    level: int,
) -> list[Topic]:
    topics = [
        Topic(
            ids[k],
            level,
            parents[k] if parents else None,
            name.label,
            name.terms,
            sizes[k],
            round(float(discs.centres[k, 0]), 2),
            round(float(discs.centres[k, 1]), 2),
            round(float(discs.radii[k]), 2),
        )
        for k, name in enumerate(names)
    ]
    return sorted(topics, key=lambda topic: (-topic.size, topic.id))


def _places(
    numbers: npt.NDArray[np.int64],
    joined: JoinedGraph,
    label: npt.NDArray[np.int64],
    ids0: Sequence[int],
    ids1: Sequence[int],
    parent: npt.NDArray[np.int64],
    discs: Discs,
) -> dict[int, Place]:
    central = central_first(joined.adjacency, label)
    places: dict[int, Place] = {}
    for k in range(parent.size):
        rows = np.flatnonzero(label == k)
        rows = rows[np.argsort(-central[rows], kind="stable")]
        points = sunflower(discs.centres[k], float(discs.radii[k]) * 0.92, rows.size)
        for row, (x, y) in zip(rows, points, strict=True):
            places[int(numbers[row])] = Place(
                ids0[parent[k]], ids1[k], round(float(x), 2), round(float(y), 2)
            )
    return places


def _notes(
    n: int, joined: JoinedGraph, label: npt.NDArray[np.int64], indexed: npt.NDArray[np.bool_]
) -> tuple[str, ...]:
    """What this map could not know."""
    notes = []
    cited = int(joined.cited.sum())
    if n == 0:
        return ("The library is empty: there is nothing to map.",)
    if cited == 0:
        notes.append("No citations: topics rest on meaning alone, and who builds on whom is unknown.")
    elif cited < n / 2:
        notes.append(
            f"{n - cited:,} of {n:,} papers have no citation in the library and are placed by meaning alone."
        )
    if not indexed.all():
        notes.append(f"{int((~indexed).sum()):,} papers are not indexed yet: run `fallow build`.")
    outside = int((label < 0).sum())
    if outside:
        notes.append(f"{outside:,} of {n:,} papers have no topic; the reason is kept with each.")
    sizes = np.bincount(label[label >= 0]) if (label >= 0).any() else np.zeros(0)
    if n < 30:
        notes.append(f"{n} papers are too few for a tree of topics: read the groups as a first sort.")
    elif sizes.size and sizes.max() > 0.5 * n:
        notes.append(
            f"One subfield holds {int(sizes.max()):,} of {n:,} papers: the library does not fall into topics."
        )
    return tuple(notes)
