"""A gap: something that the literature says is missing, with the words it says it in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from fallow.evidence import Quote

GapKind = Literal["niche", "white_space", "unmet_need", "missing_resource", "contradiction"]
GAP_KINDS: tuple[GapKind, ...] = get_args(GapKind)


@dataclass(frozen=True, slots=True)
class Gap:
    """One gap.

    id: stable while the evidence is the same. title: a phrase. why: a sentence with the counts behind it.
    topic: subfield of the tree, None when it has none. papers: numbers, most telling first. quotes: the
    evidence, each at its place. score: 0 to 1, within the kind; low, high: its 90% interval.
    concepts: labels of the concepts it lies between; weakness: key in the ledger, "" when none fits.
    """

    id: str
    kind: GapKind
    title: str
    why: str
    topic: int | None
    papers: tuple[int, ...]
    quotes: tuple[Quote, ...]
    score: float
    low: float
    high: float
    concepts: tuple[str, ...] = ()
    weakness: str = ""
