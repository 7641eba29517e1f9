"""Candidates beyond words and vectors: citation neighbours, passages of full texts, and their reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hashing_encoder import HashingEncoder
from invented_papers import invented_paper

from fallow_index.build import build_index
from fallow_index.claims import best_sentences, nearest_to_claim
from fallow_index.explanations import spellings
from fallow_index.search import Searcher
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput
from fallow_ingest.records import Paper, Section

Add = Callable[[Sequence[Paper]], None]

QUERY = "sparse attention study of long documents"
COUNT = 300
HIDDEN = 290
"""Shares no word with the query, but papers about it cite it."""
CLAIM = "Nocturnal quokka detectors fail when snow covers every eucalyptus sapling"


def key(at: int) -> str:
    return f"x:{at}"


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    """Papers 0..9 are about the query; 0..5 cite the hidden paper of 2001, 9 of 2030 cites it as well."""
    encoder = HashingEncoder()
    about = [
        invented_paper(at, year=2005, title=f"Sparse attention study {at}", abstract="long documents")
        for at in range(9)
    ]
    late = invented_paper(9, year=2030, title="Sparse attention study 9", abstract="long documents")
    rest = [invented_paper(at, year=2001) for at in range(10, COUNT)]
    rest[HIDDEN - 10] = invented_paper(HIDDEN, year=2001, title="Quartz", abstract="Feldspar and mica.")
    rest[3] = replace(rest[3], sections=(Section("Limitations", f"We tried. {CLAIM}. So it is."),))
    rest[4] = replace(rest[4], sections=(Section("Method", "Snow covers the detectors. They work."),))
    with Catalog.open(tmp_path_factory.mktemp("candidates") / "library", create=True) as catalog:
        catalog.add([*about, late, *rest], "invented")
        catalog.add_citations([(key(at), key(HIDDEN)) for at in range(6)], "invented")
        catalog.add_citations([(key(9), key(HIDDEN)), (key(9), key(288)), (key(280), key(1))], "invented")
        build_index(catalog, encoder=encoder)
    with Searcher.open(catalog.library, encoder=encoder) as opened:
        yield opened


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Citations count in full for a query of five terms, as they do for an abstract."""
    monkeypatch.setattr("fallow_index.candidates.TRUSTED_TERMS", 5)


@pytest.mark.usefixtures("trusting")
def test_a_paper_that_the_best_cite_is_found_and_says_so(searcher: Searcher) -> None:
    hits = searcher.search(QUERY, 200, explain=True)
    found = {hit.number: hit for hit in hits}
    assert HIDDEN + 1 in found
    assert found[HIDDEN + 1].signals["citations"].why[0] == "cited by 7 of the first 20"
    assert found[1].signals["bm25"].why[0] in {"sparse", "attention", "long", "documents"}
    for mode in ("bm25", "dense", "late"):
        assert all(set(hit.signals) == {mode} for hit in searcher.search(QUERY, 5, mode=mode))


def test_a_short_query_trusts_citations_little(searcher: Searcher) -> None:
    hits = searcher.search(QUERY, 200, explain=True)
    assert max(hit.signals["citations"].score for hit in hits) < 0.1
    assert {hit.number for hit in hits[:10]} == set(range(1, 11))


@pytest.mark.usefixtures("trusting")
def test_citations_of_the_future_and_of_excluded_papers_do_not_count(searcher: Searcher) -> None:
    def why(**filters: object) -> dict[int, tuple[str, ...]]:
        hits = searcher.search(QUERY, 200, explain=True, **filters)  # type: ignore[arg-type]
        return {hit.number: hit.signals["citations"].why for hit in hits if "citations" in hit.signals}

    assert why(as_of=20101231)[HIDDEN + 1][0] == "cited by 6 of the first 20"
    assert why(as_of=20101231).get(289, ()) == ()
    assert why()[289][0] == "cited by 1 of the first 20"
    assert why(exclude=[1, 2, 10])[HIDDEN + 1][0] == "cited by 4 of the first 20"
    assert HIDDEN + 1 not in why(exclude=[HIDDEN + 1])
    assert set(why(within=range(1, 20))) <= set(range(1, 20))


def test_without_citations_there_is_no_signal_of_them(
    catalog: Catalog, add: Add, encoder: HashingEncoder
) -> None:
    add([invented_paper(at) for at in range(30)])
    build_index(catalog, encoder=encoder)
    with Searcher.open(catalog.library, encoder=encoder) as opened:
        assert all(set(hit.signals) == {"bm25", "dense", "late"} for hit in opened.search(QUERY, 5))


def test_a_sentence_of_a_full_text_finds_its_paper(searcher: Searcher) -> None:
    hits = searcher.search(CLAIM, 5, explain=True)
    assert hits[0].number == 14
    assert hits[0].signals["passages"].why == (
        "one passage of its full text holds 100% of the query's words by weight",
    )
    assert searcher.search_passages(CLAIM, 5) == [14, 15]
    assert searcher.search_passages(CLAIM, 5, exclude=[14]) == [15]
    assert searcher.search_passages(CLAIM, 5, as_of=19991231) == []
    assert searcher.search_passages(CLAIM, 5, within=[15, 16]) == [15]
    with pytest.raises(BadInput):
        searcher.search_passages("?!", 5)


def test_a_claim_is_answered_with_the_sentence_and_its_place(searcher: Searcher) -> None:
    hits = nearest_to_claim(searcher, CLAIM, 5)
    place = hits[0].place
    assert hits[0].number == 14
    assert CLAIM in place.sentence
    assert (place.heading, place.kind, hits[0].share) == ("Limitations", "other", pytest.approx(1.0))
    section = searcher.catalog.section(place.section or 0)
    assert section is not None
    assert section.text[place.start : place.end] == place.sentence
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    # The one that only its full text names has no signal of the others; abstracts answer as well.
    assert len(hits) == 5
    assert hits[-1].place.kind in {"abstract", "method"}
    assert 14 not in {hit.number for hit in nearest_to_claim(searcher, CLAIM, 5, exclude=[14])}
    assert nearest_to_claim(searcher, CLAIM, 5, as_of=19991231) == []


def test_a_paper_of_a_title_alone_is_quoted_by_its_title(catalog: Catalog, add: Add) -> None:
    add([Paper(key="x:1", title="Nocturnal quokka detectors")])
    (place, share), *others = best_sentences(catalog, catalog.paper(1), {"quokka": 2.0, "snow": 2.0}, 3)
    assert (place.sentence, place.kind, share, others) == ("Nocturnal quokka detectors", "title", 0.5, [])


def test_few_words_together_are_no_quotation(searcher: Searcher) -> None:
    assert all("passages" not in hit.signals for hit in searcher.search("snow covers detectors", 5))


def test_reasons_are_spelt_as_in_the_query() -> None:
    found = spellings("Training GPT-4 (k-NN) models, models; in C++ and $\\beta$-VAE.")
    assert found["gpt4"] == "GPT-4"
    assert found["knn"] == "k-NN"
    assert found["c++"] == "C++"
    assert found["model"] == "models"


def test_weights_of_words_are_those_of_the_day(searcher: Searcher) -> None:
    weights = searcher.word_weights("quartz attention")
    assert weights["quartz"] > weights["attention"] > 0
    assert searcher.word_weights("quartz", as_of=20001231) == {}


def test_explaining_changes_nothing_else(searcher: Searcher) -> None:
    plain, told = (searcher.search(QUERY, 20, explain=explain) for explain in (False, True))
    assert [hit.number for hit in plain] == [hit.number for hit in told]
    np.testing.assert_array_equal([hit.score for hit in plain], [hit.score for hit in told])
