"""What a new generation is put together from: the papers wanted, the rows that already hold them, and which
segments are linked and which merged.

Segments are linked from the previous generation; small ones are merged as in a log-structured tree (O'Neil
et al. 1996), so a row is copied only a logarithmic number of times. The same rules serve every family of
segments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from fallow_index.generations import SegmentEntry
from fallow_index.segments import KEY_BYTES, Keys, link_file
from fallow_index.tokens import VERSION

MOST_DEAD = 0.3
"""Share of dead rows from which a segment is rewritten."""
MOST_SEGMENTS = 8

Rows = NDArray[np.int64]


class Keyed(Protocol):
    """A segment of any family: one key a row."""

    @property
    def folder(self) -> Path:
        """Where its files are."""

    @property
    def keys(self) -> Keys:
        """What each row holds, uint8 [n, 16]."""

    def __len__(self) -> int: ...


Piece = TypeVar("Piece", bound=Keyed)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A paper that the index must hold."""

    number: int
    key: bytes
    public_by: int


@dataclass(eq=False)
class Part(Generic[Piece]):
    """A segment that the new generation may use; numbers[i] is the paper that row i stands for, -1 for none.

    entry: how the previous generation lists it, None for a piece of this build.
    """

    segment: Piece
    entry: SegmentEntry | None
    numbers: Rows = field(init=False)

    def __post_init__(self) -> None:
        self.numbers = np.full(len(self.segment), -1, np.int64)

    @property
    def live(self) -> int:
        """How many rows are in use."""
        return int(np.count_nonzero(self.numbers >= 0))

    @property
    def outdated(self) -> bool:
        """Whether its postings were made by other rules for words."""
        return self.entry is not None and self.entry.terms != VERSION

    @property
    def worn(self) -> bool:
        """Whether it should be rewritten: too many rows are dead, or its words are outdated."""
        return self.outdated or len(self.segment) - self.live > MOST_DEAD * len(self.segment)


def assign(wanted: Sequence[Wanted], parts: Sequence[Part[Piece]]) -> list[int]:
    """Give every wanted paper a row with its content; returns the numbers of those that find none."""
    places: dict[bytes, list[tuple[int, int]]] = {}
    for at, part in enumerate(parts):
        data = part.segment.keys.tobytes()
        for row in range(len(part.segment)):
            key = data[row * KEY_BYTES : (row + 1) * KEY_BYTES]
            places.setdefault(key, []).append((at, row))
    for rows in places.values():
        rows.reverse()  # equal texts then keep their rows from build to build
    missing = []
    for paper in wanted:
        rows_of_key = places.get(paper.key)
        if rows_of_key:
            at, row = rows_of_key.pop()
            parts[at].numbers[row] = paper.number
        else:
            missing.append(paper.number)
    return missing


def plan(parts: Sequence[Part[Piece]]) -> tuple[list[Part[Piece]], list[Part[Piece]]]:
    """Which segments are linked as they are and which parts become one new segment."""
    linked = [part for part in parts if part.entry is not None and part.live and not part.worn]
    merged = [part for part in parts if part.live and part not in linked]
    while linked and merged:
        size = sum(part.live for part in merged)
        if linked[-1].live > 2 * size and len(linked) < MOST_SEGMENTS:
            break
        merged.insert(0, linked.pop())
    return linked, merged


def link(part: Part[Piece], folder: Path) -> SegmentEntry:
    """Give a part of the previous generation its place in a new one, under its old name."""
    assert part.entry is not None
    (folder / part.entry.name).mkdir()
    for name in part.entry.files:
        link_file(part.segment.folder / name, folder / part.entry.name / name)
    return part.entry
