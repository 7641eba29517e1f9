"""The retrievers of a search, each with one way to ask: a query in, an answer out that can be asked twice.

An answer nominates candidates, and scores the candidates that all retrievers nominated together; what both
need is computed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fallow_index.dense import DenseIndex
from fallow_index.filters import Filters
from fallow_index.late_search import LateAnswer
from fallow_index.lexical import LexicalAnswer, LexicalIndex
from fallow_index.query import Query
from fallow_index.segments import Segment

Slots = NDArray[np.int64]
Scores = NDArray[np.float32]


class Answer(Protocol):
    """What one retriever makes of one query, under one set of filters."""

    def nominate(self, depth: int) -> Slots:
        """Slots of its best `depth` allowed papers, in any order; none when it only scores."""

    def scores(self, slots: Slots) -> Scores:
        """Its score of each of `slots`, float32 [slots], higher is better."""


@runtime_checkable
class Explained(Protocol):
    """An answer that can also say why."""

    def reasons(self, slots: Slots) -> list[tuple[str, ...]]:
        """For each of `slots` what its score rests on, in words, the weightiest first."""


class Retriever(Protocol):
    """One way to find papers. Its name is that of its signal in a hit and of its weight in the fusion."""

    name: str

    def ask(self, query: Query, filters: Filters) -> Answer:
        """Its answer to a query."""


class LexicalRetriever:
    """BM25 over the postings."""

    name = "bm25"

    def __init__(self, index: LexicalIndex) -> None:
        self._index = index

    def ask(self, query: Query, filters: Filters) -> Answer:
        """Its words are looked up; papers are scored when the answer is asked."""
        return _LexicalAnswer(self._index.ask(query.terms, filters.visible), filters)


class _LexicalAnswer:
    def __init__(self, answer: LexicalAnswer, filters: Filters) -> None:
        self._answer = answer
        self._filters = filters

    def nominate(self, depth: int) -> Slots:
        return self._answer.best(depth, self._filters.allowed)

    def scores(self, slots: Slots) -> Scores:
        return self._answer.scores(slots)

    def reasons(self, slots: Slots) -> list[tuple[str, ...]]:
        """The terms that each paper owes most of its score to."""
        return self._answer.telling_terms(slots)


class DenseRetriever:
    """Inner products of one vector a paper."""

    name = "dense"

    def __init__(self, index: DenseIndex) -> None:
        self._index = index

    def ask(self, query: Query, filters: Filters) -> Answer:
        """Nothing is computed until the answer is asked."""
        return _DenseAnswer(self._index, query, filters)


class _DenseAnswer:
    def __init__(self, index: DenseIndex, query: Query, filters: Filters) -> None:
        self._index = index
        self._query = query
        self._filters = filters

    def nominate(self, depth: int) -> Slots:
        return self._index.search(self._query.dense, depth, self._filters.allowed)

    def scores(self, slots: Slots) -> Scores:
        return self._index.scores(self._query.dense, slots)


class LateRetriever:
    """Late interaction over the token vectors; bases[i] is the first slot of segment i."""

    name = "late"

    def __init__(self, segments: Sequence[Segment], bases: Slots) -> None:
        self._stores = [segment.tokens for segment in segments]
        self._bases = bases

    def ask(self, query: Query, filters: Filters) -> Answer:
        """Nothing is computed until the answer is asked."""
        return LateAnswer(self._stores, self._bases, query, filters.allowed)
