"""What the ledger keeps: one sentence of one paper that admits something, with its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from fallow.evidence import Quote, Teller

StatementKind = Literal["limitation", "future_work", "open_question", "negative_result", "claim"]
Owner = Literal["own", "prior", "field"]
"""Whose weakness it is: the paper's own, that of earlier work, or the whole field's; whoever tells it."""
Strength = Literal["plain", "hedged"]

MINED_KINDS: tuple[StatementKind, ...] = ("limitation", "future_work", "open_question", "negative_result")
OWNERS: tuple[Owner, ...] = get_args(Owner)


@dataclass(frozen=True, slots=True)
class Statement:
    """One mined sentence.

    paper: number of the paper; section: id of the section, None for the abstract or a review.
    review: id of the review part that it stands in, None when the paper itself says it.
    text: verbatim, equal to stored_text[start:end] (characters).
    score: calibrated probability of `kind` in [0, 1].
    origin: whose words: a reviewer's and our summaries' must be marked wherever they show.
    """

    id: int
    paper: int
    section: int | None
    kind: StatementKind
    owner: Owner
    strength: Strength
    text: str
    start: int
    end: int
    score: float
    origin: Teller = "authors"
    review: int | None = None

    @property
    def quote(self) -> Quote:
        """The statement as evidence."""
        return Quote(self.paper, self.section, self.start, self.end, self.text, self.origin, self.review)


@dataclass(frozen=True, slots=True)
class MiningCounts:
    """What one run of the miner did.

    papers: newly mined; skipped: unchanged since an earlier run; sentences: read; encoded: passed on to the
    classifier; by_kind, by_owner: statements kept, per kind and per owner; reviewed: those from reviews.
    """

    papers: int
    skipped: int
    sentences: int
    encoded: int
    statements: int
    by_kind: dict[str, int]
    by_owner: dict[str, int]
    reviewed: int = 0
