from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallow.niches.null_model import expected_inside, shuffled_within_strata
from fallow.niches.statistics import blend, count_ratio, false_discovery, lower_tail, share_growth, unknown

counts = st.integers(0, 10_000)


@given(counts, counts)
def test_ratios_stay_in_their_interval(observed: int, expected: int) -> None:
    ratio = count_ratio(observed, expected)
    assert 0 < ratio.low <= ratio.value <= ratio.high


def test_ratios_shrink_towards_one() -> None:
    assert count_ratio(0, 0).value == pytest.approx(1.0)
    assert 1 < count_ratio(2, 0, prior=4.0).value < 2
    assert count_ratio(2000, 1000).value == pytest.approx(2.0, rel=0.01)


def test_share_growth() -> None:
    doubled = share_growth(200, 1000, 100, 1000)
    assert doubled.value == pytest.approx(2.0, rel=0.03)
    assert doubled.low > 1.5
    assert share_growth(1, 1000, 0, 1000).low < 1 < share_growth(1, 1000, 0, 1000).value
    assert share_growth(0, 0, 5, 100).value == pytest.approx(1.0)


def test_intervals_cover_what_they_promise() -> None:
    rng = np.random.default_rng(0)
    observed = rng.poisson(40, 4000)
    ratio = count_ratio(observed, np.full(4000, 40.0), prior=0.01)
    covered = ((ratio.low <= 1) & (ratio.high >= 1)).mean()
    assert 0.86 < covered < 0.94


def test_blend_is_between_its_parts() -> None:
    low, high = count_ratio(10, 40), count_ratio(90, 40)
    both = blend([(1.0, low), (1.0, high)])
    assert low.value < both.value < high.value
    assert unknown(3).value.tolist() == [1, 1, 1]


def test_false_discovery_rate_is_held() -> None:
    rng = np.random.default_rng(1)
    assert (false_discovery(rng.random(1000)) < 0.1).mean() < 0.01
    assert false_discovery([]).size == 0
    q = false_discovery([0.001, 0.5, 0.001])
    assert q[0] == q[2] < q[1]


def test_the_shuffle_has_the_moments_of_a_simulation() -> None:
    rng = np.random.default_rng(2)
    n, groups = 300, 6
    stratum, values = rng.integers(0, 4, n), rng.pareto(1.5, n)
    group = rng.integers(0, groups, n)
    group[:10] = -1
    exact = shuffled_within_strata(values, group, stratum, groups)
    sums = []
    for _ in range(4000):
        dealt = group.copy()
        for layer in range(4):
            rows = np.flatnonzero((stratum == layer) & (group >= 0))
            dealt[rows] = group[rng.permutation(rows)]
        sums.append(np.bincount(dealt[dealt >= 0], weights=values[dealt >= 0], minlength=groups))
    assert exact.expected == pytest.approx(np.mean(sums, axis=0), rel=0.05)
    assert exact.variance == pytest.approx(np.var(sums, axis=0), rel=0.15)
    assert exact.observed.sum() == pytest.approx(exact.expected.sum())


def test_lower_tail_of_nothing_is_no_finding() -> None:
    assert lower_tail([0.0], [0.0], [0.0]).tolist() == [1.0]
    assert lower_tail([0.0], [20.0], [20.0])[0] < 0.001


def test_expected_inside_is_one_for_random_citations() -> None:
    rng = np.random.default_rng(3)
    group = rng.integers(0, 5, 500)
    citing, cited = rng.integers(0, 500, 20_000), rng.integers(0, 500, 20_000)
    chance = expected_inside(citing, cited, rng.integers(0, 3, 20_000), group, 5)
    assert chance.observed.sum() / chance.expected.sum() == pytest.approx(1.0, abs=0.05)
    home = expected_inside(citing, np.where(rng.random(20_000) < 0.5, citing, cited), citing * 0, group, 5)
    assert home.observed.sum() > 2 * home.expected.sum()
    empty = np.zeros(0, dtype=np.int64)
    assert expected_inside(empty, empty, empty, group, 5).observed.tolist() == [0] * 5
