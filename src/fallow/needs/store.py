"""The tables needs and need_statements (0003_statements.sql): the only SQL about them."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from fallow.needs.need import Need, NeedStatus, Trend
from fallow.needs.trend import author_groups, trend_of
from fallow.statements.statement import Statement, StatementKind
from fallow.statements.store import COLUMNS, PUBLIC, TABLES
from fallow_ingest.catalog import Catalog

GROUPED_KINDS = ("limitation", "future_work", "open_question")


@dataclass(frozen=True, slots=True)
class Pooled:
    """A statement with what grouping needs. vector: bytes of float16 [d], b"" when there is none."""

    statement: Statement
    core: str
    vector: bytes


@dataclass(frozen=True, slots=True)
class GroupedStatement:
    """One statement's place in a need: cosine with its centre, clarity as a quote (both 0 to 1)."""

    statement: int
    centrality: float
    clarity: float


@dataclass(frozen=True, slots=True)
class GroupedNeed:
    """A need as grouping found it, before it has an id. papers: numbers, ascending."""

    label: str
    phrase: str
    kind: StatementKind
    topic: int | None
    papers: tuple[int, ...]
    statements: tuple[GroupedStatement, ...]


_WIDTH = len(fields(Statement))
_AUTHORS_FIRST = 0.25
"""What a quote of the authors is worth more than one of a reviewer, on the scale of centrality."""


def pooled_statements(catalog: Catalog) -> list[Pooled]:
    """Every limitation, plan and open question that has a core, by id; withdrawn papers need nothing."""
    rows = catalog.connection.execute(
        f"SELECT {COLUMNS}, s.core, s.vector FROM {TABLES} "
        "WHERE s.kind IN (?, ?, ?) AND s.vector IS NOT NULL AND p.status = '' ORDER BY s.statement",
        GROUPED_KINDS,
    )
    return [Pooled(Statement(*tuple(row)[:_WIDTH]), row["core"], bytes(row["vector"])) for row in rows]


def topics_of(catalog: Catalog) -> dict[int, int]:
    """Subfield of every paper on the map; empty when there is no map."""
    try:
        rows = catalog.connection.execute(
            "SELECT paper, coalesce(subtopic, topic) FROM paper_topics WHERE coalesce(subtopic, topic) IS "
            "NOT NULL"
        )
        return {row[0]: row[1] for row in rows}
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return {}
        raise


def replace_needs(catalog: Catalog, needs: Sequence[GroupedNeed]) -> None:
    """Store the needs of a grouping in place of those of the last one, in one transaction."""
    facts = _paper_facts(catalog, {paper for need in needs for paper in need.papers})
    with catalog.writing() as connection:
        connection.execute("DELETE FROM needs")
        for number, need in enumerate(needs, 1):
            authors = {paper: facts[paper].authors for paper in need.papers}
            years = [year for paper in need.papers if (year := facts[paper].year) is not None]
            connection.execute(
                "INSERT INTO needs VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'open', ?)",
                (
                    number, need.label, need.phrase, need.kind, len(need.papers), author_groups(authors),
                    min(years, default=None), max(years, default=None), need.topic,
                ),
            )  # fmt: skip
            connection.executemany(
                "INSERT INTO need_statements VALUES (?, ?, ?, ?)",
                [(number, one.statement, one.centrality, one.clarity) for one in need.statements],
            )


def load_needs(
    catalog: Catalog,
    *,
    topic: int | None = None,
    kind: StatementKind | None = None,
    open_only: bool = False,
    min_groups: int = 1,
    as_of: int | None = None,
) -> list[Need]:
    """Recurring needs, best first: by independent author groups, then papers, then the latest year.

    topic: a subfield's id; kind: of most of the statements; min_groups: author groups at least.
    as_of: yyyymmdd, only statements public by then count; a need left with one paper is no need.
    """
    rows = catalog.connection.execute(
        f"SELECT {COLUMNS}, n.need, n.label, n.phrase, n.kind AS need_kind, n.status, n.topic, "
        f"m.centrality, m.clarity "
        "FROM needs n JOIN need_statements m ON m.need = n.need JOIN statements s ON s.statement = "
        "m.statement JOIN papers p ON p.number = s.paper LEFT JOIN reviews r ON r.review = s.review "
        "WHERE (:topic IS NULL OR n.topic = :topic) AND (:kind IS NULL OR n.kind = :kind) "
        "AND (:open = 0 OR n.status = 'open') AND " + PUBLIC + " ORDER BY n.need, s.statement",
        {"topic": topic, "kind": kind, "open": int(open_only), "as_of": as_of},
    ).fetchall()
    facts = _paper_facts(catalog, {row["paper"] for row in rows})
    mined = mined_by_year(catalog, as_of=as_of)
    by_need: dict[int, list[sqlite3.Row]] = defaultdict(list)
    for row in rows:
        by_need[row["need"]].append(row)
    needs = [_need_of(number, members, facts, mined) for number, members in by_need.items()]
    kept = [need for need in needs if need.papers >= 2 and need.author_groups >= min_groups]
    return sorted(kept, key=lambda need: (-need.author_groups, -need.papers, -(need.last_year or 0), need.id))


def mined_by_year(catalog: Catalog, *, as_of: int | None = None) -> dict[int, int]:
    """How many papers of each year gave any statement (public by as_of)."""
    rows = catalog.connection.execute(
        "SELECT p.year, count(*) FROM statement_sources t JOIN papers p ON p.number = t.paper "
        "WHERE t.statements > 0 AND p.year IS NOT NULL AND (:as_of IS NULL OR p.public_by <= :as_of) GROUP "
        "BY p.year",
        {"as_of": as_of},
    )
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True, slots=True)
class _Facts:
    year: int | None
    authors: tuple[str, ...]


def _paper_facts(catalog: Catalog, papers: Iterable[int]) -> dict[int, _Facts]:
    wanted = sorted(papers)
    rows = catalog.connection.execute(
        "SELECT p.number, p.year, p.authors FROM json_each(?) j CROSS JOIN papers p ON p.number = j.value",
        (json.dumps(wanted),),
    )
    return {row[0]: _Facts(row[1], tuple(json.loads(row[2]))) for row in rows}


def _need_of(
    number: int, members: Sequence[sqlite3.Row], facts: dict[int, _Facts], mined: dict[int, int]
) -> Need:
    papers = sorted({row["paper"] for row in members})
    years = Counter(year for paper in papers if (year := facts[paper].year) is not None)
    best = max(members, key=_merit)
    told = {row["paper"] for row in members if row["review"] is None}
    first = members[0]
    status: NeedStatus = first["status"]
    trend: Trend = trend_of(years, mined)
    return Need(
        id=number,
        label=first["label"],
        phrase=first["phrase"],
        kind=first["need_kind"],
        quote=Statement(*tuple(best)[:_WIDTH]),
        statements=tuple(row["statement"] for row in members),
        paper_numbers=tuple(papers),
        papers=len(papers),
        reviewed_only=len(set(papers) - told),
        author_groups=author_groups({paper: facts[paper].authors for paper in papers}),
        first_year=min(years, default=None),
        last_year=max(years, default=None),
        trend=trend,
        status=status,
        topic=first["topic"],
    )


def _merit(row: sqlite3.Row) -> tuple[float, int]:
    """How well a statement speaks for its need: central, clear, and rather the authors' own."""
    own = _AUTHORS_FIRST if row["review"] is None else 0.0
    return (row["centrality"] + 0.5 * row["clarity"] + own, -row["statement"])
