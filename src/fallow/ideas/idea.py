"""An idea: a sentence that begins "we are the first to", and everything it rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from fallow.evidence import Quote

IdeaState = Literal["proposed", "checked", "saved", "running", "written", "scooped", "dropped"]
EvidenceRole = Literal["suffers", "works", "earlier", "resource"]
"""suffers: who has the problem now. works: where the cure worked. earlier: what a cure says of what came
before
it. resource: what is asked for."""

Z90 = 1.645
"""Standard deviations to either end of a 90% interval."""


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor of an idea's value, 0 to 1, with its 90% interval and the counts it comes from."""

    value: float
    low: float
    high: float
    why: str


@dataclass(frozen=True, slots=True)
class Value:
    """Novelty x effectiveness x problem size: a product, so one zero sinks it.

    Idea-stage scores say little about what an executed idea earns (Si et al. 2025 find correlations near
    zero), hence wide intervals: this is an order for screening and no prediction.
    """

    novelty: Factor
    effectiveness: Factor
    problem_size: Factor

    @property
    def product(self) -> float:
        """The value, 0 to 1."""
        return self.novelty.value * self.effectiveness.value * self.problem_size.value

    @property
    def interval(self) -> tuple[float, float]:
        """90% interval of the product, its factors taken as independent and lognormal.

        Their logarithms have standard deviation log(high / low) / (2 Z90), and variances add.
        """
        factors = (self.novelty, self.effectiveness, self.problem_size)
        if self.product <= 0.0:
            return 0.0, 0.0
        spread = math.sqrt(sum((math.log(f.high / max(f.low, 1e-3)) / (2 * Z90)) ** 2 for f in factors))
        low, high = (self.product * math.exp(sign * Z90 * spread) for sign in (-1, 1))
        return low, min(1.0, high)


@dataclass(frozen=True, slots=True)
class IdeaClaim:
    """One checkable part of an idea. facet: as in fallow.novelty ("problem", "method", "setting",
    "first").
    """

    facet: str
    text: str


@dataclass(frozen=True, slots=True)
class IdeaEvidence:
    """A quote with its place, what it shows, and how its paper is mentioned."""

    role: EvidenceRole
    quote: Quote
    citation: str
    title: str
    key: str


@dataclass(frozen=True, slots=True)
class NearestWork:
    """A paper near the idea. overlaps and differs are sentences of ours; similarity: cosine."""

    paper: int
    citation: str
    title: str
    similarity: float
    overlaps: str
    differs: str


@dataclass(frozen=True, slots=True)
class FirstTest:
    """What to measure first: the cheapest experiment that could kill the idea."""

    summary: str
    data: tuple[str, ...]
    baseline: str
    metric: str
    kill: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the novelty check said, in short; the whole verdict is in the archive."""

    outcome: str
    probability: float | None
    reasons: tuple[str, ...]
    what_would_make_it_first: str = ""


@dataclass(frozen=True, slots=True)
class Idea:
    """One idea.

    id: made from strategy and concepts, so the same evidence gives the same id. statement: the sentence that
    must be defensible. sufferers: for whom the problem is one. needs: compute and days on modest hardware.
    gaps: ids of the gaps it fills. concepts: (method, target) labels, the method "" where there is none.
    verdict: None until checked. topic: subfield, None when there is no map.
    """

    id: str
    strategy: str
    title: str
    statement: str
    problem: str
    sufferers: str
    mechanism: str
    claims: tuple[IdeaClaim, ...]
    evidence: tuple[IdeaEvidence, ...]
    first_test: FirstTest
    needs: str
    risks: tuple[str, ...]
    value: Value
    timeliness: str
    headroom: str
    gaps: tuple[str, ...]
    concepts: tuple[str, ...]
    weakness: str
    topic: int | None
    as_of: int | None = None
    nearest: tuple[NearestWork, ...] = ()
    verdict: Judgement | None = None
    state: IdeaState = "proposed"
    notes: tuple[str, ...] = field(default=())

    @property
    def text(self) -> str:
        """What is checked for novelty and compared with other ideas."""
        return f"{self.title}. {self.statement} {self.mechanism}"

    def judged(self, judgement: Judgement, novelty: Factor, nearest: tuple[NearestWork, ...]) -> Idea:
        """The same idea with what the novelty check found."""
        value = replace(self.value, novelty=novelty)
        return replace(self, verdict=judgement, value=value, nearest=nearest, state="checked")
