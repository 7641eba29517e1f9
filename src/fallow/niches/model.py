"""Niches as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FACTORS = ("hotness", "sparsity", "importance", "timeliness")


@dataclass(frozen=True, slots=True)
class Factor:
    """One reason for or against a niche, as a ratio to what is usual in the library.

    value: 1 is usual, 2 twice as much. low, high: bounds of a 90% interval. why: one sentence with the
    counts.
    """

    value: float
    low: float
    high: float
    why: str


@dataclass(frozen=True, slots=True)
class Niche:
    """A subfield with its scores.

    topic: the subfield's id. score: 0..1, a product of the factors: any that is near zero sinks it. factors:
    by name, see FACTORS. papers: numbers to read first. explanation: two or three sentences. evidence: the
    counts behind it, one sentence each. notes: what could not be known here.
    """

    topic: int
    label: str
    direction_label: str
    score: float
    factors: Mapping[str, Factor]
    papers: tuple[int, ...]
    explanation: str
    evidence: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Survey:
    """All niches of a library, best first, and what the survey could not know."""

    niches: tuple[Niche, ...]
    notes: tuple[str, ...]
    as_of: int | None = None
