"""The nearest neighbours of every paper by dense vectors, kept with a generation since the map needs them.

Kept as paper numbers, so that they outlive the rows; after an addition only new papers are compared with all,
and old papers with the new ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fallow_index.arrays import map_array
from fallow_index.dense import knn
from fallow_index.dense_table import Vectors
from fallow_index.generations import NEIGHBOURS_FILE, SIMILARITIES_FILE

KEPT = 20
"""Neighbours kept for each paper."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """For each row its nearest others, best first.

    numbers: int64 [n, KEPT] paper numbers, -1 where there are no more; similarities: float32 [n, KEPT], -inf
    there. In the file numbers are int32.
    """

    numbers: NDArray[np.integer]
    similarities: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.numbers)


def read_neighbours(folder: Path) -> Neighbours:
    """Those of a generation, memory-mapped (older builds wrote int64). Raises IndexDamaged."""
    return Neighbours(
        map_array(folder / NEIGHBOURS_FILE, np.int32, (KEPT,), earlier=np.int64),
        map_array(folder / SIMILARITIES_FILE, np.float32, (KEPT,)),
    )


def find_neighbours(vectors: Vectors, numbers: NDArray[np.int64], rows: NDArray[np.int64]) -> Neighbours:
    """The KEPT nearest others of some rows among all. vectors: float32 [n, d]; numbers: int64 [n]."""
    found, similarities = without_self(*knn(vectors[rows], vectors, KEPT + 1), rows)
    return Neighbours(np.where(found >= 0, numbers[found], -1), similarities)


def without_self(
    found: NDArray[np.int64], similarities: NDArray[np.float32], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Drop each row itself from its list, or the last entry where equal texts crowded it out."""
    is_self = found == rows[:, np.newaxis]
    is_self[~is_self.any(axis=1), -1] = True
    shape = (len(found), found.shape[1] - 1)
    return found[~is_self].reshape(shape), similarities[~is_self].reshape(shape)


def update_neighbours(
    vectors: Vectors, numbers: NDArray[np.int64], old: Neighbours, old_rows: NDArray[np.int64]
) -> Neighbours:
    """The neighbours of all rows, from those of an earlier generation.

    vectors: float32 [n, d]; numbers: int64 [n]. old_rows: for each row the row of the same paper with the
    same text in `old`, -1 where it is new. Costs new x all products, and those of rows that lost a neighbour.
    """
    if not len(old):
        return find_neighbours(vectors, numbers, np.arange(len(numbers)))
    carried, whole = carried_over(numbers, old, old_rows)
    fresh = np.flatnonzero(old_rows < 0)
    kept = np.setdiff1d(np.arange(len(numbers)), whole)
    if len(fresh) and len(kept):
        rows, products = knn(vectors[kept], vectors[fresh], min(KEPT, len(fresh)))
        candidates = np.concatenate([carried.numbers[kept], numbers[fresh][rows]], axis=1)
        scores = np.concatenate([carried.similarities[kept], products], axis=1)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :KEPT]
        carried.numbers[kept] = np.take_along_axis(candidates, best, axis=1)
        carried.similarities[kept] = np.take_along_axis(scores, best, axis=1)
    found = find_neighbours(vectors, numbers, whole)
    carried.numbers[whole], carried.similarities[whole] = found.numbers, found.similarities
    return carried


def carried_over(
    numbers: NDArray[np.int64], old: Neighbours, old_rows: NDArray[np.int64]
) -> tuple[Neighbours, NDArray[np.int64]]:
    """What each row had in an earlier generation (a copy; nonsense for new rows), and which rows need a list
    made anew: new ones, those that lost a neighbour, and those that never had KEPT."""
    is_new = old_rows < 0
    carried = Neighbours(old.numbers[old_rows].astype(np.int64), old.similarities[old_rows])
    lost = ~np.isin(carried.numbers, numbers[~is_new]) & (carried.numbers >= 0)
    short = (carried.numbers < 0).any(axis=1)
    return carried, np.flatnonzero(is_new | lost.any(axis=1) | short)
