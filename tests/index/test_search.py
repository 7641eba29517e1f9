"""Searching: filters inside, odd queries, what each retriever said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hashing_encoder import HashingEncoder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from invented_papers import invented_paper

from fallow_index.build import build_index
from fallow_index.search import CANDIDATES, MODES, Hit, Mode, Searcher
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput, PaperUnknown
from fallow_ingest.records import Paper

Add = Callable[[Sequence[Paper]], None]
COUNT = 400


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    """400 papers of 2000-2019 in two segments, and one of 2030 that answers the query below word for word."""
    encoder = HashingEncoder()
    with Catalog.open(tmp_path_factory.mktemp("search") / "library", create=True) as catalog:
        catalog.add([invented_paper(at) for at in range(300)], "invented")
        build_index(catalog, encoder=encoder)
        catalog.add([invented_paper(at) for at in range(300, COUNT)], "invented")
        planted = invented_paper(
            999, year=2030, title="Sparse attention study", abstract="sparse attention study"
        )
        catalog.add([planted], "invented")
        build_index(catalog, encoder=encoder)
    with Searcher.open(catalog.library, encoder=encoder) as opened:
        yield opened


QUERY = "sparse attention study"
PLANTED = COUNT + 1


@pytest.mark.parametrize("mode", MODES)
def test_the_planted_paper_is_found_first(searcher: Searcher, mode: Mode) -> None:
    hits = searcher.search(QUERY, 10, mode=mode)
    # Late interaction sees the three words in many papers; the others also see how little else there is.
    assert mode == "late" or hits[0].number == PLANTED
    assert len(hits) == 10
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    wanted = {"bm25", "dense", "late"} if mode == "hybrid" else {mode}
    assert all(set(hit.signals) == wanted for hit in hits)
    assert mode == "hybrid" or [hit.signals[mode].rank for hit in hits] == list(range(1, 11))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("k", [1, 10, CANDIDATES + 50])
def test_the_future_is_never_seen_and_k_is_filled(searcher: Searcher, mode: Mode, k: int) -> None:
    hits = searcher.search(QUERY, k, mode=mode, as_of=20291231)
    assert PLANTED not in {hit.number for hit in hits}
    assert len(hits) == min(k, COUNT)


@pytest.mark.parametrize("mode", MODES)
def test_excluded_papers_make_room(searcher: Searcher, mode: Mode) -> None:
    first = [hit.number for hit in searcher.search(QUERY, 20, mode=mode)]
    hits = [hit.number for hit in searcher.search(QUERY, 20, mode=mode, exclude=[*first, 10**9])]
    assert len(hits) == 20
    assert not set(hits) & set(first)


@pytest.mark.parametrize("mode", MODES)
def test_within_some_papers(searcher: Searcher, mode: Mode) -> None:
    chosen = {5, 77, 301, 399, 10**9}
    hits = searcher.search(QUERY, 10, mode=mode, within=chosen, exclude=[77])
    assert {hit.number for hit in hits} == {5, 301, 399}
    assert searcher.search(QUERY, 10, mode=mode, within=[]) == []
    assert searcher.search(QUERY, 10, mode=mode, as_of=19000101) == []


def test_what_comes_later_does_not_change_an_old_answer(
    catalog: Catalog, add: Add, encoder: HashingEncoder
) -> None:
    def answers() -> list[list[Hit]]:
        build_index(catalog, encoder=encoder)
        with Searcher.open(catalog.library, encoder=encoder) as opened:
            return [opened.search(QUERY, 15, mode=mode, as_of=20101231) for mode in MODES]

    add([invented_paper(at) for at in range(100)])
    before = answers()
    add([invented_paper(2000 + at, year=2025, abstract="sparse sparse attention") for at in range(50)])
    for old, new in zip(before, answers(), strict=True):
        assert [hit.number for hit in old] == [hit.number for hit in new]
        np.testing.assert_allclose([h.score for h in old], [h.score for h in new], rtol=1e-5)


@pytest.mark.parametrize("text", ["", "   ", "?!... --", "🎉🎉"])
def test_nothing_to_search_for(searcher: Searcher, text: str) -> None:
    with pytest.raises(BadInput, match="letters or digits"):
        searcher.search(text)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "text",
    [
        "sparse 🎉 attention",
        "稀疏注意力",
        "word " * 100_000,
        "a\x00b",
        "the",
        "\ud800 attention",
        "x" * 50_000,
    ],
)
def test_odd_queries_are_answered(searcher: Searcher, mode: Mode, text: str) -> None:
    hits = searcher.search(text, 3, mode=mode)
    assert mode == "bm25" or len(hits) == 3


def test_k_beyond_the_library(searcher: Searcher) -> None:
    assert len(searcher.search(QUERY, 10_000)) == COUNT + 1


def test_wrong_options(searcher: Searcher) -> None:
    with pytest.raises(BadInput, match="hybrid, bm25, dense, late"):
        searcher.search(QUERY, mode="magic")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="at least one"):
        searcher.search(QUERY, 0)


def test_like_a_paper_is_its_text_without_itself(searcher: Searcher) -> None:
    with Catalog.open(searcher.library) as catalog:
        papers = catalog.papers_by_number([42, 350])
    for number, paper in papers.items():
        text = f"{paper.title}. {paper.abstract}"
        for mode in MODES:
            like = searcher.search_like(number, 5, mode=mode, as_of=20151231)
            same = searcher.search(text, 5, mode=mode, as_of=20151231, exclude=[number])
            np.testing.assert_allclose([h.score for h in like], [h.score for h in same], rtol=0.05, atol=0.02)
            assert number not in {hit.number for hit in like}


def test_like_a_paper_that_came_after_the_build(catalog: Catalog, add: Add, encoder: HashingEncoder) -> None:
    add([invented_paper(at) for at in range(20)])
    build_index(catalog, encoder=encoder)
    add([invented_paper(5000, title="Sparse attention study again")])
    number = catalog.number_of("x:5000")
    assert number is not None
    with Searcher.open(catalog.library, encoder=encoder) as searcher:
        assert len(searcher.search_like(number, 5)) == 5
        with pytest.raises(PaperUnknown):
            searcher.search_like(10**6, 5)


def test_rows_and_nearest(searcher: Searcher) -> None:
    assert searcher.numbers[searcher.rows([7, 350])].tolist() == [7, 350]
    assert searcher.rows([10**9, -1]).tolist() == [-1, -1]
    assert searcher.rows([]).tolist() == []
    similarity = np.asarray(searcher.vectors) @ np.asarray(searcher.vectors).T
    np.fill_diagonal(similarity, -np.inf)
    for k, rows in ((5, None), (30, None), (5, np.array([3, 200])), (30, np.array([3, 200]))):
        asked = np.arange(len(searcher)) if rows is None else rows
        found, values = searcher.nearest(k, rows)
        assert found.shape == values.shape == (len(asked), k)
        assert found.dtype == np.int32
        assert not (found == asked[:, np.newaxis]).any()
        np.testing.assert_allclose(values, -np.sort(-similarity[asked], axis=1)[:, :k], atol=1e-5)


def test_threads_get_the_same_answers(searcher: Searcher) -> None:
    texts = [f"{QUERY} code{at}" for at in range(12)]
    alone = [searcher.search(text, 5) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda text: searcher.search(text, 5), texts))
    assert together == alone


@given(
    as_of=st.one_of(st.none(), st.integers(19991231, 20301231)),
    excluded=st.sets(st.integers(1, COUNT + 1), max_size=COUNT),
    k=st.integers(1, 60),
    mode=st.sampled_from(["hybrid", "dense", "late"]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_filters_hold_and_k_is_filled(
    searcher: Searcher, as_of: int | None, excluded: set[int], k: int, mode: Mode
) -> None:
    with Catalog.open(searcher.library) as catalog:
        left = {paper.number for paper in catalog.papers(as_of)} - excluded
    hits = [hit.number for hit in searcher.search(QUERY, k, mode=mode, as_of=as_of, exclude=excluded)]
    assert set(hits) <= left
    assert len(hits) == len(set(hits)) == min(k, len(left))
