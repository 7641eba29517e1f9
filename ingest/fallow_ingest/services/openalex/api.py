"""Asking OpenAlex: what a request costs, what its answers mean, and what is left of the day."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

import orjson

from fallow_ingest.errors import BudgetExhausted, CursorExpired, ServiceBroken, ServiceError, ServiceRefused
from fallow_ingest.services.pages import asked_until_whole, items, mapping, service_time, text, whole_number
from fallow_ingest.text.normalise import fold
from fallow_ingest.web.client import CONTACT_VARIABLE, Client
from fallow_ingest.web.clock import iso_time, next_midnight
from fallow_ingest.web.exchange import Answer, BadAnswer, Fatal, Request, object_of, retry_after
from fallow_ingest.web.limiter import Origin

KEY_VARIABLE = "OPENALEX_API_KEY"
INTERVAL = 0.1
"""Seconds between requests: a tenth of the rate that OpenAlex allows."""

ANSWER_SECONDS = 0.5
"""What an answer takes, roughly."""

PER_PAGE = 100
LIST_CREDITS, SEARCH_CREDITS = 1.0, 10.0
CREDITS_A_DAY, CREDITS_A_DAY_WITH_KEY = 1_000.0, 10_000.0

# A key has a budget of its own, so what is left without one must not be held against it.
_WITHOUT_KEY = Origin("openalex", "OpenAlex", INTERVAL, ("openalex.org",))
_WITH_KEY = Origin("openalex-key", "OpenAlex", INTERVAL, ("openalex.org",))

LONGEST_HASTE = 600.0
"""Seconds; who is to wait longer after a 429 was not too fast but has spent the day's budget."""

Work = Mapping[str, object]
Parsed = TypeVar("Parsed")


def origin_in_use() -> Origin:
    """Whose budget is spent: the key's when $OPENALEX_API_KEY is set."""
    return _WITH_KEY if os.environ.get(KEY_VARIABLE) else _WITHOUT_KEY


