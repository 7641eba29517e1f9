"""`eval retrieval`: what is measured, files good and bad."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fallow.evaluation.retrieval import Protocol, evaluate_retrieval, evaluate_task
from fallow.evaluation.retrieval_task import LONGEST_LINE, read_task
from fallow_index.build import build_index
from fallow_index.search import Searcher
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput, SourceMissing
from fallow_ingest.records import Paper

sys.path.insert(0, str(Path(__file__).parents[2] / "index"))

from hashing_encoder import HashingEncoder

WORDS = ("graph", "kernel", "tree", "flow", "prior", "token", "speech", "parse")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[tuple[Catalog, Searcher]]:
    encoder = HashingEncoder()
    with Catalog.open(tmp_path / "library", create=True) as catalog:
        papers = [
            Paper(key=f"x:{at}", title=f"On the {word} method", abstract=f"A {word} for all.", year=2010 + at)
            for at, word in enumerate(WORDS)
        ]
        catalog.add(papers, "invented")
        build_index(catalog, encoder=encoder)
        with Searcher.open(catalog.library, encoder=encoder) as searcher:
            yield catalog, searcher


def files(folder: Path, queries: str, judgements: str) -> tuple[Path, Path]:
    (folder / "q.jsonl").write_text(queries)
    (folder / "r.jsonl").write_text(judgements)
    return folder / "q.jsonl", folder / "r.jsonl"


def test_a_whole_evaluation(library: tuple[Catalog, Searcher], tmp_path: Path) -> None:
    catalog, searcher = library
    queries = (
        '{"qid": "1", "text": "the tree method"}\n\n'
        '{"qid": "2", "docid": "x:3"}\n'
        '{"qid": "3", "text": "token method", "as_of_year": 2012}\n'
        '{"qid": "4", "text": "kernel method", "exclude": ["x:1", "x:77"]}\n'
        '{"qid": "nothing relevant", "text": "graph"}\n'
    )
    judgements = (
        '{"qid": "1", "docid": "x:2", "rel": 1}\n{"qid": "2", "docid": "x:404"}\n'
        '{"qid": "3", "docid": "x:5"}\n'
        '{"qid": "4", "docid": "x:1", "rel": 1}\n{"qid": "1", "docid": "x:404", "rel": 1}\n'
        '{"qid": "nothing relevant", "docid": "x:1", "rel": 0}\n'
    )
    task = read_task(*files(tmp_path, queries, judgements), catalog)
    assert task.unknown_papers == ("x:404",)
    scores = evaluate_task(task, searcher, ["bm25", "hybrid"], protocol=Protocol((1, 8)))
    assert [score.mode for score in scores] == ["bm25", "hybrid"]
    for score in scores:
        row = score.as_json()
        # The first finds one of two; the others ask for an unknown paper, a later one and an excluded one.
        assert (row["queries"], row["R@1"], row["R@8"], row["MRR"]) == (4, 0.125, 0.125, 0.25)
        assert "NDCG%20" not in row


def test_a_query_paper_is_no_answer_to_itself(library: tuple[Catalog, Searcher], tmp_path: Path) -> None:
    catalog, _ = library
    queries = '{"qid": "a", "docid": "x:3"}\n{"qid": "b", "docid": "x:4"}\n'
    judgements = (
        '{"qid": "a", "docid": "x:3", "rel": 3}\n{"qid": "a", "docid": "x:2"}\n{"qid": "b", "docid": "x:4"}\n'
    )
    task = read_task(*files(tmp_path, queries, judgements), catalog)
    assert [query.qid for query in task.queries] == ["a"]
    assert task.judgements["a"] == {catalog.number_of("x:2"): 1.0}


def test_rows_as_they_are_printed(library: tuple[Catalog, Searcher], tmp_path: Path) -> None:
    catalog, searcher = library
    queries = '{"qid": "1", "text": "tree"}\n{"qid": "2", "text": "speech"}\n'
    judgements = '{"qid": "1", "docid": "x:2"}\n{"qid": "2", "docid": "x:1"}\n'
    paths = files(tmp_path, queries, judgements)
    rows = evaluate_retrieval(catalog, searcher, *paths, protocol=Protocol((1,)), modes=["late", "bm25"])
    assert [(row["mode"], row["R@1"], row["unknown_papers"]) for row in rows] == [
        ("bm25", 0.5, 0),
        ("late", 0.5, 0),
    ]
    for row, other in zip(rows, ("late", "bm25"), strict=True):
        assert row["interval_95"]["R@1"] == [0.0, 1.0]  # type: ignore[index]
        assert row["against"][other]["R@1"] == {"difference": 0.0, "p": 1.0}  # type: ignore[index]
    alone = evaluate_retrieval(catalog, searcher, *paths)
    assert "against" not in alone[0]
    with pytest.raises(BadInput, match="no search mode"):
        evaluate_retrieval(catalog, searcher, *paths, modes=["magic"])


def test_a_judged_pool_is_ranked_alone(library: tuple[Catalog, Searcher], tmp_path: Path) -> None:
    catalog, searcher = library
    queries = '{"qid": "1", "docid": "x:3", "facet": "method"}\n'
    judgements = "".join(
        f'{{"qid": "1", "docid": "x:{at}", "rel": {grade}}}\n' for at, grade in enumerate([0, 0, 3, 1, 1, 0])
    )
    paths = files(tmp_path, queries, judgements)
    task = read_task(*paths, catalog)
    assert task.queries[0].facet == "method"
    protocol = Protocol((10,), judged_only=True, pool_percent=100)
    (row,) = evaluate_retrieval(catalog, searcher, *paths, protocol=protocol)
    assert row["R@10"] == 1.0
    assert 0 < float(str(row["NDCG%100"])) <= 1
    # One place is left for two relevant papers: the pool without the query's own paper has five.
    (row,) = evaluate_retrieval(catalog, searcher, *paths, protocol=Protocol((10,), judged_only=True))
    assert row["NDCG%20"] in (0.0, 0.3333, 1.0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"cutoffs": ()}, "at least 1"),
        ({"cutoffs": (0, 10)}, "at least 1"),
        ({"pool_percent": 0}, "no percentage"),
        ({"pool_percent": 101}, "no percentage"),
    ],
)
def test_protocols_that_make_no_sense(change: dict[str, Any], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        Protocol(**change)


@pytest.mark.parametrize(
    ("queries", "told"),
    [
        ("nonsense\n", "line 1 is not JSON"),
        ("[1]\n", "not a JSON object"),
        ('{"qid": "1"}\n', "no 'text'"),
        ('{"text": "a"}\n', "no 'qid'"),
        ('{"qid": "1", "docid": "x:404"}\n', "no paper 'x:404'"),
        ('{"qid": "1", "text": "a", "as_of_year": "soon"}\n', "as_of_year"),
        ('{"qid": "1", "text": "a", "exclude": "x:1"}\n', "exclude"),
        ('{"qid": "2", "text": "a"}\n', "No query"),
        ('{"qid": "1", "text": "a"}\n{"qid": 1, "text": "b"}\n', "line 2: the qid '1' is taken"),
        ('{"qid": "1", "docid": "x:1", "facet": "findings"}\n', "line 1: There is no facet 'findings'"),
        ('{"qid": "1", "text": "a", "facet": "method"}\n', "line 1: 'facet' without 'docid'"),
        ('{"qid": "1", "text": "' + "a" * LONGEST_LINE + '"}\n', "longer than"),
    ],
)
def test_bad_queries_name_their_line(
    library: tuple[Catalog, Searcher], tmp_path: Path, queries: str, told: str
) -> None:
    with pytest.raises(BadInput, match=told):
        read_task(*files(tmp_path, queries, '{"qid": "1", "docid": "x:1"}\n'), library[0])


@pytest.mark.parametrize(
    ("judgements", "told"),
    [
        ('{"qid": "1", "docid": "x:1", "rel": "yes"}', "line 1: 'rel'"),
        ('{"qid": "1", "docid": "x:1", "rel": true}', "line 1: 'rel'"),
        ('{"qid": "1", "docid": "x:1"}\n{"qid": "1"}', "line 2 has no 'docid'"),
        ('{"qid": "1", "docid": "x:1"}\n{"qid"', "line 2 is not JSON"),
        ('{"qid": "1", "docid": "x:1"}\n{"qid": "1", "docid": "x:1", "rel": 2}', "line 2: 'x:1' is judged 2"),
        ("\n \n", "holds no judgement"),
        ("", "holds no judgement"),
    ],
)
def test_bad_judgements(
    library: tuple[Catalog, Searcher], tmp_path: Path, judgements: str, told: str
) -> None:
    paths = files(tmp_path, '{"qid": "1", "text": "a"}\n', judgements)
    with pytest.raises(BadInput, match=told):
        read_task(*paths, library[0])


def test_files_that_are_missing(library: tuple[Catalog, Searcher], tmp_path: Path) -> None:
    queries, _ = files(tmp_path, '{"qid": "1", "text": "a"}\n', "")
    with pytest.raises(SourceMissing, match="gone"):
        read_task(queries, tmp_path / "gone", library[0])
