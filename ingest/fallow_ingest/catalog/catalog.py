"""The library's catalog: papers, ids, citations and sections in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import TracebackType

import orjson
from filelock import FileLock, Timeout

from fallow_ingest.catalog import adding, references, undoing
from fallow_ingest.catalog.adding import AddCounts
from fallow_ingest.catalog.draft import known_id
from fallow_ingest.catalog.merging import Merge
from fallow_ingest.catalog.schema import CATALOG_NAME, connect, told_in_sentences
from fallow_ingest.catalog.stored import PAPER_COLUMNS, StoredPaper, StoredSection, paper_of
from fallow_ingest.errors import LibraryBusy, PaperUnknown
from fallow_ingest.identifiers import parse_id
from fallow_ingest.records import Paper

BATCH = 1000


class Catalog:
    """One open library. Many may read at once, one writes; every write is one transaction.

    connection is for the one module of each upper layer that owns tables of its own: it reads through it
    and writes through `writing`.
    """

    def __init__(self, library: Path, connection: sqlite3.Connection) -> None:
        self.library = library
        self.connection = connection
        self._lock = FileLock(library / "writer.lock", timeout=0)

    @classmethod
    def open(cls, library: Path, *, create: bool = False) -> Catalog:
        """Open the library in a folder, migrating its catalog where it is older.

        Raises LibraryMissing (unless create), LibraryNewer, LibraryDamaged, LibraryBusy or LibraryError.
        """
        return cls(library, connect(library, create=create))

    def close(self) -> None:
        """Close the connection; what was committed stays."""
        self.connection.close()

    def __enter__(self) -> Catalog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Writing ------------------------------------------------------------------------------------

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Be the library's one writer for a while (re-entrant). Raises LibraryBusy when another is."""
        try:
            self._lock.acquire()
        except Timeout as error:
            raise LibraryBusy(
                f"Another fallow command is writing to {self.library}",
                "run this again when it has ended; reading commands work meanwhile",
            ) from error
        try:
            yield
        finally:
            self._lock.release()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is stored or none.

        Raises LibraryBusy when another command writes, DiskFull when there is no room.
        """
        with self.exclusive(), told_in_sentences(self.library / CATALOG_NAME):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    def add(self, papers: Iterable[Paper], source: str) -> AddCounts:
        """Add records of one source in committed batches; the same record again costs one look-up."""
        counts = AddCounts()
        iterator = iter(papers)
        while batch := list(islice(iterator, BATCH)):
            with self.writing() as connection:
                counts += adding.add_batch(connection, batch, source)
        self.resolve_references()
        return counts

    def add_citations(self, pairs: Iterable[tuple[str, str]], source: str) -> int:
        """Add (citing, cited) pairs by id; pairs whose papers are not held wait for them.

        Returns how many citations became known.
        """
        with self.writing() as connection:
            references.add_pairs(connection, pairs, source)
        return self.resolve_references()

    def resolve_references(self) -> int:
        """Turn waiting references whose papers are now held into citations; returns how many."""
        with self.writing() as connection:
            return references.resolve(connection)

    def undo_merge(self, merge: int) -> int:
        """Set the record of a merge apart again as a paper of its own; returns its number."""
        with self.writing() as connection:
            apart = undoing.undo(connection, merge)
        self.resolve_references()
        return apart

    # Reading ------------------------------------------------------------------------------------

    def count(self, *, as_of: int | None = None) -> int:
        """How many papers there are (public by `as_of`, yyyymmdd)."""
        row = self.connection.execute(
            "SELECT count(*) FROM papers WHERE ? IS NULL OR public_by <= ?", (as_of, as_of)
        ).fetchone()
        return int(row[0])

    def papers(self, as_of: int | None = None, *, after: int = 0) -> Iterator[StoredPaper]:
        """Every paper (public by `as_of`) in order of its number, from the first above `after`; streamed."""
        while True:
            rows = self.connection.execute(
                f"SELECT {PAPER_COLUMNS} FROM papers p WHERE number > ? AND (? IS NULL OR public_by <= ?) "
                "ORDER BY number LIMIT ?",
                (after, as_of, as_of, BATCH),
            ).fetchall()
            if not rows:
                return
            yield from map(paper_of, rows)
            after = rows[-1]["number"]

    def paper(self, number: int) -> StoredPaper:
        """The paper of that number. Raises PaperUnknown."""
        found = self.papers_by_number([number])
        if number not in found:
            raise PaperUnknown(f"The library has no paper number {number}", "search for it by title")
        return found[number]

    def papers_by_number(self, numbers: Collection[int]) -> dict[int, StoredPaper]:
        """The papers of those numbers; numbers that are not held are left out."""
        found: dict[int, StoredPaper] = {}
        wanted = sorted(map(int, numbers))
        for start in range(0, len(wanted), BATCH):
            some = wanted[start : start + BATCH]
            rows = self.connection.execute(
                f"SELECT {PAPER_COLUMNS} FROM json_each(?) j CROSS JOIN papers p ON p.number = j.value",
                (orjson.dumps(some).decode(),),
            )
            found.update((row["number"], paper_of(row)) for row in rows)
        return found

    def number_of(self, id_text: str) -> int | None:
        """The number of the paper that has this id, None when the library has no such paper."""
        # Files that went through a spreadsheet hold bare arXiv ids as numbers ("1602.049"): read those too.
        for identifier in (known_id(id_text), parse_id(f"arxiv:{id_text}")):
            if identifier is not None:
                row = self.connection.execute(
                    "SELECT paper FROM paper_ids WHERE scheme = ? AND value = ?", identifier
                ).fetchone()
                if row:
                    return int(row[0])
        return None

    def find(self, id_text: str) -> StoredPaper:
        """The paper that has this id in any scheme. Raises PaperUnknown."""
        number = self.number_of(id_text)
        if number is None:
            raise PaperUnknown(
                f"The library has no paper with the id '{id_text}'", "find it with `fallow search TITLE`"
            )
        return self.paper(number)

    def sections(self, number: int) -> list[StoredSection]:
        """A paper's sections in reading order; the source that gave most text wins."""
        rows = self.connection.execute(
            "SELECT section, paper, position, heading, kind, text, source FROM sections WHERE paper = ? "
            "ORDER BY source, position",
            (number,),
        ).fetchall()
        lengths: dict[str, int] = {}
        for row in rows:
            lengths[row["source"]] = lengths.get(row["source"], 0) + len(row["text"])
        best = max(lengths, key=lambda name: (lengths[name], name), default="")
        return [StoredSection(*tuple(row)[:6]) for row in rows if row["source"] == best]

    def section(self, section: int) -> StoredSection | None:
        """One section by its own number."""
        row = self.connection.execute(
            "SELECT section, paper, position, heading, kind, text FROM sections WHERE section = ?", (section,)
        ).fetchone()
        return StoredSection(*row) if row else None

    def citations(self) -> Iterator[tuple[int, int]]:
        """Every (citing, cited) pair of held papers, streamed in order."""
        for row in self.connection.execute("SELECT citing, cited FROM citations ORDER BY citing, cited"):
            yield (row[0], row[1])

    def references_of(self, number: int) -> list[int]:
        """Held papers that this paper cites."""
        rows = self.connection.execute(
            "SELECT cited FROM citations WHERE citing = ? ORDER BY cited", (number,)
        )
        return [row[0] for row in rows]

    def cited_by(self, number: int) -> list[int]:
        """Held papers that cite this paper."""
        rows = self.connection.execute(
            "SELECT citing FROM citations WHERE cited = ? ORDER BY citing", (number,)
        )
        return [row[0] for row in rows]

    def references_waiting(self) -> int:
        """How many references name papers that are not held."""
        return references.waiting(self.connection)

    def merges(self, number: int) -> Sequence[Merge]:
        """Every merge that made this paper, oldest first."""
        rows = self.connection.execute(
            "SELECT merge, paper, source, key, reason, merged_at, undone_at FROM merges WHERE paper = ? "
            "ORDER BY merge",
            (number,),
        )
        return [Merge(*row) for row in rows]

    # Settings -----------------------------------------------------------------------------------

    def get_setting(self, key: str) -> object:
        """A small JSON value kept with the library, None when it was never set."""
        row = self.connection.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
        return orjson.loads(row[0]) if row else None

    def set_setting(self, key: str, value: object) -> None:
        """Keep a small JSON value with the library."""
        with self.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, orjson.dumps(value).decode())
            )
