"""Keeping the passages of full texts up to the catalog, as a part of every build."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fallow_index.arrays import FileSum, check_file, map_array, save_array
from fallow_index.generations import TEXT_NUMBERS_FILE, Generation, SegmentEntry
from fallow_index.parts import Part, Rows, Wanted, assign, link, plan
from fallow_index.passages import PassageSegment, merge_passages, text_key, write_passages
from fallow_index.pending import Pending
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import IndexDamaged
from fallow_ingest.progress import ReportProgress

PIECE = 200
"""Full texts read between two points from which a killed build goes on."""


@dataclass
class FullTexts:
    """The full texts of a build: which are wanted, which rows hold them already, which are missing.

    sound: every file of the previous generation's texts is as it was written.
    """

    catalog: Catalog
    wanted: list[Wanted]
    parts: list[Part[PassageSegment]]
    pending: Pending[PassageSegment]
    sound: bool
    missing: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.missing = assign(self.wanted, self.parts)

    @classmethod
    def of(cls, catalog: Catalog, index: Path, generations: Sequence[Generation]) -> FullTexts:
        """What the catalog holds against what the newest generation and the pieces of a killed build hold."""
        parts, sound = _previous_parts(generations[0]) if generations else ([], True)
        pending = Pending.of_texts(index)
        parts += [Part(segment, None) for segment in pending.segments()]
        return cls(catalog, _wanted(catalog), parts, pending, sound)

    def unchanged(self, previous: Generation) -> bool:
        """Whether the previous generation already holds exactly these texts."""
        if self.missing or not self.sound:
            return False
        if any(part.live for part in self.parts if part.entry is None):
            return False
        now = np.concatenate([np.empty(0, np.int64), *(p.numbers for p in self.parts if p.entry is not None)])
        if TEXT_NUMBERS_FILE not in previous.files:
            return not len(now)
        return np.array_equal(map_array(previous.folder / TEXT_NUMBERS_FILE, np.int64), now)

    def read_missing(self, report: ReportProgress) -> None:
        """Split what is missing into words, in pieces, each safe on the disk before the next begins."""
        key_of = {paper.number: paper.key for paper in self.wanted}
        for start in range(0, len(self.missing), PIECE):
            report("full texts", start, len(self.missing))
            numbers = self.missing[start : start + PIECE]
            folder = self.pending.new_folder()
            texts = [(key_of[number], self.catalog.sections(number)) for number in numbers]
            part = Part(self.pending.finish(folder, write_passages(folder, texts)), None)
            part.numbers[:] = numbers
            self.parts.append(part)

    def assemble(self, folder: Path, number: int) -> tuple[tuple[SegmentEntry, ...], dict[str, FileSum]]:
        """Link and merge into the folder of generation `number`; returns segments and the file of numbers."""
        linked, merged = plan(self.parts)
        entries = [link(part, folder) for part in linked]
        numbers = [part.numbers for part in linked]
        if merged:
            chosen = [(part.segment, np.flatnonzero(part.numbers >= 0)) for part in merged]
            name = f"texts-{number:06}"
            sums = merge_passages(folder / name, chosen)
            numbers.append(
                np.concatenate([part.numbers[rows] for part, (_, rows) in zip(merged, chosen, strict=True)])
            )
            entries.append(SegmentEntry(name, len(numbers[-1]), sums))
        rows: Rows = np.concatenate([np.empty(0, np.int64), *numbers])
        return tuple(entries), {TEXT_NUMBERS_FILE: save_array(folder / TEXT_NUMBERS_FILE, rows)}


def _wanted(catalog: Catalog) -> list[Wanted]:
    """Every paper with sections, by number."""
    papers = catalog.connection.execute("SELECT DISTINCT paper FROM sections ORDER BY paper").fetchall()
    return [Wanted(row[0], text_key(catalog.sections(row[0])), 0) for row in papers]


def _previous_parts(generation: Generation) -> tuple[list[Part[PassageSegment]], bool]:
    """The sound segments of texts of a generation, and whether none was left out.

    What is damaged, or made by other rules for words, is made anew from the catalog.
    """
    parts: list[Part[PassageSegment]] = []
    sound = True
    for entry in generation.texts:
        folder = generation.folder / entry.name
        try:
            for name, total in entry.files.items():
                check_file(folder / name, total, fully=True)
            part = Part(PassageSegment.open(folder), entry)
        except IndexDamaged:
            sound = False
            continue
        if part.outdated:
            sound = False
        else:
            parts.append(part)
    return parts, sound
