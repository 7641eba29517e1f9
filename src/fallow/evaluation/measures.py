"""Measures of one ranking against judgements; means over queries are taken elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

Judgements = Mapping[int, float]
"""Paper number -> relevance, 0 for judged irrelevant."""


def recall(ranking: Sequence[int], judgements: Judgements, cutoff: int) -> float:
    """Share of the relevant papers among the first `cutoff` (Manning, Raghavan and Schütze 2008, 8.3).

    >>> recall([5, 7, 9], {5: 1, 9: 2, 11: 1}, 2)
    0.3333333333333333
    """
    relevant = {paper for paper, grade in judgements.items() if grade > 0}
    return len(relevant.intersection(ranking[:cutoff])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranking: Sequence[int], judgements: Judgements) -> float:
    """One over the rank of the first relevant paper, 0 without one (Voorhees 1999, TREC-8 QA).

    >>> reciprocal_rank([5, 7, 9], {7: 1})
    0.5
    """
    for rank, paper in enumerate(ranking, 1):
        if judgements.get(paper, 0) > 0:
            return 1 / rank
    return 0.0


def ndcg(ranking: Sequence[int], judgements: Judgements, cutoff: int) -> float:
    """Discounted cumulated gain over that of the best ranking (Järvelin and Kekäläinen 2002), gain = grade.

    The discount is the usual log2(rank + 1).

    >>> round(ndcg([5, 7], {7: 1}, 10), 4)
    0.6309
    """
    return _normalised_gain(ranking, judgements, cutoff, lambda rank: math.log2(rank + 1))


def ndcg_of_pool(ranking: Sequence[int], judgements: Judgements, percent: int) -> float:
    """NDCG%p: over the first p percent of the judged papers (rounded down), for rankings of judged papers.

    As published for CSFCube (Mysore, O'Gorman, McCallum and Zamani 2021, "CSFCube: a test collection of
    computer science research articles for faceted query by example"), whose evaluation script discounts as
    Järvelin and Kekäläinen 2002 wrote it, with base 2: the first two ranks count fully, the third by
    1 / log2(3).

    >>> round(ndcg_of_pool([5, 7, 9], {5: 0, 7: 0, 9: 1}, 100), 4)
    0.6309
    """
    return _normalised_gain(
        ranking, judgements, percent * len(judgements) // 100, lambda rank: max(1.0, math.log2(rank))
    )


def _normalised_gain(
    ranking: Sequence[int], judgements: Judgements, cutoff: int, discount: Callable[[int], float]
) -> float:
    def gain(grades: Sequence[float]) -> float:
        return sum(max(grade, 0.0) / discount(rank) for rank, grade in enumerate(grades, 1))

    ideal = gain(sorted(judgements.values(), reverse=True)[:cutoff])
    return gain([judgements.get(paper, 0.0) for paper in ranking[:cutoff]]) / ideal if ideal > 0 else 0.0


def average_precision(ranking: Sequence[int], judgements: Judgements) -> float:
    """Mean over relevant papers of the precision at their rank (Buckley and Voorhees 2000).

    >>> average_precision([5, 7, 9], {5: 1, 9: 1})
    0.8333333333333333
    """
    relevant = sum(grade > 0 for grade in judgements.values())
    found, total = 0, 0.0
    for rank, paper in enumerate(ranking, 1):
        if judgements.get(paper, 0) > 0:
            found += 1
            total += found / rank
    return total / relevant if relevant else 0.0
