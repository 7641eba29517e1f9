"""What a generation derives from its dense vectors: in a large library the inverted file, and always the
nearest neighbours. Both are carried over from the previous generation where they can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fallow_index import dense_ivf
from fallow_index.arrays import FileSum, map_array, save_array
from fallow_index.dense_ivf import DenseIvf, read_ivf
from fallow_index.dense_table import DenseTable, Vectors
from fallow_index.generations import NEIGHBOURS_FILE, NUMBERS_FILE, SIMILARITIES_FILE, Generation
from fallow_index.ivf_neighbours import find_by_lists, update_by_lists
from fallow_index.neighbours import Neighbours, find_neighbours, read_neighbours, update_neighbours
from fallow_index.segments import KEY_BYTES, KEYS_FILE, Keys, Segment
from fallow_ingest.progress import ReportProgress

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Before:
    """The previous generation beside the new one.

    slots: of its live rows; rows: for each live row of the new one the row of the same paper with the same
    text, -1 where there is none.
    """

    generation: Generation
    slots: Rows
    rows: Rows

    @classmethod
    def of(cls, generation: Generation, numbers: Rows, keys: Keys) -> _Before:
        """Compare with the live rows of the new generation, numbers int64 [n] and keys."""
        slot_numbers = map_array(generation.folder / NUMBERS_FILE, np.int64)
        slots = np.flatnonzero(slot_numbers >= 0)
        folders = [generation.folder / segment.name for segment in generation.segments]
        old_keys = _joined_keys([map_array(f / KEYS_FILE, np.uint8, (KEY_BYTES,)) for f in folders])[slots]
        return cls(generation, slots, _rows_before(numbers, keys, slot_numbers[slots], old_keys))

    def neighbours(self) -> Neighbours:
        return read_neighbours(self.generation.folder)


def write_vector_files(
    folder: Path,
    segments: Sequence[Segment],
    slot_numbers: Rows,
    previous: Generation | None,
    report: ReportProgress,
) -> dict[str, FileSum]:
    """Write both into the folder of a generation. slot_numbers: int64 [slots], the paper of each or -1."""
    slots = np.flatnonzero(slot_numbers >= 0)
    numbers = slot_numbers[slots]
    before = None
    if previous is not None:
        before = _Before.of(previous, numbers, _joined_keys([segment.keys for segment in segments])[slots])
    dense = [segment.dense for segment in segments]
    files: dict[str, FileSum] = {}
    if len(slots) >= dense_ivf.IVF_FROM:
        report("inverted file", 0, 1)
        table = DenseTable(dense, dense[0].shape[1])
        ivf = _inverted_file(table, slots, before)
        files |= ivf.write(folder)
        report("neighbours", 0, 1)
        if before is None:
            found = find_by_lists(table, ivf, slot_numbers)
        else:
            found = update_by_lists(table, ivf, slot_numbers, before.neighbours(), before.rows)
    else:
        report("neighbours", 0, 1)
        vectors = live_vectors(dense, slot_numbers >= 0)
        if before is None:
            found = find_neighbours(vectors, numbers, np.arange(len(numbers)))
        else:
            found = update_neighbours(vectors, numbers, before.neighbours(), before.rows)
    return files | {
        NEIGHBOURS_FILE: save_array(folder / NEIGHBOURS_FILE, found.numbers.astype(np.int32)),
        SIMILARITIES_FILE: save_array(folder / SIMILARITIES_FILE, found.similarities),
    }


def _inverted_file(table: DenseTable, slots: Rows, before: _Before | None) -> DenseIvf:
    """That of the previous generation with the new slots added, or one that is trained now."""
    if before is not None:
        old = before.generation
        ivf = read_ivf(old.folder, old.files, slots=old.slots)
        if ivf is not None and not ivf.outgrown(len(slots)):
            standing = before.rows >= 0
            slot_of = np.full(old.slots, -1, np.int64)
            slot_of[before.slots[before.rows[standing]]] = slots[standing]
            ivf.renumber(slot_of)
            ivf.add(table, slots[~standing])
            return ivf
    return DenseIvf.trained(table, slots)


def _joined_keys(keys: Sequence[Keys]) -> Keys:
    return np.concatenate([np.empty((0, KEY_BYTES), np.uint8), *keys])


def _rows_before(numbers: Rows, keys: Keys, old_numbers: Rows, old_keys: Keys) -> Rows:
    """For each row the earlier row of the same paper with the same text, -1 where there is none."""
    if not len(old_numbers):
        return np.full(len(numbers), -1, np.int64)
    order = np.argsort(old_numbers)
    at = order[np.minimum(np.searchsorted(old_numbers, numbers, sorter=order), len(order) - 1)]
    same = (old_numbers[at] == numbers) & (old_keys[at] == keys).all(axis=1)
    return np.where(same, at, -1)


def live_vectors(segments: Sequence[NDArray[np.floating]], live: NDArray[np.bool_]) -> Vectors:
    """The dense vectors of live rows, float32 [n, d]: a copy, made segment by segment."""
    width = segments[0].shape[1] if segments else 0
    vectors = np.empty((int(np.count_nonzero(live)), width), np.float32)
    base = done = 0
    for segment in segments:
        chosen = live[base : base + len(segment)]
        count = int(np.count_nonzero(chosen))
        vectors[done : done + count] = segment if count == len(segment) else segment[chosen]
        base, done = base + len(segment), done + count
    return vectors
