"""Is an idea novel? Split into claims, searched claim by claim, judged with quotes and calibrated numbers."""

from fallow.novelty.check import check_novelty
from fallow.novelty.claims import split_claims
from fallow.novelty.idea_text import IdeaText, read_idea
from fallow.novelty.verdict import Claim, Evidence, Facet, Neighbour, Outcome, Relation, SearchTrace, Verdict

__all__ = [
    "Claim",
    "Evidence",
    "Facet",
    "IdeaText",
    "Neighbour",
    "Outcome",
    "Relation",
    "SearchTrace",
    "Verdict",
    "check_novelty",
    "read_idea",
    "split_claims",
]
