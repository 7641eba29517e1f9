"""Concepts: what is mined, how it is typed, and that hostile text changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallow.concepts import ConceptTable, mine_concepts
from fallow.concepts.mining import key_of, kind_of, pluralised
from fallow_ingest.catalog import StoredPaper


def stored(
    number: int, title: str, abstract: str, keywords: Sequence[str] = (), year: int = 2020
) -> StoredPaper:
    return StoredPaper(
        number, f"test:{number}", title, abstract, (), year, "", 20201231, "", (), tuple(keywords), "", "",
        "authors", "", "", {},
    )  # fmt: skip


def table(*papers: StoredPaper) -> ConceptTable:
    return mine_concepts(papers, most=1.0)


def test_spellings_are_one_concept() -> None:
    mined = table(
        stored(1, "Graph Attention Networks for Tide Forecasting", "A graph attention network is used."),
        stored(2, "Tide forecasting", "Here tide forecasting is done with graph attention networks."),
    )
    concept = mined.find("graph attention network")
    assert concept is not None
    assert concept.label == "graph attention networks"
    assert concept.kind == "method"
    assert concept.papers == (1, 2)
    assert concept.about == (1,)
    assert [c.kind for c in mined.subjects_of(2)] == ["task"]


def test_short_forms_count_as_their_long_forms() -> None:
    mined = table(
        stored(1, "One", "We study neural tide forecasting (NTF) at sea."),
        stored(2, "Two", "We study neural tide forecasting (NTF) on land."),
        stored(3, "Three", "Our NTF is the fastest."),
    )
    concept = mined.find("neural tide forecasting")
    assert concept is not None
    assert concept.papers == (1, 2, 3)


def test_keywords_name_their_whole_too() -> None:
    mined = table(stored(1, "A", "b", ["conference peer review"]), stored(2, "C", "d", ["peer review"]))
    concept = mined.find("peer review")
    assert concept is not None
    assert concept.about == (1, 2)


@pytest.mark.parametrize(
    ("phrase", "kind"),
    [
        ("neural machine translation", "task"),
        ("variational inference", "method"),
        ("textual inference", "task"),
        ("tide benchmarks", "data"),
        ("low-resource languages", "setting"),
        ("BLEU score", "metric"),
        ("monte carlo tree search", "method"),
        ("pure nonsense", None),
    ],
)
def test_kinds(phrase: str, kind: str | None) -> None:
    assert kind_of(key_of(phrase)) == kind


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("Gaussian process", "Gaussian processes"),
        ("LSTM", "LSTMs"),
        ("test corpus", "test corpora"),
        ("data", "data"),
    ],
)
def test_plurals(one: str, many: str) -> None:
    assert pluralised(one) == many


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.text(max_size=600), st.lists(st.text(max_size=60), max_size=5))
def test_any_text_is_survived(title: str, abstract: str, keywords: list[str]) -> None:
    mined = mine_concepts([stored(1, title, abstract, keywords), stored(2, title, abstract, keywords)])
    for concept in mined.concepts:
        assert concept.label.strip()
        assert set(concept.about) <= set(concept.papers)


def test_long_hostile_text_is_bounded() -> None:
    table(stored(1, "network " * 20_000, "model (" * 60_000, ["attention " * 10_000] * 500))
