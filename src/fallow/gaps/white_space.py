"""White space: a method and a subject that never met although their neighbours did."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from fallow.concepts import Concept
from fallow.evidence import Quote
from fallow.gaps.burdens import RECENT
from fallow.gaps.gap import Gap
from fallow.gaps.meetings import never_met
from fallow.gaps.survey import Survey, is_target

if TYPE_CHECKING:
    from fallow_index.search import Searcher

MOST = 400
"""Methods and subjects that are compared, the most alive ones."""
ONE_SUBJECT = 0.62
"""Cosine of their middles from which method and subject are one field under two names."""


def find_white_space(survey: Survey, searcher: Searcher | None = None) -> list[Gap]:
    """Pairs of a method and a task that no paper joins, the most likely and valuable first.

    Likely: common neighbours in the graph of concepts that share a paper, each weighted by the inverse
    logarithm of its degree (Adamic and Adar 2003) and divided by the square root of the product of the
    pair's own degrees, so that popular concepts gain nothing by being popular. With a searcher, the cosine
    of the middles of the two sets of papers counts as well. Valuable: recent papers on the subject.
    """
    methods, targets = _alive(survey)
    neighbours = _neighbours(survey)
    likeness = _likeness(searcher, [*methods, *targets])
    rows: list[tuple[float, Concept, Concept, list[int]]] = []
    for method in methods:
        for target in targets:
            common = neighbours[method.id] & neighbours[target.id]
            if len(common) < 2 or target.id in neighbours[method.id]:
                continue
            weight = sum(1.0 / math.log(2.0 + len(neighbours[c])) for c in common)
            weight /= math.sqrt(len(neighbours[method.id]) * len(neighbours[target.id]))
            alike = likeness(method, target)
            if alike > ONE_SUBJECT:
                continue
            recent = survey.concepts.recent(target, survey.last_year - RECENT + 1)
            score = min(1.0, (weight * (0.4 + alike) * math.log1p(recent) / 2.5) ** 0.5)
            rows.append((score, method, target, sorted(common)))
    rows.sort(key=lambda row: (-row[0], row[1].label, row[2].label))
    apart = (row for row in rows if never_met(survey, row[1], row[2]))
    return [gap for row in _varied(apart) if (gap := _gap(survey, *row)) is not None][:MOST]


def _alive(survey: Survey) -> tuple[list[Concept], list[Concept]]:
    """Methods and tasks with papers in recent years, neither too rare nor true of everything."""
    least, most = (8, 300) if survey.large else (3, max(20, len(survey.papers) // 12))
    since = survey.last_year - RECENT + 1
    alive = [
        concept
        for concept in survey.concepts.concepts
        if least <= len(concept.about)
        and len(concept.papers) <= most
        and survey.concepts.recent(concept, since) > 0
    ]
    alive.sort(key=lambda concept: (-len(concept.about), concept.label))
    methods = [c for c in alive if c.kind == "method" and not is_target(c)][:MOST]
    return methods, [c for c in alive if c.kind == "task"][:MOST]


def _neighbours(survey: Survey) -> dict[int, set[int]]:
    """Concept -> concepts that share a paper with it."""
    found: dict[int, set[int]] = defaultdict(set)
    for number in survey.papers:
        ids = [concept.id for concept in survey.concepts.mentioned_in(number)]
        for concept in ids:
            found[concept].update(ids)
    for concept, others in found.items():
        others.discard(concept)
    return found


def _likeness(searcher: Searcher | None, concepts: Iterable[Concept]) -> Callable[[Concept, Concept], float]:
    """Cosine of the middles of two concepts' papers; a constant without an index."""
    if searcher is None:
        return lambda _method, _target: 0.3
    import numpy as np

    middles = {}
    for concept in concepts:
        rows = searcher.rows(np.asarray(concept.about[:100], dtype=np.int64))
        middle = np.asarray(searcher.vectors)[rows[rows >= 0]].astype(np.float32).mean(axis=0)
        middles[concept.id] = middle / max(float(np.linalg.norm(middle)), 1e-9)
    return lambda method, target: float(middles[method.id] @ middles[target.id])


def _varied(
    rows: Iterable[tuple[float, Concept, Concept, list[int]]],
) -> Iterable[tuple[float, Concept, Concept, list[int]]]:
    """At most three pairs for each method and for each subject."""
    seen: Counter[int] = Counter()
    for row in rows:
        if seen[row[1].id] < 3 and seen[row[2].id] < 3:
            seen.update((row[1].id, row[2].id))
            yield row


def _gap(survey: Survey, score: float, method: Concept, target: Concept, common: list[int]) -> Gap | None:
    bridges = [survey.concepts.concepts[c] for c in common]
    bridges.sort(key=lambda concept: (len(concept.papers), concept.label))
    near_method = _meeting(survey, method, bridges)
    near_target = _meeting(survey, target, bridges)
    if near_method is None or near_target is None:
        return None
    since = survey.last_year - RECENT + 1
    names = " and ".join(concept.label for concept in bridges[:2])
    return Gap(
        id=f"white_space:{method.label} / {target.label}",
        kind="white_space",
        title=f"{method.label[0].upper()}{method.label[1:]} never met {target.label}",
        why=(
            f"No paper joins them, although both are alive ({len(method.about)} and {len(target.about)} "
            "papers, "
            f"{survey.concepts.recent(method, since)} and {survey.concepts.recent(target, since)} of the "
            f"last {RECENT} "
            f"years) and both have met {names}."
        ),
        topic=survey.topic_of(target.about),
        papers=(near_method, near_target),
        quotes=tuple(_title_quote(survey, number) for number in (near_method, near_target)),
        score=score,
        low=score * 0.4,
        high=min(1.0, score * 1.5),
        concepts=(method.label, target.label),
    )


def _meeting(survey: Survey, concept: Concept, bridges: list[Concept]) -> int | None:
    """The most cited paper in which a concept met the most special of the bridges."""
    for bridge in bridges:
        shared = sorted(set(concept.papers) & set(bridge.papers))
        if shared:
            return max(shared, key=lambda number: (survey.citations_of(number), -number))
    return None


def _title_quote(survey: Survey, number: int) -> Quote:
    from fallow.evidence import TITLE

    title = survey.papers[number].title
    return Quote(number, TITLE, 0, len(title), title, "authors")
