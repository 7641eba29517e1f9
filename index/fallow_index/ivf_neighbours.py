"""The nearest neighbours of every paper of a large library, through its inverted file.

Comparing all with all is quadratic (over an hour of two cores at a million papers). Instead the papers of one
list are compared, exactly, with those of the lists nearest to it; after an addition new papers look for
theirs through the lists, and are offered to those that they found. What is kept is nearly the exact list
(recall in docs/search.md); its similarities are exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fallow_index.dense import knn
from fallow_index.dense_ivf import DenseIvf
from fallow_index.dense_table import DenseTable, Slots, Vectors
from fallow_index.neighbours import KEPT, Neighbours, carried_over, without_self

COMPARED_LISTS = 32
"""Lists that a list's papers are compared with, itself included."""
REACH = 5 * KEPT
"""Nominees of a new paper; its neighbours are among them, and it is offered to all of them."""
ANEW_SHARE = 10
"""When more than one paper in ten needs a list, all are made anew: that is cheaper a paper."""
_AT_ONCE = 256


def find_by_lists(table: DenseTable, ivf: DenseIvf, slot_numbers: NDArray[np.int64]) -> Neighbours:
    """The neighbours of all live slots, in their order. slot_numbers: int64 [slots], -1 for dead ones."""
    live = slot_numbers >= 0
    row_of = np.cumsum(live) - 1
    count = int(np.count_nonzero(live))
    numbers = np.full((count, KEPT), -1, np.int64)
    similarities = np.full((count, KEPT), -np.inf, np.float32)
    lists = [entries[entries >= 0] for entries in ivf.lists()]
    for entries, near in zip(lists, ivf.nearest_lists(COMPARED_LISTS), strict=True):
        if not len(entries):
            continue
        others = np.sort(np.concatenate([lists[at] for at in near]))
        found, products = without_self(
            *knn(table.take(entries), table.take(others), KEPT + 1), np.searchsorted(others, entries)
        )
        rows = row_of[entries]
        numbers[rows] = np.where(found >= 0, slot_numbers[others[found]], -1)
        similarities[rows] = products
    return Neighbours(numbers, similarities)


def update_by_lists(
    table: DenseTable,
    ivf: DenseIvf,
    slot_numbers: NDArray[np.int64],
    old: Neighbours,
    old_rows: NDArray[np.int64],
) -> Neighbours:
    """The neighbours of all live slots, from those of an earlier generation (old_rows as in
    `neighbours.update_neighbours`); costs one search for each new paper and each that lost a neighbour."""
    slots = np.flatnonzero(slot_numbers >= 0)
    numbers = slot_numbers[slots]
    if not len(old):
        return find_by_lists(table, ivf, slot_numbers)
    carried, anew = carried_over(numbers, old, old_rows)
    if len(anew) * ANEW_SHARE > len(numbers):
        return find_by_lists(table, ivf, slot_numbers)
    row_of = np.cumsum(slot_numbers >= 0) - 1
    is_anew = np.zeros(len(numbers), np.bool_)
    is_anew[anew] = True
    offers: list[tuple[Slots, NDArray[np.int64], Vectors]] = []
    for start in range(0, len(anew), _AT_ONCE):
        rows = anew[start : start + _AT_ONCE]
        found, products = _reached(table, ivf, slots[rows], slot_numbers >= 0)
        carried.numbers[rows] = np.where(found[:, :KEPT] >= 0, slot_numbers[found[:, :KEPT]], -1)
        carried.similarities[rows] = products[:, :KEPT]
        fresh = old_rows[rows] < 0
        to, offered, values = _pairs(found[fresh], numbers[rows[fresh]], products[fresh])
        standing = ~is_anew[row_of[to]]
        offers.append((row_of[to[standing]], offered[standing], values[standing]))
    if offers:
        columns = [np.concatenate(column) for column in zip(*offers, strict=True)]
        _insert(carried, columns[0], columns[1], columns[2])
    return carried


def _reached(
    table: DenseTable, ivf: DenseIvf, asking: Slots, live: NDArray[np.bool_]
) -> tuple[Slots, Vectors]:
    """Other slots near each asking one, best first, with exact products: [m, REACH]; -1 and -inf fill up."""
    queries = table.take(asking)
    found = ivf.nominate(queries, REACH + 1, live)
    products = np.einsum(
        "md,mcd->mc", queries, table.take(np.maximum(found, 0).ravel()).reshape(*found.shape, -1)
    )
    products[found < 0] = -np.inf
    order = np.argsort(-products, axis=1, kind="stable")
    found, products = np.take_along_axis(found, order, axis=1), np.take_along_axis(products, order, axis=1)
    return without_self(found, products, asking)


def _pairs(
    found: Slots, numbers: NDArray[np.int64], products: Vectors
) -> tuple[Slots, NDArray[np.int64], Vectors]:
    """One entry for each slot found: the slot, the number that found it, and their product."""
    held = found >= 0
    return found[held], np.broadcast_to(numbers[:, np.newaxis], found.shape)[held], products[held]


def _insert(kept: Neighbours, rows: NDArray[np.int64], numbers: NDArray[np.int64], values: Vectors) -> None:
    """Offer a number with its similarity to each of `rows` (in place); the best KEPT stay."""
    better = values > kept.similarities[rows, -1]
    rows, numbers, values = rows[better], numbers[better], values[better]
    order = np.lexsort((-values, rows))
    rows, numbers, values = rows[order], numbers[order], values[order]
    changed, starts = np.unique(rows, return_index=True)
    place = np.arange(len(rows)) - np.repeat(starts, np.diff([*starts, len(rows)]))
    first = place < KEPT
    new_numbers = np.full((len(changed), KEPT), -1, np.int64)
    new_values = np.full((len(changed), KEPT), -np.inf, np.float32)
    at = np.searchsorted(changed, rows[first])
    new_numbers[at, place[first]], new_values[at, place[first]] = numbers[first], values[first]
    candidates = np.concatenate([kept.numbers[changed], new_numbers], axis=1)
    similarities = np.concatenate([kept.similarities[changed], new_values], axis=1)
    best = np.argsort(-similarities, axis=1, kind="stable")[:, :KEPT]
    kept.numbers[changed] = np.take_along_axis(candidates, best, axis=1)
    kept.similarities[changed] = np.take_along_axis(similarities, best, axis=1)
