"""Time as the web client sees it, so that tests live through hours of waiting in no time."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the client needs of time."""

    def now(self) -> float:
        """Seconds since 1970: shared by all processes of the machine."""
        ...

    def sleep(self, seconds: float) -> None:
        """Do nothing for a while."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Do nothing for a while."""
        time.sleep(seconds)


def iso_time(seconds: float) -> str:
    """The moment as ISO 8601, UTC, whole seconds.

    >>> iso_time(0)
    '1970-01-01T00:00:00Z'
    """
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def next_midnight(seconds: float) -> float:
    """The next 00:00 UTC, when daily budgets are renewed.

    >>> iso_time(next_midnight(3600))
    '1970-01-02T00:00:00Z'
    """
    return (seconds // 86400 + 1) * 86400
