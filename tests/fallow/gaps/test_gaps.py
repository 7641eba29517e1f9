"""Gaps: each kind from its evidence, none without."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fallow.evidence import check_quote
from fallow.gaps import GAP_KINDS, find_gaps
from fallow.gaps.contradictions import find_contradictions
from fallow.gaps.weaknesses import Phrases, weaknesses
from fallow.statements.reading import Found
from fallow.statements.store import replace_statements
from fallow_ingest.catalog import Catalog

sys.path.insert(0, str(Path(__file__).parent.parent / "ideas"))

from invented_library import cure_papers, filler_papers, library, melody_papers, paper, survey_of

KINDS = ("white_space", "unmet_need", "missing_resource", "contradiction")


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with library(tmp_path / "library", [*melody_papers(), *cure_papers(), *filler_papers()]) as opened:
        yield opened


def test_needs_and_missing_resources_come_with_counts_and_quotes(catalog: Catalog) -> None:
    gaps = find_gaps(catalog, kinds=KINDS)
    titles = {gap.title for gap in gaps}
    assert "The many network evaluations behind every sample in melody generation" in titles
    assert "Evidence in English alone in melody generation" in titles
    for gap in gaps:
        assert gap.kind in GAP_KINDS
        assert 0.0 <= gap.low <= gap.score <= gap.high <= 1.0
        assert gap.quotes
        assert gap.why.endswith(".")
        assert all(check_quote(catalog, quote) for quote in gap.quotes)
    assert len({gap.id for gap in gaps}) == len(gaps)


def test_what_reviewers_say_is_counted_and_quoted_as_theirs(catalog: Catalog) -> None:
    text = "The method handles lyrics only in English."
    with catalog.writing() as connection:
        for number in (catalog.find("test:1").number, catalog.find("test:2").number):
            connection.execute("DELETE FROM statements WHERE paper = ?", (number,))
            review = connection.execute(
                "INSERT INTO reviews (paper, source, key, part, signature, date, text) "
                "VALUES (?, 'test', ?, 'weaknesses', 'Reviewer_x', '2023-01-01', ?)",
                (number, f"r{number}", text),
            ).lastrowid
            found = Found(None, "limitation", "own", "plain", text, 0, len(text), 0.9, "", review)
            replace_statements(connection, number, b"x", 1, [found], np.zeros((1, 4), np.float16))
    gaps = find_gaps(catalog, kinds=["missing_resource"])
    gap = next(gap for gap in gaps if "English" in gap.title)
    assert "reviewers" in gap.why
    told = [quote for quote in gap.quotes if quote.origin == "reviewer"]
    assert told
    assert all(check_quote(catalog, quote) for quote in gap.quotes)


def test_one_voice_is_no_need(tmp_path: Path) -> None:
    alone = [*melody_papers()[:1], *filler_papers()]
    with library(tmp_path / "alone", alone) as catalog:
        assert not find_gaps(catalog, kinds=["unmet_need", "missing_resource"])


def test_only_what_was_public_takes_part(catalog: Catalog) -> None:
    assert not find_gaps(catalog, kinds=["unmet_need"], as_of=20101231)


def test_a_library_without_admissions_has_no_gaps_from_them(tmp_path: Path) -> None:
    with library(tmp_path / "plain", filler_papers()) as catalog:
        assert not find_gaps(catalog, kinds=["unmet_need", "missing_resource", "contradiction"])


def test_a_contradiction_needs_two_sides_and_two_voices(tmp_path: Path) -> None:
    yes = "Tide augmentation improves wave forecasting by four points."
    no = "Tide augmentation does not improve wave forecasting at any station."
    keywords = ["tide augmentation", "wave forecasting"]
    papers = [paper(1, "Waves", yes, keywords=keywords), paper(2, "Calm", no, keywords=keywords)]
    with library(tmp_path / "two", papers) as catalog:
        (gap,) = find_contradictions(survey_of(catalog))
        assert gap.title == "Whether tide augmentation helps wave forecasting"
        assert {quote.text for quote in gap.quotes} == {yes, no}
        assert all(check_quote(catalog, quote) for quote in gap.quotes)
    hedged = paper(3, "Calm", f"Although {no[0].lower()}{no[1:]}", keywords=keywords)
    with library(tmp_path / "hedged", [papers[0], hedged]) as catalog:
        assert not find_contradictions(survey_of(catalog))


@pytest.mark.parametrize(
    ("phrase", "sentence", "found"),
    [
        ("train* .. gpus", "it was trained on many gpus", True),
        ("train* .. gpus", "it was trained for one two three four five six seven days on gpus", False),
        ("slow|costly sampling", "this is costly sampling", True),
        ("step", "footsteps are heard", False),
        ("quadratic*", "quadratically growing cost", True),
    ],
)
def test_phrases(phrase: str, sentence: str, found: bool) -> None:
    assert Phrases([phrase]).found_in(sentence) is found


@pytest.mark.parametrize("weakness", weaknesses(), ids=lambda weakness: weakness.key)
def test_every_entry_of_the_ledger_is_whole(weakness: object) -> None:
    from fallow.gaps.weaknesses import Weakness

    assert isinstance(weakness, Weakness)
    assert weakness.how.format(method="M", target="T").endswith(".")
    assert weakness.risk.endswith(".")
    assert not weakness.gain.endswith(".")
    assert not weakness.kill.endswith(".")
    assert 0 < weakness.days[0] < weakness.days[1]
    assert (weakness.family == "resource") == bool(weakness.product)
    assert weakness.family == "resource" or weakness.by


def test_the_ledger_has_no_name_twice() -> None:
    keys = [weakness.key for weakness in weaknesses()]
    assert len(keys) == len(set(keys))
