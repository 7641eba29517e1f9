"""Putting a batch of records into the catalog: new, unchanged, updated or merged into a paper it holds.

A batch costs a fixed number of queries whatever its size; the caller holds the transaction.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from fallow_ingest.catalog.absorbing import absorb
from fallow_ingest.catalog.draft import Draft, Fields, draft, known_id, record_json
from fallow_ingest.catalog.merging import TitleTwin, first_author_of, gained_fields, title_merge_reason
from fallow_ingest.identifiers import Id
from fallow_ingest.records import Paper
from fallow_ingest.text.normalise import title_key


@dataclass(frozen=True, slots=True)
class AddCounts:
    """What became of the records of a batch."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    merged: int = 0

    def __add__(self, other: AddCounts) -> AddCounts:
        return AddCounts(
            self.new + other.new,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.merged + other.merged,
        )

    @property
    def total(self) -> int:
        """Records seen."""
        return self.new + self.updated + self.unchanged + self.merged


def add_batch(connection: sqlite3.Connection, papers: Sequence[Paper], source: str) -> AddCounts:
    """Add records of one source inside the caller's transaction."""
    return _Batch(connection, source, [draft(paper) for paper in papers]).run()


def insert_apart(connection: sqlite3.Connection, paper: Paper, source: str) -> int:
    """Insert a record as a paper of its own, whatever it resembles; it keeps the ids nobody else has."""
    return _Batch(connection, source, [draft(paper)]).insert_only()


def now() -> str:
    """The present second, UTC, ISO 8601."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Batch:
    """The look-ups of one batch, kept current while its records are placed one after another."""

    def __init__(self, connection: sqlite3.Connection, source: str, drafts: Sequence[Draft]) -> None:
        self.connection = connection
        self.source = source
        self.drafts = drafts
        self.seen_at = now()
        self.records = self._load_records()
        self.owners = self._load_owners()
        self.twins = self._load_twins()
        self.next_number = self._last_number() + 1
        self.new_papers: list[tuple[object, ...]] = []
        self.new_ids: list[tuple[str, str, int, str]] = []
        self.new_records: list[tuple[object, ...]] = []
        self.pending: dict[int, Draft] = {}

    def run(self) -> AddCounts:
        tally: dict[str, int] = defaultdict(int)
        for item in self.drafts:
            tally[self._place(item)] += 1
        self._flush()
        return AddCounts(**tally)

    def insert_only(self) -> int:
        """Insert the batch's one record without looking for its like."""
        item = self.drafts[0]
        if self.connection.execute("SELECT 1 FROM papers WHERE key = ?", (str(item.key),)).fetchone():
            item.fields["key"] = f"{self.source}:{item.key}"
        self._insert(item)
        self._flush()
        return self.next_number - 1

    # Look-ups -----------------------------------------------------------------------------------

    def _load_records(self) -> dict[str, tuple[int, bytes]]:
        keys = orjson.dumps([str(item.key) for item in self.drafts]).decode()
        rows = self.connection.execute(
            "SELECT r.key, r.paper, r.fingerprint FROM json_each(?) j "
            "CROSS JOIN records r ON r.source = ? AND r.key = j.value",
            (keys, self.source),
        )
        return {row["key"]: (row["paper"], row["fingerprint"]) for row in rows}

    def _load_owners(self) -> dict[Id, int]:
        wanted = orjson.dumps([[i.scheme, i.value] for item in self.drafts for i in item.ids]).decode()
        rows = self.connection.execute(
            "SELECT p.scheme, p.value, p.paper FROM json_each(?) j CROSS JOIN paper_ids p "
            "ON p.scheme = j.value ->> 0 AND p.value = j.value ->> 1",
            (wanted,),
        )
        return {Id(row["scheme"], row["value"]): row["paper"] for row in rows}

    def _load_twins(self) -> dict[int, list[TitleTwin]]:
        keys = orjson.dumps([item.title_key for item in self.drafts]).decode()
        rows = self.connection.execute(
            "SELECT DISTINCT number, title, title_key, year, authors, (SELECT "
            "json_group_array(json_array(i.scheme, i.value)) FROM paper_ids i WHERE i.paper = number) AS ids "
            "FROM json_each(?) j CROSS JOIN papers ON title_key = j.value",
            (keys,),
        )
        twins: dict[int, list[TitleTwin]] = defaultdict(list)
        for row in rows:
            ids = tuple(Id(scheme, value) for scheme, value in orjson.loads(row["ids"]))
            author = first_author_of(row["authors"])
            twins[row["title_key"]].append(TitleTwin(row["number"], row["title"], row["year"], author, ids))
        return twins

    def _last_number(self) -> int:
        row = self.connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'papers'").fetchone()
        return int(row[0]) if row else 0

    # Placing ------------------------------------------------------------------------------------

    def _place(self, item: Draft) -> str:
        key = str(item.key)
        if key in self.records:
            number, fingerprint = self.records[key]
            if fingerprint == item.fingerprint:
                return "unchanged"
            self._flush()
            self._update(number, item)
            return "updated"
        owners = sorted({self.owners[i] for i in item.ids if i in self.owners})
        if owners:
            shared = next(i for i in item.ids if i in self.owners)
            self._flush()
            for other in owners[1:]:
                absorb(self.connection, owners[0], other, f"both are {item.key} by their ids", self.seen_at)
                self._forget(other, owners[0])
            self._merge(owners[0], item, f"same {shared.scheme} id {shared.value}")
            return "merged"
        for twin in self.twins.get(item.title_key, ()):
            reason = title_merge_reason(item, twin)
            if reason:
                self._flush()
                self._merge(twin.number, item, reason)
                return "merged"
        self._insert(item)
        return "new"

    def _forget(self, gone: int, kept: int) -> None:
        """Paper `gone` was absorbed by `kept`: no look-up of this batch may name it any more."""
        for identifier, owner in self.owners.items():
            if owner == gone:
                self.owners[identifier] = kept
        for key, (number, fingerprint) in self.records.items():
            if number == gone:
                self.records[key] = (kept, fingerprint)
        for twins in self.twins.values():
            twins[:] = [twin for twin in twins if twin.number != gone]

    def _insert(self, item: Draft) -> None:
        number = self.next_number
        self.next_number += 1
        self.new_papers.append((number, self.source, *item.fields.values()))
        self._claim(number, item)
        year = item.fields["year"]
        author = first_author_of(str(item.fields["authors"]))
        twin = TitleTwin(number, item.paper.title, year if isinstance(year, int) else None, author, item.ids)
        self.twins[item.title_key].append(twin)
        if item.paper.sections or item.paper.references:
            self.pending[number] = item

    def _claim(self, number: int, item: Draft) -> None:
        for identifier in item.ids:
            if identifier not in self.owners:
                self.owners[identifier] = number
                self.new_ids.append((identifier.scheme, identifier.value, number, self.source))
        key = str(item.key)
        self.records[key] = (number, item.fingerprint)
        self.new_records.append(
            (self.source, key, number, item.fingerprint, item.paper.version, self.seen_at)
        )

    def _update(self, number: int, item: Draft) -> None:
        row = self._row(number)
        if row["source"] == self.source and row["key"] == str(item.key):
            day = item.fields["public_by"]
            assert isinstance(day, int)
            fields = dict(item.fields)
            if row["public_by"] < day:
                # A later version does not make the paper less public than it was.
                fields |= {"public_by": row["public_by"], "date": row["date"], "year": row["year"]}
            changes: Fields = {name: value for name, value in fields.items() if value != row[name]}
        else:
            changes = gained_fields(row, item.fields)
        self._write(number, changes)
        self._claim(number, item)
        self._flush()
        _put_texts(self.connection, number, item.paper, self.source)

    def _merge(self, number: int, item: Draft, reason: str) -> None:
        row = self._row(number)
        gained = [list(i) for i in item.ids if i not in self.owners]
        self.connection.execute(
            "INSERT INTO merges (paper, source, key, reason, incoming, before, gained, merged_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                self.source,
                str(item.key),
                reason,
                record_json(item.paper).decode(),
                orjson.dumps(dict(row)).decode(),
                orjson.dumps(gained).decode(),
                self.seen_at,
            ),
        )
        self._write(number, gained_fields(row, item.fields))
        self._claim(number, item)
        self._flush()
        _put_texts(self.connection, number, item.paper, self.source)

    # Writing ------------------------------------------------------------------------------------

    def _row(self, number: int) -> sqlite3.Row:
        row: sqlite3.Row = self.connection.execute(
            "SELECT * FROM papers WHERE number = ?", (number,)
        ).fetchone()
        return row

    def _write(self, number: int, changes: Fields) -> None:
        if changes:
            assignments = ", ".join(f"{name} = ?" for name in changes)
            self.connection.execute(
                f"UPDATE papers SET {assignments} WHERE number = ?", (*changes.values(), number)
            )

    def _flush(self) -> None:
        if self.new_papers:
            columns = ", ".join(self.drafts[0].fields)
            marks = ", ".join("?" * len(self.new_papers[0]))
            self.connection.executemany(
                f"INSERT INTO papers (number, source, {columns}) VALUES ({marks})", self.new_papers
            )
        self.connection.executemany("INSERT INTO paper_ids VALUES (?, ?, ?, ?)", self.new_ids)
        self.connection.executemany(
            "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?)", self.new_records
        )
        for number, item in self.pending.items():
            _put_texts(self.connection, number, item.paper, self.source)
        self.new_papers.clear()
        self.new_ids.clear()
        self.new_records.clear()
        self.pending.clear()


