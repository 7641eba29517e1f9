"""Putting a batch of records into the catalog: new, unchanged, updated or merged into a paper it holds.

A batch costs a fixed number of queries whatever its size, plus some for each record that changes or
merges; the caller holds the transaction.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from fallow_ingest.catalog import reconciling
from fallow_ingest.catalog.absorbing import absorb
from fallow_ingest.catalog.draft import COLUMNS, Draft, Fields, draft, draft_json
from fallow_ingest.catalog.merging import (
    TitleTwin,
    first_author_of,
    gained_fields,
    title_merge_reason,
    updated_fields,
)
from fallow_ingest.catalog.texts import put_texts
from fallow_ingest.records import Paper

_INSERT_PAPER = (
    f"INSERT INTO papers (number, source, {', '.join(COLUMNS)}) "
    f"VALUES ({', '.join('?' * (len(COLUMNS) + 2))})"
)


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
    return add_drafts(connection, list(map(draft, papers)), source)


def add_drafts(connection: sqlite3.Connection, drafts: Sequence[Draft], source: str) -> AddCounts:
    """Add records of one source, already drafted, inside the caller's transaction."""
    return _Batch(connection, source, drafts).run()


def insert_apart(connection: sqlite3.Connection, item: Draft, source: str) -> int:
    """Insert a record as a paper of its own, whatever it resembles; it keeps the ids nobody else has."""
    return _Batch(connection, source, [item]).insert_only()


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
        self.told_again: list[tuple[object, ...]] = []
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
        shown = item
        if self.connection.execute("SELECT 1 FROM papers WHERE key = ?", (item.key,)).fetchone():
            shown = item._replace(values=item.values._replace(key=f"{self.source}:{item.key}"))
        self._insert(item, shown)
        self._flush()
        return self.next_number - 1

    # Look-ups -----------------------------------------------------------------------------------

    def _load_records(self) -> dict[str, tuple[int, bytes]]:
        keys = orjson.dumps([item.key for item in self.drafts]).decode()
        rows = self.connection.execute(
            "SELECT r.key, r.paper, r.fingerprint FROM json_each(?) j "
            "CROSS JOIN records r ON r.source = ? AND r.key = j.value",
            (keys, self.source),
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    def _load_owners(self) -> dict[tuple[str, str], int]:
        wanted: dict[str, list[str]] = defaultdict(list)
        for item in self.drafts:
            for scheme, value in item.ids:
                wanted[scheme].append(value)
        owners: dict[tuple[str, str], int] = {}
        for scheme, values in wanted.items():
            rows = self.connection.execute(
                "SELECT p.value, p.paper FROM json_each(?) j "
                "CROSS JOIN paper_ids p ON p.scheme = ? AND p.value = j.value",
                (orjson.dumps(values).decode(), scheme),
            )
            owners.update(((scheme, row[0]), row[1]) for row in rows)
        return owners

    def _load_twins(self) -> dict[int, list[int]]:
        """Numbers of the papers that share a title's key with a record of the batch."""
        keys = orjson.dumps([item.values.title_key for item in self.drafts]).decode()
        rows = self.connection.execute(
            "SELECT DISTINCT title_key, number FROM json_each(?) j CROSS JOIN papers ON title_key = j.value "
            "ORDER BY number",
            (keys,),
        )
        twins: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            twins[row[0]].append(row[1])
        return twins

    def _last_number(self) -> int:
        row = self.connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'papers'").fetchone()
        return int(row[0]) if row else 0

    # Placing ------------------------------------------------------------------------------------

    def _place(self, item: Draft) -> str:
        if item.key in self.records:
            number, fingerprint = self.records[item.key]
            if fingerprint == item.fingerprint:
                return "unchanged"
            self._flush()
            self._update(number, item)
            return "updated"
        if held := [self.owners[i] for i in item.ids if i in self.owners]:
            owners = sorted(set(held))
            self._flush()
            for other in owners[1:]:
                absorb(self.connection, owners[0], other, f"both are {item.key} by their ids", self.seen_at)
                self._forget(other, owners[0])
            if self._is_listed_again(owners[0], item):
                self._update(owners[0], item)
                return "updated"
            scheme, value = next(i for i in item.ids if i in self.owners)
            self._merge(owners[0], item, f"same {scheme} id {value}")
            return "merged"
        if item.values.title_key in self.twins and item.values.authors != "[]":
            self._flush()
            for twin in self._twins_of(item):
                reason = title_merge_reason(item, twin)
                if reason:
                    self._merge(twin.number, item, reason)
                    return "merged"
        self._insert(item, item)
        return "new"

    def _is_listed_again(self, number: int, item: Draft) -> bool:
        """Whether the paper was made from this record, which its source had taken back meanwhile."""
        return self._made_from(self._row(number), item)

    def _made_from(self, row: sqlite3.Row, item: Draft) -> bool:
        # A paper that was set apart carries its source's name before a key that another paper has.
        keys = (item.key, f"{self.source}:{item.key}")
        return row["source"] == self.source and row["key"] in keys

    def _forget(self, gone: int, kept: int) -> None:
        """Paper `gone` was absorbed by `kept`: no look-up of this batch may name it any more."""
        for identifier, owner in self.owners.items():
            if owner == gone:
                self.owners[identifier] = kept
        for key, (number, fingerprint) in self.records.items():
            if number == gone:
                self.records[key] = (kept, fingerprint)

    def _twins_of(self, item: Draft) -> list[TitleTwin]:
        """The papers of the same title key as they are now, ids that they gained in this batch included."""
        numbers = orjson.dumps(self.twins[item.values.title_key]).decode()
        rows = self.connection.execute(
            "SELECT number, title, year, authors, (SELECT json_group_array(json_array(i.scheme, i.value)) "
            "FROM paper_ids i WHERE i.paper = number) AS ids FROM json_each(?) j "
            "CROSS JOIN papers ON number = j.value",
            (numbers,),
        ).fetchall()
        return [
            TitleTwin(
                row["number"],
                row["title"],
                row["year"],
                first_author_of(row["authors"]),
                tuple((scheme, value) for scheme, value in orjson.loads(row["ids"])),
            )
            for row in rows
        ]

    def _insert(self, item: Draft, shown: Draft) -> None:
        number = self.next_number
        self.next_number += 1
        self.new_papers.append((number, self.source, *shown.values))
        self._claim(number, item)
        self.twins[item.values.title_key].append(number)
        if item.texts:
            self.pending[number] = item

    def _claim(self, number: int, item: Draft) -> None:
        for identifier in item.ids:
            if identifier not in self.owners:
                self.owners[identifier] = number
                self.new_ids.append((*identifier, number, self.source))
        key = item.values.key
        known = key in self.records
        self.records[key] = (number, item.fingerprint)
        row = (self.source, key, number, item.fingerprint, item.version, self.seen_at)
        (self.told_again if known else self.new_records).append(row)

    def _update(self, number: int, item: Draft) -> None:
        row = self._row(number)
        fields = item.fields
        spread = reconciling.is_spread(self.connection, number)
        if not spread and row["title"] != item.values.title:
            reconciling.spread(self.connection, number)
            spread = True
        if self._made_from(row, item):
            fields["key"] = row["key"]
            shared = spread and reconciling.is_shared(self.connection, number, self.source, item.key)
            changes = updated_fields(row, fields, shared=shared)
            fields["key"] = item.key
        else:
            changes = gained_fields(row, fields)
        self._write(number, changes)
        if "title_key" in changes:
            self.twins[item.values.title_key].append(number)
        again = bool(item.texts) and self._is_alone(number, item)
        self._store(number, item, fields, spread=spread, again=again)

    def _merge(self, number: int, item: Draft, reason: str) -> None:
        row = self._row(number)
        gained = [list(i) for i in item.ids if i not in self.owners]
        self.connection.execute(
            "INSERT INTO merges (paper, source, key, reason, incoming, before, gained, merged_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                self.source,
                item.key,
                reason,
                draft_json(item),
                orjson.dumps(dict(row)).decode(),
                orjson.dumps(gained).decode(),
                self.seen_at,
            ),
        )
        reconciling.spread(self.connection, number)
        fields = item.fields
        self._write(number, gained_fields(row, fields))
        self._store(number, item, fields, spread=True, again=False)

    def _store(self, number: int, item: Draft, fields: Fields, *, spread: bool, again: bool) -> None:
        """The rest of a record whose paper is held: ids, its row, what it says for itself, its texts."""
        self._claim(number, item)
        self._flush()
        if spread:
            reconciling.keep(self.connection, number, self.source, fields)
            reconciling.settle_status(self.connection, number)
        if item.texts:
            put_texts(self.connection, number, item.texts, self.source, again=again)

    def _is_alone(self, number: int, item: Draft) -> bool:
        """Whether all that this source gave of the paper came with this record."""
        others = self.connection.execute(
            "SELECT 1 FROM records WHERE paper = ? AND source = ? AND key <> ? LIMIT 1",
            (number, self.source, item.key),
        )
        return others.fetchone() is None

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
            self.connection.executemany(_INSERT_PAPER, self.new_papers)
            self.new_papers.clear()
        if self.new_ids:
            self.connection.executemany("INSERT INTO paper_ids VALUES (?, ?, ?, ?)", self.new_ids)
            self.new_ids.clear()
        if self.new_records:
            self.connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)", self.new_records)
            self.new_records.clear()
        if self.told_again:
            self.connection.executemany("REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?)", self.told_again)
            self.told_again.clear()
        for number, item in self.pending.items():
            assert item.texts is not None
            put_texts(self.connection, number, item.texts, self.source, again=False)
        self.pending.clear()
