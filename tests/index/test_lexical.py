"""BM25 on postings against the formula written out."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallow_index.lexical import K1, B, LexicalIndex, query_terms
from fallow_index.postings import TITLE_WEIGHT, Postings, merge_postings
from fallow_index.tokens import tokenise
from fallow_ingest.errors import IndexDamaged

WORDS = ["graph", "neural", "kernel", "sparse", "gpt-4", "bayes", "tree"]
texts = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
papers = st.lists(st.tuples(texts, texts), min_size=1, max_size=12)


def plain_bm25(collection: list[tuple[str, str]], query: str) -> list[float]:
    counted = [
        Counter(tokenise(abstract))
        + Counter({t: TITLE_WEIGHT * n for t, n in Counter(tokenise(title)).items()})
        for title, abstract in collection
    ]
    average = sum(c.total() for c in counted) / len(counted)
    scores = [0.0] * len(collection)
    for term, weight in query_terms(query).items():
        frequency = sum(term in c for c in counted)
        idf = math.log(1 + (len(counted) - frequency + 0.5) / (frequency + 0.5))
        for at, c in enumerate(counted):
            norm = K1 * (1 - B + B * c.total() / average) if average else 1
            scores[at] += weight * idf * c[term] * (K1 + 1) / (c[term] + norm) if c[term] else 0
    return scores


@given(papers, texts)
@settings(deadline=None)
def test_scores_are_bm25(collection: list[tuple[str, str]], query: str) -> None:
    index = LexicalIndex([Postings.of(collection)])
    scores = index.ask(query_terms(query), np.ones(len(collection), bool)).everything()
    np.testing.assert_allclose(scores, plain_bm25(collection, query), rtol=1e-4)


@given(papers, papers, texts)
@settings(deadline=None)
def test_two_segments_score_as_one(
    first: list[tuple[str, str]], second: list[tuple[str, str]], query: str
) -> None:
    index = LexicalIndex([Postings.of(first), Postings.of(second)])
    scores = index.ask(query_terms(query), np.ones(len(first) + len(second), bool)).everything()
    np.testing.assert_allclose(scores, plain_bm25([*first, *second], query), rtol=1e-4)


@given(papers, papers, texts)
@settings(deadline=None)
def test_what_is_not_visible_has_no_influence(
    public: list[tuple[str, str]], future: list[tuple[str, str]], query: str
) -> None:
    index = LexicalIndex([Postings.of([*public, *future])])
    visible = np.arange(len(public) + len(future)) < len(public)
    scores = index.ask(query_terms(query), visible).everything()[: len(public)]
    np.testing.assert_allclose(scores, plain_bm25(public, query), rtol=1e-4)


@given(papers, papers, texts)
@settings(deadline=None)
def test_some_slots_score_as_among_all(
    first: list[tuple[str, str]], second: list[tuple[str, str]], query: str
) -> None:
    index = LexicalIndex([Postings.of(first), Postings.of(second)])
    answer = index.ask(query_terms(query), np.ones(len(index), bool))
    slots = np.arange(len(index))[::-2]
    np.testing.assert_allclose(answer.scores(slots), answer.everything()[slots], rtol=1e-5)
    for told, slot in zip(answer.telling_terms(slots), slots.tolist(), strict=True):
        title, abstract = [*first, *second][slot]
        assert set(told) <= set(tokenise(title)) | set(tokenise(abstract))


@given(papers, st.lists(st.booleans(), min_size=12, max_size=12), texts, st.integers(1, 6))
@settings(deadline=None)
def test_the_best_are_the_best_of_those_allowed(
    collection: list[tuple[str, str]], chosen: list[bool], query: str, k: int
) -> None:
    index = LexicalIndex([Postings.of(collection)])
    answer = index.ask(query_terms(query), np.ones(len(index), bool))
    allowed = np.array(chosen[: len(collection)])
    scores = np.where(allowed, answer.everything(), 0)
    best = answer.best(k, allowed)
    assert allowed[best].all()
    np.testing.assert_allclose(np.sort(scores[best])[::-1], np.sort(scores[scores > 0])[::-1][:k], rtol=1e-5)


def test_a_long_query_scores_common_words_for_the_best_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fallow_index.lexical.LEAST_BUDGET", 100)
    monkeypatch.setattr("fallow_index.lexical.BUDGET", 0.5)
    collection = [(f"rare{at % 40}", f"model data method common{at % 3}") for at in range(200)]
    index = LexicalIndex([Postings.of(collection)])
    everyone = np.ones(200, bool)
    answer = index.ask(query_terms("rare7 rare9 model data method common1"), everyone)
    scores = answer.everything()
    best = answer.best(4, everyone)
    assert set(best.tolist()) <= set(np.flatnonzero(scores > np.sort(scores)[-11]).tolist())
    np.testing.assert_allclose(answer.scores(best), scores[best], rtol=1e-5)
    # Ten papers hold a rare word; where more are asked for, the common words fill the list.
    assert len(answer.best(60, everyone)) == 60


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_merging_equals_building_at_once(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    parts = data.draw(st.lists(papers, min_size=1, max_size=3))
    kept = [
        np.array([row for row in range(len(part)) if data.draw(st.booleans())], dtype=np.int64)
        for part in parts
    ]
    folder = tmp_path_factory.mktemp("merged")
    merge_postings(folder, list(zip([Postings.of(part) for part in parts], kept, strict=True)))
    chosen = [part[row] for part, rows in zip(parts, kept, strict=True) for row in rows]
    merged, whole = Postings.open(folder, len(chosen)), Postings.of(chosen)
    for name in ("terms", "offsets", "rows", "counts", "lengths"):
        np.testing.assert_array_equal(getattr(merged, name), getattr(whole, name))


def test_merging_in_ranges_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collection = [(f"word{at} tree", f"graph{at % 7} kernel {at % 3}") for at in range(60)]
    rows = np.arange(60)
    (tmp_path / "one").mkdir()
    (tmp_path / "many").mkdir()
    merge_postings(tmp_path / "one", [(Postings.of(collection), rows)])
    monkeypatch.setattr("fallow_index.postings._MERGE_POSTINGS", 7)
    merge_postings(tmp_path / "many", [(Postings.of(collection), rows)])
    one, many = Postings.open(tmp_path / "one", 60), Postings.open(tmp_path / "many", 60)
    np.testing.assert_array_equal(one.rows, many.rows)
    np.testing.assert_array_equal(one.terms, many.terms)


def test_files_of_another_segment_are_refused(tmp_path: Path) -> None:
    Postings.of([("a graph", "tree")]).write(tmp_path)
    with pytest.raises(IndexDamaged, match="term_offsets"):
        Postings.open(tmp_path, 2)
