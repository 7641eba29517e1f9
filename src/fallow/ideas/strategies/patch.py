"""Patch: an open need, and a technique that fixed the like elsewhere by its own paper's account."""

from __future__ import annotations

from fallow.ideas.idea import Idea
from fallow.ideas.matching import Match, find_patches
from fallow.ideas.material import Material
from fallow.ideas.strategies.joining import joined_ideas
from fallow.ideas.wording import capital, choose
from fallow_ingest.errors import NotEnoughEvidence


class PatchStrategy:
    """An open need with a quote, and the technique with which a later paper met the same need elsewhere."""

    name = "patch"
    evidence = (
        "a weakness admitted on one subject and not answered since, and a paper on another subject that "
        "names the same "
        "weakness in earlier work and tells what it does instead"
    )

    def propose(self, material: Material, *, most: int = 40) -> list[Idea]:
        """Ideas from unanswered admissions, best first."""
        matches = find_patches(material.survey, material.meaning, material.open_burdens[:120])
        ideas = joined_ideas(material, self.name, matches, _phrase, most)
        if not ideas:
            raise NotEnoughEvidence(
                "No open need of this library has a known patch elsewhere",
                f"the strategy needs {self.evidence}",
            )
        return ideas


def _phrase(seed: str, match: Match, shown: str) -> tuple[str, str]:
    method, target, weakness = match.cure.method.label, match.burden.target.label, match.burden.weakness
    home = f" for {match.cure.home.label}" if match.cure.home else " elsewhere"
    title = choose(seed, (f"{capital(method)} as a patch for {target}", f"{capital(method)} for {target}"))
    statement = choose(
        f"{seed} statement",
        (
            f"We are the first to counter {weakness.trouble} in {target} with {method}, as {shown} "
            f"did{home}.",
            f"What {shown} did{home}, we are the first to try in {target}: {method}, in order to "
            f"{weakness.gain}.",
        ),
    )
    return title, statement
