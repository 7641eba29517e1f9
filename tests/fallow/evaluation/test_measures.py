"""Measures and tests of significance, by hand and against other ways to compute them."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallow.evaluation.measures import average_precision, ndcg, ndcg_of_pool, recall, reciprocal_rank
from fallow.evaluation.significance import bootstrap_interval, randomisation_test


def test_measures_by_hand() -> None:
    ranking, judged = [3, 1, 2, 9], {1: 2.0, 9: 1.0, 4: 1.0, 3: 0.0}
    assert recall(ranking, judged, 2) == pytest.approx(1 / 3)
    assert recall(ranking, judged, 100) == pytest.approx(2 / 3)
    assert reciprocal_rank(ranking, judged) == 0.5
    assert average_precision(ranking, judged) == pytest.approx((1 / 2 + 2 / 4) / 3)
    gain = 2 / math.log2(3) + 1 / math.log2(5)
    assert ndcg(ranking, judged, 10) == pytest.approx(gain / (2 + 1 / math.log2(3) + 1 / math.log2(4)))


def test_measures_of_nothing() -> None:
    for measure in (reciprocal_rank, average_precision):
        assert measure([], {1: 1.0}) == measure([1], {}) == measure([1], {1: 0.0}) == 0.0
    assert recall([], {1: 1.0}, 5) == recall([1], {}, 5) == ndcg([1], {}, 5) == 0.0
    assert ndcg_of_pool([1], {1: 3.0}, 20) == 0.0  # a fifth of one paper is none


def test_ndcg_of_a_pool_by_hand() -> None:
    grades = {
        paper: float(grade) for paper, grade in enumerate([3, 2, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    }
    # A fifth of fifteen is three: gains at ranks 1, 2 and 3 count 1, 1 and 1 / log2(3).
    ranking = [5, 0, 3]
    ideal = 3 + 2 + 2 / math.log2(3)
    assert ndcg_of_pool(ranking, grades, 20) == pytest.approx((3 + 1 / math.log2(3)) / ideal)
    assert ndcg_of_pool(sorted(grades), grades, 20) == 1.0
    assert ndcg_of_pool([5, 0, 3, 1], {**grades, 15: 0.0, 16: 0.0, 17: 0.0}, 20) == pytest.approx(
        (3 + 1 / math.log2(3)) / ideal
    )


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_no_ranking_beats_the_best(grades: list[int], random: object) -> None:
    judged = {paper: float(grade) for paper, grade in enumerate(grades)}
    ranking = list(judged)
    random.shuffle(ranking)  # type: ignore[attr-defined]
    best = sorted(judged, key=lambda paper: -judged[paper])
    for percent in (10, 20, 100):
        assert (
            0
            <= ndcg_of_pool(ranking, judged, percent)
            <= ndcg_of_pool(best, judged, percent) + 1e-12
            <= 1 + 1e-9
        )


def test_the_randomisation_test_against_all_swaps() -> None:
    first, second = [0.9, 0.8, 0.4, 0.7, 0.6, 0.9], [0.5, 0.7, 0.5, 0.2, 0.6, 0.8]
    differences = [a - b for a, b in zip(first, second, strict=True)]
    observed = abs(sum(differences))
    sums = [
        abs(sum(sign * value for sign, value in zip(signs, differences, strict=True)))
        for signs in product((-1, 1), repeat=len(differences))
    ]
    exact = sum(value >= observed - 1e-9 for value in sums) / len(sums)
    assert randomisation_test(first, second) == pytest.approx(exact, abs=0.02)
    assert randomisation_test(first, second) == randomisation_test(second, first)
    with pytest.raises(ValueError, match="no pairs"):
        randomisation_test(first, second[1:])


def test_the_interval_covers_the_mean_and_narrows() -> None:
    few = [0.0, 1.0] * 10
    many = few * 20
    low, high = bootstrap_interval(few)
    assert low < 0.5 < high
    # The normal approximation of a proportion: 1.96 * sqrt(.25 / n).
    assert high - low == pytest.approx(2 * 1.96 * math.sqrt(0.25 / len(few)), rel=0.25)
    narrow = bootstrap_interval(many)
    assert narrow[1] - narrow[0] < (high - low) / 3
    assert bootstrap_interval(few) == (low, high)
