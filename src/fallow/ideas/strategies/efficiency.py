"""Efficiency: a cost that papers admit, and what cut the like elsewhere, with the numbers of both quotes."""

from __future__ import annotations

from fallow.ideas.idea import Idea
from fallow.ideas.matching import Match, find_matches
from fallow.ideas.material import Material
from fallow.ideas.strategies.joining import joined_ideas
from fallow.ideas.wording import capital, choose
from fallow_ingest.errors import NotEnoughEvidence


class EfficiencyStrategy:
    """A cost in time, memory or calls with headroom, cut by what cut it elsewhere."""

    name = "efficiency"
    evidence = (
        "a cost that two independent groups admit on one subject, a sentence telling what cut the like "
        "on another, and "
        "no paper that joins the two"
    )

    def propose(self, material: Material, *, most: int = 40) -> list[Idea]:
        """Ideas from admitted costs, best first; those with numbers in both quotes before the others."""
        matches = find_matches(material.survey, material.meaning, material.cost_burdens[:60])
        ideas = joined_ideas(material, self.name, matches, _phrase, most)
        if not ideas:
            raise NotEnoughEvidence(
                "No cost of this library can be cut with evidence", f"the strategy needs {self.evidence}"
            )
        return sorted(ideas, key=lambda idea: not idea.headroom.startswith("The admission speaks of"))


def _phrase(seed: str, match: Match, _shown: str) -> tuple[str, str]:
    method, target, gain = match.cure.method.label, match.burden.target.label, match.burden.weakness.gain
    title = choose(seed, (f"Cheaper {target} with {method}", f"{capital(method)} for {target}"))
    statement = choose(
        f"{seed} statement",
        (
            f"We are the first to bring {method} to {target}, in order to {gain}.",
            f"We are the first to {gain} in {target}, by means of {method}.",
            f"To {gain}, we are the first to use {method} in {target}.",
        ),
    )
    return title, statement
