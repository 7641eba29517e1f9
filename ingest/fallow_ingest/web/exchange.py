"""What is asked of a service, what came back, and reading it within bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import orjson

from fallow_ingest.errors import ServiceError
from fallow_ingest.web.limiter import Origin

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST_ANSWER = 64 * 2**20
"""Bytes of an answer that is held in memory."""


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to ask.

    params: the query string, in order, encoded once; with form they are sent by POST instead, for what is
    too long for an address. body: sent as JSON by POST. secret: headers that never follow a redirect to
    another host. accepted: statuses that are answers rather than failures.
    credits: what it costs of the day's budget. seconds: for the whole answer; silence: between two pieces.
    """

    origin: Origin
    url: str
    params: Sequence[tuple[str, str]] = ()
    body: object = None
    form: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    secret: Mapping[str, str] = field(default_factory=dict)
    accepted: frozenset[int] = frozenset({200})
    credits: float = 0.0
    largest: int = LARGEST_ANSWER
    seconds: float = 300.0
    silence: float = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. headers: names in lower case; body: decoded from its transfer and content encoding."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class BadAnswer(Exception):
    """An answer that is not what was promised: cut, an error page, empty where more was due, or none at all.

    The client asks again; what: the rest of the sentence "<service> ...". unreached: nobody was there.
    """

    def __init__(self, what: str, *, unreached: bool = False) -> None:
        super().__init__(what)
        self.what = what
        self.unreached = unreached


class Fatal(Exception):
    """An answer that settles the matter: raised by a judge or parser, told as the error it carries."""

    def __init__(self, error: ServiceError) -> None:
        super().__init__(str(error))
        self.error = error


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """When to ask again (seconds since 1970) by the header Retry-After, in either of its forms.

    >>> retry_after({"retry-after": "30"}, 1000.0)
    1030.0
    >>> retry_after({"retry-after": "Thu, 01 Jan 1970 01:00:00 GMT"}, 1000.0)
    3600.0
    >>> retry_after({"retry-after": "soon"}, 1000.0) is None
    True
    """
    told = headers.get("retry-after", "").strip()
    if not told:
        return None
    if told.replace(".", "", 1).isdigit():
        return now + float(told[:12])
    try:
        return parsedate_to_datetime(told).timestamp()
    except (ValueError, OverflowError):
        return None


def json_of(answer: Answer) -> object:
    """The answer's JSON. Raises BadAnswer for anything else: an HTML page, half a document, nothing."""
    if not answer.body.strip():
        raise BadAnswer("sent an empty body where JSON was promised")
    try:
        found: object = orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        if _looks_like_html(answer.body):
            raise BadAnswer("sent a web page where JSON was promised") from error
        raise BadAnswer(f"sent JSON that ends or breaks ({str(error)[:80]})") from error
    return found


def object_of(answer: Answer) -> dict[str, object]:
    """The answer's JSON object. Raises BadAnswer."""
    found = json_of(answer)
    if not isinstance(found, dict):
        raise BadAnswer(f"sent a JSON {type(found).__name__} where an object was promised")
    return found


def xml_of(answer: Answer) -> Element:
    """The root of the answer's XML, entities and DTDs refused. Raises BadAnswer."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(answer.body, forbid_dtd=True)
    except ParseError as error:
        if _looks_like_html(answer.body):
            raise BadAnswer("sent a web page where XML was promised") from error
        raise BadAnswer(f"sent XML that ends or breaks ({str(error)[:80]})") from error
    except DefusedXmlException as error:
        what = "a web page where XML was promised" if _looks_like_html(answer.body) else "XML with a DTD"
        raise BadAnswer(f"sent {what}") from error
    except (ValueError, LookupError) as error:  # an encoding nobody knows
        raise BadAnswer(f"sent XML that cannot be decoded ({str(error)[:80]})") from error
    return root


def _looks_like_html(body: bytes) -> bool:
    head = body[:2000].lstrip().lower()
    return head.startswith((b"<!doctype html", b"<html")) or b"<html" in head[:500]
