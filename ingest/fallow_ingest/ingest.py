"""Reading a source into the library: in committed batches, resumable, accounting for what was left out."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Literal, cast

import orjson

from fallow_ingest.catalog import AddCounts, Catalog
from fallow_ingest.catalog.adding import add_drafts, now
from fallow_ingest.catalog.citing import add_citations
from fallow_ingest.catalog.draft import Draft
from fallow_ingest.drafting import Batch
from fallow_ingest.errors import BadInput, SourceError
from fallow_ingest.progress import ReportProgress, ignore_progress
from fallow_ingest.reading import read_batches
from fallow_ingest.records import Citation
from fallow_ingest.sources import SOURCES, ReportBytes, Skipped
from fallow_ingest.sources.citations import CitationRow, read_citations

BATCH = 4_000
"""Rows of a citations file that are committed at a time."""

FULL_BATCH = 1_000
"""Records of a batch from which on the next one is stored in the same transaction: the source is fast."""

LONGEST_TRANSACTION = 3.0
"""Seconds after which batches are committed, however many may follow."""

EXAMPLES = 20
"""Skipped records that are remembered one by one; all are counted."""

CITATIONS = "citations"
"""What people type to read a citations file: it brings no papers, so it is no source of papers."""

State = Literal["running", "done", "limited", "broken"]


@dataclass(slots=True)
class IngestAccount:
    """What one ingest did: the table that it ends with.

    skipped counts by reason; examples are the first ones with their places. repaired counts what was mended
    in records that were kept (a cut field, a damaged id). failure is the error that cut
    the source short, after everything readable was stored. resumed_at is the record an interrupted run
    went on from (0: from the start). already means that the same unchanged file was read before.
    """

    source: str
    location: str
    counts: AddCounts = field(default_factory=AddCounts)
    citations: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    examples: list[Skipped] = field(default_factory=list)
    resumed_at: int = 0
    already: bool = False
    failure: SourceError | None = None


Rows = Batch | list[CitationRow | Skipped]


def ingest(
    catalog: Catalog,
    source_name: str,
    location: Path | None,
    *,
    since: int | None = None,
    limit: int | None = None,
    report: ReportProgress = ignore_progress,
) -> IngestAccount:
    """Read a source (or, by the name "citations", a citations file) into the library.

    since: leave out papers public before that day (yyyymmdd); limit: stop after so many records.
    Killed at any moment, the same call goes on after the last committed batch. Raises UnknownName,
    SourceMissing or SourceUnsupported before anything is stored; a source that breaks on the way is told
    in the account's failure.
    """
    options = f"since={since} limit={limit}"
    reader, place = _reader(source_name, location, report)
    run = _Run(catalog, source_name, place.resolve(), options)
    if run.finished_before:
        run.account.already = True
        run.account.citations = catalog.resolve_references()  # a kill may have come between the two
        return run.account
    with catalog.exclusive():
        run.begin()
        with closing(reader(run.account.resumed_at)) as batches:
            _consume(run, _bounded(batches, limit), since)
        run.account.citations = catalog.resolve_references()
    return run.account


def _reader(
    name: str, location: Path | None, report: ReportProgress
) -> tuple[Callable[[int], Generator[Rows, None, None]], Path]:
    def tell(done: int, total: int) -> None:
        report(f"reading {name}", done, total)

    if name == CITATIONS:
        path = _named(location, None, name)
        return (lambda start: _rows(path, start, tell)), path
    source = SOURCES.create(name)
    place = _named(location, getattr(source, "default_location", None), name)
    return (lambda start: read_batches(name, place, start=start, report=tell)), place


def _rows(path: Path, start: int, tell: ReportBytes) -> Generator[Rows, None, None]:
    batch: list[CitationRow | Skipped] = []
    try:
        for row in read_citations(path, start=start, report=tell):
            batch.append(row)
            if len(batch) >= BATCH:
                yield batch
                batch = []
    except SourceError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _named(location: Path | None, default: Path | None, source: str) -> Path:
    place = location or default
    if place is None:
        raise BadInput(f"The source {source} needs a file or folder", f"name it: fallow ingest {source} PATH")
    return place


def _bounded(batches: Iterable[Rows], limit: int | None) -> Iterator[Rows]:
    """The batches up to `limit` records; what was skipped does not count."""
    left = limit
    for batch in batches:
        if left is None:
            yield batch
            continue
        kept = []
        for item in batch:
            if not isinstance(item, Skipped):
                if left <= 0:
                    break
                left -= 1
            kept.append(item)
        yield cast("Rows", kept)
        if len(kept) < len(batch):
            return


def _consume(run: _Run, batches: Iterable[Rows], since: int | None) -> None:
    remaining = iter(batches)
    try:
        while run.commit(remaining, since):
            pass
    except SourceError as error:
        if not run.position:
            # Nothing was readable: the file is simply not what was asked for.
            raise
        run.account.failure = error
        run.end("broken")
        return
    run.end("done")


class _Run:
    """One run's row in ingest_runs, written in the same transactions as the papers it brings."""

    def __init__(self, catalog: Catalog, source: str, location: Path, options: str) -> None:
        self.catalog = catalog
        self.account = IngestAccount(source, str(location))
        self.position = 0
        self.fingerprint = f"{_fingerprint(location)} {options}"
        row = catalog.connection.execute(
            "SELECT run, state, position FROM ingest_runs "
            "WHERE source = ? AND location = ? AND fingerprint = ? ORDER BY run DESC LIMIT 1",
            (source, str(location), self.fingerprint),
        ).fetchone()
        self.finished_before = row is not None and row["state"] == "done"
        self.run: int | None = row["run"] if row and row["state"] == "running" else None
        if self.run is not None:
            self.position = self.account.resumed_at = row["position"]

    def begin(self) -> None:
        """Note that the run goes on or starts."""
        if self.run is None:
            with self.catalog.writing() as connection:
                self.run = connection.execute(
                    "INSERT INTO ingest_runs "
                    "(source, location, fingerprint, state, position, counts, started_at) "
                    "VALUES (?, ?, ?, 'running', 0, '{}', ?)",
                    (self.account.source, self.account.location, self.fingerprint, now()),
                ).lastrowid

    def commit(self, batches: Iterator[Rows], since: int | None) -> bool:
        """Store batches and the position behind them in one transaction; False when none is left.

        Several full batches share one: every transaction writes each page of the index of titles that it
        touches, which in a large library is nearly all of them, however few records it brings. Raises the
        SourceError that ended the source, after what came before it was stored.
        """
        begun = time.monotonic()
        broken: SourceError | None = None
        more = False
        with self.catalog.writing() as connection:
            try:
                for batch in batches:
                    self._store(connection, batch, since)
                    if len(batch) < FULL_BATCH or time.monotonic() - begun > LONGEST_TRANSACTION:
                        more = True
                        break
            except SourceError as error:
                broken = error
        if broken is not None:
            raise broken
        return more

    def _store(self, connection: sqlite3.Connection, batch: Rows, since: int | None) -> None:
        if not batch:
            return
        drafts: list[Draft] = []
        pairs: list[Citation] = []
        for item in batch:
            if isinstance(item, Skipped):
                self._skip(item)
            elif isinstance(item, CitationRow):
                pairs.append(Citation(item.citing, item.cited))
            elif since is not None and item.draft.values.public_by < since:
                self.account.skipped["public before --since"] += 1
            else:
                drafts.append(item.draft)
                if item.notes:
                    self.account.repaired.update(item.notes)
        self.position = max(self.position, batch[-1].position)
        self.account.counts += add_drafts(connection, drafts, self.account.source)
        if pairs:
            add_citations(connection, pairs, self.account.source)
        connection.execute(
            "UPDATE ingest_runs SET position = ?, counts = ? WHERE run = ?",
            (self.position, self._counts_json(), self.run),
        )

    def end(self, state: State) -> None:
        """Close the run's row."""
        with self.catalog.writing() as connection:
            connection.execute(
                "UPDATE ingest_runs SET state = ?, counts = ?, ended_at = ? WHERE run = ?",
                (state, self._counts_json(), now(), self.run),
            )

    def _skip(self, item: Skipped) -> None:
        self.account.skipped[item.reason] += 1
        if len(self.account.examples) < EXAMPLES:
            self.account.examples.append(item)

    def _counts_json(self) -> str:
        counts = asdict(self.account.counts) | {
            "skipped": dict(self.account.skipped),
            "repaired": dict(self.account.repaired),
        }
        return orjson.dumps(counts).decode()


def _fingerprint(location: Path) -> str:
    """Changes whenever the file, or any file of the folder, does."""
    if location.is_dir():
        entries = sorted(p for p in location.rglob("*") if p.is_file())
        told = "\n".join(f"{p} {p.stat().st_size} {p.stat().st_mtime_ns}" for p in entries)
    elif location.exists():
        told = f"{location.stat().st_size} {location.stat().st_mtime_ns}"
    else:
        told = "absent"
    return blake2b(told.encode(), digest_size=12).hexdigest()
