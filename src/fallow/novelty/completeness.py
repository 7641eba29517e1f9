"""How many relevant papers a search missed, estimated from how its retrievers overlap."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Missed:
    """Estimate of what nobody found, with a 95% interval."""

    estimate: float
    low: float
    high: float


def chao2(once: int, twice: int, lists: int) -> float:
    """Relevant papers that none of `lists` retrievers found, bias-corrected.

    Chao 1987, "Estimating the population size for capture-recapture data with unequal catchability", in the
    form of Chao and Chiu 2016, eq. 4: (t - 1) / t * q1 (q1 - 1) / (2 (q2 + 1)), with q1 papers found by
    exactly one retriever and q2 by two. A lower bound when retrievers like the same papers.
    """
    return (lists - 1) / lists * once * (once - 1) / (2 * (twice + 1)) if lists else 0.0


def chao2_variance(once: int, twice: int, lists: int) -> float:
    """Variance of `chao2` (Chao and Chiu 2016, the bias-corrected form of their eq. 6)."""
    a = (lists - 1) / lists if lists else 0.0
    return (
        a * once * (once - 1) / (2 * (twice + 1))
        + a * a * once * (2 * once - 1) ** 2 / (4 * (twice + 1) ** 2)
        + a * a * once**2 * twice * (once - 1) ** 2 / (4 * (twice + 1) ** 4)
    )


def log_interval(estimate: float, variance: float) -> tuple[float, float]:
    """95% interval of a count that cannot be negative: log-normal, as in Chao 1987, eq. 12."""
    if estimate <= 0:
        return 0.0, math.sqrt(variance) * 1.96
    spread = math.exp(1.96 * math.sqrt(math.log1p(variance / estimate**2)))
    return estimate / spread, estimate * spread


def lincoln_petersen(first: int, second: int, both: int) -> float:
    """Size of a population seen through two independent lists (Chapman 1951): (n1+1)(n2+1)/(m+1) - 1."""
    return (first + 1) * (second + 1) / (both + 1) - 1


def estimate_missed(lists: Sequence[Collection[int]], relevant: Collection[int]) -> Missed | None:
    """How many relevant papers no list holds; None with fewer than two lists or no relevant paper.

    lists: paper numbers that each retriever found. relevant: papers judged relevant by their text.
    """
    useful = [set(found) & set(relevant) for found in lists]
    useful = [found for found in useful if found]
    if len(useful) < 2:
        return None
    times = [sum(paper in found for found in useful) for paper in set().union(*useful)]
    once, twice = times.count(1), times.count(2)
    estimate = chao2(once, twice, len(useful))
    return Missed(estimate, *log_interval(estimate, chao2_variance(once, twice, len(useful))))
