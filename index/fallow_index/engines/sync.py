"""Bringing an engine up to an index: what is new or changed is sent, what is gone is deleted.

Every run asks the engine what it holds, so a run that was killed is gone on with by the next one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fallow_index.engines import Engine, Held, Papers
from fallow_index.opened import OpenIndex
from fallow_ingest.catalog import Catalog
from fallow_ingest.progress import ReportProgress, ignore_progress

BATCH = 512
"""Papers sent at once; an engine with smaller messages splits them."""


@dataclass(frozen=True, slots=True)
class Synchronised:
    """What a synchronisation did. held: papers in the engine afterwards."""

    sent: int
    deleted: int
    held: int


def synchronise(
    engine: Engine, index: OpenIndex, catalog: Catalog, report: ReportProgress = ignore_progress
) -> Synchronised:
    """Make an engine hold what an index holds, and no more. Killed at any moment, the same call goes on."""
    held = engine.held()
    gone = np.setdiff1d(held.numbers, index.numbers)
    if len(gone):
        report("delete", 0, len(gone))
        engine.delete(gone)
    rows = np.flatnonzero(~_same(held, index))
    for start in range(0, len(rows), BATCH):
        report("send", start, len(rows))
        engine.upsert(_papers(index, catalog, rows[start : start + BATCH]))
    report("settle", 0, 1)
    engine.settle()
    return Synchronised(len(rows), len(gone), engine.count())


def _same(held: Held, index: OpenIndex) -> NDArray[np.bool_]:
    """Which rows of the index the engine holds as they are, bool [rows]."""
    if not len(held):
        return np.zeros(len(index), np.bool_)
    at = np.minimum(np.searchsorted(held.numbers, index.numbers), len(held) - 1)
    alike = (held.keys[at] == index.keys).all(axis=1) & (held.public_by[at] == index.days)
    same: NDArray[np.bool_] = alike & (held.numbers[at] == index.numbers)
    return same


def _papers(index: OpenIndex, catalog: Catalog, rows: NDArray[np.int64]) -> Papers:
    numbers = index.numbers[rows]
    known = catalog.papers_by_number(numbers.tolist())
    tokens, offsets = index.tokens(rows)
    return Papers(
        Held(numbers, index.keys[rows], index.days[rows]),
        tuple(known[number].key if number in known else "" for number in numbers.tolist()),
        np.asarray(index.vectors[rows]),
        tokens,
        offsets,
    )
