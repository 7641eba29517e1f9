"""Postings: the inverted index of one segment, memory-mapped, merged without reading a text again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fallow_index.arrays import REBUILD, ArrayWriter, FileSum, map_array, save_array
from fallow_index.tokens import count_terms, term_key
from fallow_ingest.errors import IndexDamaged

TITLE_WEIGHT = 2
"""A word of the title counts as this many words of the abstract (BM25F with one length; same choice)."""
_MOST_COUNTED = 255
TERMS_FILE, STARTS_FILE = "terms.npy", "term_offsets.npy"
ROWS_FILE, COUNTS_FILE, LENGTHS_FILE = "posting_rows.npy", "posting_counts.npy", "lengths.npy"
_MERGE_POSTINGS = 4_000_000
"""Postings merged at a time: bounds the memory of a merge to some 150 MB."""


@dataclass(frozen=True, eq=False)
class Postings:
    """The inverted index of one segment.

    terms: uint64 [v], ascending (tokens.term_key); the postings of term i are offsets[i]:offsets[i + 1].
    rows: int32 [p], ascending within a term; counts: uint8 [p], weighted occurrences; lengths: int32 [n].
    """

    terms: NDArray[np.uint64]
    offsets: NDArray[np.int64]
    rows: NDArray[np.int32]
    counts: NDArray[np.uint8]
    lengths: NDArray[np.int32]

    @classmethod
    def of(cls, papers: Iterable[tuple[str, str]]) -> Postings:
        """The postings of papers given as (title, abstract)."""
        keys: dict[str, int] = {}
        columns: list[int] = []
        counts: list[int] = []
        sizes: list[int] = []
        lengths: list[int] = []
        for title, abstract in papers:
            weighted = count_terms(abstract)
            for term, count in count_terms(title).items():
                weighted[term] += TITLE_WEIGHT * count
            columns.extend([keys.setdefault(term, len(keys)) for term in weighted])
            counts.extend([min(count, _MOST_COUNTED) for count in weighted.values()])
            sizes.append(len(weighted))
            lengths.append(weighted.total())
        terms = np.array([term_key(term) for term in keys], dtype=np.uint64)
        rows = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        column_terms = terms[np.array(columns, dtype=np.int64)]
        return sorted_postings(
            column_terms, rows, np.array(counts, np.uint8), np.array(lengths, dtype=np.int32)
        )

    @classmethod
    def open(cls, folder: Path, rows: int) -> Postings:
        """Map the files of a segment. Raises IndexDamaged when they do not fit together."""
        found = cls(
            map_array(folder / TERMS_FILE, np.uint64),
            map_array(folder / STARTS_FILE, np.int64),
            map_array(folder / ROWS_FILE, np.int32),
            map_array(folder / COUNTS_FILE, np.uint8),
            map_array(folder / LENGTHS_FILE, np.int32),
        )
        fits = len(found.lengths) == rows and len(found.offsets) == len(found.terms) + 1
        if not fits or found.offsets[-1] != len(found.rows) or len(found.rows) != len(found.counts):
            raise IndexDamaged(f"{folder / STARTS_FILE} does not fit the postings beside it", REBUILD)
        return found

    def write(self, folder: Path) -> dict[str, FileSum]:
        """Write the files of a segment; returns their checksums."""
        return {
            TERMS_FILE: save_array(folder / TERMS_FILE, self.terms),
            STARTS_FILE: save_array(folder / STARTS_FILE, self.offsets),
            ROWS_FILE: save_array(folder / ROWS_FILE, self.rows),
            COUNTS_FILE: save_array(folder / COUNTS_FILE, self.counts),
            LENGTHS_FILE: save_array(folder / LENGTHS_FILE, self.lengths),
        }

    def ranges(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Where the postings of each key begin and end, int64 [keys, 2]; an empty range for one not held."""
        at = self.find(keys)
        held = at >= 0
        return np.stack([self.offsets[at] * held, self.offsets[at + 1] * held], axis=1)

    def counts_of(self, place: slice, rows: NDArray[np.int32]) -> NDArray[np.float32]:
        """How often the term with the postings `place` occurs in some rows, float32 [rows]; 0 where it does
        not."""
        holders = self.rows[place]
        if not len(holders):
            return np.zeros(len(rows), np.float32)
        at = np.minimum(np.searchsorted(holders, rows), len(holders) - 1)
        return np.where(holders[at] == rows, self.counts[place][at], 0).astype(np.float32)

    def find(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Where each key stands in `terms`, -1 where it does not."""
        if not len(self.terms):
            return np.full(len(keys), -1, np.int64)
        at = np.minimum(np.searchsorted(self.terms, keys), len(self.terms) - 1)
        return np.where(self.terms[at] == keys, at, -1)


def merge_postings(folder: Path, parts: Sequence[tuple[Postings, NDArray[np.int64]]]) -> dict[str, FileSum]:
    """Write the chosen rows of several segments as one, in their order.

    Goes through the terms in ranges of their keys: sorting takes bounded memory, the result 5 bytes a
    posting.
    """
    lengths = np.concatenate([np.empty(0, np.int32), *(postings.lengths[rows] for postings, rows in parts)])
    renumbered = _renumbering(parts)
    total = sum(len(postings.rows) for postings, _ in parts)
    ranges = max(1, -(-total // _MERGE_POSTINGS))
    bounds = [round(at * 2**64 / ranges) for at in range(1, ranges)]
    merged = [
        _merge_range(parts, renumbered, low, high)
        for low, high in zip([0, *bounds], [*bounds, 2**64], strict=True)
    ]
    terms = np.concatenate([part.terms for part in merged])
    sizes = np.concatenate([np.diff(part.offsets) for part in merged])
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    with ArrayWriter(folder / ROWS_FILE, np.int32, int(offsets[-1])) as writer:
        for part in merged:
            writer.append(part.rows)
    with ArrayWriter(folder / COUNTS_FILE, np.uint8, int(offsets[-1])) as counts_writer:
        for part in merged:
            counts_writer.append(part.counts)
    return {
        ROWS_FILE: writer.sum,
        COUNTS_FILE: counts_writer.sum,
        TERMS_FILE: save_array(folder / TERMS_FILE, terms),
        STARTS_FILE: save_array(folder / STARTS_FILE, offsets),
        LENGTHS_FILE: save_array(folder / LENGTHS_FILE, lengths),
    }


def _renumbering(parts: Sequence[tuple[Postings, NDArray[np.int64]]]) -> list[NDArray[np.int32]]:
    """For each part, old row -> row in the merged segment, -1 for rows left behind."""
    maps = []
    base = 0
    for postings, rows in parts:
        new = np.full(len(postings.lengths), -1, np.int32)
        new[rows] = np.arange(base, base + len(rows), dtype=np.int32)
        maps.append(new)
        base += len(rows)
    return maps


def _merge_range(
    parts: Sequence[tuple[Postings, NDArray[np.int64]]],
    renumbered: Sequence[NDArray[np.int32]],
    low: int,
    high: int,
) -> Postings:
    """The merged postings of the terms with low <= key < high."""
    terms, rows, counts = [np.empty(0, np.uint64)], [np.empty(0, np.int32)], [np.empty(0, np.uint8)]
    for (postings, _), new in zip(parts, renumbered, strict=True):
        first = int(np.searchsorted(postings.terms, np.uint64(low)))
        last = len(postings.terms) if high >= 2**64 else int(np.searchsorted(postings.terms, np.uint64(high)))
        chosen = slice(int(postings.offsets[first]), int(postings.offsets[last]))
        moved = new[postings.rows[chosen]]
        kept = moved >= 0
        terms.append(np.repeat(postings.terms[first:last], np.diff(postings.offsets[first : last + 1]))[kept])
        rows.append(moved[kept])
        counts.append(postings.counts[chosen][kept])
    return sorted_postings(
        np.concatenate(terms), np.concatenate(rows), np.concatenate(counts), np.empty(0, np.int32)
    )


def sorted_postings(
    terms: NDArray[np.uint64],
    rows: NDArray[np.int32],
    counts: NDArray[np.uint8],
    lengths: NDArray[np.int32],
) -> Postings:
    """Postings of (term, row, count) triples in any order of terms, rows ascending within equal terms."""
    order = np.lexsort((rows, terms))
    distinct, sizes = np.unique(terms[order], return_counts=True)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    return Postings(distinct, offsets, rows[order], counts[order], lengths)
