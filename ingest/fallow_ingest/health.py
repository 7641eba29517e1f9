"""How well each service has answered lately: what a library can be trusted to have read.

One row a service, day and kind of outcome (`source_outcomes`); the line that reports and verdicts show.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, date, datetime

from fallow_ingest.catalog import Catalog
from fallow_ingest.services import SERVICES
from fallow_ingest.web.outcomes import Broken, Empty, Exhausted, Ok, Outcome, Refused, Stale, Throttled

FRESH_DAYS = 7
"""Days after which the last answer of an unknown service no longer speaks for the present."""


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """One service: how it answered last, when it last answered well, and what it still owes.

    records: of its last good day. missing: promised and not given in the last round. unfinished: a harvest
    stopped in the middle and goes on when it is run again. asked: the day of its last answer.
    """

    service: str
    outcome: Outcome
    last_good: str
    records: int
    missing: int
    unfinished: bool
    asked: str

    @property
    def sound(self) -> bool:
        """Whether what the library holds of it can be taken as all there was."""
        return isinstance(self.outcome, Ok | Empty) and not self.missing and not self.unfinished

    def told(self) -> str:
        """One line for people."""
        said = self.outcome.told()
        parts = [said if isinstance(self.outcome, Stale) else f"{said} on {self.asked}"]
        if self.last_good not in ("", self.asked) and not isinstance(self.outcome, Stale):
            parts.append(f"last complete {self.last_good}")
        if not self.last_good:
            parts.append("never complete")
        if self.missing:
            parts.append(f"{self.missing:,} record{'s' * (self.missing != 1)} missing")
        if self.unfinished:
            parts.append("unfinished")
        return f"{self.service}: {', '.join(parts)}"


def note_outcome(connection: sqlite3.Connection, service: str, outcome: Outcome) -> None:
    """Count one answer of a service under today, inside the caller's transaction."""
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    records = outcome.records if isinstance(outcome, Ok) else 0
    connection.execute(
        "INSERT INTO source_outcomes (service, day, outcome, times, records, detail, until, last_at) "
        "VALUES (?, ?, ?, 1, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET times = times + 1, "
        "records = records + excluded.records, detail = excluded.detail, until = excluded.until, "
        "last_at = excluded.last_at",
        (
            service,
            moment[:10],
            outcome.name,
            records,
            getattr(outcome, "detail", ""),
            getattr(outcome, "until", ""),
            moment,
        ),
    )


def services_health(catalog: Catalog, today: date | None = None) -> list[ServiceHealth]:
    """Every service that this library was ever fed from, by name."""
    day = today or datetime.now(UTC).date()
    rows = catalog.connection.execute(
        "SELECT service FROM harvests UNION SELECT service FROM source_outcomes ORDER BY service"
    ).fetchall()
    return [_health(catalog, str(row[0]), day) for row in rows]


def _health(catalog: Catalog, service: str, today: date) -> ServiceHealth:
    last = catalog.connection.execute(
        "SELECT outcome, records, detail, until, last_at FROM source_outcomes WHERE service = ? "
        "ORDER BY last_at DESC LIMIT 1",
        (service,),
    ).fetchone()
    good = catalog.connection.execute(
        "SELECT day, sum(records) AS records FROM source_outcomes WHERE service = ? "
        "AND outcome IN ('ok', 'empty') GROUP BY day ORDER BY day DESC LIMIT 1",
        (service,),
    ).fetchone()
    owed = catalog.connection.execute(
        "SELECT coalesce(sum(missing), 0) AS missing, coalesce(sum(state <> 'done'), 0) AS unfinished, "
        "coalesce(max(started_at), '') AS started_at FROM harvests WHERE service = ?",
        (service,),
    ).fetchone()
    last_good = str(good["day"]) if good else ""
    asked = max(str(last["last_at"]) if last else "", str(owed["started_at"]))[:10]
    # A killed harvest leaves no outcome, only its unfinished round.
    outcome = _outcome(last) if last else Broken("it was interrupted before it ended")
    if (today - date.fromisoformat(asked)).days > _fresh_days(service):
        outcome = Stale(last_good or asked)
    return ServiceHealth(
        service,
        outcome,
        last_good,
        int(good["records"]) if good else 0,
        int(owed["missing"]),
        bool(owed["unfinished"]),
        asked,
    )


def _outcome(row: sqlite3.Row) -> Outcome:
    name, detail, until = str(row["outcome"]), str(row["detail"]), str(row["until"])
    known: dict[str, Outcome] = {
        Ok.name: Ok(int(row["records"])),
        Empty.name: Empty(),
        Throttled.name: Throttled(until, detail),
        Exhausted.name: Exhausted(until, detail),
        Refused.name: Refused(detail),
    }
    return known.get(name, Broken(detail))


def _fresh_days(service: str) -> int:
    return SERVICES.create(service).fresh_days if service in SERVICES.names() else FRESH_DAYS
