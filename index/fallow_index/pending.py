"""Work in progress: papers encoded, and full texts read, by a build that has not ended, in pieces that a
killed build leaves behind.

A piece is a segment folder under index/pending or index/pending-texts. Its piece.json, renamed into place
last, makes it whole; what has none is thrown away. A later build of the same vector space (for texts: of the
same rules for words) takes up every whole piece instead of doing it again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from fallow_index.arrays import FileSum, check_file
from fallow_index.passages import PassageSegment
from fallow_index.segments import Segment, VectorSpace
from fallow_index.tokens import VERSION
from fallow_ingest.errors import IndexDamaged

FOLDER, TEXTS_FOLDER, MARKER = "pending", "pending-texts", "piece.json"

Piece = TypeVar("Piece")


@dataclass(frozen=True)
class Pending(Generic[Piece]):
    """The pieces of one family of segments, made by the same rules. open_piece: opens a whole one."""

    folder: Path
    open_piece: Callable[[Path], Piece]

    @staticmethod
    def of(index: Path, space: VectorSpace) -> Pending[Segment]:
        """The encoded pieces below an index folder; those of other vector spaces are removed."""
        marks = asdict(space) | {"encoder": ""}  # only says where to find it
        mark = hashlib.sha256(json.dumps(marks, sort_keys=True).encode()).hexdigest()
        return Pending(_only(index / FOLDER / mark[:32]), partial(Segment.open, space=space))

    @staticmethod
    def of_texts(index: Path) -> Pending[PassageSegment]:
        """The pieces of full texts; those made by other rules for words are removed."""
        return Pending(_only(index / TEXTS_FOLDER / f"{VERSION}"), PassageSegment.open)

    def segments(self) -> list[Piece]:
        """Every whole piece, checksums verified, in the order they were written; broken ones are removed."""
        found = []
        for folder in sorted(self.folder.iterdir()):
            try:
                found.append(self._open(folder))
            except (IndexDamaged, OSError, ValueError, KeyError, TypeError):
                # Nothing is lost but time: its papers are encoded again.
                shutil.rmtree(folder, ignore_errors=True)
        return found

    def _open(self, folder: Path) -> Piece:
        sums = json.loads((folder / MARKER).read_text(encoding="ascii"))
        for name, total in sums.items():
            check_file(folder / Path(name).name, FileSum.from_json(total), fully=True)
        return self.open_piece(folder)

    def new_folder(self) -> Path:
        """Where the next piece goes; not created."""
        last = max((int(folder.name) for folder in self.folder.iterdir() if folder.name.isdigit()), default=0)
        return self.folder / f"{last + 1:06}"

    def finish(self, folder: Path, sums: dict[str, FileSum]) -> Piece:
        """Declare a piece whole."""
        temporary = folder / f"{MARKER}.new"
        with temporary.open("w", encoding="ascii") as file:
            json.dump({name: total.as_json() for name, total in sums.items()}, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / MARKER)
        return self.open_piece(folder)

    def clear(self) -> None:
        """Remove all pieces: a published generation holds them now."""
        shutil.rmtree(self.folder.parent, ignore_errors=True)


def _only(folder: Path) -> Path:
    """A folder, made where there is none, without others beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for other in folder.parent.iterdir():
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    return folder
