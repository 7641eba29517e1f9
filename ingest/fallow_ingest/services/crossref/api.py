"""Asking Crossref: its pace, its lists, its cursors and its refusals."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

import orjson

from fallow_ingest.errors import ServiceBroken, ServiceError, ServiceRefused
from fallow_ingest.services.crossref.records import doi_of
from fallow_ingest.services.pages import items, mapping, service_time, text, whole_number
from fallow_ingest.web.client import CONTACT_VARIABLE, Client
from fallow_ingest.web.exchange import Answer, BadAnswer, Request, object_of
from fallow_ingest.web.limiter import Origin

CROSSREF = Origin("crossref", "Crossref", 1.0, ("crossref.org",))
"""Lists are allowed once a second without a contact and thrice with one; its headers may ask for less."""

ROWS = 200
"""Works in an answer: with their references some megabytes at most."""

Record = Mapping[str, object]
Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True)
class Listing:
    """One answer with works.

    total: works in all; rows: as many as a full page has; token: of the next page; at: when it was answered,
    by Crossref's clock.
    """

    records: tuple[Record, ...]
    total: int
    rows: int
    token: str
    at: str


class CrossrefApi:
    """The requests that are made of Crossref."""

    def __init__(self, client: Client, base: str) -> None:
        self.client = client
        self.base = base

    def page(self, params: Sequence[tuple[str, str]]) -> Listing:
        """One answer of /works."""
        listing = self.scrolled(params)
        if listing is None:
            raise ServiceBroken("Crossref does not find its own list of works", "run the command again later")
        return listing

    def scrolled(self, params: Sequence[tuple[str, str]]) -> Listing | None:
        """As `page`; None when Crossref does not know the cursor (any more)."""

        def parse(answer: Answer) -> Listing | None:
            found = object_of(answer)
            if answer.status == 404:
                if "cursor" not in text(mapping((items(found.get("message")) or [None])[0]).get("type")):
                    raise BadAnswer("does not find its own list of works")
                return None
            return _listing(found, answer, self.client)

        return self._ask("/works", params, parse)

    def work(self, doi: str) -> Record | None:
        """The record of a DOI, None when Crossref has none."""

        def parse(answer: Answer) -> Record | None:
            if answer.status == 404 and answer.body.strip().lower().startswith(b"resource not found"):
                return None
            record = mapping(object_of(answer).get("message"))
            if not doi_of(record):
                raise BadAnswer("sent JSON without a DOI")
            return record

        return self._ask(f"/works/{quote(doi, safe='')}", [], parse)

    def _ask(self, path: str, params: Sequence[tuple[str, str]], parse: Callable[[Answer], Parsed]) -> Parsed:
        contact = os.environ.get(CONTACT_VARIABLE, "")
        polite = [("mailto", contact)] if "@" in contact else []
        request = Request(CROSSREF, f"{self.base}{path}", [*params, *polite], accepted=frozenset({200, 404}))

        def parse_in_pace(answer: Answer) -> Parsed:
            self._keep_pace(answer)
            return parse(answer)

        return self.client.ask(request, parse_in_pace, _judge)

    def _keep_pace(self, answer: Answer) -> None:
        """Slow down when its headers allow less than we take anyway."""
        limit = whole_number(answer.headers.get("x-rate-limit-limit", ""))
        seconds = whole_number(answer.headers.get("x-rate-limit-interval", "").removesuffix("s"))
        if limit and seconds and seconds / limit > CROSSREF.interval:
            until = self.client.clock.now() + seconds / limit
            self.client.limiter.cool_down(CROSSREF, until, f"{limit} requests in {seconds} s are allowed")


def _listing(found: Record, answer: Answer, client: Client) -> Listing:
    message = mapping(found.get("message"))
    total = whole_number(message.get("total-results"))
    if not isinstance(message.get("items"), list) or total is None:
        raise BadAnswer("sent JSON without works")
    records = tuple(mapping(entry) for entry in items(message["items"]))
    rows = whole_number(message.get("items-per-page"))
    token = text(message.get("next-cursor"))
    at = service_time(answer.headers, client.clock)
    return Listing(records, total, ROWS if rows is None else rows, token, at)


def _judge(answer: Answer) -> ServiceError | None:
    """A refusal in Crossref's own words."""
    if answer.status != 400:
        return None
    try:
        told = items(mapping(orjson.loads(answer.body)).get("message"))
    except orjson.JSONDecodeError:
        return None
    said = " ".join(text(mapping(entry).get("message")).strip() for entry in told[:5])[:500]
    return ServiceRefused(f"Crossref refused the question ({said})", "check what was asked for")
