"""Spans of publication days, halved where a service gives only a part of what a span holds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from fallow_ingest.dates import day_text

EARLIEST = date(1970, 1, 1)
"""Open spans are halved as if nothing was older; what is older stays in the oldest span."""

AHEAD = timedelta(366)
"""Journals date their issues ahead: how far beyond today an open span is thought to reach."""


class Window(NamedTuple):
    """Days from `first` to `last`, inclusive, as YYYY-MM-DD; "" leaves that end open."""

    first: str = ""
    last: str = ""

    def asked(self) -> str:
        """The value of publicationDateOrYear, "" when both ends are open."""
        return f"{self.first}:{self.last}" if self.first or self.last else ""

    def halves(self, today: date) -> tuple[Window, Window] | None:
        """Two windows that hold the same days; None for one that cannot be halved.

        >>> Window("2020-01-01", "2020-01-04").halves(date(2024, 1, 1))
        (Window(first='2020-01-01', last='2020-01-02'), Window(first='2020-01-03', last='2020-01-04'))
        >>> Window().halves(date(2024, 1, 2))
        (Window(first='', last='1997-07-03'), Window(first='1997-07-04', last=''))
        >>> Window("2020-01-01", "2020-01-01").halves(date(2024, 1, 1)) is None
        True
        """
        first = date.fromisoformat(self.first) if self.first else EARLIEST
        last = date.fromisoformat(self.last) if self.last else today + AHEAD
        days = (last - first).days
        if days < 1:
            return None
        middle = first + timedelta(days // 2)
        return (
            Window(self.first, middle.isoformat()),
            Window((middle + timedelta(1)).isoformat(), self.last),
        )


def window_of(since: int | None, until: int | None) -> Window:
    """The window of two days given as yyyymmdd."""
    return Window(_iso(since), _iso(until))


def _iso(day: int | None) -> str:
    return day_text(day) if day else ""
