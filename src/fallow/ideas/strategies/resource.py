"""Resource: the first data set, benchmark or annotation where papers say that none exists."""

from __future__ import annotations

from fallow.gaps.burdens import Burden
from fallow.ideas.drafting import (
    evidence_of,
    first_test_of,
    idea_id,
    needs_of,
    problem_of,
    sufferers_evidence,
    sufferers_of,
    timeliness_of,
)
from fallow.ideas.experiments import presents_data
from fallow.ideas.idea import Idea, IdeaClaim, Value
from fallow.ideas.material import Material
from fallow.ideas.value import problem_size, resource_effectiveness, unchecked_novelty
from fallow.ideas.wording import capital, choose, fits_a_sentence, reads_well
from fallow_ingest.errors import NotEnoughEvidence


class ResourceStrategy:
    """The first resource of its kind where the needs say that none exists."""

    name = "resource"
    evidence = (
        "two independent groups that admit what the data of a subject lack, and no paper on the subject that "
        "supplies it"
    )

    def propose(self, material: Material, *, most: int = 40) -> list[Idea]:
        """Ideas from missing resources, best first."""
        ideas = []
        for burden in material.resource_burdens:
            idea = None if burden.eased else _idea(material, self.name, burden)
            if idea is not None:
                ideas.append(idea)
        if not ideas:
            raise NotEnoughEvidence(
                "No missing resource of this library is asked for by two groups",
                f"the strategy needs {self.evidence}",
            )
        return ideas[:most]


def _idea(material: Material, strategy: str, burden: Burden) -> Idea | None:
    survey, weakness, target = material.survey, burden.weakness, burden.target.label
    if not fits_a_sentence(target):
        return None
    identity = idea_id(strategy, weakness.key, *burden.target.key)
    product = weakness.product.format(target=target)
    statement = choose(
        identity,
        (
            f"We are the first to build {product}, in order to {weakness.gain}.",
            f"To {weakness.gain}, we are the first to build {product}.",
        ),
    )
    mechanism = weakness.how.format(target=target, method="")
    if not (reads_well(statement) and reads_well(mechanism)):
        return None
    precedents = [
        saying
        for saying in survey.cures.get(weakness.key, ())
        if saying.paper not in burden.target.about and presents_data(survey.papers[saying.paper])
    ]
    works = [evidence_of(survey, "works", saying) for saying in precedents[:1]]
    return Idea(
        id=identity,
        strategy=strategy,
        title=capital(product.split(" ", 1)[1]),
        statement=statement,
        problem=problem_of(survey, burden),
        sufferers=sufferers_of(survey, burden.target),
        mechanism=mechanism,
        claims=(
            IdeaClaim("problem", f"{capital(target)}: {weakness.trouble}."),
            IdeaClaim("method", f"{capital(product)}."),
            IdeaClaim("first", statement),
        ),
        evidence=(*sufferers_evidence(survey, burden), *works),
        first_test=first_test_of(material, weakness, burden.target, burden.papers),
        needs=needs_of(weakness),
        risks=(
            weakness.risk,
            "The lack may be admitted out of habit: the subject may lose little by it, which the first "
            "test has to show.",
        ),
        value=Value(
            unchecked_novelty(survey, exact=False),
            resource_effectiveness(burden),
            problem_size(survey, burden),
        ),
        timeliness=timeliness_of(survey, burden.target),
        headroom="",
        gaps=(f"missing_resource:{burden.name}",),
        concepts=("", target),
        weakness=weakness.key,
        topic=survey.topic_of(burden.papers),
        as_of=survey.as_of,
    )
