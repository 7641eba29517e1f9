"""Finding papers by what one passage of their full text says.

Full texts are long: every one holds most words of an abstract somewhere, so their counts must not add to the
score of title and abstract (in a library where an eighth of the papers has full text that cost 3 points of
R@100, docs/search.md). A passage that holds nearly all words of a sentence says nearly the same: that is what
is looked for here, and what a search of everything takes notice of.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fallow_index.filters import Filters
from fallow_index.lexical import LexicalAnswer, LexicalIndex, best_slots
from fallow_index.passages import PassageSegment
from fallow_index.query import Query

Slots = NDArray[np.int64]
Scores = NDArray[np.float32]

QUOTED = 0.75
"""Share of a query's weight that a passage must hold to be a finding of its own. Of sentences that are in no
other paper 95 in 100 stay below it in every other paper, and every abstract does."""
LEAST_TERMS = 8
"""Terms from which on that share means something; the words of a short title are together by chance."""


class PassageRetriever:
    """The share of a query's words, by weight, that the best passage of a paper holds: 0 to 1.

    slots: the slot of each full text, -1 for those of no paper; bases of the index are the caller's.
    """

    name = "passages"

    def __init__(self, segments: Sequence[PassageSegment], slots: Slots) -> None:
        self._index = LexicalIndex([segment.postings for segment in segments])
        sizes = [np.diff(segment.starts) for segment in segments]
        lengths = np.concatenate([np.empty(0, np.int64), *sizes])
        self._slots = slots
        self._owners = np.repeat(slots, lengths)
        self._filled = np.flatnonzero(lengths)
        self._starts = (np.cumsum(lengths) - lengths)[self._filled]

    def ask(self, query: Query, filters: Filters) -> PassageAnswer:
        """Its answer; passages are looked at when it is asked."""
        visible = np.zeros(len(self._owners), np.bool_)
        known = self._owners >= 0
        visible[known] = filters.visible[self._owners[known]]
        return PassageAnswer(self, self._index.ask(query.terms, visible), filters)

    def by_slot(self, shares: Scores, slots: int) -> Scores:
        """The best share of each slot, float32 [slots], from the shares of all passages."""
        best = np.zeros(slots, np.float32)
        if len(self._starts):
            owners = self._slots[self._filled]
            held = owners >= 0
            best[owners[held]] = np.maximum.reduceat(shares, self._starts)[held]
        return best


class PassageAnswer:
    """What passages say to one query."""

    def __init__(self, retriever: PassageRetriever, answer: LexicalAnswer, filters: Filters) -> None:
        self._retriever = retriever
        self._answer = answer
        self._filters = filters

    @cached_property
    def shares(self) -> Scores:
        """The best share of every slot, float32 [slots]."""
        return self._retriever.by_slot(self._answer.coverage(), len(self._filters.allowed))

    @property
    def _quoted(self) -> Scores:
        if len(self._answer.terms) < LEAST_TERMS:
            return np.zeros_like(self.shares)
        return np.where(self.shares >= QUOTED, self.shares, np.float32(0))

    def nominate(self, depth: int) -> Slots:
        """The papers with a passage that holds nearly all of the query."""
        return best_slots(np.where(self._filters.allowed, self._quoted, np.float32(0)), depth)

    def scores(self, slots: Slots) -> Scores:
        """The share where it is that high, else 0."""
        return np.asarray(self._quoted[slots])

    def closest(self, depth: int) -> Slots:
        """The papers with the highest shares, however low, best first."""
        allowed = np.where(self._filters.allowed, self.shares, np.float32(0))
        found = best_slots(allowed, depth)
        return found[np.lexsort((found, -allowed[found]))]

    def reasons(self, slots: Slots) -> list[tuple[str, ...]]:
        """How much of the query one passage holds."""
        return [
            (f"one passage of its full text holds {share:.0%} of the query's words by weight",)
            if share
            else ()
            for share in self._quoted[slots].tolist()
        ]
