"""Work in progress: papers encoded by a build that has not ended, in pieces that a killed build leaves
behind.

A piece is a segment folder under index/pending. Its piece.json, renamed into place last, makes it whole;
what has none is thrown away. A later build of the same vector space takes up every whole piece instead of
encoding again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from fallow_index.arrays import FileSum, check_file
from fallow_index.segments import Segment, VectorSpace
from fallow_ingest.errors import IndexDamaged

FOLDER, MARKER = "pending", "piece.json"


@dataclass(frozen=True)
class Pending:
    """The pieces of one vector space."""

    folder: Path
    space: VectorSpace

    @classmethod
    def of(cls, index: Path, space: VectorSpace) -> Pending:
        """The pieces below an index folder; those of other vector spaces are removed."""
        mark = hashlib.sha256(json.dumps(asdict(space), sort_keys=True).encode()).hexdigest()
        folder = index / FOLDER / mark[:32]
        folder.mkdir(parents=True, exist_ok=True)
        for other in folder.parent.iterdir():
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
        return cls(folder, space)

    def segments(self) -> list[Segment]:
        """Every whole piece, checksums verified, in the order they were written; broken ones are removed."""
        found = []
        for folder in sorted(self.folder.iterdir()):
            try:
                found.append(self._open(folder))
            except (IndexDamaged, OSError, ValueError, KeyError, TypeError):
                # Nothing is lost but time: its papers are encoded again.
                shutil.rmtree(folder, ignore_errors=True)
        return found

    def _open(self, folder: Path) -> Segment:
        sums = json.loads((folder / MARKER).read_text(encoding="ascii"))
        for name, total in sums.items():
            check_file(folder / Path(name).name, FileSum.from_json(total), fully=True)
        return Segment.open(folder, self.space)

    def new_folder(self) -> Path:
        """Where the next piece goes; not created."""
        last = max((int(folder.name) for folder in self.folder.iterdir() if folder.name.isdigit()), default=0)
        return self.folder / f"{last + 1:06}"

    def finish(self, folder: Path, sums: dict[str, FileSum]) -> Segment:
        """Declare a piece whole."""
        temporary = folder / f"{MARKER}.new"
        with temporary.open("w", encoding="ascii") as file:
            json.dump({name: total.as_json() for name, total in sums.items()}, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / MARKER)
        return Segment.open(folder, self.space)

    def clear(self) -> None:
        """Remove all pieces: a published generation holds them now."""
        shutil.rmtree(self.folder.parent, ignore_errors=True)
