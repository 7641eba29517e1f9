"""Fusing what retrievers say."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fallow_index.fusion import WEIGHTS, ranks, score_fusion, standardised

scores = st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=20)


@given(scores)
def test_ranks_count_from_one_in_order_of_score(values: list[float]) -> None:
    found = ranks(np.array(values, np.float32))
    assert sorted(found.tolist()) == list(range(1, len(values) + 1))
    by_rank = np.array(values, np.float32)[np.argsort(found)]
    assert (np.diff(by_rank) <= 0).all()


@given(scores)
def test_standardised_scores_keep_the_order(values: list[float]) -> None:
    given_scores = np.array(values, np.float32)
    found = standardised(given_scores)
    assert np.isfinite(found).all()
    order = np.argsort(given_scores)
    assert (np.diff(found[order]) >= -1e-5).all()


def test_agreement_wins() -> None:
    fused = score_fusion({name: np.array([1, 3, 2], np.float32) for name in WEIGHTS})
    assert fused.argmax() == 1


def test_a_retriever_without_an_opinion_changes_nothing() -> None:
    dense = np.array([0.1, 0.3, 0.2], np.float32)
    alone = score_fusion({"dense": dense})
    np.testing.assert_allclose(score_fusion({"dense": dense, "bm25": np.zeros(3, np.float32)}), alone)
