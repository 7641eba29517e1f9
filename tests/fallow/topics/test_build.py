from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from fallow.topics import Place, Topic, TopicTree, build_topics, load_topics, save_topics
from fallow.topics.identity import carry_ids
from fallow_index.citation_graph import CitationGraph
from fallow_ingest.catalog import Catalog
from fallow_ingest.records import Paper, Reference

sys.path.insert(0, str(Path(__file__).parent))

from planted import block_graph, block_vectors

SUBJECTS = (
    "sparse attention",
    "dense retrieval",
    "protein folding",
    "image diffusion",
    "game theory",
    "speech synthesis",
)


class FakeSearcher:
    """Vectors by paper number, with the interface of the index's Searcher."""

    def __init__(self, numbers: np.ndarray, vectors: np.ndarray) -> None:
        self.numbers, self.vectors = numbers, vectors

    def rows(self, numbers: np.ndarray) -> np.ndarray:
        at = {int(number): row for row, number in enumerate(self.numbers)}
        return np.array([at.get(int(number), -1) for number in numbers], dtype=np.int64)

    def nearest(self, k: int, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        chosen = np.arange(self.numbers.size) if rows is None else rows
        scores = self.vectors[chosen] @ self.vectors.T
        scores[np.arange(chosen.size), chosen] = -np.inf
        near = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        value = np.take_along_axis(scores, near, axis=1)
        near = np.where(np.isfinite(value), near, -1).astype(np.int32)
        missing = k - near.shape[1]
        if missing > 0:
            near = np.pad(near, ((0, 0), (0, missing)), constant_values=-1)
            value = np.pad(value, ((0, 0), (0, missing)), constant_values=-np.inf)
        return near, value


def planted_library(catalog: Catalog, sizes: list[int], *, years: bool = True) -> np.ndarray:
    """Put a block model into a catalog; returns the community of papers 1..n."""
    references, community = block_graph(sizes, inside=0.2, outside=0.003)
    n = community.size
    papers = [
        Paper(
            key=f"x:{row}",
            title=f"{SUBJECTS[community[row] % len(SUBJECTS)].title()} study {row}",
            abstract=f"We study {SUBJECTS[community[row] % len(SUBJECTS)]}.",
            authors=(f"Author {row}",),
            year=2000 + row * 20 // n if years else None,
            references=tuple(Reference(id=f"x:{cited}") for cited in references[row].indices),
        )
        for row in range(n)
    ]
    catalog.add(papers, "planted")
    return community


@pytest.fixture
def catalog(tmp_path: Path):
    with Catalog.open(tmp_path / "library", create=True) as opened:
        yield opened


def searcher_of(catalog: Catalog, community: np.ndarray) -> FakeSearcher:
    numbers = np.array([paper.number for paper in catalog.papers()], dtype=np.int64)
    return FakeSearcher(numbers, block_vectors(community))


def test_a_planted_library_becomes_its_tree(catalog: Catalog) -> None:
    community = planted_library(catalog, [30] * 6)
    tree = build_topics(catalog, searcher_of(catalog, community), CitationGraph.load(catalog))
    found = np.array([tree.subfield_of(number) for number in range(1, 181)])
    sums = {topic: set(community[found == topic]) for topic in set(found.tolist())}
    assert all(len(members) == 1 for members in sums.values())
    assert {topic.label for topic in tree.subfields()} >= set(SUBJECTS) or len(tree.subfields()) > 6
    assert sum(topic.size for topic in tree.directions()) == 180
    assert all(tree.parent(topic.id) in {d.id for d in tree.directions()} for topic in tree.subfields())
    assert all(
        sorted(tree.papers(t.id)) == tree.papers(t.id) and len(tree.papers(t.id)) == t.size
        for t in tree.topics
    )


def test_the_tree_comes_back_from_the_catalog(catalog: Catalog) -> None:
    community = planted_library(catalog, [25] * 4)
    tree = build_topics(catalog, searcher_of(catalog, community), CitationGraph.load(catalog))
    assert load_topics(catalog) == tree


def test_ids_stay_when_the_library_grows(catalog: Catalog) -> None:
    community = planted_library(catalog, [15] * 10)
    before = build_topics(catalog, searcher_of(catalog, community), CitationGraph.load(catalog))
    catalog.add(
        [
            Paper(key=f"y:{k}", title=f"Sparse attention again {k}", abstract="We study sparse attention.")
            for k in range(5)
        ],
        "more",
    )
    grown = np.concatenate([community, np.full(5, community[0])])
    after = build_topics(catalog, searcher_of(catalog, grown), CitationGraph.load(catalog))
    same = [before.subfield_of(n) == after.subfield_of(n) for n in range(1, 151)]
    assert np.mean(same) > 0.8


def test_same_seed_same_tree(catalog: Catalog) -> None:
    community = planted_library(catalog, [25] * 4)
    searcher, graph = searcher_of(catalog, community), CitationGraph.load(catalog)
    first = build_topics(catalog, searcher, graph, save=False)
    again = build_topics(catalog, searcher, graph, save=False)
    assert replace(first, run=again.run) == again


def test_a_build_with_nothing_new_keeps_the_map(catalog: Catalog) -> None:
    community = planted_library(catalog, [25] * 4)
    searcher, graph = searcher_of(catalog, community), CitationGraph.load(catalog)
    first = build_topics(catalog, searcher, graph)
    assert build_topics(catalog, searcher, graph) == first
    catalog.add_citations([("x:99", "x:0"), ("x:98", "x:1"), ("x:97", "x:2")], "more")
    assert build_topics(catalog, searcher, CitationGraph.load(catalog)).run != first.run


def test_the_past_does_not_see_the_future(catalog: Catalog) -> None:
    community = planted_library(catalog, [30] * 4)
    as_of = 20091231
    searcher = searcher_of(catalog, community)
    past = build_topics(catalog, searcher, CitationGraph.load(catalog, as_of=as_of), as_of=as_of)
    public = {paper.number for paper in catalog.papers(as_of)}
    assert set(past.places) | set(past.outliers) == public
    # A later paper that reads like everything and cites everything must change nothing.
    catalog.add(
        [
            Paper(
                key="x:future",
                title="Sparse attention meets dense retrieval",
                abstract="Everything at once.",
                year=2024,
                references=tuple(Reference(id=f"x:{k}") for k in range(100)),
            )
        ],
        "planted",
    )
    numbers = np.append(searcher.numbers, searcher.numbers.max() + 1)
    centre = searcher.vectors.mean(axis=0)
    vectors = np.vstack([searcher.vectors, centre / np.linalg.norm(centre)])
    again = build_topics(
        catalog, FakeSearcher(numbers, vectors), CitationGraph.load(catalog, as_of=as_of), as_of=as_of
    )
    assert replace(again, run=past.run) == past


def test_a_look_into_the_past_is_not_saved(catalog: Catalog) -> None:
    community = planted_library(catalog, [20] * 3)
    build_topics(
        catalog, searcher_of(catalog, community), CitationGraph.load(catalog, as_of=20101231), as_of=20101231
    )
    assert load_topics(catalog).topics == ()


def test_no_citations_at_all(catalog: Catalog) -> None:
    community = np.repeat(np.arange(4), 20)
    catalog.add(
        [
            Paper(key=f"x:{k}", title=f"{SUBJECTS[c]} {k}", abstract=SUBJECTS[c])
            for k, c in enumerate(community)
        ],
        "x",
    )
    tree = build_topics(catalog, searcher_of(catalog, community), CitationGraph.load(catalog))
    found = np.array([tree.subfield_of(n) for n in range(1, 81)])
    assert all(len(set(community[found == topic])) == 1 for topic in set(found.tolist()))
    assert any("No citations" in note for note in tree.notes)


def test_three_papers(catalog: Catalog) -> None:
    community = planted_library(catalog, [3])
    tree = build_topics(catalog, searcher_of(catalog, community), CitationGraph.load(catalog))
    assert len(tree.places) + len(tree.outliers) == 3
    assert any("too few" in note for note in tree.notes)


def test_an_empty_library(catalog: Catalog) -> None:
    nothing = FakeSearcher(np.zeros(0, dtype=np.int64), np.zeros((0, 8), dtype=np.float32))
    tree = build_topics(catalog, nothing, CitationGraph.load(catalog))
    assert tree.topics == ()
    assert tree.notes == ("The library is empty: there is nothing to map.",)


def test_papers_that_hang_by_nothing_are_outliers_with_a_reason(catalog: Catalog) -> None:
    community = planted_library(catalog, [20, 20])
    catalog.add([Paper(key="x:alone", title="Of something else")], "x")
    searcher = FakeSearcher(np.arange(1, 41), block_vectors(community))
    tree = build_topics(catalog, searcher, CitationGraph.load(catalog))
    assert tree.outliers == {41: "No citation in this library, and its text is not indexed."}
    assert tree.subfield_of(41) is None
    assert any("not indexed yet" in note for note in tree.notes)


def test_a_group_linked_with_nothing_else_is_told(catalog: Catalog) -> None:
    community = planted_library(catalog, [40, 40])
    catalog.add(
        [
            Paper(key="x:a", title="A pair"),
            Paper(key="x:b", title="Its twin", references=(Reference(id="x:a"),)),
        ],
        "x",
    )
    tree = build_topics(
        catalog, FakeSearcher(np.arange(1, 81), block_vectors(community)), CitationGraph.load(catalog)
    )
    assert set(tree.outliers) == {81, 82}
    assert "1 other paper" in tree.outliers[81]


def test_ids_go_to_the_best_overlap_and_are_never_given_twice() -> None:
    ids, free = carry_ids([[1, 2, 3], [4, 5], [9]], {7: [4, 5, 6], 8: [1, 2]}, 10)
    assert ids == [8, 7, 10]
    assert free == 11


def test_a_failed_save_keeps_the_old_map(catalog: Catalog) -> None:
    community = planted_library(catalog, [20, 20])
    tree = build_topics(catalog, searcher_of(catalog, community), CitationGraph.load(catalog))
    broken = TopicTree((Topic(1, 0, None, "x", (), 1, 0.0, 0.0),), {10_000: Place(1, 1, 0.0, 0.0)})
    with pytest.raises(Exception, match="FOREIGN KEY"):
        save_topics(catalog, broken)
    assert load_topics(catalog) == tree


def test_self_and_future_citations_change_nothing(catalog: Catalog) -> None:
    community = planted_library(catalog, [20, 20])
    searcher, graph = searcher_of(catalog, community), CitationGraph.load(catalog)
    clean = build_topics(catalog, searcher, graph, save=False)
    catalog.add_citations([("x:3", "x:3"), ("x:0", "x:39")], "dirty")
    dirty = build_topics(catalog, searcher, CitationGraph.load(catalog), save=False)
    assert replace(dirty, run=clean.run) == clean


def test_references_are_taken_by_number() -> None:
    from fallow.topics.build import references_among

    class Graph:
        numbers = np.array([2, 5, 9])
        years = np.array([2000, 2000, 2000])
        references = sp.csr_matrix(np.array([[0, 1, 1], [0, 0, 0], [0, 1, 0]], dtype=bool))

    matrix = references_among(np.array([1, 2, 9]), Graph())
    assert matrix.nnz == 1
    assert matrix[1, 2]
