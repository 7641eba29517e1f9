"""OpenAlex's works API as it answers: filters, cursors, prices, merged ids, and its two kinds of 429."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import unquote

from protocols.scenarios import Scenario
from protocols.server import EVERYWHERE, Asked, Reply

from fallow_ingest.records import Paper
from fallow_ingest.services import Selection

HOME = "https://openalex.org/"
DATE = "Tue, 05 Jan 2027 10:00:00 GMT"
BUDGET = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "900", "X-RateLimit-Reset": "36000"}

Work = dict[str, Any]


def inverted(text: str) -> dict[str, list[int]]:
    """A text as OpenAlex keeps abstracts."""
    index: dict[str, list[int]] = {}
    for place, word in enumerate(text.split()):
        index.setdefault(word, []).append(place)
    return index


def work(number: int, **changes: object) -> Work:
    """An invented work; every third one is on arXiv."""
    day = date(2026, 6, 30) - timedelta(days=number % 200)
    arxiv = f"2601.{number:05d}"
    doi = f"10.48550/arxiv.{arxiv}" if number % 3 == 0 else f"10.1234/toy.{number}"
    source = {"id": HOME + "S11", "display_name": "Journal of Toys", "type": "journal"}
    place = {"landing_page_url": f"https://doi.org/{doi}", "pdf_url": None, "source": source}
    topic = {
        "id": HOME + "T10028", "display_name": "Talking Toys", "score": 0.9,
        "subfield": {"id": HOME + "subfields/1702", "display_name": "Artificial Intelligence"},
        "field": {"id": HOME + "fields/17", "display_name": "Computer Science"},
        "domain": {"id": HOME + "domains/3", "display_name": "Physical Sciences"},
    }  # fmt: skip
    made: Work = {
        "id": f"{HOME}W{number}", "doi": f"https://doi.org/{doi}",
        "title": f"Toy number {number} learns to talk",
        "ids": {"openalex": f"{HOME}W{number}", "doi": f"https://doi.org/{doi}"}, "type": "article",
        "publication_year": day.year, "publication_date": day.isoformat(), "language": "en",
        "authorships": [
            {"author": {"id": HOME + "A77", "display_name": "Ada Ash"}, "raw_author_name": "Ash, Ada"},
            {"author": {"id": f"{HOME}A{number}", "display_name": f"Bo Birch{number}"}},
        ],
        "primary_location": place, "locations": [place], "primary_topic": topic, "topics": [topic],
        "keywords": [{"display_name": "Toys"}], "is_retracted": False, "is_paratext": False,
        "abstract_inverted_index": inverted(f"We teach toy {number} to talk and measure how long it takes."),
        "referenced_works": [f"{HOME}W{n}" for n in (number - 1, number - 7) if n > 1000],
        "related_works": [f"{HOME}W{n}" for n in (number + 1, number + 2)],
        "cited_by_count": 3, "updated_date": "2026-07-01T00:00:00",
    }  # fmt: skip
    return made | changes


def toys(count: int, first: int = 1001) -> list[Work]:
    """So many works, with one retracted, one paratext and one without a title among them."""
    made = [work(number) for number in range(first, first + count)]
    made[1] |= {"is_retracted": True}
    made[2] |= {"is_paratext": True}
    made[3] |= {"title": None}
    made[4] |= {"abstract_inverted_index": None, "authorships": []}
    return made


class World:
    """OpenAlex with these works. merged: id -> the one it was merged into; names: of authors and the like.

    per_page: a cap below what is asked for, so that small worlds have many pages.
    """

    def __init__(
        self,
        works: Sequence[Work],
        *,
        merged: Mapping[str, str] | None = None,
        names: Mapping[str, Sequence[tuple[str, str]]] | None = None,
        per_page: int = 100,
    ) -> None:
        self.works = {w["id"].removeprefix(HOME): w for w in works}
        self.merged = dict(merged or {})
        self.names = dict(names or {})
        self.per_page = per_page

    def __call__(self, asked: Asked) -> Reply:
        path = unquote(asked.path)
        if path.startswith("/autocomplete/"):
            return self._autocomplete(path.removeprefix("/autocomplete/"), asked.one("q"))
        if path == "/works":
            return self._list(asked)
        if path.startswith("/works/"):
            return self._single(path.removeprefix("/works/"), asked)
        if found := re.fullmatch(r"/(authors|sources)/(.+)", path):
            ids = [i for i, name in self.names.get(found[1], ()) if name == found[2]]
            return _json({"id": HOME + ids[0], "display_name": found[2]}) if ids else _not_found()
        return _not_found()

    def _autocomplete(self, kind: str, said: str) -> Reply:
        hits = [
            {"id": HOME + i, "display_name": name, "entity_type": kind[:-1], "hint": None}
            for i, name in self.names.get(kind, ())
            if name.lower().startswith(said.lower()[:4])
        ]
        return _json({"meta": {"count": len(hits), "page": 1, "per_page": 10}, "results": hits[:10]})

    def _single(self, address: str, asked: Asked) -> Reply:
        if address in self.merged:
            return Reply(301, headers={"Location": f"/works/{self.merged[address]}"})
        found = self.works.get(address.upper())
        if found is None and address.lower().startswith("doi:"):
            doi = f"https://doi.org/{address[4:].lower()}"
            found = next((w for w in self.works.values() if w["doi"] == doi), None)
        return _json(_selected(found, asked)) if found else _not_found()

    def _list(self, asked: Asked) -> Reply:
        wrong = self._wrong(asked)
        if wrong:
            return _refused("Invalid query parameters error.", wrong)
        hits = [w for w in self.works.values() if all(_passes(w, part) for part in _filters(asked))]
        if words := asked.one("search").lower():
            hits = [w for w in hits if words in str(w["title"]).lower()]
        else:
            hits.sort(key=lambda w: (w["publication_date"], w["id"]), reverse=True)
        size = min(int(asked.one("per_page", "25")), self.per_page)
        start = 0
        if (cursor := asked.one("cursor")) and cursor != "*":
            try:
                start = json.loads(base64.b64decode(cursor))[0]
            except ValueError:
                return _refused("Pagination error.", "Cursor value is invalid.")
        page = hits[start : start + size]
        following = base64.b64encode(json.dumps([start + size]).encode()).decode()
        meta = {
            "count": len(hits), "per_page": size, "page": None if cursor else 1,
            "next_cursor": following if cursor and len(page) == size else None,
        }  # fmt: skip
        cost = "10" if words else "1"
        return _json(
            {"meta": meta, "results": [_selected(w, asked) for w in page], "group_by": []},
            {"X-RateLimit-Credits-Used": cost},
        )

    def _wrong(self, asked: Asked) -> str:
        """What the service would say of wrong parameters."""
        known = {"filter", "search", "sort", "per_page", "cursor", "select", "mailto"}
        if unknown := [name for name, _ in asked.query if name not in known]:
            return f"{unknown[0]} is not a valid parameter."
        if not 1 <= int(asked.one("per_page", "25")) <= 200:
            return "per-page parameter must be between 1 and 200."
        if asked.one("cursor") in ("null", "none", "None"):
            return "Cursor is null. Likely reached end of results."
        if len(asked.raw_query) > 4096:
            return "Request URL too long"
        for part in _filters(asked):
            name, _, values = part.partition(":")
            if name not in _FILTERS:
                return f"{name} is not a valid field."
            if values.count("|") >= 100:
                return "Maximum number of values exceeded."
        return ""


def _filters(asked: Asked) -> list[str]:
    return [part for part in asked.one("filter").split(",") if part]


def _numbers(listed: Sequence[str]) -> set[str]:
    return {entry.removeprefix(HOME).lower() for entry in listed}


_FILTERS: dict[str, Callable[[Work], set[str]]] = {
    "openalex": lambda w: _numbers([w["id"]]),
    "doi": lambda w: {str(w["doi"]).removeprefix("https://doi.org/")},
    "pmid": lambda w: {str(w["ids"].get("pmid"))},
    "cites": lambda w: _numbers(w["referenced_works"]),
    "authorships.author.id": lambda w: _numbers([a["author"]["id"] for a in w["authorships"]]),
    "locations.source.id": lambda w: _numbers([p["source"]["id"] for p in w["locations"]]),
    "locations.landing_page_url": lambda w: {p["landing_page_url"] for p in w["locations"]},
    "topics.id": lambda w: _numbers([t["id"] for t in w["topics"]]),
    "primary_topic.subfield.id": lambda w: {w["primary_topic"]["subfield"]["id"].rsplit("/", 1)[1]},
    "primary_topic.field.id": lambda w: {w["primary_topic"]["field"]["id"].rsplit("/", 1)[1]},
    "from_publication_date": lambda w: {w["publication_date"]},
    "to_publication_date": lambda w: {w["publication_date"]},
}


def _passes(found: Work, part: str) -> bool:
    name, _, values = part.partition(":")
    has = _FILTERS[name](found)
    if name == "from_publication_date":
        return max(has) >= values
    if name == "to_publication_date":
        return max(has) <= values
    return bool(has & {value.lower() for value in values.split("|")})


def _selected(found: Work, asked: Asked) -> Work:
    wanted = asked.one("select")
    return {name: found.get(name) for name in wanted.split(",")} if wanted else found


def _json(body: object, headers: Mapping[str, str] | None = None, status: int = 200) -> Reply:
    return Reply(
        status, json.dumps(body).encode(), "application/json", {"Date": DATE, **BUDGET, **(headers or {})}
    )


def _refused(error: str, message: str) -> Reply:
    return _json({"error": error, "message": message}, status=400)


def _not_found() -> Reply:
    return Reply(404, b"<!doctype html><title>404 Not Found</title>", "text/html", {"Date": DATE})


# Bad days ----------------------------------------------------------------------------------------


def budget_spent(_reply: Reply) -> Reply:
    body = {
        "error": "Rate limit exceeded", "retryAfter": 1800, "creditsRequired": 1, "creditsRemaining": 0,
        "message": "Insufficient budget. This request costs $0.0001 but you only have $0 remaining. "
        "Resets at midnight UTC.",
    }  # fmt: skip
    return Reply(429, json.dumps(body).encode(), headers={"Retry-After": "1800"})


def plan_required(_reply: Reply) -> Reply:
    body = {
        "error": "Plan upgrade required",
        "message": 'The "from_updated_date:2027-01-01" filter requires a paid plan.',
    }
    return Reply(429, json.dumps(body).encode())


def too_fast(_reply: Reply) -> Reply:
    body = {"error": "Rate limit exceeded", "message": "Too many requests per second", "retryAfter": 1}
    return Reply(429, json.dumps(body).encode(), headers={"Retry-After": "1"})


def early_end(reply: Reply) -> Reply:
    """A page that stops half-way and calls itself the last."""
    try:
        body = json.loads(reply.body)
    except ValueError:
        return reply
    if "results" not in body or "next_cursor" not in body.get("meta", {}):
        return reply
    body["results"] = body["results"][: len(body["results"]) // 2]
    body["meta"]["next_cursor"] = None
    return replace(reply, body=json.dumps(body).encode())


FAULTS = (*EVERYWHERE, budget_spent, too_fast, early_end)

IDS = (
    *(f"openalex:W{number}" for number in range(1001, 1016)),
    *(f"doi:10.1234/toy.{number}" for number in (1018, 1019, 1021, 1022)),
    "arxiv:2601.01020", "openalex:W77", "arxiv:2512.00001", "doi:10.1234/none", "s2:12", "arxiv:2512.99999",
)  # fmt: skip


def library_of_ids() -> World:
    """Works by id: one merged, one known to arXiv's address only, some unknown."""
    works = toys(30)
    works[15]["locations"].append(
        {"landing_page_url": "http://arxiv.org/abs/2512.00001", "source": {"id": HOME + "S22"}}
    )
    return World(works, merged={"W77": "W1017"})


HELD = (Paper("arxiv:2601.01002", "Toy number 1002 learns to talk", authors=("Ada Ash",), year=2026),)


def _scenario(
    name: str, world: Callable[[], World], selection: Selection, papers: int, held: tuple[Paper, ...] = ()
) -> Scenario:
    return Scenario(f"openalex-{name}", "openalex", world, selection, papers, FAULTS, held)


SCENARIOS = [
    _scenario("subject", lambda: World(toys(90), per_page=10), Selection(categories=("1702",)), 88),
    _scenario("ids", library_of_ids, Selection(ids=IDS), 20),
    _scenario(
        "cites",
        lambda: World(toys(40), per_page=1),
        Selection(
            cites=("openalex:W1008", "arxiv:2601.01002", "doi:10.1234/none", "W1012", "openalex:W1020")
        ),
        7,
        HELD,
    ),
    _scenario(
        "cited-by", lambda: World(toys(40)), Selection(cited_by=("openalex:W1012", "doi:10.1234/toy.1030")), 4
    ),
]
