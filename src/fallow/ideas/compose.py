"""Composing ideas: strategies propose, near-duplicates go, the rest is spread, checked and ranked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fallow.evidence import check_quote
from fallow.gaps.survey import Survey, take_survey
from fallow.ideas.idea import Idea, Judgement, NearestWork
from fallow.ideas.matching import Meaning
from fallow.ideas.material import Material, SearcherMeaning
from fallow.ideas.store import dropped_reasons, save_ideas, save_verdict
from fallow.ideas.strategies import STRATEGIES, Strategy
from fallow.ideas.value import checked_novelty
from fallow_index.search import Searcher
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import NotEnoughEvidence
from fallow_ingest.progress import ReportProgress, ignore_progress

SAME = 0.86
"""Cosine of two ideas' texts from which they are the same idea in other words."""
LEAST_PROBABILITY = 0.5
"""Of being novel, below which an idea is not shown."""
PER_STRATEGY = 40
CROWDING = {"weakness": 0.6, "target": 0.35, "method": 0.35, "strategy": 0.66, "topic": 0.8}
"""What each idea already chosen with the same property leaves of a candidate's worth."""


def compose_ideas(
    catalog: Catalog,
    searcher: Searcher,
    *,
    n: int = 10,
    strategy: str | None = None,
    as_of: int | None = None,
    check: bool = True,
    keep: bool = True,
    report: ReportProgress = ignore_progress,
) -> list[Idea]:
    """The best n ideas that the library's evidence supports, ranked by value.

    strategy: only that one (a name in the registry). as_of: yyyymmdd. check: judge each for novelty and leave
    out what is not novel. keep: put what was checked into the archive, the refused with their reason.
    Raises NotEnoughEvidence when no strategy finds evidence, UnknownName for an unknown strategy.
    """
    survey = take_survey(catalog, as_of=as_of, report=report)
    material = Material(survey, SearcherMeaning(searcher))
    names = [strategy] if strategy else STRATEGIES.names()
    report("composing", 0, len(names))
    proposed = propose(material, [STRATEGIES.create(name) for name in names], report=report)
    dropped = dropped_reasons(catalog)
    candidates = [i for i in proposed if i.id not in dropped and quotes_hold(catalog, i)]
    ordered = spread(candidates, material.meaning, most=n * 4 if check else n)
    if not check:
        return ordered
    kept, refused = _checked(catalog, searcher, survey, ordered, n, report)
    if keep:
        save_ideas(catalog, [idea for idea, _ in kept])
        for idea, reason in refused:
            save_ideas(catalog, [replace(idea, state="dropped")], reason=reason)
        for idea, verdict in kept:
            save_verdict(catalog, idea.text, verdict, idea=idea.id, as_of=as_of)
    return sorted((idea for idea, _ in kept), key=_by_value)


def propose(
    material: Material, strategies: Sequence[Strategy], *, report: ReportProgress = ignore_progress
) -> list[Idea]:
    """Everything the strategies propose, best first. Raises NotEnoughEvidence when all of them refuse."""
    ideas: dict[str, Idea] = {}
    refusals: list[NotEnoughEvidence] = []
    for done, strategy in enumerate(strategies, 1):
        try:
            ideas.update((idea.id, idea) for idea in strategy.propose(material, most=PER_STRATEGY))
        except NotEnoughEvidence as refusal:
            refusals.append(refusal)
        report("composing", done, len(strategies))
    if not ideas:
        if len(refusals) == 1:
            raise refusals[0]
        raise NotEnoughEvidence(
            "No strategy finds evidence for an idea in this library",
            "add papers whose limitations can be read (full text, or `fallow ingest sample`), then "
            "`fallow build`",
        )
    return sorted(ideas.values(), key=_by_value)


def spread(ideas: Sequence[Idea], meaning: Meaning, *, most: int) -> list[Idea]:
    """At most that many ideas: the most valuable, no two the same in meaning, spread over subjects.

    Greedy choice; each idea chosen lowers the worth of those that share its weakness, target, method,
    strategy or topic (maximal marginal relevance, Carbonell and Goldstein 1998, over properties instead of
    cosines).
    """
    if not ideas:
        return []
    vectors = meaning.of_texts([f"{idea.title}. {idea.statement}" for idea in ideas])
    worth = np.array([idea.value.product for idea in ideas])
    chosen: list[int] = []
    seen: dict[str, Counter[object]] = {name: Counter() for name in CROWDING}
    left = set(range(len(ideas)))
    while left and len(chosen) < most:
        best = min(left, key=lambda at: (-worth[at] * _room(ideas[at], seen), at))
        left.discard(best)
        if chosen and float(np.max(vectors[chosen] @ vectors[best])) >= SAME and _alike(ideas, chosen, best):
            continue
        chosen.append(best)
        for name, value in _properties(ideas[best]).items():
            seen[name][value] += 1
    return [ideas[at] for at in chosen]


