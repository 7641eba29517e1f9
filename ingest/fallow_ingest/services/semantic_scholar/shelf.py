"""Parts of papers from several data sets, kept on disk until they stand together.

A data set holds one part of a paper (its metadata, its abstract, its tldr) under the paper's corpus id, and
the data sets come one after another. The shelf is one SQLite file, so that its size is no matter of memory.
"""

from __future__ import annotations

import sqlite3
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fallow_ingest.errors import DiskFull
from fallow_ingest.sources.json_lines import Decoded, decode_object

_SCHEMA = """
CREATE TABLE IF NOT EXISTS parts
    (paper INTEGER, part TEXT, body BLOB, PRIMARY KEY (paper, part)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lists (entry INTEGER PRIMARY KEY, paper INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_INDEX = "CREATE INDEX IF NOT EXISTS lists_by_paper ON lists (paper)"


class Shelf:
    """parts: one of a kind for each paper; lists: any number of entries for each paper.

    Raises DiskFull when there is no room.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _told(path):
            self._connection = sqlite3.connect(path, isolation_level=None)
            # What is lost with the power is read again; a killed process loses nothing.
            self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;" + _SCHEMA)
            self._connection.execute("BEGIN")
        self._path = path

    def close(self) -> None:
        """Keep what was put and close the file."""
        self.commit()
        self._connection.close()

    def commit(self) -> None:
        """Make everything put so far outlive this process."""
        with _told(self._path):
            self._connection.execute("COMMIT")
            self._connection.execute("BEGIN")

    def put(self, paper: int, part: str, line: bytes | None) -> None:
        """Keep a part of a paper, a JSON object, in place of the one before. None: it has none any more."""
        packed = zlib.compress(line, 1) if line is not None else None
        with _told(self._path):
            self._connection.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?)", (paper, part, packed))

    def add(self, paper: int, line: bytes) -> None:
        """Add an entry, a JSON object, to a paper's list."""
        with _told(self._path):
            self._connection.execute(
                "INSERT INTO lists (paper, body) VALUES (?, ?)", (paper, zlib.compress(line, 1))
            )

    def finish(self) -> None:
        """Prepare for look-ups in lists."""
        with _told(self._path):
            self._connection.execute(_INDEX)
        self.commit()

    def parts(self, paper: int) -> dict[str, dict[str, object]]:
        """Name of each part -> its fields."""
        rows = self._connection.execute(
            "SELECT part, body FROM parts WHERE paper = ? AND body IS NOT NULL", (paper,)
        )
        return {part: _unpacked(body) for part, body in rows}

    def entries(self, paper: int) -> Iterator[dict[str, object]]:
        """The paper's list."""
        rows = self._connection.execute("SELECT body FROM lists WHERE paper = ? ORDER BY entry", (paper,))
        return (_unpacked(body) for (body,) in rows)

    def holds(self, paper: int, part: str) -> bool:
        """Whether something was ever said of that part of the paper."""
        found = self._connection.execute("SELECT 1 FROM parts WHERE paper = ? AND part = ?", (paper, part))
        return found.fetchone() is not None

    def papers(self, part: str) -> Papers:
        """All papers with that part."""
        rows = self._connection.execute(
            "SELECT paper FROM parts WHERE part = ? AND body IS NOT NULL ORDER BY paper", (part,)
        )
        return Papers(array("q", (paper for (paper,) in rows)))

    def sweep(self, part: str) -> None:
        """Forget papers of which the part was taken away."""
        self._connection.execute(
            "DELETE FROM parts WHERE paper IN (SELECT paper FROM parts WHERE part = ? AND body IS NULL)",
            (part,),
        )

    def note(self, name: str, value: str) -> None:
        """Write something down about the whole shelf."""
        self._connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, value))

    def noted(self, name: str) -> str:
        """What was written down, "" when nothing was."""
        row = self._connection.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""


class Papers:
    """A set of corpus ids at eight bytes each."""

    def __init__(self, ordered: array[int]) -> None:
        self._ordered = ordered

    def __len__(self) -> int:
        return len(self._ordered)

    def __contains__(self, paper: object) -> bool:
        if not isinstance(paper, int):
            return False
        place = bisect_left(self._ordered, paper)
        return place < len(self._ordered) and self._ordered[place] == paper


def _unpacked(body: bytes) -> dict[str, object]:
    found = decode_object(zlib.decompress(body))
    return found.fields if isinstance(found, Decoded) else {}


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise DiskFull(f"{path} cannot be written ({error})", "free some room there") from error
