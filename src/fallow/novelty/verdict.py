"""What a novelty check says: claims, evidence, the search behind them, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fallow.evidence import Quote, Teller
from fallow.novelty.reach import SourceState

Facet = Literal["whole", "problem", "method", "setting", "finding", "first"]

Relation = Literal[
    "same_idea",
    "same_problem",
    "same_method",
    "same_setting",
    "same_finding",
    "broader",
    "narrower",
    "related",
]
"""How a paper stands to a claim; broader: the paper says less, narrower: it says more than the claim."""

Outcome = Literal["novel", "not_novel", "unsure", "insufficient_search"]

CORE_FACETS: tuple[Facet, ...] = ("problem", "method", "setting")
"""What one paper must have together for an idea to be old."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One checkable part of an idea, in the idea's own words. id counts from 1; claim 1 is the whole idea."""

    id: int
    facet: Facet
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """One row of the evidence table: a claim, a paper, how they stand to each other, and the paper's words.

    section, start, end, origin: as in `evidence.Quote`, which `at` gives. score: 0 to 1, how far the paper
    covers the claim. falls: whether the claim falls to this paper.
    """

    claim: int
    paper: int
    relation: Relation
    quote: str
    section: int | None
    start: int
    end: int
    score: float
    origin: Teller
    falls: bool

    @property
    def at(self) -> Quote:
        """The quote with its place, for `evidence.check_quote`."""
        return Quote(self.paper, self.section, self.start, self.end, self.quote, self.origin)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One of the nearest papers. similarity: cosine of idea and paper; coverage: 0 to 1, of the core facets.

    overlaps and differs are sentences of ours.
    """

    paper: int
    similarity: float
    coverage: float
    overlaps: str
    differs: str


@dataclass(frozen=True, slots=True)
class RetrieverTrace:
    """What one retriever did: how many papers of the pool it found; why it failed, "" when it did not."""

    name: str
    found: int
    failure: str = ""


@dataclass(frozen=True, slots=True)
class SearchTrace:
    """What was searched, so that "nothing found" can be told from "not looked".

    papers: how many could have been found. as_of: yyyymmdd. not_indexed: papers the index does not hold yet.
    relevant: papers judged relevant; missed, missed_low, missed_high: estimate of relevant papers that no
    retriever found, with its 95% interval (None when it cannot be estimated). generation: of the index.
    sources: the services that the library was fed from, and how they answered last.
    """

    papers: int
    as_of: int | None
    queries: int
    retrievers: tuple[RetrieverTrace, ...]
    not_indexed: int
    relevant: int
    missed: float | None
    missed_low: float | None
    missed_high: float | None
    generation: int | None
    sources: tuple[SourceState, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer.

    probability: that the idea is novel within what was searched; None when that cannot be said.
    evidence: best rows first within each claim; every quote was found again in the stored text.
    nearest: up to five paper numbers, nearest first; neighbours say what overlaps and what differs.
    reasons: plain sentences. first: what would make it the first, "" when nothing can be said.
    features: what the calibrated model saw, by name.
    """

    outcome: Outcome
    probability: float | None
    claims: tuple[Claim, ...]
    evidence: tuple[Evidence, ...]
    nearest: tuple[int, ...]
    reasons: tuple[str, ...]
    search: SearchTrace
    neighbours: tuple[Neighbour, ...] = ()
    what_would_make_it_first: str = ""
    features: tuple[tuple[str, float], ...] = ()
