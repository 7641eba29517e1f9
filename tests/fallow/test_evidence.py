"""Quotes stand where they say, or they are none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fallow.evidence import TITLE, Quote, check_quote, place_name, quote_at
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput, PaperUnknown
from fallow_ingest.records import Paper, Review, Section

ABSTRACT = "Bees  swarm in May. We listen\nto them, café by café."


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(tmp_path, create=True) as opened:
        sections = (Section("Method", "We use microphones.", "method"),)
        reviews = (Review("r1", "weaknesses", "Only one hive was heard."),)
        opened.add([Paper("x:1", "On Bees", ABSTRACT, sections=sections, reviews=reviews)], "test")
        opened.add([Paper("x:2", "On Wasps", "Wasps sting.", text_origin="fallow")], "test")
        yield opened


def whole(catalog: Catalog, paper: int) -> Quote:
    return quote_at(catalog, paper, None, 0, len(catalog.paper(paper).abstract))


def test_a_quote_is_found_again(catalog: Catalog) -> None:
    one = catalog.find("x:1").number
    section = catalog.sections(one)[0].number
    for quote in (
        whole(catalog, one),
        quote_at(catalog, one, section, 3, 6),
        quote_at(catalog, one, TITLE, 0, 2),
    ):
        assert check_quote(catalog, quote)
    assert quote_at(catalog, one, section, 3, 6).text == "use"
    assert [place_name(catalog, place) for place in (None, TITLE, section)] == [
        "abstract",
        "title",
        "section “Method”",
    ]


def test_white_space_does_not_matter_and_words_do(catalog: Catalog) -> None:
    quote = whole(catalog, catalog.find("x:1").number)
    assert check_quote(catalog, replace(quote, text=quote.text.replace(" ", "\n ")))
    assert not check_quote(catalog, replace(quote, text=quote.text.replace("May", "June")))
    assert not check_quote(catalog, replace(quote, text=""))


def test_places_that_are_not_there(catalog: Catalog) -> None:
    one, two = catalog.find("x:1").number, catalog.find("x:2").number
    section = catalog.sections(one)[0].number
    quote = whole(catalog, one)
    wrong = [
        replace(quote, paper=999),
        replace(quote, start=-1),
        replace(quote, end=10_000),
        replace(quote, start=5, end=5),
        replace(quote, section=9_999),
        Quote(two, section, 0, 2, "We", "fallow"),
    ]
    assert not any(check_quote(catalog, bad) for bad in wrong)
    with pytest.raises(PaperUnknown):
        quote_at(catalog, 999, None, 0, 1)
    with pytest.raises(BadInput, match="lie outside abstract"):
        quote_at(catalog, one, None, 0, 10_000)


def test_our_summary_is_never_passed_off_as_the_authors_words(catalog: Catalog) -> None:
    quote = whole(catalog, catalog.find("x:2").number)
    assert quote.origin == "fallow"
    assert not check_quote(catalog, replace(quote, origin="authors"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(-5, 80), end=st.integers(-5, 80), text=st.text(max_size=40))
def test_only_the_stored_words_pass(catalog: Catalog, start: int, end: int, text: str) -> None:
    number = catalog.find("x:1").number
    stored = catalog.paper(number).abstract
    held = 0 <= start < end and stored[start:end].split() == text.split() and bool(text.split())
    assert check_quote(catalog, Quote(number, None, start, end, text, "authors")) == held


def test_a_reviewers_words_are_found_in_the_review_and_are_never_the_authors(catalog: Catalog) -> None:
    one, two = catalog.find("x:1").number, catalog.find("x:2").number
    review = catalog.reviews(one)[0].number
    quote = quote_at(catalog, one, None, 0, 13, review=review)
    assert (quote.text, quote.origin) == ("Only one hive", "reviewer")
    assert check_quote(catalog, quote)
    assert place_name(catalog, quote.section, quote.review) == "a review"
    for wrong in (
        replace(quote, origin="authors"),
        replace(quote, review=None),
        replace(quote, review=999),
        replace(quote, paper=two),
        replace(quote, end=10_000),
    ):
        assert not check_quote(catalog, wrong)
    with pytest.raises(BadInput, match="no review"):
        quote_at(catalog, two, None, 0, 3, review=review)
    with pytest.raises(BadInput, match="lie outside a review"):
        quote_at(catalog, one, None, 0, 10_000, review=review)
