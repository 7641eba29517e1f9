"""Burdens: one weakness weighing on one target, as its own papers admit it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from fallow.concepts import Concept
from fallow.gaps.survey import Saying, Survey
from fallow.gaps.weaknesses import Family, Weakness, weaknesses

RECENT = 6
"""Years within which an admission, or a paper, counts as recent."""


@dataclass(frozen=True, eq=False)
class Burden:
    """A weakness that papers on a target admit.

    sayings: their sentences, those that no later paper answered first, then the clearest. groups: how many
    of these papers' author groups are independent. eased: papers on the target that tell of a cure
    themselves. weight: 0 to 1, for ranking.
    """

    weakness: Weakness
    target: Concept
    sayings: tuple[Saying, ...]
    groups: int
    eased: tuple[int, ...]
    weight: float
    years: tuple[int, ...]

    @cached_property
    def papers(self) -> tuple[int, ...]:
        """The papers that admit it, clearest first."""
        return tuple(dict.fromkeys(saying.paper for saying in self.sayings))

    @cached_property
    def told(self) -> str:
        """How the papers come by it, in words: they admit it, or their reviewers say it of them."""
        admitting = {saying.paper for saying in self.sayings if saying.review is None}
        reviewed = len(self.papers) - len(admitting)
        if not reviewed:
            return "admit it"
        if not admitting:
            return "are told so by their reviewers"
        return f"admit it ({reviewed} of them only through reviewers)"

    @property
    def name(self) -> str:
        """Stable name, used in ids."""
        return f"{self.weakness.key}: {' '.join(self.target.key)}"


def find_burdens(
    survey: Survey, families: Collection[Family], *, least_groups: int = 2, most: int = 200
) -> list[Burden]:
    """The weaknesses that weigh most, best first.

    least_groups: independent author groups that must admit it.
    """
    least_about, most_about = (8, 500) if survey.large else (3, max(12, len(survey.papers) // 30))
    burdens = []
    for weakness in weaknesses():
        if weakness.family not in families:
            continue
        by_target: dict[int, list[Saying]] = defaultdict(list)
        cured = {saying.paper for saying in survey.cures.get(weakness.key, ())}
        for saying in survey.admissions.get(weakness.key, ()):
            for concept in survey.targets_of(saying.paper):
                if least_about <= len(concept.about) <= most_about:
                    by_target[concept.id].append(saying)
        for target, sayings in by_target.items():
            groups = survey.author_groups({saying.paper for saying in sayings})
            if groups < least_groups:
                continue
            burden = _burden(survey, weakness, survey.concepts.concepts[target], sayings, groups, cured)
            if burden is not None:
                burdens.append(burden)
    burdens.sort(key=lambda burden: (-burden.weight, burden.name))
    return burdens[:most]


def _burden(
    survey: Survey, weakness: Weakness, target: Concept, sayings: list[Saying], groups: int, cured: set[int]
) -> Burden | None:
    # Answered: a later paper cites the one that admits it and tells of a cure.
    answered = {s.paper for s in sayings if not cured.isdisjoint(survey.citing.get(s.paper, ()))}
    admitting = {saying.paper for saying in sayings}
    if answered == admitting:
        return None
    ordered = sorted(sayings, key=lambda s: (s.paper in answered, -clarity(survey, s), s.paper, s.start))
    years = survey.years_of({saying.paper for saying in sayings})
    eased = tuple(sorted(cured & set(target.about)))
    insistence = groups / (groups + 2.0)
    reach = math.log1p(len(target.about)) / math.log1p(max(30, len(survey.papers) ** 0.6))
    recent = 1.0 if years and survey.last_year - years[-1] <= RECENT else 0.4
    open_still = (1.0 - 0.35 * len(eased) / (len(eased) + groups)) * (
        1.0 - 0.35 * len(answered) / len(admitting)
    )
    share = (len(admitting) / max(len(target.about), len(admitting))) ** 0.2
    weight = (insistence * min(1.0, reach)) ** 0.5 * recent * open_still * share
    return Burden(weakness, target, tuple(ordered), groups, eased, weight, tuple(years))


def clarity(survey: Survey, saying: Saying) -> float:
    """How well a sentence serves as a quote: its paper's own words on its own work, neither long nor old."""
    length = len(saying.text)
    fits = 1.0 if 60 <= length <= 260 else 0.6
    year = survey.papers[saying.paper].year or 0
    fresh = 1.0 / (1.0 + max(0, survey.last_year - year) / 10.0)
    own = 1.0 if saying.section is not None else 0.7 if saying.review is not None else 0.8
    opens = 0.7 if saying.text[:5].lower() in ("this ", "these", "it is", "they ", "such ") else 1.0
    return fits * own * opens * (0.5 + 0.5 * fresh)