def _put_texts(connection: sqlite3.Connection, number: int, paper: Paper, source: str) -> None:
    """Sections and references of one record; those this source gave before are replaced."""
    if paper.sections:
        kept = connection.execute(
            "SELECT heading, kind, text FROM sections WHERE paper = ? AND source = ? ORDER BY position",
            (number, source),
        ).fetchall()
        if [tuple(row) for row in kept] != [(s.heading, s.kind, s.text) for s in paper.sections]:
            connection.execute("DELETE FROM sections WHERE paper = ? AND source = ?", (number, source))
            connection.executemany(
                "INSERT INTO sections (paper, source, position, heading, kind, text) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (number, source, position, s.heading, s.kind, s.text)
                    for position, s in enumerate(paper.sections)
                ),
            )
    if paper.references:
        connection.execute(
            "DELETE FROM unresolved_references WHERE citing = ? AND source = ?", (number, source)
        )
        connection.executemany(
            "INSERT INTO unresolved_references (citing, scheme, value, title_key, year, text, source) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            _reference_rows(number, paper, source),
        )


def _reference_rows(number: int, paper: Paper, source: str) -> Iterable[tuple[object, ...]]:
    for reference in paper.references:
        identifier = known_id(reference.id) if reference.id else Id("", "")
        # A key of 0 is that of a title without letters or digits: it names nothing.
        key = (title_key(reference.title) or None) if reference.title else None
        yield (number, identifier.scheme, identifier.value, key, reference.year, reference.text, source)
