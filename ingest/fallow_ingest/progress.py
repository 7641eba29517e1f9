"""How long-running steps tell how far they are."""

from __future__ import annotations

from collections.abc import Callable

ReportProgress = Callable[[str, int, int], None]
"""Called with (stage, units done, units in all; 0 when unknown)."""


def ignore_progress(_stage: str, _done: int, _total: int) -> None:
    """The report that nobody looks at."""
