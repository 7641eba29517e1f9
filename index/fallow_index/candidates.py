"""Candidates of a search: nominated by some retrievers, scored by all that are asked, put in one order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fallow_index.citation_neighbours import SEEDS, CitationNeighbours
from fallow_index.dense import DenseIndex
from fallow_index.feedback import SEEDS as FEEDBACK_SEEDS
from fallow_index.feedback import Feedback
from fallow_index.filters import Filters
from fallow_index.fusion import score_fusion
from fallow_index.retrievers import Answer

Slots = NDArray[np.int64]
Scores = NDArray[np.float32]

NEIGHBOURS = 100
"""Candidates that a later round adds."""
FEEDBACK_TERMS = 30
"""Terms of a query from which on what is near the best is looked for: more than a title has."""
TRUSTED_TERMS = 60
"""Terms of a query (an abstract has some 75) from which on citations count in full, in proportion below."""
SILENT = frozenset({"passages", "citations", "age"})
"""Retrievers that have nothing to say to most queries: without a finding they take no part."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """slots: int64 [n], ascending; scores: retriever -> float32 [n]."""

    slots: Slots
    scores: Mapping[str, Scores]

    @property
    def fused(self) -> Scores:
        """One score of each, float32 [n]: the retrievers' joined, or that of the only one."""
        if len(self.scores) == 1:
            return next(iter(self.scores.values()))
        return score_fusion(self.scores)


def nominated(answers: Mapping[str, Answer], nominators: Iterable[str], depth: int) -> Slots:
    """Everyone whom a nominator puts among its best `depth`, ascending."""
    slots = [answers[name].nominate(depth) for name in nominators if name in answers]
    return np.unique(np.concatenate([np.empty(0, np.int64), *slots]))


def scored(answers: Mapping[str, Answer], scorers: Iterable[str], slots: Slots) -> Candidates:
    """Candidates with the scores of those scorers that have something to say."""
    scores = {name: answers[name].scores(slots) for name in scorers if name in answers}
    return Candidates(slots, {n: v for n, v in scores.items() if n not in SILENT or v.any()})


def with_feedback(
    first: Candidates, answers: dict[str, Answer], index: DenseIndex, filters: Filters, terms: int
) -> Candidates:
    """A second round: the first one's candidates and what lies near its best.

    terms: of the query; only one that describes a work is widened so, a short one means what it says. Adds
    the answer `feedback` to `answers`.
    """
    if terms < FEEDBACK_TERMS or len(first.slots) < 2 * FEEDBACK_SEEDS:
        return first
    best = np.argsort(-first.fused, kind="stable")[:FEEDBACK_SEEDS]
    answer = Feedback(index, first.slots[best], filters)
    answers[answer.name] = answer
    return _joined(first, answers, answer, answer.name)


def with_neighbours(
    first: Candidates,
    answers: dict[str, Answer],
    neighbours: CitationNeighbours,
    filters: Filters,
    terms: int,
) -> Candidates:
    """One more round: the candidates so far and the citation neighbours of the best.

    terms: of the query; a short one names a thing or a paper, whose neighbours are something else, a long one
    describes a work. Adds the answer `citations` to `answers`. Without a citation among the best nothing
    changes.
    """
    best = np.argsort(-first.fused, kind="stable")[:SEEDS]
    found = neighbours.of(first.slots[best], filters, trust=min(1.0, terms / TRUSTED_TERMS))
    if not len(found.slots):
        return first
    answers[neighbours.name] = found
    return _joined(first, answers, found, neighbours.name)


def _joined(first: Candidates, answers: Mapping[str, Answer], more: Answer, name: str) -> Candidates:
    """The candidates and the NEIGHBOURS best of one more answer, scored by all."""
    new = np.setdiff1d(more.nominate(NEIGHBOURS), first.slots)
    slots = np.concatenate([first.slots, new])
    order = np.argsort(slots)
    scores = {
        known: np.concatenate([values, answers[known].scores(new)])[order]
        for known, values in first.scores.items()
    }
    return Candidates(slots[order], scores | {name: more.scores(slots[order])})
