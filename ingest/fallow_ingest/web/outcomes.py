"""How a service answered, as types: nothing found and not asked are never the same thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fallow_ingest.errors import BudgetExhausted, ServiceError, ServiceRefused, ServiceThrottled
from fallow_ingest.web.clock import iso_time


@dataclass(frozen=True, slots=True)
class Ok:
    """It answered; records came."""

    name: ClassVar[str] = "ok"
    records: int

    def told(self) -> str:
        """The outcome in words."""
        return f"{self.records:,} record{'s' * (self.records != 1)}"


@dataclass(frozen=True, slots=True)
class Empty:
    """It answered, completely, that there is nothing."""

    name: ClassVar[str] = "empty"

    def told(self) -> str:
        """The outcome in words."""
        return "answered that there is nothing"


@dataclass(frozen=True, slots=True)
class Throttled:
    """It asked us to wait. until: ISO 8601, "" when it does not say."""

    name: ClassVar[str] = "throttled"
    until: str
    detail: str

    def told(self) -> str:
        """The outcome in words."""
        return f"throttled{f' until {self.until}' if self.until else ''}"


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The day's budget is spent. until: ISO 8601, when it is renewed."""

    name: ClassVar[str] = "budget_exhausted"
    until: str
    detail: str

    def told(self) -> str:
        """The outcome in words."""
        return f"budget spent{f' until {self.until}' if self.until else ''}"


@dataclass(frozen=True, slots=True)
class Refused:
    """It said no, and would again."""

    name: ClassVar[str] = "refused"
    detail: str

    def told(self) -> str:
        """The outcome in words."""
        return "refused"


@dataclass(frozen=True, slots=True)
class Broken:
    """It could not be reached or its answers could not be read."""

    name: ClassVar[str] = "broken"
    detail: str

    def told(self) -> str:
        """The outcome in words."""
        return "did not answer properly"


@dataclass(frozen=True, slots=True)
class Stale:
    """It was asked too long ago to speak for the present. since: its last good day."""

    name: ClassVar[str] = "stale"
    since: str

    def told(self) -> str:
        """The outcome in words."""
        return f"not asked since {self.since}"


Outcome = Ok | Empty | Throttled | Exhausted | Refused | Broken | Stale

OUTCOMES: tuple[type[Outcome], ...] = (Ok, Empty, Throttled, Exhausted, Refused, Broken, Stale)


def outcome_of(error: ServiceError) -> Outcome:
    """The outcome that an error of the client stands for."""
    detail = str(error)
    if isinstance(error, ServiceThrottled):
        until = iso_time(error.until) if error.until is not None else ""
        return Exhausted(until, detail) if isinstance(error, BudgetExhausted) else Throttled(until, detail)
    return Refused(detail) if isinstance(error, ServiceRefused) else Broken(detail)
