"""Crossref's REST API as it answers: filters, relevance, cursors that move on and expire, plain-text 404."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from protocols.scenarios import Scenario
from protocols.server import EVERYWHERE, Asked, Reply

from fallow_ingest.services import Selection

DATE = "Tue, 05 Jan 2027 10:00:00 GMT"
PACE = {"X-Rate-Limit-Limit": "1", "X-Rate-Limit-Interval": "1s", "X-Api-Pool": "public-array"}
LARGEST_ROWS = 1000

Record = dict[str, Any]


def moment(number: int) -> str:
    """When the record of that number was registered: seven in a second, some seconds in an hour."""
    start = datetime(2026, 3, 1, tzinfo=UTC)
    return (start + timedelta(seconds=number // 7 * 900)).strftime("%Y-%m-%dT%H:%M:%SZ")


def record(number: int, **changes: object) -> Record:
    """An invented article."""
    made: Record = {
        "DOI": f"10.1234/TOY.{number}", "type": "journal-article", "subtitle": [],
        "title": [f"Toy {number} &amp; its <i>voice</i>"], "author": [
            {"given": "Ada", "family": "Ash", "sequence": "first", "affiliation": [], "role": []},
            {"given": "B.", "family": f"Birch{number}", "sequence": "additional"},
        ],
        "container-title": ["Journal of Toys"], "ISSN": ["1234-567X"], "publisher": "Toy Press",
        "issued": {"date-parts": [[2026, 1 + number % 12]]}, "volume": "3",
        "published": {"date-parts": [[2026, 1 + number % 12, 5]]},
        "created": {"date-time": moment(number)}, "indexed": {"date-time": "2026-12-01T00:00:00Z"},
        "deposited": {"date-time": "2026-05-01T00:00:00Z"}, "URL": f"https://doi.org/10.1234/toy.{number}",
        "abstract": f"<jats:title>Abstract</jats:title><jats:p>Toy {number} speaks, p &lt; .05.</jats:p>",
        "reference": [
            {"key": "1", "DOI": f"10.1234/TOY.{number - 1}", "doi-asserted-by": "publisher"},
            {"key": "2", "unstructured": f"B. Birch. Old toys {number}. Toy Press, 1999.", "year": "1999"},
        ],
        "is-referenced-by-count": 2, "score": 1.0, "relation": {}, "language": "en",
    }  # fmt: skip
    return made | changes


def journal(count: int) -> list[Record]:
    """Articles with a retracted one, its notice, an issue and one without a title among them."""
    made = [record(number) for number in range(count)]
    retraction = {"DOI": "10.1234/toy.notice", "type": "retraction", "source": "retraction-watch"}
    made[1]["updated-by"] = [retraction]
    made[2] |= {
        "title": ["Retraction notice to: Toy 1"],
        "update-to": [{"DOI": "10.1234/toy.1", "type": "retraction", "label": "Retraction"}],
    }
    made[3] |= {"type": "journal-issue", "title": ["Volume 3"]}
    made[4] |= {"title": []}
    made[5] |= {"issued": {"date-parts": [[None]]}, "published": None, "author": [{"name": "The Toy Group"}]}
    return made


class World:
    """Crossref with these works. rows: a cap on what one answer holds."""

    def __init__(self, records: Sequence[Record], *, rows: int = LARGEST_ROWS) -> None:
        self.records = list(records)
        self.rows = rows
        self.scrolls: dict[str, list[Record]] = {}

    def __call__(self, asked: Asked) -> Reply:
        path = unquote(asked.path)
        if path == "/works":
            return self._list(asked)
        doi = path.removeprefix("/works/").lower()
        found = next((r for r in self.records if r["DOI"].lower() == doi), None)
        if found is None:
            return Reply(404, b"Resource not found.", "text/plain", {"Date": DATE, **PACE})
        return _json({"status": "ok", "message-type": "work", "message-version": "1.0.0", "message": found})

    def _list(self, asked: Asked) -> Reply:
        if refusal := _wrong(asked):
            return refusal
        rows = min(int(asked.one("rows", "20")), self.rows)
        cursor = asked.one("cursor")
        if cursor and cursor != "*":
            return self._scroll(cursor, rows)
        hits = [r for r in self.records if _passes(r, asked.one("filter"))]
        for name in ("query.bibliographic", "query.author"):
            if words := asked.one(name).lower().split():
                hits = [r for r in hits if any(word in json.dumps(r).lower() for word in words)]
                hits.sort(
                    key=lambda r: sum(word in json.dumps(r["author"]).lower() for word in words), reverse=True
                )
        if asked.one("sort") == "created":
            hits.sort(key=lambda r: r["created"]["date-time"])
        if cursor == "*":
            token = f"DnF1ZXJ5{len(self.scrolls)}=="
            self.scrolls[token] = hits
            return self._scroll(token, rows)
        start = int(asked.one("offset", "0"))
        return _works(hits[start : start + rows], len(hits), rows)

    def _scroll(self, token: str, rows: int) -> Reply:
        """The next page of a scroll; the server moves on, the token stays."""
        if token not in self.scrolls:
            return cursor_expired(Reply())
        hits = self.scrolls[token]
        served = getattr(self, "_served", {})
        start = served.get(token, 0)
        self._served = served | {token: start + rows}
        return _works(hits[start : start + rows], len(hits), rows, token)


def _works(page: Sequence[Record], total: int, rows: int, token: str = "") -> Reply:
    message: dict[str, object] = {"facets": {}, "total-results": total, "items": page, "items-per-page": rows}
    if token:
        message["next-cursor"] = token
    return _json(
        {"status": "ok", "message-type": "work-list", "message-version": "1.0.0", "message": message}
    )


def _wrong(asked: Asked) -> Reply | None:
    rows, offset = asked.one("rows", "20"), asked.one("offset", "0")
    if not rows.isdigit() or int(rows) > LARGEST_ROWS:
        return _failed(
            "integer-not-valid",
            rows,
            f"Integer specified as {rows} but must be a positive integer less than or equal to 1000. ",
        )
    if int(offset) + int(rows) > 10_000:
        return _failed("integer-not-valid", offset, "Offset specified as too large, use the cursor instead. ")
    for part in filter(None, asked.one("filter").split(",")):
        if part.partition(":")[0] not in _FILTERS:
            return _failed(
                "filter-not-available", part, f"Filter {part} specified but there is no such filter. "
            )
    return None


def _failed(kind: str, value: str, said: str) -> Reply:
    told = [{"type": kind, "value": value, "message": said}]
    return _json({"status": "failed", "message-type": "validation-failure", "message": told}, 400)


_FILTERS: dict[str, Callable[[Record, str], bool]] = {
    "doi": lambda r, value: r["DOI"].lower() == value,
    "container-title": lambda r, value: value in r["container-title"],
    "issn": lambda r, value: value in r["ISSN"],
    "from-pub-date": lambda r, value: _published(r) >= value[:7],
    "until-pub-date": lambda r, value: bool(_published(r)) and _published(r) <= value[:7],
    "from-created-date": lambda r, value: r["created"]["date-time"] >= value,
    "from-index-date": lambda r, value: r["indexed"]["date-time"] >= value,
}


def _published(found: Record) -> str:
    parts = found["issued"]["date-parts"][0]
    return "" if parts[0] is None else f"{parts[0]:04d}-{[*parts, 1][1]:02d}"


def _passes(found: Record, told: str) -> bool:
    by_name: dict[str, list[str]] = {}
    for part in filter(None, told.split(",")):
        name, _, value = part.partition(":")
        by_name.setdefault(name, []).append(value)
    return all(any(_FILTERS[name](found, value) for value in values) for name, values in by_name.items())


def _json(body: Mapping[str, object], status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode(), headers={"Date": DATE, **PACE})


# Bad days ----------------------------------------------------------------------------------------


def cursor_expired(_reply: Reply) -> Reply:
    told = [{"type": "cursor-invalid", "value": "thing", "message": "Cursor specified but it is invalid"}]
    return _json({"status": "failed", "message-type": "resource-failure", "message": told}, 404)


def fewer_than_due(reply: Reply) -> Reply:
    """A list that ends early, in an answer that looks whole."""
    try:
        body = json.loads(reply.body)
    except ValueError:
        return reply
    if body.get("message-type") == "work-list":
        body["message"]["items"] = body["message"]["items"][: len(body["message"]["items"]) // 2]
    return Reply(reply.status, json.dumps(body).encode(), headers=reply.headers)


def too_many_small_page(_reply: Reply) -> Reply:
    return Reply(429, b"<html><body><h1>429 Too Many Requests</h1></body></html>", "text/html")


FAULTS = (*EVERYWHERE, cursor_expired, fewer_than_due, too_many_small_page)

IDS = (
    *(f"doi:10.1234/toy.{number}" for number in range(6)), "arxiv:2601.00001", "acl:P18-1001",
    "openalex:W123456", "doi:10.1234/a,b", "doi:10.1234/none", "2030.toy-long.1",
)  # fmt: skip


def library_of_ids() -> World:
    """Works by DOI, also one with a comma and one of the ACL."""
    more = [record(90, DOI="10.1234/a,b"), record(91, DOI="10.18653/v1/2030.toy-long.1")]
    return World([*journal(8), *more])


def _scenario(name: str, world: Callable[[], World], selection: Selection, papers: int) -> Scenario:
    return Scenario(f"crossref-{name}", "crossref", world, selection, papers, FAULTS)


SCENARIOS = [
    _scenario(
        "venue",
        lambda: World(journal(90), rows=10),
        Selection(venues=("Journal of Toys",), since=20260101),
        86,
    ),
    _scenario("search", lambda: World(journal(60), rows=6), Selection(query="toy voice"), 57),
    _scenario("ids", library_of_ids, Selection(ids=IDS), 5),
]
