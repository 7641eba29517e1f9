"""What transfer and efficiency share: an idea that brings a method to a target it never met."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fallow.concepts import Concept
from fallow.gaps.survey import Survey
from fallow.ideas.drafting import (
    evidence_of,
    first_test_of,
    idea_id,
    needs_of,
    problem_of,
    quantities,
    sufferers_evidence,
    sufferers_of,
    timeliness_of,
)
from fallow.ideas.experiments import mention
from fallow.ideas.idea import Idea, IdeaClaim, Value
from fallow.ideas.matching import Match
from fallow.ideas.material import Material
from fallow.ideas.value import problem_size, transferred_effectiveness, unchecked_novelty
from fallow.ideas.wording import capital, choose, fits_a_sentence, is_plural, reads_well

Phrase = Callable[[str, Match, str], tuple[str, str]]
"""(seed, match, how the curing paper is mentioned) -> (title, statement)."""


def joined_ideas(
    material: Material, strategy: str, matches: Sequence[Match], phrase: Phrase, most: int
) -> list[Idea]:
    """An idea for each match whose sentences read well."""
    ideas = []
    for match in matches:
        idea = _idea(material, strategy, match, phrase)
        if idea is not None:
            ideas.append(idea)
        if len(ideas) == most:
            break
    return ideas


def _idea(material: Material, strategy: str, match: Match, phrase: Phrase) -> Idea | None:
    survey, burden, cure = material.survey, match.burden, match.cure
    weakness, method, target = burden.weakness, cure.method.label, burden.target.label
    if not (fits_a_sentence(method) and fits_a_sentence(target)):
        return None
    identity = idea_id(strategy, weakness.key, *cure.method.key, "/", *burden.target.key)
    shown = mention(survey.papers[cure.saying.paper])
    title, statement = phrase(identity, match, shown)
    mechanism = f"{weakness.how.format(method=method, target=target)} {_shown(shown, cure.home, identity)}"
    if not (reads_well(statement) and reads_well(mechanism)):
        return None
    evidence = [*sufferers_evidence(survey, burden), evidence_of(survey, "works", cure.saying)]
    if match.earlier is not None:
        evidence.append(evidence_of(survey, "earlier", match.earlier))
    return Idea(
        id=identity,
        strategy=strategy,
        title=title,
        statement=statement,
        problem=problem_of(survey, burden),
        sufferers=sufferers_of(survey, burden.target),
        mechanism=mechanism,
        claims=(
            IdeaClaim("problem", f"{capital(target)}: {weakness.trouble}."),
            IdeaClaim("method", f"{capital(method)} for {target}."),
            IdeaClaim("first", statement),
        ),
        evidence=tuple(evidence),
        first_test=first_test_of(material, weakness, burden.target, burden.papers, method=method),
        needs=needs_of(weakness),
        risks=(weakness.risk, _cold_risk(burden.target, method, cure.home)),
        value=Value(
            unchecked_novelty(survey, exact=True),
            transferred_effectiveness(
                len(match.proofs), match.fit, method, _places(survey, match), patch=match.earlier is not None
            ),
            problem_size(survey, burden),
        ),
        timeliness=timeliness_of(survey, burden.target),
        headroom=_headroom(match),
        gaps=(f"unmet_need:{burden.name}", f"white_space:{method} / {target}"),
        concepts=(method, target),
        weakness=weakness.key,
        topic=survey.topic_of(burden.papers),
        as_of=survey.as_of,
    )


def _shown(paper: str, home: Concept | None, seed: str) -> str:
    where = f" in {home.label}" if home else ""
    return choose(
        seed,
        (
            f"{paper} reports that this works{where}, in the words quoted below.",
            f"That it can work is shown by {paper}{where}.",
            f"The precedent is {paper}{where}.",
        ),
    )


def _places(survey: Survey, match: Match) -> int:
    return len({home.id for n in match.proofs for home in survey.targets_of(n)}) if match.proofs else 0


def _cold_risk(target: Concept, method: str, home: Concept | None) -> str:
    lack = "lack" if is_plural(target) else "lacks"
    where = f"only known here from {home.label}" if home else "known here from other subjects only"
    return (
        f"{capital(method)} may rest on something that {target.label} {lack}: so far the effect is {where}. "
        "Nobody may have joined the two because it does not work."
    )


def _headroom(match: Match) -> str:
    """Numbers of the two quotes, side by side; "" when there are none."""
    spent, saved = quantities(match.burden.sayings[0].text), quantities(match.cure.saying.text)
    telling = "review" if match.burden.sayings[0].review is not None else "admission"
    if spent and saved:
        return f"The {telling} speaks of “{spent[0]}”, the cure elsewhere of “{saved[0]}”."
    if saved:
        return f"Elsewhere the cure speaks of “{saved[0]}”; half of that would still be worth a paper."
    if spent:
        return f"The {telling} speaks of “{spent[0]}”."
    return ""
