"""Formulas against worked values and properties."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallow.novelty.calibration import IDEA_FEATURES, conformal_quantile, load_calibration
from fallow.novelty.completeness import chao2, estimate_missed, lincoln_petersen, log_interval
from fallow.novelty.words import acronyms, content_terms, coverage, with_acronyms


def test_chao2_of_known_counts() -> None:
    # Five papers seen once, two seen twice, four retrievers: 3/4 * 5 * 4 / (2 * 3).
    assert chao2(5, 2, 4) == pytest.approx(2.5)
    assert chao2(0, 9, 4) == 0.0


def test_lincoln_petersen_of_a_known_population() -> None:
    assert lincoln_petersen(50, 40, 20) == pytest.approx(51 * 41 / 21 - 1)


def test_nothing_can_be_said_from_one_list() -> None:
    assert estimate_missed([{1, 2}], {1, 2}) is None
    assert estimate_missed([{1}, {2}], set()) is None


def test_lists_that_agree_missed_nothing() -> None:
    missed = estimate_missed([{1, 2, 3}, {1, 2, 3, 9}], {1, 2, 3})
    assert missed is not None
    assert missed.estimate == 0.0


@given(st.lists(st.sets(st.integers(0, 20)), min_size=2, max_size=5), st.sets(st.integers(0, 20)))
def test_estimates_lie_in_their_intervals(lists: list[set[int]], relevant: set[int]) -> None:
    missed = estimate_missed(lists, relevant)
    if missed is not None:
        assert 0 <= missed.low <= missed.estimate + 1e-9
        assert missed.estimate <= missed.high + 1e-9


def test_an_interval_contains_its_estimate() -> None:
    low, high = log_interval(2.5, 4.0)
    assert 0 < low < 2.5 < high


def test_conformal_quantile_keeps_its_promise() -> None:
    scores = [at / 100 for at in range(100)]
    threshold = conformal_quantile(scores, 0.1)
    assert sum(score <= threshold for score in scores) / 100 >= 0.9
    assert conformal_quantile([0.5] * 5, 0.1) == math.inf


def test_nearness_never_makes_an_idea_more_novel() -> None:
    calibration = load_calibration()
    base = dict.fromkeys(IDEA_FEATURES, 0.4)
    for name in ("joint", "whole", "similarity", "words", "alignment"):
        assert calibration.probability(base | {name: 0.9}) <= calibration.probability(base)
    assert 0 <= calibration.not_novel_to <= calibration.novel_from <= 1


def test_words() -> None:
    assert content_terms("We propose a novel and simple method") == []
    known = acronyms(["Recurrent neural networks (RNNs) are", "conditional random field (CRF)"])
    assert set(known) == {"rnn", "crf"}
    assert "rnn" in with_acronyms(content_terms("recurrent neural networks"), known)
    assert "conditi" in with_acronyms(["crf"], known)


@given(st.lists(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")))
def test_coverage_is_a_share(terms: list[str], present: set[str]) -> None:
    weights = {letter: 1.0 + at for at, letter in enumerate("abcdef")}
    share = coverage(terms, present, weights)
    assert 0.0 <= share <= 1.0
    assert coverage(terms, present | set(terms), weights) == (1.0 if terms else 0.0)