def _alike(ideas: Sequence[Idea], chosen: Sequence[int], at: int) -> bool:
    """Whether an idea chosen already has the same method or the same weakness on the same target."""
    mine = ideas[at]
    return any(
        ideas[other].concepts == mine.concepts
        or (ideas[other].concepts[-1] == mine.concepts[-1] and ideas[other].weakness == mine.weakness)
        or (mine.concepts[0] != "" and ideas[other].concepts[0] == mine.concepts[0])
        for other in chosen
    )


def _properties(idea: Idea) -> dict[str, object]:
    properties: dict[str, object] = {
        "weakness": idea.weakness,
        "target": idea.concepts[-1],
        "strategy": idea.strategy,
    }
    if idea.concepts[0]:
        properties["method"] = idea.concepts[0]
    if idea.topic is not None:
        properties["topic"] = idea.topic
    return properties


def _room(idea: Idea, seen: dict[str, Counter[object]]) -> float:
    room = 1.0
    for name, value in _properties(idea).items():
        room *= CROWDING[name] ** seen[name][value]
    return room


def quotes_hold(catalog: Catalog, idea: Idea) -> bool:
    """Whether every quote of an idea stands at its place."""
    return bool(idea.evidence) and all(check_quote(catalog, evidence.quote) for evidence in idea.evidence)


def _checked(
    catalog: Catalog,
    searcher: Searcher,
    survey: Survey,
    ideas: Sequence[Idea],
    n: int,
    report: ReportProgress,
) -> tuple[list[tuple[Idea, object]], list[tuple[Idea, str]]]:
    """(ideas that survive with their verdicts, ideas refused with the reason), stopping at n survivors."""
    kept: list[tuple[Idea, object]] = []
    refused: list[tuple[Idea, str]] = []
    for idea in ideas:
        if len(kept) == n:
            break
        report("checking novelty", len(kept), n)
        judged, verdict = check_idea(catalog, searcher, survey, idea)
        if not _survives(judged):
            refused.append((judged, _refusal(judged)))
        else:
            kept.append((judged, verdict))
    report("checking novelty", n, n)
    return kept, refused


def check_idea(catalog: Catalog, searcher: Searcher, survey: Survey, idea: Idea) -> tuple[Idea, object]:
    """The idea with what the novelty check says of it, and the whole verdict.

    The papers that the idea quotes count like any other: an idea that they already hold is not new.
    """
    from fallow.novelty import Claim, check_novelty

    claims = [
        Claim(at, claim.facet, claim.text)  # type: ignore[arg-type]
        for at, claim in enumerate(idea.claims, 2)
    ]
    verdict = check_novelty(idea.statement, searcher, catalog, as_of=survey.as_of, claims=claims)
    nearest = tuple(
        NearestWork(
            near.paper,
            survey.papers[near.paper].citation,
            survey.papers[near.paper].title,
            round(near.similarity, 3),
            near.overlaps,
            near.differs,
        )
        for near in verdict.neighbours
        if near.paper in survey.papers
    )
    judgement = Judgement(
        verdict.outcome, verdict.probability, verdict.reasons, verdict.what_would_make_it_first
    )
    novelty = idea.value.novelty
    if verdict.probability is not None:
        novelty = checked_novelty(verdict.probability, verdict.search.papers, verdict.outcome)
    return idea.judged(judgement, novelty, nearest), verdict


def _survives(idea: Idea) -> bool:
    """Novel, or unsure with the odds in favour; a search that could not tell is no ground to refuse."""
    assert idea.verdict is not None
    likely = idea.verdict.probability is None or idea.verdict.probability >= LEAST_PROBABILITY
    return idea.verdict.outcome != "not_novel" and likely


def _refusal(idea: Idea) -> str:
    assert idea.verdict is not None
    outcome = idea.verdict.outcome.replace("_", " ")
    return f"{outcome}: {idea.verdict.reasons[0]}" if idea.verdict.reasons else outcome


def _by_value(idea: Idea) -> tuple[float, str]:
    return (-idea.value.product, idea.id)
