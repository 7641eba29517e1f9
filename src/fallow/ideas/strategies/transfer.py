"""Transfer: a method that works elsewhere never met a problem that its property addresses."""

from __future__ import annotations

from fallow.ideas.idea import Idea
from fallow.ideas.matching import Match, find_matches
from fallow.ideas.material import Material
from fallow.ideas.strategies.joining import joined_ideas
from fallow.ideas.wording import capital, choose
from fallow_ingest.errors import NotEnoughEvidence


class TransferStrategy:
    """Method M worked on P1 and never met P2, whose open need M's property addresses."""

    name = "transfer"
    evidence = (
        "a weakness that two independent groups admit on one subject, a sentence telling how a method "
        "overcame the "
        "like on another, and no paper that joins method and subject"
    )

    def propose(self, material: Material, *, most: int = 40) -> list[Idea]:
        """Ideas from the weaknesses of method, best first."""
        matches = find_matches(material.survey, material.meaning, material.method_burdens[:60])
        ideas = joined_ideas(material, self.name, matches, _phrase, most)
        if not ideas:
            raise NotEnoughEvidence(
                "No method of this library can be transferred with evidence",
                f"the strategy needs {self.evidence}",
            )
        return ideas


def _phrase(seed: str, match: Match, _shown: str) -> tuple[str, str]:
    method, target, gain = match.cure.method.label, match.burden.target.label, match.burden.weakness.gain
    title = choose(
        seed,
        (
            f"{capital(method)} for {target}",
            f"Bringing {method} to {target}",
            f"{capital(target)} with {method}",
        ),
    )
    statement = choose(
        f"{seed} statement",
        (
            f"We are the first to bring {method} to {target}, in order to {gain}.",
            f"We are the first to use {method} in {target} to {gain}.",
            f"{capital(method)} and {target} have not met before: we are the first to join them, in "
            f"order to {gain}.",
            f"To {gain}, we are the first to try {method} in {target}.",
        ),
    )
    return title, statement
