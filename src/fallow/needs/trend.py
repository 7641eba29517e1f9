"""Counting who states a need and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fallow.needs.need import Trend, TrendDirection
from fallow_ingest.text.normalise import fold

RISING, FADING = 1.5, 1 / 1.5
FEWEST_FOR_TREND = 4
"""Papers below which no trend is claimed."""


def author_groups(authors: Mapping[int, Sequence[str]]) -> int:
    """Independent groups among papers: those that share an author, directly or through others, are one.

    authors: paper -> names; a paper without authors is a group of its own. Union-find (Tarjan, 1975).

    >>> author_groups({1: ["A. Lee", "B. Kim"], 2: ["B. Kim"], 3: ["C. Roy"], 4: []})
    3
    """
    parent = {paper: paper for paper in authors}

    def root(paper: int) -> int:
        while parent[paper] != paper:
            parent[paper] = parent[parent[paper]]
            paper = parent[paper]
        return paper

    first_by_author: dict[str, int] = {}
    for paper, names in authors.items():
        for name in {fold(name) for name in names} - {""}:
            other = first_by_author.setdefault(name, paper)
            parent[root(paper)] = root(other)
    return len({root(paper) for paper in authors})


def trend_of(years: Mapping[int, int], mined: Mapping[int, int]) -> Trend:
    """Whether a need is stated more often lately than before, per mined paper.

    years: year -> papers stating the need; mined: year -> papers that gave any statement. The years are
    halved so that each half holds about as many mined papers; shares are smoothed by half a paper.

    >>> trend_of({2018: 1, 2020: 5}, {2018: 10, 2019: 10, 2020: 10, 2021: 10}).direction
    'rising'
    """
    middle = _middle(mined)
    recent = sum(count for year, count in years.items() if year > middle)
    earlier = sum(count for year, count in years.items() if year <= middle)
    mined_recent = sum(count for year, count in mined.items() if year > middle)
    mined_earlier = sum(count for year, count in mined.items() if year <= middle)
    direction: TrendDirection = "steady"
    if recent + earlier >= FEWEST_FOR_TREND and mined_recent and mined_earlier:
        ratio = ((recent + 0.5) / mined_recent) / ((earlier + 0.5) / mined_earlier)
        direction = "rising" if ratio >= RISING else "fading" if ratio <= FADING else "steady"
    return Trend(direction, recent, earlier, tuple(sorted(years.items())))


def _middle(mined: Mapping[int, int]) -> int:
    """The last year of the earlier half."""
    half, passed = sum(mined.values()) / 2, 0
    for year in sorted(mined):
        passed += mined[year]
        if passed >= half:
            return year
    return 0
