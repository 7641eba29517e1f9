"""Values of notes: wrapped or plain, public or not, dates as milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from fallow_ingest.dates import FIRST_YEAR, LAST_YEAR
from fallow_ingest.sources.fields import Notes

EVERYONE = "everyone"
MOST_REPLIES = 5_000
"""Of one submission; the busiest forums have some hundred."""
_LAST_MOMENT = 7_258_118_400_000
"""Milliseconds since 1970 of the year 2200."""


def content_of(note: Mapping[str, object]) -> dict[str, object]:
    """The note's fields without their wrapper; those that not everybody may read are left out.

    API 2 wraps each value ({"value": ..., "readers": [...]}), API 1 does not. With a token OpenReview also
    shows what only chairs or authors may see; that does not belong into a library.

    >>> content_of({"content": {"a": {"value": 1}, "b": 2, "c": {"value": 3, "readers": ["Chairs"]}}})
    {'a': 1, 'b': 2}
    """
    content = note.get("content")
    if not isinstance(content, dict):
        return {}
    fields: dict[str, object] = {}
    for name, value in content.items():
        if isinstance(value, dict) and "value" in value:
            if is_public(value):
                fields[str(name)] = value["value"]
        else:
            fields[str(name)] = value
    return fields


def is_public(thing: Mapping[str, object]) -> bool:
    """Whether everybody may read a note or a field of it; what names no readers is as public as its note."""
    readers = thing.get("readers")
    return not isinstance(readers, list) or EVERYONE in readers


def day_of(moment: object) -> str:
    """The UTC day of milliseconds since 1970 as YYYY-MM-DD, "" for anything else.

    >>> day_of(1728000000000), day_of(None), day_of(-5), day_of(True)
    ('2024-10-04', '', '', '')
    """
    if isinstance(moment, bool) or not isinstance(moment, int | float):
        return ""
    if not 0 < moment < _LAST_MOMENT:
        return ""
    day = datetime.fromtimestamp(moment / 1000, UTC)
    return day.strftime("%Y-%m-%d") if FIRST_YEAR <= day.year <= LAST_YEAR else ""


def later_day(*moments: object) -> str:
    """The latest of some moments as a day, "" when none is known."""
    return max((day_of(moment) for moment in moments), default="")


def texts_in(value: object, notes: Notes) -> list[Mapping[str, object]]:
    """The objects of a list, at most MOST_REPLIES."""
    if not isinstance(value, list):
        return []
    if len(value) > MOST_REPLIES:
        notes.add("replies cut")
    return [entry for entry in value[:MOST_REPLIES] if isinstance(entry, dict)]
