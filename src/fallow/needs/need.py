"""A need that recurs over papers and years."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fallow.statements.statement import Statement, StatementKind

TrendDirection = Literal["rising", "steady", "fading"]
NeedStatus = Literal["open", "contested", "addressed"]


@dataclass(frozen=True, slots=True)
class Trend:
    """How often a need is stated, relative to how many papers were mined.

    recent, earlier: papers stating it in the later and the earlier half of the mined years;
    by_year: (year, papers stating it), ascending; years without any are left out.
    """

    direction: TrendDirection
    recent: int
    earlier: int
    by_year: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Need:
    """One recurring need.

    label: one sentence, in our words; phrase: what it was made of; kind: of most of its statements.
    quote: the clearest, most central statement, verbatim with its place.
    papers: how many; reviewed_only: those of them that only reviewers say it of. author_groups: papers that
    share an author, directly or through others, count once.
    first_year, last_year: None when no stating paper has a year.
    topic: subfield of most of its papers, None when there is no map or no majority.
    """

    id: int
    label: str
    phrase: str
    kind: StatementKind
    quote: Statement
    statements: tuple[int, ...]
    paper_numbers: tuple[int, ...]
    papers: int
    reviewed_only: int
    author_groups: int
    first_year: int | None
    last_year: int | None
    trend: Trend
    status: NeedStatus
    topic: int | None

    @property
    def told(self) -> str:
        """Who states it, in words: "3 papers", "3 papers (1 of them by its reviewers)"."""
        papers = f"{self.papers} paper{'s' if self.papers != 1 else ''}"
        if not self.reviewed_only:
            return papers
        if self.reviewed_only == self.papers:
            return f"the reviewers of {papers}"
        return f"{papers} ({self.reviewed_only} of them only through reviewers)"
