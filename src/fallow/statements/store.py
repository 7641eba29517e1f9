"""The tables statements and statement_sources (0003_statements.sql): the only SQL about them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fallow.statements.reading import Found
from fallow.statements.statement import Owner, Statement, StatementKind
from fallow_ingest.catalog import Catalog

COLUMNS = (
    "s.statement, s.paper, s.section, s.kind, s.owner, s.strength, s.text, s.start, s.end, s.score, "
    "CASE WHEN s.review IS NULL THEN p.text_origin ELSE 'reviewer' END AS origin, s.review"
)
"""Columns that make a Statement, in the order of its fields."""
TABLES = "statements s JOIN papers p ON p.number = s.paper LEFT JOIN reviews r ON r.review = s.review"
PUBLIC = (
    "(:as_of IS NULL OR (p.public_by <= :as_of AND (s.review IS NULL OR (r.date <> '' AND "
    "CAST(substr(replace(r.date, '-', '') || '9999', 1, 8) AS INTEGER) <= :as_of))))"
)
"""Whether a statement could be read by :as_of (yyyymmdd): reviews come later than their papers, and one of
unknown day takes part in no dated question."""


def statements_of(
    catalog: Catalog,
    *,
    paper: int | None = None,
    kind: StatementKind | None = None,
    owner: Owner | None = None,
    as_of: int | None = None,
    limit: int | None = None,
) -> list[Statement]:
    """Statements by paper and place in it, the paper's own words before its reviewers', filtered.

    paper: its number; as_of: yyyymmdd, only what was public by then; limit: at most so many.
    """
    rows = catalog.connection.execute(
        f"SELECT {COLUMNS} FROM {TABLES} "
        "WHERE (:paper IS NULL OR s.paper = :paper) AND (:kind IS NULL OR s.kind = :kind) "
        "AND (:owner IS NULL OR s.owner = :owner) AND " + PUBLIC + " "
        "ORDER BY s.paper, s.review IS NOT NULL, s.review, s.section IS NOT NULL, s.section, s.start "
        "LIMIT :limit",
        {
            "paper": paper,
            "kind": kind,
            "owner": owner,
            "as_of": as_of,
            "limit": -1 if limit is None else limit,
        },
    )
    return [Statement(*tuple(row)) for row in rows]


def statements_by_id(catalog: Catalog, ids: Sequence[int]) -> dict[int, Statement]:
    """The statements of those ids; unknown ids are left out."""
    found: dict[int, Statement] = {}
    for start in range(0, len(ids), 500):
        some = [int(number) for number in ids[start : start + 500]]
        marks = ",".join("?" * len(some))
        rows = catalog.connection.execute(
            f"SELECT {COLUMNS} FROM {TABLES} WHERE s.statement IN ({marks})",
            some,
        )
        found |= {row[0]: Statement(*tuple(row)) for row in rows}
    return found


def count_statements(catalog: Catalog) -> int:
    """How many statements the ledger holds."""
    return int(catalog.connection.execute("SELECT count(*) FROM statements").fetchone()[0])


def fingerprints(catalog: Catalog) -> dict[int, bytes]:
    """What was mined of each paper: number -> fingerprint of its text and of the miner."""
    rows = catalog.connection.execute("SELECT paper, fingerprint FROM statement_sources")
    return {row[0]: bytes(row[1]) for row in rows}


def replace_statements(
    connection: sqlite3.Connection,
    paper: int,
    fingerprint: bytes,
    sentences: int,
    found: Sequence[Found],
    vectors: npt.NDArray[np.float16],
) -> None:
    """Store what was found in one paper in place of what was there. vectors: float16 [len(found), d]."""
    connection.execute("DELETE FROM statements WHERE paper = ?", (paper,))
    connection.executemany(
        "INSERT INTO statements (paper, section, kind, owner, strength, text, start, end, score, core, "
        "vector, review) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                paper, one.section, one.kind, one.owner, one.strength, one.text, one.start, one.end,
                one.score, one.core, vector.tobytes() if one.core else None, one.review,
            )
            for one, vector in zip(found, vectors, strict=True)
        ],
    )  # fmt: skip
    connection.execute(
        "INSERT OR REPLACE INTO statement_sources VALUES (?, ?, ?, ?)",
        (paper, fingerprint, len(found), sentences),
    )
