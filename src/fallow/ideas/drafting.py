"""From evidence to an idea's parts: the sentences every strategy needs, each built from counts and quotes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b

from fallow.concepts import Concept
from fallow.evidence import source_of
from fallow.gaps.burdens import RECENT, Burden
from fallow.gaps.survey import Saying, Survey
from fallow.gaps.weaknesses import Weakness
from fallow.ideas.experiments import baseline_of, mention
from fallow.ideas.idea import EvidenceRole, FirstTest, IdeaEvidence
from fallow.ideas.material import Material
from fallow.ideas.wording import capital, counted, listed

_QUANTITY = re.compile(
    r"\b(?:(?:as few as|about|up to|over|more than|only|just|roughly) )?"
    r"(?:\d[\d,.]*|one|two|three|four|five|six|ten|twenty|half as many|a hundred|hundreds of|"
    r"thousands of|a thousand|tens of|"
    r"a factor of \w+|orders? of magnitude)"
    r"(?:(?: to |-)(?:\w+ )?(?:\d[\d,.]*|two|four|ten|hundreds of|thousands of))?"
    r"(?: (?:sequential|parallel|network|function|denoising|reverse|more|fewer|many|large))*"
    r"(?: (?:steps?|evaluations?|passes|times|tokens|bits|gpus|accelerators|weeks|hours|days|seconds|"
    r"samples|parameters|calls|gigabytes|images))\b"
    r"|\bquadratic\w*|\bcubic\w*|\borders? of magnitude\b",
    re.IGNORECASE,
)


def idea_id(strategy: str, *parts: str) -> str:
    """A short id that the same strategy and concepts always give."""
    return blake2b("\x1f".join([strategy, *parts]).encode(), digest_size=4).hexdigest()


def evidence_of(survey: Survey, role: EvidenceRole, saying: Saying) -> IdeaEvidence:
    """A saying as evidence, with how its paper is mentioned."""
    paper = survey.papers[saying.paper]
    return IdeaEvidence(role, saying.quote, source_of(paper, saying.origin), paper.title, paper.key)


def sufferers_evidence(survey: Survey, burden: Burden, most: int = 3) -> list[IdeaEvidence]:
    """The clearest admissions, one a paper."""
    first = {saying.paper: saying for saying in reversed(burden.sayings)}
    return [evidence_of(survey, "suffers", first[number]) for number in burden.papers[:most]]


def problem_of(survey: Survey, burden: Burden) -> str:
    """The problem as its own papers state it, with the counts."""
    names = [mention(survey.papers[number]) for number in burden.papers[:2]]
    share = f"{capital(counted(len(burden.papers), 'paper'))} on {burden.target.label}"
    verb = "names" if len(burden.papers) == 1 else "name"
    groups = f", by {counted(burden.groups, 'independent author group')}," if burden.groups > 1 else ""
    reviewed = "" if burden.told == "admit it" else " themselves or through their reviewers"
    limit = f"{burden.weakness.trouble} as a limit{reviewed}"
    return f"{share}{groups} {verb} {limit}, among them {listed(names)}."


def sufferers_of(survey: Survey, target: Concept) -> str:
    """For whom the problem is one."""
    recent = survey.concepts.recent(target, survey.last_year - RECENT + 1)
    cited = sum(survey.citations_of(number) for number in target.about)
    return (
        f"Everyone who works on {target.label}: {counted(len(target.about), 'paper')} in this library, "
        f"{recent} of "
        f"them since {survey.last_year - RECENT + 1}, cited {cited:,} times by others in it."
    )


def timeliness_of(survey: Survey, target: Concept) -> str:
    """Whether interest in the target grows, by the years of its papers."""
    last, span = survey.last_year, 3
    new = survey.concepts.recent(target, last - span + 1)
    before = survey.concepts.recent(target, last - 2 * span + 1) - new
    trend = "grows" if new > before else "holds" if new == before else "falls"
    return (
        f"Interest in {target.label} {trend}: {counted(new, 'paper')} in the last three years of the "
        "library, "
        f"{counted(before, 'paper')} in the three before."
    )


def first_test_of(
    material: Material, weakness: Weakness, target: Concept, papers: Sequence[int], *, method: str = ""
) -> FirstTest:
    """The cheapest experiment that could kill the idea, with data, baseline and metric of the evidence
    papers.

    method: what the baseline is tried with; without one the test is that of a new resource.
    """
    survey = material.survey
    start = baseline_of(survey, target, papers)
    baseline = mention(start) if start else f"the strongest published system for {target.label}"
    data = material.bench.data_for(target, papers)
    metric = material.bench.metric_for(target, papers)
    where = f" on {listed(data)}" if data else " on the data that it reports"
    beside = f" next to {metric}" if metric and metric.lower() not in weakness.measure.lower() else ""
    if method:
        setting = f"Set {baseline} against the same system with {method}{where}, with three seeds each."
    else:
        setting = f"Score three published systems for {target.label} on the first hundred items and{where}."
    summary = f"{setting} Measure {weakness.measure}{beside}. Stop if {weakness.kill}."
    return FirstTest(summary, data, baseline, metric, weakness.kill)


def needs_of(weakness: Weakness) -> str:
    """Compute and days on modest hardware; our estimate."""
    low, high = weakness.days
    return f"{low} to {high} days of one person with {weakness.hardware} (our estimate)."


def quantities(text: str) -> list[str]:
    """The amounts that a quote speaks of.

    >>> quantities("Sampling needs a thousand sequential network evaluations, far more than a GAN.")
    ['a thousand sequential network evaluations']
    """
    return [" ".join(match.group(0).split()) for match in _QUANTITY.finditer(text)]
