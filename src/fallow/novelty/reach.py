"""What the library was fed from, and what it cannot know: a failed harvest is no evidence of novelty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fallow_ingest.catalog import Catalog
from fallow_ingest.health import services_health
from fallow_ingest.web.outcomes import Stale

MOST_MISSING = 0.1
"""Share of the library that a service may owe before "nobody did this" means nothing."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """How one service answered last. sound: nothing that it promised is missing, and it was asked lately.

    doubt: why its state keeps "nobody did this" from meaning anything, "" when it does not.
    """

    service: str
    outcome: str
    told: str
    sound: bool
    doubt: str = ""


def source_states(catalog: Catalog) -> tuple[SourceState, ...]:
    """Every service the library was ever fed from."""
    held = catalog.count()
    states: list[SourceState] = []
    for health in services_health(catalog):
        doubt = ""
        # A harvest nobody went on with for long is given up, not under way.
        if health.unfinished and not isinstance(health.outcome, Stale):
            doubt = (
                f"A harvest stopped in the middle ({health.told()}): what it still has was not searched. "
                "Run that `fallow ingest` again: it goes on."
            )
        elif health.missing > MOST_MISSING * max(held, 1):
            doubt = (
                f"{health.service} promised {health.missing:,} records that it did not give: run that "
                "`fallow ingest` again."
            )
        states.append(SourceState(health.service, health.outcome.name, health.told(), health.sound, doubt))
    return tuple(states)


def source_doubts(states: Sequence[SourceState]) -> list[str]:
    """Why finding nothing would mean nothing."""
    return [state.doubt for state in states if state.doubt]


def source_notes(states: Sequence[SourceState]) -> list[str]:
    """Which services failed, owe records or were not asked for long: named beside every other verdict."""
    unsound = [state.told for state in states if not state.sound and not state.doubt]
    return [f"Not all was read: {'; '.join(unsound)}."] if unsound else []
