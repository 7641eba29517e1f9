"""What services that answer page by page share: careful reading, and asking again for what is due."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TypeVar

from fallow_ingest.web.clock import Clock, iso_time

Listing = TypeVar("Listing")

TRIES_WHEN_SHORT = 5
"""How often a page is asked for that ends a list before its own total; then the rest counts as missing."""


def asked_until_whole(ask: Callable[[], Listing], is_short: Callable[[Listing], bool]) -> Listing:
    """The first answer that is not short of what it promises itself, or the last of a few."""
    listing = ask()
    for _ in range(TRIES_WHEN_SHORT - 1):
        if not is_short(listing):
            break
        listing = ask()
    return listing


def service_time(headers: Mapping[str, str], clock: Clock) -> str:
    """The moment at which the service answered, by its own clock: ISO 8601, UTC."""
    try:
        return iso_time(parsedate_to_datetime(headers.get("date", "")).timestamp())
    except (ValueError, OverflowError):
        return iso_time(clock.now())


def mapping(value: object) -> Mapping[str, object]:
    """The value when it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """The value when it is a JSON list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """The value when it is text, else ""."""
    return value if isinstance(value, str) else ""


def whole_number(value: object) -> int | None:
    """A count given as a number or as digits; None for anything else.

    >>> whole_number("12"), whole_number(12), whole_number(True), whole_number("x"), whole_number(-1)
    (12, 12, None, None, None)
    """
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
