"""Candidates from the token lists, and the stages from centroids to decompressed vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fallow_index import token_lists
from fallow_index.late_interaction import score_by_centroids, score_rows, shares_of
from fallow_index.late_search import COARSE_TOKENS, LateAnswer, coarse_query
from fallow_index.query import Query
from fallow_index.token_codec import TokenQuantiser, centroids_of
from fallow_index.token_lists import TokenLists
from fallow_index.token_store import TokenStore

DIMENSION, PAPERS, TOKENS = 16, 300, 6
RANDOM = np.random.RandomState(5)
WORDS = RANDOM.standard_normal((80, DIMENSION)).astype(np.float32)


def said(count: int) -> NDArray[np.float32]:
    """Token vectors: one of eighty words each, a little different every time."""
    vectors = WORDS[RANDOM.randint(0, len(WORDS), count)] + 0.15 * RANDOM.standard_normal((count, DIMENSION))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def stores() -> list[TokenStore]:
    """Two segments of one quantiser; the last paper of each has no token."""
    vectors = said(PAPERS * TOKENS)
    quantiser = TokenQuantiser.trained(vectors)
    half = PAPERS * TOKENS // 2
    offsets = np.append(np.arange(0, half + 1, TOKENS), half)
    return [TokenStore.of(vectors[start : start + half], offsets, [quantiser]) for start in (0, half)]


STORES = stores()
BASES = np.cumsum([0, *(len(store) for store in STORES)])
SLOTS = np.arange(BASES[-1])


def answer(
    tokens: NDArray[np.float32], allowed: NDArray[np.bool_] | None = None, **stages: int
) -> LateAnswer:
    query = Query({}, np.zeros(1, np.float32), tokens)
    everyone = np.ones(len(SLOTS), bool)
    return LateAnswer(STORES, BASES, query, everyone if allowed is None else allowed, **stages)


def exhaustive(tokens: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([score_rows(tokens, store, np.arange(len(store))) for store in STORES])


def test_lists_hold_every_paper_of_a_centroid_once() -> None:
    for store in STORES:
        near = centroids_of(store.places)
        owner = np.repeat(np.arange(len(store)), np.diff(store.offsets))
        for centroid in range(len(store.quantiser)):
            expected = np.unique(owner[near == centroid])
            np.testing.assert_array_equal(store.lists.of_centroid(centroid), expected)


def test_lists_of_many_blocks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    store = STORES[0]
    expected = [store.lists.of_centroid(centroid) for centroid in range(len(store.quantiser))]
    monkeypatch.setattr(token_lists, "BLOCK", 37)
    lists = TokenLists.of(centroids_of(store.places), store.offsets, len(store.quantiser))
    lists.write(tmp_path)
    opened = TokenLists.open(tmp_path, len(store), len(store.quantiser))
    for centroid in range(len(store.quantiser)):
        np.testing.assert_array_equal(opened.of_centroid(centroid), expected[centroid])


def test_reading_every_list_is_the_max_sim_of_centroids() -> None:
    store, tokens = STORES[0], said(4)
    near = store.quantiser.turn(tokens) @ store.quantiser.columns.T
    shares = shares_of(np.array([1.0, 2.0, 0.5, 1.0]), 4)
    rows = np.arange(len(store) - 1)
    about = store.lists.approximate(near, shares, probes=len(store.quantiser))
    # With every list read, what is missing is nothing at all: a paper without tokens alone has no score.
    np.testing.assert_allclose(about[rows], score_by_centroids(near, shares, store, rows), atol=1e-5)
    assert about[-1] == 0


def test_the_best_are_nominated() -> None:
    kept = []
    for _ in range(20):
        tokens = said(3)
        best = np.argsort(-exhaustive(tokens))[:10]
        kept.append(len(set(best) & set(answer(tokens).nominate(100).tolist())))
    assert np.mean(kept) > 8.5


@given(allowed=st.sets(st.integers(0, len(SLOTS) - 1)), depth=st.integers(1, 400))
@settings(max_examples=30, deadline=None)
def test_only_the_allowed_are_nominated(allowed: set[int], depth: int) -> None:
    mask = np.isin(SLOTS, sorted(allowed))
    slots = answer(said(3), mask).nominate(depth).tolist()
    assert set(slots) <= allowed
    assert len(slots) == len(set(slots)) == min(depth, len(allowed))


@given(exact=st.integers(1, 400), length=st.integers(1, 3 * COARSE_TOKENS))
@settings(max_examples=30, deadline=None)
def test_the_best_have_exact_scores_and_no_other_passes_them(exact: int, length: int) -> None:
    tokens = said(length)
    scores, true = answer(tokens, exact=exact).scores(SLOTS), exhaustive(tokens)
    same = np.isclose(scores, true, atol=1e-5)
    assert same.sum() >= min(exact, len(SLOTS))
    assert scores[~same].max(initial=-1) <= scores[same].max()
    if exact >= len(SLOTS):
        np.testing.assert_allclose(scores, true, atol=1e-5)


def test_more_results_have_more_exact_scores() -> None:
    tokens = said(4)
    asked = answer(tokens, exact=20)
    asked.nominate(200)
    assert np.isclose(asked.scores(SLOTS), exhaustive(tokens), atol=1e-5).sum() >= 200


def test_nothing_asked_nothing_nominated() -> None:
    asked = answer(np.empty((0, DIMENSION), np.float32))
    assert not len(asked.nominate(10))
    assert not asked.scores(SLOTS).any()


def test_long_queries_are_averaged_for_the_first_stages() -> None:
    tokens, weights = said(100), np.arange(100, dtype=np.float32)
    coarse, shares = coarse_query(tokens, weights)
    assert len(coarse) == len(shares) <= COARSE_TOKENS
    np.testing.assert_allclose(shares.sum(), 1, rtol=1e-5)
    np.testing.assert_allclose(shares[0], weights[:4].sum() / weights.sum(), rtol=1e-4)
