"""Asking OpenReview: its addresses, what an answer must look like, and what a refusal means."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

import orjson

from fallow_ingest.errors import ServiceError, ServiceRefused
from fallow_ingest.services import endpoint
from fallow_ingest.services.openreview import ADDRESSES, OPENREVIEW
from fallow_ingest.web.client import Client
from fallow_ingest.web.exchange import Answer, BadAnswer, Fatal, Request, object_of
from fallow_ingest.web.limiter import Origin

TOKEN_VARIABLE = "OPENREVIEW_TOKEN"
_TOKEN_HELP = (
    f"log in at openreview.net and put your access token into {TOKEN_VARIABLE}, or try again tomorrow"
)

Parsed = TypeVar("Parsed")


class Notes(NamedTuple):
    """A page of notes. total: of all that match, None when OpenReview does not say."""

    notes: list[Mapping[str, object]]
    total: int | None


class Asking:
    """OpenReview's two hosts behind one client. base: a mirror or test server that has API 1 below /v1."""

    def __init__(self, base: str = "", origin: Origin = OPENREVIEW) -> None:
        given = (base or endpoint("openreview", "")).rstrip("/")
        self._hosts = {2: given, 1: f"{given}/v1"} if given else ADDRESSES
        self._origin = origin

    def notes(
        self, client: Client, api: int, params: Sequence[tuple[str, str]], *, path: str = "/notes"
    ) -> Notes:
        """One page of notes. Raises ServiceError."""
        return self.ask(client, api, path, params, notes_of)

    def note(self, client: Client, api: int, forum: str) -> Mapping[str, object] | None:
        """One submission with its replies; None when this generation has none of that id.

        Raises Forbidden when only some may read it, else ServiceError.
        """

        def parse(answer: Answer) -> Mapping[str, object] | None:
            if answer.status == 404:
                return None
            if answer.status == 403:
                if _name_of(answer) == "ForbiddenError":
                    raise Fatal(Forbidden(f"openreview:{forum} is not public"))
                raise Fatal(_challenged())
            found = notes_of(answer).notes
            if found and found[0].get("id") != forum:
                raise BadAnswer("answered with another note than the one that was asked for")
            return found[0] if found else None

        params = [("id", forum), ("details", "replies")]
        return self.ask(client, api, "/notes", params, parse, accepted=frozenset({200, 403, 404}))

    def group(self, client: Client, venue: str) -> Mapping[str, object] | None:
        """The group of a venue, None when OpenReview has none of that id. Raises ServiceError."""

        def parse(answer: Answer) -> Mapping[str, object] | None:
            if answer.status == 404:
                return None
            groups = object_of(answer).get("groups")
            if not isinstance(groups, list):
                raise BadAnswer("sent no list of groups")
            found = groups[0] if groups else None
            return found if isinstance(found, dict) else None

        return self.ask(client, 2, "/groups", [("id", venue)], parse, accepted=frozenset({200, 404}))

    def ask(
        self,
        client: Client,
        api: int,
        path: str,
        params: Sequence[tuple[str, str]],
        parse: Callable[[Answer], Parsed],
        *,
        accepted: frozenset[int] = frozenset({200}),
    ) -> Parsed:
        """Ask one generation of the API. Raises ServiceError."""
        token = os.environ.get(TOKEN_VARIABLE, "").strip()
        request = Request(
            self._origin,
            f"{self._hosts[api]}{path}",
            params,
            headers={"Accept": "application/json"},
            secret={"Authorization": f"Bearer {token}"} if token.isprintable() and token else {},
            accepted=accepted,
        )

        def judge(answer: Answer) -> ServiceError | None:
            if answer.status == 429:
                # The budget is told in the body alone. The client waits until then, or tells until when.
                until = reset_time(answer.body)
                if until is not None:
                    client.limiter.cool_down(self._origin, until, "OpenReview's budget for a while is spent")
                return None
            return refusal(answer)

        return client.ask(request, parse, judge)


class Forbidden(ServiceRefused):
    """One note is not for everybody's eyes."""


def notes_of(answer: Answer) -> Notes:
    """The notes of an answer. Raises BadAnswer."""
    found = object_of(answer)
    notes = found.get("notes")
    if not isinstance(notes, list):
        raise BadAnswer("sent no list of notes")
    count = found.get("count")
    total = count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None
    return Notes([note if isinstance(note, dict) else {"id": None} for note in notes], total)


def reset_time(body: bytes) -> float | None:
    """When a spent budget is renewed (seconds since 1970), from the body of a 429; None when it says nothing.

    >>> reset_time(b'{"name": "RateLimitError", "details": {"resetTime": "1970-01-01T00:01:40.500Z"}}')
    100.5
    >>> reset_time(b'{"details": {"resetTime": "soon"}}') is None
    True
    """
    try:
        found = orjson.loads(body)
        told = found["details"]["resetTime"]
        moment = datetime.fromisoformat(told)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, OverflowError):
        return None


def refusal(answer: Answer) -> ServiceError | None:
    """What an answer outside 200 settles, None when another try may heal it."""
    if answer.status == 401:
        return ServiceRefused(
            f"OpenReview does not take the token of {TOKEN_VARIABLE}", "log in for a new one"
        )
    if answer.status != 403:
        return None
    if _name_of(answer) == "ForbiddenError":
        return ServiceRefused(
            f"OpenReview does not show {answer.url[:200]} to everybody", "ask for something that is public"
        )
    return _challenged()


def _challenged() -> ServiceRefused:
    return ServiceRefused("OpenReview wants proof that a person is asking (HTTP 403)", _TOKEN_HELP)


def _name_of(answer: Answer) -> str:
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return ""
    name = found.get("name") if isinstance(found, dict) else None
    return name if isinstance(name, str) else ""
