"""Facet queries over small libraries, with an encoder that hashes words."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fallow_index.build import build_index
from fallow_index.facets import search as facet_search
from fallow_index.facets.search import compare_sentences, search_by_facet
from fallow_index.search import Searcher
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput, PaperUnknown
from fallow_ingest.records import Paper

sys.path.insert(0, str(Path(__file__).parents[1]))

from hashing_encoder import HashingEncoder

TOPICS = {"parsing": "parse trees of long sentences", "vision": "labels of small photographs"}
METHODS = {"kernel": "a spectral kernel over random walks", "flow": "a normalising flow with coupling layers"}


def abstract(topic: str, method: str) -> str:
    return (
        f"Predicting {TOPICS[topic]} remains a challenging problem that has attracted much attention. "
        f"We propose a method that trains {METHODS[method]}. "
        f"Experimental results show that our approach outperforms strong baselines by 2%."
    )


@pytest.fixture
def library(tmp_path: Path) -> Iterator[tuple[Catalog, Searcher]]:
    encoder = HashingEncoder(64)
    with Catalog.open(tmp_path / "library", create=True) as catalog:
        papers = [
            Paper(
                key=f"{topic}-{method}-{copy}",
                title=f"Study {topic[0]}{method[0]}{copy}",
                abstract=abstract(topic, method),
                year=2010 + copy,
            )
            for topic in TOPICS
            for method in METHODS
            for copy in range(3)
        ]
        papers += [Paper(key="bare", title="A title of random walks", abstract="", year=2012)]
        catalog.add(papers, "invented")
        build_index(catalog, encoder=encoder)
        with Searcher.open(catalog.library, encoder=encoder) as searcher:
            yield catalog, searcher


def number(catalog: Catalog, key: str) -> int:
    found = catalog.number_of(key)
    assert found is not None
    return found


def keys(catalog: Catalog, numbers: list[int]) -> list[str]:
    papers = catalog.papers_by_number(numbers)
    return [papers[one].key.removeprefix("local:") for one in numbers]


def test_a_facet_finds_papers_alike_in_it(library: tuple[Catalog, Searcher]) -> None:
    catalog, searcher = library
    asked = number(catalog, "parsing-kernel-0")
    by_method = search_by_facet(searcher, asked, "method", 5)
    found = keys(catalog, [hit.number for hit in by_method])
    assert all("kernel" in key for key in found)
    by_background = search_by_facet(searcher, asked, "background", 5)
    assert all("parsing" in key for key in keys(catalog, [hit.number for hit in by_background]))
    assert asked not in [hit.number for hit in (*by_method, *by_background)]


def test_every_hit_says_why(library: tuple[Catalog, Searcher]) -> None:
    catalog, searcher = library
    hits = search_by_facet(searcher, number(catalog, "parsing-kernel-0"), "method", 20)
    assert len(hits) == len(searcher) - 1
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for hit in hits:
        assert set(hit.signals) >= {"bm25", "dense", "late", "facet"}
        assert hit.match is not None
        assert METHODS["kernel"] in hit.match.asked
        paper = catalog.paper(hit.number)
        assert hit.match.found in (paper.abstract or paper.title)
    best = hits[0].match
    assert best is not None
    assert best.similarity == pytest.approx(1.0, abs=1e-5)
    assert METHODS["kernel"] in best.found


@pytest.mark.parametrize("mode", ["bm25", "dense", "late"])
def test_other_modes_ask_with_the_facet_only(library: tuple[Catalog, Searcher], mode: str) -> None:
    catalog, searcher = library
    asked = number(catalog, "vision-flow-1")
    hits = search_by_facet(searcher, asked, "method", 5, mode=mode)  # type: ignore[arg-type]
    assert all("flow" in key for key in keys(catalog, [hit.number for hit in hits]))
    assert all("facet" not in hit.signals and hit.match is not None for hit in hits)


def test_filters_act_inside(library: tuple[Catalog, Searcher]) -> None:
    catalog, searcher = library
    asked = number(catalog, "parsing-kernel-0")
    early = search_by_facet(searcher, asked, "method", 20, as_of=20101231)
    assert {catalog.paper(hit.number).year for hit in early} == {2010}
    pool = [number(catalog, "vision-flow-0"), number(catalog, "vision-kernel-0"), asked]
    within = search_by_facet(searcher, asked, "method", 20, within=pool)
    assert keys(catalog, [hit.number for hit in within]) == ["vision-kernel-0", "vision-flow-0"]
    assert not search_by_facet(searcher, asked, "method", 20, within=[asked])


def test_papers_beyond_those_read_keep_their_order(
    library: tuple[Catalog, Searcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog, searcher = library
    monkeypatch.setattr(facet_search, "RERANKED", 3)
    hits = search_by_facet(searcher, number(catalog, "parsing-kernel-0"), "method", 20)
    assert len({hit.number for hit in hits}) == len(hits) == len(searcher) - 1
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert [hit.match is not None for hit in hits] == [True] * 3 + [False] * (len(hits) - 3)
    assert len(search_by_facet(searcher, number(catalog, "parsing-kernel-0"), "method", 2)) == 2


def test_a_paper_without_an_abstract_cannot_ask(library: tuple[Catalog, Searcher]) -> None:
    catalog, searcher = library
    with pytest.raises(BadInput, match=r"no abstract to take its result from.*as a whole"):
        search_by_facet(searcher, number(catalog, "bare"), "result")
    with pytest.raises(PaperUnknown):
        search_by_facet(searcher, 9999, "result")


def test_sentences_are_compared_by_the_best_of_each(library: tuple[Catalog, Searcher]) -> None:
    _, searcher = library
    asked = ["a kernel", "a flow"]
    compared = compare_sentences(searcher, asked, [["a kernel", "some tree"], ["a flow"]])
    vectors = searcher.encode(["a kernel", "a flow", "some tree"])
    cosines = vectors @ vectors.T
    expected = [(1 + max(cosines[1, 0], cosines[1, 2])) / 2, (cosines[0, 1] + 1) / 2]
    assert np.allclose(compared.scores, expected, atol=1e-6)
    assert [(match.asked, match.found) for match in compared.matches] == [
        ("a kernel", "a kernel"),
        ("a flow", "a flow"),
    ]
