"""Citation neighbours as candidates: what the best papers of a first round cite, are cited by and are cited
with.

Two papers cited together are about the same (co-citation, Small 1973). A neighbour's score is the sum over
the seeds that cite it, of those it cites, and over the papers that cite a seed and it, each of these divided
by the length of its reference list; a seed counts 1 / sqrt(its rank). That sum s becomes s / (s + 2), so that
the famous do not drown what the query says. Weights: docs/search.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import RLock

import numpy as np
import orjson
from numpy.typing import NDArray

from fallow_index.filters import Filters
from fallow_index.opened import OpenIndex
from fallow_ingest.catalog import Catalog

Numbers = NDArray[np.int64]
Slots = NDArray[np.int64]
Scores = NDArray[np.float32]

SEEDS = 20
"""Papers of the first round whose citations are followed."""
CITED, CITING, TOGETHER = 1.0, 0.25, 4.0
"""Weights of being cited by a seed, of citing one, and of being cited together with one."""
HALF = 2.0
"""The sum at which a neighbour has half of the highest score."""
_CITERS_OF_ONE = 200
"""Papers that cite one seed, the latest held first: a famous paper is cited by everything."""
_CITERS = 500
"""Papers whose reference lists are read for co-citation: those that cite most seeds."""


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Neighbours of some seeds; slots ascending, scores and reasons in that order."""

    slots: Slots
    values: Scores
    why: Sequence[tuple[str, ...]]

    def nominate(self, depth: int) -> Slots:
        """The best `depth` of them."""
        return self.slots[np.argsort(-self.values, kind="stable")[:depth]]

    def scores(self, slots: Slots) -> Scores:
        """Their scores, float32 [slots]; 0 for papers that are no neighbours."""
        at, held = self._find(slots)
        return np.where(held, self.values[at], 0).astype(np.float32) if len(self.slots) else _zeros(slots)

    def reasons(self, slots: Slots) -> list[tuple[str, ...]]:
        """How each is a neighbour."""
        at, held = self._find(slots)
        return [self.why[place] if yes else () for place, yes in zip(at.tolist(), held.tolist(), strict=True)]

    def _find(self, slots: Slots) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        if not len(self.slots):
            return np.zeros(len(slots), np.int64), np.zeros(len(slots), np.bool_)
        at = np.minimum(np.searchsorted(self.slots, slots), len(self.slots) - 1)
        return at, self.slots[at] == slots


class CitationNeighbours:
    """Follows citations from papers to papers; reads the catalog, so a citation counts once it is held."""

    name = "citations"

    def __init__(self, catalog: Catalog, index: OpenIndex, lock: RLock) -> None:
        self._catalog = catalog
        self._index = index
        self._lock = lock

    def of(self, seeds: Slots, filters: Filters, *, trust: float = 1.0) -> Neighbourhood:
        """The allowed neighbours of some papers, given best first; scores from 0 to `trust`.

        A citation counts when the papers at both of its ends were public and neither is excluded.
        """
        numbers = self._index.table.numbers[seeds]
        seed_weights = dict(
            zip(numbers.tolist(), (1 / np.sqrt(1 + np.arange(len(seeds)))).tolist(), strict=True)
        )
        found: dict[int, _Ties] = {}
        with self._lock:
            cited = self._visible(self._references(numbers.tolist()), filters)
            citing = self._visible(self._citers(numbers.tolist()), filters)
            for seed, number in cited.tolist():
                found.setdefault(number, _Ties()).cited += 1
                found[number].score += CITED * seed_weights[seed]
            weight_of: dict[int, float] = {}
            for number, seed in citing.tolist():
                found.setdefault(number, _Ties()).citing += 1
                found[number].score += CITING * seed_weights[seed]
                weight_of[number] = weight_of.get(number, 0.0) + seed_weights[seed]
            citers = sorted(weight_of, key=lambda number: (-weight_of[number], number))[:_CITERS]
            together = self._visible(self._references(citers), filters)
        listed = dict(zip(*np.unique(together[:, 0], return_counts=True), strict=True))
        for citer, number in together.tolist():
            found.setdefault(number, _Ties()).together += 1
            found[number].score += TOGETHER * weight_of[citer] / int(listed[citer])
        return self._neighbourhood(found, len(seeds), filters, trust)

    def _neighbourhood(
        self, found: dict[int, _Ties], seeds: int, filters: Filters, trust: float
    ) -> Neighbourhood:
        numbers = np.fromiter(found, np.int64, len(found))
        slots = self._index.slots(numbers)  # every end of a visible citation has one
        order = np.argsort(slots)
        order = order[filters.allowed[slots[order]]]
        ties = [found[number] for number in numbers[order].tolist()]
        sums = np.array([tie.score for tie in ties], dtype=np.float32)
        values = np.float32(trust) * sums / (sums + np.float32(HALF))
        return Neighbourhood(slots[order], values, [tie.reasons(seeds) for tie in ties])

    def _references(self, citing: Sequence[int]) -> Numbers:
        rows = self._catalog.connection.execute(
            "SELECT c.citing, c.cited FROM json_each(?) j CROSS JOIN citations c ON c.citing = j.value",
            (orjson.dumps(citing).decode(),),
        )
        return _pairs(rows.fetchall())

    def _citers(self, cited: Sequence[int]) -> Numbers:
        query = "SELECT citing, cited FROM citations WHERE cited = ? ORDER BY citing DESC LIMIT ?"
        connection = self._catalog.connection
        return _pairs(
            [
                row
                for number in cited
                for row in connection.execute(query, (number, _CITERS_OF_ONE)).fetchall()
            ]
        )

    def _visible(self, pairs: Numbers, filters: Filters) -> Numbers:
        """Those pairs whose papers both were public and are not excluded, int64 [m, 2]."""
        rows = self._index.rows(pairs.ravel())
        taking = np.zeros(len(rows), np.bool_)
        held = rows >= 0
        taking[held] = filters.visible[self._index.slots(pairs.ravel()[held])]
        if filters.exclude:
            taking &= ~np.isin(pairs.ravel(), np.fromiter(filters.exclude, np.int64, len(filters.exclude)))
        kept: Numbers = pairs[taking.reshape(-1, 2).all(axis=1)]
        return np.asarray(kept[kept[:, 0] != kept[:, 1]])


@dataclass(slots=True)
class _Ties:
    """How a paper hangs together with the seeds."""

    cited: int = 0
    citing: int = 0
    together: int = 0
    score: float = 0.0

    def reasons(self, seeds: int) -> tuple[str, ...]:
        said = []
        if self.cited:
            said.append(f"cited by {self.cited} of the first {seeds}")
        if self.citing:
            said.append(f"cites {self.citing} of the first {seeds}")
        if self.together:
            papers = "paper" if self.together == 1 else "papers"
            said.append(f"cited with them by {self.together} {papers}")
        return tuple(said)


def _pairs(rows: Sequence[Sequence[int]]) -> Numbers:
    return np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 2)


def _zeros(slots: Slots) -> Scores:
    return np.zeros(len(slots), np.float32)
