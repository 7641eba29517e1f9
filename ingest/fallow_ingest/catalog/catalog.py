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

from fallow_ingest.catalog import adding, forgetting, reconciling, references, undoing
from fallow_ingest.catalog.adding import AddCounts
from fallow_ingest.catalog.citing import add_citations
from fallow_ingest.catalog.draft import known_id
from fallow_ingest.catalog.merging import Merge
from fallow_ingest.catalog.reconciling import Disagreement, Said
from fallow_ingest.catalog.schema import CATALOG_NAME, connect, told_in_sentences
from fallow_ingest.catalog.stored import (
    PAPER_COLUMNS,
    StoredContext,
    StoredPaper,
    StoredReview,
    StoredSection,
    paper_of,
)
from fallow_ingest.errors import LibraryBusy, PaperUnknown, UnknownName
from fallow_ingest.identifiers import parse_id
from fallow_ingest.records import Citation, Paper

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

    def add_citations(self, citations: Iterable[Citation | tuple[str, str]], source: str) -> int:
        """Add citations by id, or mere (citing, cited) pairs; those whose papers are not held wait for them.

        Returns how many citations became known.
        """
        told = (entry if isinstance(entry, Citation) else Citation(*entry) for entry in citations)
        with self.writing() as connection:
            add_citations(connection, told, source)
        return self.resolve_references()

    def forget_record(self, source: str, key: str) -> bool:
        """A source says that a record is gone; returns whether it was held.

        What only this source gave besides the paper's row goes: sections, references with their contexts
        and citations, reviews. A paper that no source lists any more gets the status "removed"; it is
        never deleted, since verdicts may quote it, and is as before when a source lists it again.
        """
        with self.writing() as connection:
            return forgetting.forget_record(connection, source, key)

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

    def papers_from(self, source: str) -> list[int]:
        """Numbers of the papers that a source told of, ascending. Raises UnknownName naming the sources."""
        rows = self.connection.execute(
            "SELECT DISTINCT paper FROM records WHERE source = ? ORDER BY paper", (source,)
        ).fetchall()
        if not rows:
            names = [
                row[0]
                for row in self.connection.execute("SELECT DISTINCT source FROM records ORDER BY source")
            ]
            raise UnknownName(
                f"No paper of the library came from '{source}'",
                f"choose one of: {', '.join(names)}"
                if names
                else "read some with `fallow ingest SOURCE FILE`",
            )
        return [row[0] for row in rows]

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

    def reviews(self, number: int) -> list[StoredReview]:
        """What reviewers said of a paper, review by review; empty when no source gave any."""
        rows = self.connection.execute(
            "SELECT review, paper, source, key, part, signature, date, rating, text FROM reviews "
            "WHERE paper = ? ORDER BY source, key, review",
            (number,),
        )
        return [StoredReview(*row) for row in rows]

    def citation_contexts(
        self, *, citing: int | None = None, cited: int | None = None
    ) -> list[StoredContext]:
        """The sentences in which a paper speaks of those it cites, or others of it, in reading order.

        Raises ValueError when neither paper is named.
        """
        if citing is None and cited is None:
            raise ValueError("name the citing paper, the cited one or both")
        named = {
            name: number for name, number in (("citing", citing), ("cited", cited)) if number is not None
        }
        rows = self.connection.execute(
            "SELECT citing, cited, source, section, start, end, text, intents FROM citation_contexts WHERE "
            + " AND ".join(f"{name} = ?" for name in named)
            + " ORDER BY citing, source, section, start, context",
            tuple(named.values()),
        )
        return [StoredContext(**dict(row) | {"intents": tuple(orjson.loads(row["intents"]))}) for row in rows]

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

    def disagreements(self, number: int) -> list[Disagreement]:
        """Where the sources of a paper differ on title, year, date, venue or status, and who says what."""
        return reconciling.disagreements(self.connection, number)

    def status_said_by(self, number: int) -> list[Said]:
        """The records that call a paper withdrawn, retracted or removed; none when no source lists it."""
        return reconciling.status_said_by(self.connection, number)

    # Settings -----------------------------------------------------------------------------------

    def get_setting(self, key: str) -> object:
        """A small JSON value kept with the library, None when it was never set."""
        row = self.connection.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
        return orjson.loads(row[0]) if row else None
