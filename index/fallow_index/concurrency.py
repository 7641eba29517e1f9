"""Concurrent work: what became public too shortly before a day to have been known to who wrote by then.

A search as of a day asks for the prior work of that day. Among papers of equal likeness those of its last
half year are rarely cited: on core (citing papers of 2005-17, 2018-19 and 2020-21) the logistic regression
that also knows the fused score puts a paper of the year of the citing one 3.2, 3.0 and 1.2 standard
deviations of that score below one of the year before, and finds no trend among older ones
(training/prior_work/age.py).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fallow_index.filters import Filters, SlotTable

Slots = NDArray[np.int64]
Scores = NDArray[np.float32]

CONCURRENT_DAYS = 183
"""About the time from submission to publication of a conference paper."""


class ConcurrencyRetriever:
    """Nominates nobody; scores 0 for prior work, down to -1 for what became public on the day asked about."""

    name = "age"

    def __init__(self, table: SlotTable) -> None:
        self._table = table

    def ask(self, query: object, filters: Filters) -> _AgeAnswer:
        """Nothing to say without a day to look back from."""
        return _AgeAnswer(self._table, filters.as_of)


class _AgeAnswer:
    def __init__(self, table: SlotTable, as_of: int | None) -> None:
        self._table = table
        self._as_of = as_of

    def nominate(self, depth: int) -> Slots:
        return np.empty(0, np.int64)

    def scores(self, slots: Slots) -> Scores:
        if self._as_of is None:
            return np.zeros(len(slots), np.float32)
        return -concurrency(self._table.public_by[slots], self._as_of)


def concurrency(public_by: NDArray[np.int32], as_of: int) -> Scores:
    """1 for what became public on the day `as_of` or later, falling to 0 for CONCURRENT_DAYS before it.

    public_by: yyyymmdd [papers]; returns float32 [papers].

    >>> concurrency(np.array([20201231, 20200930, 20191231], np.int32), 20201231).round(2).tolist()
    [1.0, 0.5, 0.0]
    """
    days = _days(np.asarray([as_of])) - _days(np.asarray(public_by))
    return np.clip(1 - days / CONCURRENT_DAYS, 0, 1).astype(np.float32)


def _days(dates: NDArray[np.integer]) -> NDArray[np.float64]:
    """Days since the year 0, right to a day or two."""
    years, months, days = dates // 10000, dates // 100 % 100, dates % 100
    return np.asarray(365.25 * years + 30.44 * (months - 1) + days, dtype=np.float64)
