"""The four factors of a niche, each a ratio to what is usual in the library at that time.

All functions are over arrays and see nothing but what they are given: the caller cuts the library at its date
first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fallow.niches.null_model import Expectation, shuffled_within_strata
from fallow.niches.statistics import (
    Ratio,
    blend,
    count_ratio,
    false_discovery,
    lower_tail,
    share_growth,
    unknown,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

RECENT_YEARS = 3
EARLIER_YEARS = 5
ENOUGH_CITING = 20
"""Papers with references in a year from which on that year can be asked whom it cites."""


@dataclass(frozen=True, slots=True)
class Library:
    """A library as the survey sees it.

    years: int [n], 0 unknown. subfield: int [n], -1 none. direction_of: int [subfields]. citing, cited: int
    [m], rows of each citation, no self-citations and none to the future.
    """

    years: Ints
    subfield: Ints
    direction_of: Ints
    citing: Ints
    cited: Ints

    @property
    def subfields(self) -> int:
        """How many subfields there are."""
        return int(self.direction_of.size)

    @property
    def directions(self) -> int:
        """How many directions there are."""
        return int(self.direction_of.max(initial=-1)) + 1

    @property
    def direction(self) -> Ints:
        """Direction of each paper: int [n], -1 none."""
        if not self.direction_of.size:
            return np.full(self.subfield.size, -1, dtype=np.int64)
        return np.where(self.subfield >= 0, self.direction_of[self.subfield], -1)


@dataclass(frozen=True, slots=True)
class Periods:
    """The years that "recent" and "earlier" mean, inclusive; None where the library cannot tell."""

    recent: tuple[int, int]
    earlier: tuple[int, int]

    def with_history(self, years: Ints) -> Periods:
        """The same recent years against everything before them."""
        known = years[(years > 0) & (years < self.recent[0])]
        return Periods(self.recent, (int(known.min()) if known.size else self.earlier[0], self.earlier[1]))

    def split(self, years: Ints) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Masks of recent and earlier years."""
        return (
            (years >= self.recent[0]) & (years <= self.recent[1]),
            (years >= self.earlier[0]) & (years <= self.earlier[1]),
        )


@dataclass(frozen=True, slots=True)
class Growth:
    """Papers (or citing papers) of each group in two periods, and the growth of their share."""

    now: Ints
    before: Ints
    now_all: int
    before_all: int
    ratio: Ratio


