"""`eval retrieval`: measures by hand, files good and bad."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fallow.evaluation.retrieval import (
    LONGEST_LINE,
    average_precision,
    evaluate_retrieval,
    evaluate_task,
    ndcg,
    read_task,
    recall,
    reciprocal_rank,
)
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


def test_measures_by_hand() -> None:
    ranking, judged = [3, 1, 2, 9], {1: 2.0, 9: 1.0, 4: 1.0, 3: 0.0}
    assert recall(ranking, judged, 2) == pytest.approx(1 / 3)
    assert recall(ranking, judged, 100) == pytest.approx(2 / 3)
    assert reciprocal_rank(ranking, judged) == 0.5
    assert average_precision(ranking, judged) == pytest.approx((1 / 2 + 2 / 4) / 3)
    gain = 2 / math.log2(3) + 1 / math.log2(5)
    assert ndcg(ranking, judged, 10) == pytest.approx(gain / (2 + 1 / math.log2(3) + 1 / math.log2(4)))


def test_measures_of_nothing() -> None:
    for measure in (reciprocal_rank, average_precision):
        assert measure([], {1: 1.0}) == measure([1], {}) == measure([1], {1: 0.0}) == 0.0
    assert recall([], {1: 1.0}, 5) == recall([1], {}, 5) == ndcg([1], {}, 5) == 0.0


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
        '{"qid": "1", "docid": "x:2", "rel": 1}\n{"qid": "2", "docid": "x:3"}\n{"qid": "3", "docid": "x:5"}\n'
        '{"qid": "4", "docid": "x:1", "rel": 1}\n{"qid": "1", "docid": "x:404", "rel": 1}\n'
        '{"qid": "nothing relevant", "docid": "x:1", "rel": 0}\n'
    )
    task = read_task(*files(tmp_path, queries, judgements), catalog)
    assert task.unknown_papers == ("x:404",)
    scores = evaluate_task(task, searcher, ["bm25", "hybrid"], cutoffs=[1, 8])
    assert [score.mode for score in scores] == ["bm25", "hybrid"]
    for score in scores:
        assert score.queries == 4
        # The first finds one of two; the others ask for the query paper, a later paper and an excluded one.
        assert score.recall == {1: 0.125, 8: 0.125}
        assert score.mrr == 0.25
        assert score.as_json()["R@8"] == 0.125


def test_rows_as_they_are_printed(library: tuple[Catalog, Searcher], tmp_path: Path) -> None:
    catalog, searcher = library
    paths = files(tmp_path, '{"qid": "1", "text": "tree"}', '{"qid": "1", "docid": "x:2"}')
    rows = evaluate_retrieval(catalog, searcher, *paths, cutoffs=[5], modes=["late", "bm25"])
    assert [(row["mode"], row["R@5"], row["MRR"], row["unknown_papers"]) for row in rows] == [
        ("bm25", 1.0, 1.0, 0),
        ("late", 1.0, 1.0, 0),
    ]
    with pytest.raises(BadInput, match="at least 1"):
        evaluate_retrieval(catalog, searcher, *paths, cutoffs=[0])
    with pytest.raises(BadInput, match="no search mode"):
        evaluate_retrieval(catalog, searcher, *paths, modes=["magic"])


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
        ('{"qid": "1", "text": "' + "a" * LONGEST_LINE + '"}\n', "longer than"),
    ],
)
def test_bad_queries_name_their_line(
    library: tuple[Catalog, Searcher], tmp_path: Path, queries: str, told: str
) -> None:
    with pytest.raises(BadInput, match=told):
        read_task(*files(tmp_path, queries, '{"qid": "1", "docid": "x:1"}\n'), library[0])


def test_bad_judgements(library: tuple[Catalog, Searcher], tmp_path: Path) -> None:
    queries, judgements = files(
        tmp_path, '{"qid": "1", "text": "a"}\n', '{"qid": "1", "docid": "x:1", "rel": "yes"}'
    )
    with pytest.raises(BadInput, match="line 1: 'rel'"):
        read_task(queries, judgements, library[0])
    with pytest.raises(SourceMissing, match="gone"):
        read_task(queries, tmp_path / "gone", library[0])
