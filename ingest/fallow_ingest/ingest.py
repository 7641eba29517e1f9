"""Reading a source into the library: in committed batches, resumable, accounting for what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import orjson

from fallow_ingest.catalog import AddCounts, Catalog
from fallow_ingest.catalog.adding import add_batch, now
from fallow_ingest.catalog.references import add_pairs
from fallow_ingest.dates import public_by
from fallow_ingest.errors import BadInput, SourceError
from fallow_ingest.progress import ReportProgress, ignore_progress
from fallow_ingest.records import Paper
from fallow_ingest.sources import SOURCES, Read, Skipped
from fallow_ingest.sources.citations import CitationRow, read_citations

BATCH = 1000
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


Item = Read | Skipped | CitationRow


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
        return run.account
    with catalog.exclusive():
        run.begin()
        items = _bounded(reader(run.account.resumed_at), limit)
        _consume(run, items, since)
        run.account.citations = catalog.resolve_references()
    return run.account


def _reader(
    name: str, location: Path | None, report: ReportProgress
) -> tuple[Callable[[int], Iterator[Item]], Path]:
    def tell(done: int, total: int) -> None:
        report(f"reading {name}", done, total)

    if name == CITATIONS:
        path = _named(location, None, name)
        return (lambda start: read_citations(path, start=start, report=tell)), path
    source = SOURCES.create(name)
    place = _named(location, getattr(source, "default_location", None), name)
    return (lambda start: source.read(place, start=start, report=tell)), place


def _named(location: Path | None, default: Path | None, source: str) -> Path:
    place = location or default
    if place is None:
        raise BadInput(f"The source {source} needs a file or folder", f"name it: fallow ingest {source} PATH")
    return place


def _bounded(items: Iterator[Item], limit: int | None) -> Iterator[Item]:
    read = 0
    for item in items:
        if limit is not None and read >= limit:
            return
        read += not isinstance(item, Skipped)
        yield item


def _consume(run: _Run, items: Iterable[Item], since: int | None) -> None:
    batch: list[Item] = []
    try:
        for item in items:
            batch.append(item)
            if len(batch) >= BATCH:
                run.commit(batch, since)
                batch = []
    except SourceError as error:
        run.commit(batch, since)
        if not run.position:
            # Nothing was readable: the file is simply not what was asked for.
            raise
        run.account.failure = error
        run.end("broken")
        return
    run.commit(batch, since)
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

    def commit(self, batch: list[Item], since: int | None) -> None:
        """Store a batch and the position behind it in one transaction."""
        if not batch:
            return
        papers: list[Paper] = []
        pairs: list[tuple[str, str]] = []
        for item in batch:
            if isinstance(item, Skipped):
                self._skip(item)
            elif isinstance(item, CitationRow):
                pairs.append((item.citing, item.cited))
            elif since is not None and public_by(item.paper.year, item.paper.date) < since:
                self.account.skipped["public before --since"] += 1
            else:
                papers.append(item.paper)
                self.account.repaired.update(item.notes)
        self.position = max(self.position, batch[-1].position)
        with self.catalog.writing() as connection:
            self.account.counts += add_batch(connection, papers, self.account.source)
            if pairs:
                add_pairs(connection, pairs, self.account.source)
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