def periods_of(years: Ints) -> Periods | None:
    """The last three full years and the five before; None under two different years.

    A year at the end of the library that holds less than a fifth of the fullest of the five years up to it is
    a year that has only begun to be collected: it counts as recent, but does not push the window on.
    """
    known = years[years > 0]
    if known.size == 0 or known.min() == known.max():
        return None
    first, last = int(known.min()), int(known.max())
    counts = np.bincount(known - first, minlength=last - first + 1)
    end = last
    while end > first and counts[end - first] < 0.2 * counts[max(0, end - first - 4) : end - first + 1].max():
        end -= 1
    span = end - first + 1
    recent = min(RECENT_YEARS, max(1, span // 2))
    start = end - recent + 1
    return Periods((start, last), (max(first, start - EARLIER_YEARS), start - 1))


def growth(years: Ints, group: Ints, groups: int, periods: Periods | None) -> Growth | None:
    """Growth of each group's share of the library's papers; None without dates."""
    if periods is None:
        return None
    recent, earlier = periods.split(years)
    now = np.bincount(group[recent & (group >= 0)], minlength=groups)
    before = np.bincount(group[earlier & (group >= 0)], minlength=groups)
    ratio = share_growth(now, recent.sum(), before, earlier.sum())
    return Growth(now, before, int(recent.sum()), int(earlier.sum()), ratio)


def attention_periods(library: Library) -> Periods | None:
    """As periods_of, over the years in which enough papers have references here; None where too few do."""
    has_references = np.zeros(library.years.size, dtype=bool)
    has_references[library.citing] = True
    years = library.years[has_references & (library.years > 0)]
    if years.size == 0:
        return None
    values, counts = np.unique(years, return_counts=True)
    enough = values[counts >= ENOUGH_CITING]
    return periods_of(years[np.isin(years, enough)]) if enough.size else None


def attention(
    library: Library, group: Ints, groups: int, periods: Periods | None, *, own: bool
) -> Growth | None:
    """Growth of the share of papers (of those with any references) that cite into each group.

    Papers without outgoing rows tell nothing about whom they cite and are left out on both sides. A paper
    counts once for a group however often it cites into it. own: whether the group's own papers count as
    citing it.
    """
    if periods is None:
        return None
    target = group[library.cited]
    counted = (target >= 0) & (own | (target != group[library.citing]))
    pairs = np.unique(library.citing[counted] * max(groups, 1) + target[counted])
    who, where = pairs // max(groups, 1), pairs % max(groups, 1)
    recent, earlier = periods.split(library.years[who])
    able = np.unique(library.citing)
    able_recent, able_earlier = periods.split(library.years[able])
    now, before = np.bincount(where[recent], minlength=groups), np.bincount(where[earlier], minlength=groups)
    ratio = share_growth(now, able_recent.sum(), before, able_earlier.sum())
    return Growth(now, before, int(able_recent.sum()), int(able_earlier.sum()), ratio)


def momentum(papers: Growth | None, cited: Growth | None, groups: int) -> Ratio:
    """Growth in papers and in attention as one ratio: hotness of directions, timeliness of subfields."""
    parts = [(weight, part.ratio) for weight, part in ((0.65, papers), (0.35, cited)) if part is not None]
    return blend(parts) if parts else unknown(groups)


@dataclass(frozen=True, slots=True)
class Sparsity:
    """How thin each subfield is, and the counts behind it.

    typical: median papers of a subfield. inside: citations inside the subfield; inside_usual: what papers
    with as many references, of those years, usually keep inside theirs. received: citations from its own
    direction against the shuffle inside direction x year. false_discovery: q-values of "received fewer than
    by chance".
    """

    ratio: Ratio
    sizes: Ints
    typical: float
    inside: Floats
    inside_usual: Floats
    received: Expectation
    false_discovery: Floats


def sparsity(library: Library) -> Sparsity:
    """Few papers, few citations among them, few from their own direction: above 1 is thinner than usual."""
    groups, group = library.subfields, library.subfield
    sizes = np.bincount(group[group >= 0], minlength=groups)
    typical = float(np.median(sizes)) if groups else 0.0
    size_ratio = count_ratio(sizes, np.full(groups, typical), prior=2.0)
    parts = [(0.4, _inverse(size_ratio))]
    out, into = group[library.citing], group[library.cited]
    own = (out == into) & (out >= 0)
    inside = np.bincount(out[own], minlength=groups).astype(np.float64)
    inside_usual = np.zeros(groups)
    same = (library.direction[library.citing] == library.direction[library.cited]) & (into >= 0)
    received_by = np.bincount(library.cited[same], minlength=group.size).astype(np.float64)
    stratum = library.direction * 100_000 + library.years
    received = shuffled_within_strata(received_by, group, stratum, groups)
    q = false_discovery(lower_tail(received.observed, received.expected, received.variance))
    if own.any():
        inside_usual = _usual_inside(library, own)
        # A citation is not an event of its own: papers that cite bring several. Half the counts are taken as
        # news.
        parts.append((0.3, _inverse(count_ratio(inside / 2, inside_usual / 2, prior=2.0))))
        relative = received.variance / np.maximum(received.expected, 1.0) ** 2
        parts.append(
            (0.3, _inverse(count_ratio(received.observed, received.expected, prior=4.0, spread=relative)))
        )
    return Sparsity(blend(parts), sizes, typical, inside, inside_usual, received, q)


def _usual_inside(library: Library, own: npt.NDArray[np.bool_]) -> Floats:
    """Citations each subfield would keep inside if every reference stayed home as often as in its year."""
    out = library.subfield[library.citing]
    placed = out >= 0
    year = library.years[library.citing]
    base = int(year.min())
    home = np.bincount(year[placed] - base, weights=own[placed].astype(np.float64))
    made = np.bincount(year[placed] - base).astype(np.float64)
    overall = home.sum() / max(made.sum(), 1.0)
    # A year with few references borrows from all years.
    share = (home + 20.0 * overall) / (made + 20.0)
    usual = np.bincount(out[placed], weights=share[year[placed] - base], minlength=library.subfields)
    return np.asarray(usual, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Importance:
    """Who needs each subfield, and the counts behind it.

    across: citations from other subfields; across_usual: what papers of the same years receive; fields,
    directions: how many other subfields and directions they come from; citers: papers outside that cite it;
    matrix: int [subfields, subfields], citations from row to column.
    """

    ratio: Ratio
    across: Floats
    across_usual: Floats
    share: Floats
    fields: Ints
    directions: Ints
    citers: Ints
    matrix: Any


def importance(library: Library, demand: Floats | None = None) -> Importance:
    """How much work outside each subfield builds on it: citations across its border, from how many sides.

    demand: float [subfields], what others say they lack here (e.g. limitations that point here), any unit.
    """
    groups = library.subfields
    out, into = library.subfield[library.citing], library.subfield[library.cited]
    crossing = (into >= 0) & (out >= 0) & (out != into)
    pairs = np.unique(library.citing[crossing] * max(groups, 1) + into[crossing])
    who, where = pairs // max(groups, 1), pairs % max(groups, 1)
    matrix = np.bincount(library.subfield[who] * groups + where, minlength=groups * groups)
    matrix = matrix.reshape(groups, groups)
    received = np.bincount(library.cited[crossing], minlength=library.years.size).astype(np.float64)
    against = shuffled_within_strata(received, library.subfield, library.years, groups)
    above = np.zeros((library.directions, groups))
    np.add.at(above, library.direction_of, matrix)
    above[library.direction_of, np.arange(groups)] = 0
    fields, directions = (matrix > 0).sum(axis=0), (above > 0).sum(axis=0)
    across = against.observed
    total = np.bincount(into[into >= 0], minlength=groups).astype(np.float64)
    share = across / np.maximum(total, 1.0)
    citers = matrix.sum(axis=0)
    if not crossing.any():
        ratio = unknown(groups)
    else:
        # Logarithms (Thelwall 2017): one famous paper is no demand for its subfield.
        damped = shuffled_within_strata(np.log1p(received), library.subfield, library.years, groups)
        spread = damped.variance / np.maximum(damped.expected, 1.0) ** 2
        strength = count_ratio(damped.observed, damped.expected, prior=2.0, spread=np.minimum(spread, 1.0))
        ratio = blend([(0.7, strength), (0.15, _breadth(matrix, fields)), (0.15, _border(across, total))])
    return Importance(
        _demanded(ratio, demand), across, against.expected, share, fields, directions, citers, matrix
    )


def _breadth(matrix: Any, fields: Ints) -> Ratio:
    """Citing subfields against the number that as many citations, spread like the library's, would come
    from."""
    sources = matrix.sum(axis=1) / max(1, matrix.sum())
    across = matrix.sum(axis=0)
    usual = (1.0 - (1.0 - sources[:, None]) ** across[None, :]).sum(axis=0)
    raw = np.where(across > 0, fields / np.maximum(usual, 1e-9), 1.0)
    middle = float(np.median(raw[across > 0])) if (across > 0).any() else 1.0
    return count_ratio(fields, usual * middle, prior=2.0)


def _border(across: Floats, total: Floats) -> Ratio:
    """Share of citations that come across the border, against the library's."""
    return count_ratio(across, total * across.sum() / max(1.0, total.sum()), prior=4.0)


def _demanded(ratio: Ratio, demand: Floats | None) -> Ratio:
    if demand is None or not demand.size or demand.max() <= 0:
        return ratio
    wanted = count_ratio(demand, np.full(demand.size, demand.mean()), prior=2.0)
    return blend([(0.8, ratio), (0.2, wanted)])


def score(
    factors: Sequence[Ratio], weights: Sequence[float], slopes: Sequence[float], even: Sequence[float]
) -> Floats:
    """0..1: the product of the factors on a logistic scale, each to its weight; one factor near zero sinks
    it.

    Exponents are scaled to a sum of 2: four even chances make a quarter, four certainties one.

    Each factor is taken half-way between its value and its lower bound: what is not sure counts less. slopes:
    how fast a factor turns from no to yes around 1; steep for one that moves in a narrow range. even: the
    ratio that counts as an even chance.
    """
    total = np.zeros_like(factors[0].value)
    for weight, slope, middle, ratio in zip(weights, slopes, even, factors, strict=True):
        careful = 0.5 * (np.log(ratio.value) + np.log(ratio.low)) - np.log(middle)
        total += weight * -np.log1p(np.exp(-slope * careful))
    return np.asarray(np.exp(2.0 * total / sum(weights)), dtype=np.float64)


def _inverse(ratio: Ratio) -> Ratio:
    return Ratio(1.0 / ratio.value, 1.0 / ratio.high, 1.0 / ratio.low)
