"""The three factors of an idea's value, each from counts, each with an honest interval."""

from __future__ import annotations

from fallow.gaps.burdens import RECENT, Burden
from fallow.gaps.survey import Survey
from fallow.ideas.idea import Factor
from fallow.ideas.wording import counted

PRIOR_SUCCESS = (1.0, 3.0)
"""Beta prior of a transferred method working: one success in four tries, worth four observations."""


def unchecked_novelty(survey: Survey, *, exact: bool) -> Factor:
    """Before the check: only that no paper has both concepts is known."""
    why = (
        f"no title, keyword or abstract among {len(survey.papers):,} papers joins the two; "
        "not yet checked claim by claim"
    )
    return Factor(0.6, 0.3, 0.85, why) if exact else Factor(0.5, 0.2, 0.8, why)


def checked_novelty(probability: float, papers: int, outcome: str) -> Factor:
    """From a verdict's calibrated probability; the interval widens where the verdict is unsure."""
    half = 0.1 if outcome == "novel" else 0.2
    low, high = max(0.01, probability - half), min(0.99, probability + half)
    return Factor(
        probability, low, high, f"novelty check against {papers:,} papers: {outcome.replace('_', ' ')}"
    )


def transferred_effectiveness(
    proofs: int, fit: float, method: str, places: int, *, patch: bool = False
) -> Factor:
    """How likely a method carries over: a Beta prior updated by the papers where it is told to have worked.

    value = (a + proofs) / (a + b + proofs) scaled by how alike the situations are (0.3 to 1.3),
    and by 1.2 for a patch, whose own paper names the same weakness in what it replaced. The interval
    spans a factor of about four: no idea-stage evidence supports a narrower one.
    """
    a, b = PRIOR_SUCCESS
    value = min(
        0.8,
        (a + min(proofs, 6))
        / (a + b + min(proofs, 6))
        * min(1.3, max(0.3, (fit - 0.12) / 0.22))
        * (1.2 if patch else 1.0),
    )
    where = f" about {counted(places, 'other subject')}" if places > 1 else ""
    why = (
        f"{counted(proofs, 'paper')} here{where} {'tells' if proofs == 1 else 'tell'} of {method} "
        "working against the "
        f"like; that it carries over is a guess until measured"
    )
    return Factor(value, value * 0.35, min(0.95, value * 1.6), why)


def resource_effectiveness(burden: Burden) -> Factor:
    """A resource works when it can be built: the doubt is about cost and use, not about principle."""
    value = 0.5 if burden.groups > 2 else 0.42
    why = "a resource can be built for certain; whether others take it up cannot be known beforehand"
    return Factor(value, 0.25, 0.8, why)


def problem_size(survey: Survey, burden: Burden) -> Factor:
    """How many suffer: independent groups that admit it, papers on the target, and how recent they are."""
    target = burden.target
    recent = survey.concepts.recent(target, survey.last_year - RECENT + 1)
    cited = sum(survey.citations_of(number) for number in target.about)
    latest = f", last in {burden.years[-1]}" if burden.years else ""
    why = (
        f"{counted(burden.groups, 'independent author group')} {burden.told}{latest}; "
        f"{counted(len(target.about), 'paper')} "
        f"on {target.label}, {counted(recent, 'of them', 'of them')} from the last {RECENT} years, cited "
        f"{cited:,} times in this library"
    )
    spread = 1.0 / (burden.groups + 1.0)
    return Factor(
        burden.weight, burden.weight * (1.0 - spread), min(1.0, burden.weight * (1.0 + spread)), why
    )
