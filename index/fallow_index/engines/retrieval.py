"""The dense and the late stage of a search, asked of an engine.

One question to the engine answers both retrievers: who is nominated, and their two scores. A second one asks
for the papers that others nominated (BM25).
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from fallow_index.engines import Engine, Ranking
from fallow_index.filters import Filters
from fallow_index.query import Query
from fallow_ingest.errors import EngineError

if TYPE_CHECKING:
    from fallow_index.opened import OpenIndex
    from fallow_index.retrievers import Retriever

Slots = NDArray[np.int64]
Scores = NDArray[np.float32]


def engine_retrievers(engine: Engine, index: OpenIndex) -> list[Retriever]:
    """The retrievers `dense` and `late` over an engine that holds what the index holds."""
    known: WeakKeyDictionary[Query, _Asked] = WeakKeyDictionary()
    lock = Lock()

    def ask(query: Query, filters: Filters) -> _Asked:
        with lock:
            asked = known.get(query)
            if asked is None or asked.filters is not filters:
                asked = known[query] = _Asked(engine, index, query, filters)
            return asked

    return [_EngineRetriever("dense", ask), _EngineRetriever("late", ask)]


class _EngineRetriever:
    def __init__(self, name: str, ask: Callable[[Query, Filters], _Asked]) -> None:
        self.name = name
        self._ask = ask

    def ask(self, query: Query, filters: Filters) -> _EngineAnswer:
        """The engine is not asked until the answer is."""
        return _EngineAnswer(self._ask(query, filters), self.name == "late")


class _EngineAnswer:
    def __init__(self, asked: _Asked, late: bool) -> None:
        self._asked = asked
        self._late = late

    def nominate(self, depth: int) -> Slots:
        return self._asked.nominate(depth)

    def scores(self, slots: Slots) -> Scores:
        dense, late = self._asked.scores(slots)
        return late if self._late else dense


class _Asked:
    """What an engine said of one query under one set of filters, so far."""

    def __init__(self, engine: Engine, index: OpenIndex, query: Query, filters: Filters) -> None:
        # Not the query itself: this is kept for as long as the query lives, and must not keep it alive.
        self._dense, self._tokens, self._weights = query.dense, query.tokens, query.weights
        self._engine = engine
        self._index = index
        self.filters = filters
        self._nominated: dict[int, Slots] = {}
        self._scores: dict[int, tuple[float, float]] = {}

    def nominate(self, depth: int) -> Slots:
        """The slots that the engine ranks first."""
        if depth not in self._nominated:
            asked = self.filters
            ranking = self._engine.search(
                self._dense,
                self._tokens,
                depth,
                weights=self._weights,
                as_of=asked.as_of,
                exclude=asked.exclude,
                within=asked.within,
                candidates=depth,
            )
            self._keep(ranking)
            self._nominated[depth] = self._index.slots(ranking.numbers)
        return self._nominated[depth]

    def scores(self, slots: Slots) -> tuple[Scores, Scores]:
        """Inner products and MaxSim of some slots, float32 [slots] each."""
        numbers = self._index.table.numbers[slots].tolist()
        unknown = [number for number in numbers if number not in self._scores]
        if unknown:
            most = len(unknown)
            ranking = self._engine.search(
                self._dense, self._tokens, most, weights=self._weights, within=unknown, candidates=most
            )
            self._keep(ranking)
        try:
            both = np.array([self._scores[number] for number in numbers], np.float32).reshape(-1, 2)
        except KeyError as error:
            raise EngineError(
                f"The engine '{self._engine.name}' lacks paper {error}, which the index holds",
                f"run `fallow build --engine {self._engine.name}`",
            ) from error
        return both[:, 0], both[:, 1]

    def _keep(self, ranking: Ranking) -> None:
        scores = zip(ranking.dense.tolist(), ranking.late.tolist(), strict=True)
        self._scores |= dict(zip(ranking.numbers.tolist(), scores, strict=True))