def credits_a_day() -> float:
    """The day's budget in credits (1 credit = 0.0001 $), free keys assumed."""
    return CREDITS_A_DAY_WITH_KEY if os.environ.get(KEY_VARIABLE) else CREDITS_A_DAY


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of works. count: works in all as the answer says; cursor: of the next page, "" after the last.

    at: when it was answered, by OpenAlex's clock.
    """

    works: tuple[Work, ...]
    count: int
    cursor: str
    at: str


class OpenAlexApi:
    """The requests that are made of OpenAlex, each with its price."""

    def __init__(self, client: Client, base: str) -> None:
        self.client = client
        self.base = base
        self.origin = origin_in_use()

    def affords(self, credits: float) -> bool:
        """Whether today's budget covers that much, as far as is known."""
        left = self.client.limiter.credits_left(self.origin)
        return left is None or left >= credits

    def page(self, params: Sequence[tuple[str, str]], cursor: str, *, per_page: int = PER_PAGE) -> Listing:
        """One page of /works. Raises CursorExpired when OpenAlex no longer takes the cursor."""
        whole = [*params, ("per_page", str(per_page)), ("cursor", cursor)]
        searched = any(name == "search" for name, _ in params)

        def parse(answer: Answer) -> Listing:
            if answer.status == 400:
                return _ended(answer)
            return _listing(answer, cursor, self.client)

        cost = SEARCH_CREDITS if searched else LIST_CREDITS
        return self._ask("/works", whole, parse, cost, accepted=frozenset({200, 400}))

    def whole_page(self, params: Sequence[tuple[str, str]], cursor: str, seen: int) -> Listing:
        """A page that does not end the list before its own total, if a few tries bring one."""
        return asked_until_whole(
            lambda: self.page(params, cursor),
            lambda page: not page.cursor and seen + len(page.works) < page.count,
        )

    def batch(self, params: Sequence[tuple[str, str]]) -> list[Work]:
        """All works of a filter that names about a hundred (several may carry the same DOI).

        Raises ServiceBroken when fewer come than are promised: what does not come is not unknown.
        """
        works: list[Work] = []
        cursor = "*"
        while True:
            page = self.whole_page(params, cursor, len(works))
            works += page.works
            if len(works) >= page.count:
                return works
            if not page.cursor:
                raise ServiceBroken(
                    f"OpenAlex sent {len(works)} of {page.count} works", "run the same command again later"
                )
            cursor = page.cursor

    def work(self, address: str, fields: str) -> Work | None:
        """One work by "W123", "doi:..." or "pmid:...", which costs nothing; None when there is none.

        Merged works answer with the one they were merged into.
        """
        return self._ask(
            f"/works/{quote(address, safe=':/')}",
            [("select", fields)],
            _single,
            accepted=frozenset({200, 404}),
        )

    def entity(self, kind: str, address: str) -> Work | None:
        """An author or source by another id of theirs; costs nothing."""
        return self._ask(
            f"/{kind}/{quote(address, safe=':/')}",
            [("select", "id,display_name")],
            _single,
            accepted=frozenset({200, 404}),
        )

    def named(self, kind: str, name: str) -> tuple[list[str], list[str]]:
        """(ids of those of exactly that name, names of those that resemble it); costs nothing."""

        def parse(answer: Answer) -> tuple[list[str], list[str]]:
            found = object_of(answer)
            if not isinstance(found.get("results"), list):
                raise BadAnswer("sent JSON without results")
            entries = [mapping(entry) for entry in items(found["results"])]
            same = [e for e in entries if fold(text(e.get("display_name"))) == fold(name)]
            numbers = [text(e.get("id")).rsplit("/", 1)[-1] for e in same]
            return numbers, [text(e.get("display_name"))[:80] for e in entries[:5]]

        return self._ask(f"/autocomplete/{kind}", [("q", name)], parse)

    # --------------------------------------------------------------------------------------------

    def _ask(
        self,
        path: str,
        params: Sequence[tuple[str, str]],
        parse: Callable[[Answer], Parsed],
        credits: float = 0.0,
        *,
        accepted: frozenset[int] = frozenset({200}),
    ) -> Parsed:
        key, contact = os.environ.get(KEY_VARIABLE, ""), os.environ.get(CONTACT_VARIABLE, "")
        request = Request(
            self.origin,
            f"{self.base}{path}",
            [*params, *([("mailto", contact)] if "@" in contact else [])],
            secret={"Authorization": f"Bearer {key}"} if key else {},
            accepted=accepted,
            credits=credits,
        )

        def parse_and_note(answer: Answer) -> Parsed:
            self._note_budget(answer)
            return parse(answer)

        return self.client.ask(request, parse_and_note, self._judge)

    def _note_budget(self, answer: Answer) -> None:
        left = _number(answer.headers.get("x-ratelimit-remaining", ""))
        reset = _number(answer.headers.get("x-ratelimit-reset", ""))
        if left is not None:
            now = self.client.clock.now()
            renewed = now + reset if reset is not None else next_midnight(now)
            self.client.limiter.note_budget(self.origin, left, renewed)

    def _judge(self, answer: Answer) -> ServiceError | None:
        """Tell a spent budget from a plan that does not allow something and from plain haste."""
        if answer.status == 401:
            return ServiceRefused("OpenAlex does not know the key", f"check {KEY_VARIABLE} or unset it")
        if answer.status != 429:
            return None
        try:
            body = mapping(orjson.loads(answer.body))
        except orjson.JSONDecodeError:
            return None
        said = text(body.get("message"))[:300]
        if "upgrade" in text(body.get("error")).lower():
            return ServiceRefused(f"OpenAlex wants a paid plan for this ({said})", "ask for something else")
        left, cost = whole_number(body.get("creditsRemaining")), whole_number(body.get("creditsRequired"))
        now = self.client.clock.now()
        until = retry_after(answer.headers, now) or now + (whole_number(body.get("retryAfter")) or 0)
        if (
            "insufficient budget" in said.lower()
            or (left is not None and cost is not None and left < cost)
            or until - now > LONGEST_HASTE
        ):
            self._spent(until if until > now else next_midnight(now), left or 0)
        return None

    def _spent(self, until: float, left: int) -> None:
        """Raise what a spent budget is. What costs nothing may still be asked, so nobody is kept waiting."""
        until = min(until, next_midnight(self.client.clock.now()))
        self.client.limiter.note_budget(self.origin, left, until)
        remedy = f"run the same command again after {iso_time(until)}: it goes on where it stopped"
        if not os.environ.get(KEY_VARIABLE):
            remedy += f"; a free key in {KEY_VARIABLE} has ten times the budget"
        raise Fatal(BudgetExhausted("Today's budget at OpenAlex is spent", remedy, until))


def _listing(answer: Answer, cursor: str, client: Client) -> Listing:
    found = object_of(answer)
    meta, works = mapping(found.get("meta")), found.get("results")
    count = whole_number(meta.get("count"))
    if not isinstance(works, list) or count is None:
        raise BadAnswer("sent JSON without results")
    following = text(meta.get("next_cursor"))
    if following and following == cursor:
        raise BadAnswer("leads from a page to itself")
    return Listing(
        tuple(mapping(work) for work in works), count, following, service_time(answer.headers, client.clock)
    )


def _single(answer: Answer) -> Work | None:
    if answer.status == 404:
        return None
    found = object_of(answer)
    if not text(found.get("id")):
        raise BadAnswer("sent JSON without an id")
    return found


def _ended(answer: Answer) -> Listing:
    """A cursor that leads nowhere, told as CursorExpired; any other refusal in OpenAlex's own words."""
    found = object_of(answer)
    said = " ".join(text(found.get(name))[:400] for name in ("error", "message")).strip()
    if "cursor" in said.lower():
        raise Fatal(CursorExpired(f"OpenAlex no longer takes the cursor ({said})", "run the command again"))
    raise Fatal(ServiceRefused(f"OpenAlex refused the question ({said})", "check what was asked for"))


def _number(value: str) -> float | None:
    return float(value) if re.fullmatch(r"\d{1,12}(?:\.\d{1,9})?", value.strip(), re.ASCII) else None
