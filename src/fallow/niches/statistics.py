"""Ratios of counts with their intervals, and false discovery control."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

Floats = npt.NDArray[np.float64]

Z90 = 1.6448536269514722
"""Standard normal quantile of a two-sided 90% interval."""


class Ratio(NamedTuple):
    """Observed over expected with the ends of a 90% interval; arrays of one shape."""

    value: Floats
    low: Floats
    high: Floats


def count_ratio(observed: Any, expected: Any, *, prior: float = 1.0, spread: Any = 0.0) -> Ratio:
    """Poisson count over its expectation, shrunk towards 1 by a gamma prior of `prior` expected events.

    The posterior is gamma(observed + prior, expected + prior); its logarithm is taken as normal with variance
    1/(observed + prior) (the delta method), which is within 3% of the exact quantiles from 4 events on.
    `spread` adds a variance of the logarithm for counts that come in clusters.
    """
    shape = np.asarray(observed, dtype=np.float64) + prior
    rate = np.asarray(expected, dtype=np.float64) + prior
    return _interval(np.log(shape / rate), 1.0 / shape + np.asarray(spread, dtype=np.float64))


def share_growth(now: Any, now_all: Any, before: Any, before_all: Any, *, prior: float = 2.0) -> Ratio:
    """How much a share has grown: (now / now_all) / (before / before_all), shrunk towards 1.

    The prior adds `prior` events at an unchanged share to both periods, so that 3 papers after 1 are no boom
    and a period without papers in the whole library says nothing. The logarithm of a ratio of two Poisson
    rates is normal with variance 1/a + 1/b.
    """
    now, before = np.asarray(now, dtype=np.float64), np.asarray(before, dtype=np.float64)
    now_all, before_all = np.asarray(now_all, dtype=np.float64), np.asarray(before_all, dtype=np.float64)
    whole = np.maximum(now_all + before_all, 1.0)
    # What the prior adds lies in the periods as the library lies in them.
    extra_now, extra_before = prior * now_all / whole, prior * before_all / whole
    upper, lower = now + extra_now, before + extra_before
    known = (extra_now > 0) & (extra_before > 0)
    safe_upper, safe_lower = np.where(known, upper, 1.0), np.where(known, lower, 1.0)
    safe_now, safe_before = np.where(known, now_all, 1.0), np.where(known, before_all, 1.0)
    centre = np.where(known, np.log(safe_upper / safe_now) - np.log(safe_lower / safe_before), 0.0)
    return _interval(centre, np.where(known, 1.0 / safe_upper + 1.0 / safe_lower, 1.0))


def blend(parts: list[tuple[float, Ratio]]) -> Ratio:
    """The weighted geometric mean of independent ratios, with the interval that follows."""
    total = sum(weight for weight, _ in parts)
    centre = sum(weight * np.log(ratio.value) for weight, ratio in parts) / total
    variance = sum((weight * _deviation(ratio)) ** 2 for weight, ratio in parts) / total**2
    return _interval(np.asarray(centre), np.asarray(variance))


def unknown(count: int) -> Ratio:
    """Nothing is known: 1, within a factor of four."""
    return _interval(np.zeros(count), np.full(count, (np.log(4.0) / Z90) ** 2))


def lower_tail(observed: Any, expected: Any, variance: Any) -> Floats:
    """P(a normal count <= observed), with the continuity correction; 1 where there is nothing to compare."""
    observed, expected = np.asarray(observed, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    deviation = np.sqrt(np.maximum(np.asarray(variance, dtype=np.float64), 1e-12))
    p = ndtr((observed + 0.5 - expected) / deviation)
    return np.asarray(np.where(deviation > 1e-5, p, 1.0), dtype=np.float64)


def false_discovery(p_values: Any) -> Floats:
    """The smallest false discovery rate at which each hypothesis is rejected (Benjamini & Hochberg 1995).

    >>> false_discovery([0.01, 0.04, 0.03, 0.5]).round(3).tolist()
    [0.04, 0.053, 0.053, 0.5]
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.size == 0:
        return p
    order = np.argsort(p, kind="stable")
    scaled = p[order] * p.size / np.arange(1, p.size + 1)
    q = np.empty_like(p)
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q


def _interval(centre: Any, variance: Any) -> Ratio:
    half = Z90 * np.sqrt(variance)
    return Ratio(np.exp(centre), np.exp(centre - half), np.exp(centre + half))


def _deviation(ratio: Ratio) -> Floats:
    return np.asarray((np.log(ratio.high) - np.log(ratio.low)) / (2 * Z90), dtype=np.float64)
