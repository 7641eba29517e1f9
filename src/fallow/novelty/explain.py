"""Plain sentences about a check: the nearest papers, the reasons, and what would make the idea the first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fallow.novelty.calibration import Calibration
from fallow.novelty.features import CROWD
from fallow.novelty.idea_text import IdeaText
from fallow.novelty.scoring import Coverage, Scored
from fallow.novelty.verdict import CORE_FACETS, Claim, Neighbour
from fallow.novelty.words import root
from fallow_index.tokens import tokenise
from fallow_ingest.catalog import StoredPaper

NEAREST = 5
CROWDED = 0.62
"""Mean cosine of the nearest papers from which a neighbourhood is called crowded (top tenth of core)."""
_WORDS_SHOWN = 5


def mention(paper: StoredPaper) -> str:
    """How a paper is named in a sentence: “Title” (Author et al. 2017, arxiv:1706.03762)."""
    who, _, year = paper.citation.rpartition(" (")
    return f"“{paper.title}” ({who} {year.removesuffix(')')}, {paper.key})"


def nearest(scored: Scored, idea: IdeaText, calibration: Calibration) -> tuple[Neighbour, ...]:
    """The NEAREST papers, by what they cover together and how near they are as a whole."""
    ranked = sorted(
        scored.rows,
        key=lambda row: (-(0.5 * scored.mean(row) + float(row.paper[0])), row.candidate.paper.number),
    )
    surface = surfaces(idea.text)
    return tuple(_neighbour(row, scored, surface, calibration) for row in ranked[:NEAREST])


def _neighbour(row: Coverage, scored: Scored, surface: dict[str, str], calibration: Calibration) -> Neighbour:
    shared = _claims(scored, row, calibration, covered=True)
    missing = _claims(scored, row, calibration, covered=False)
    present = [t for t in scored.claim_terms[0] if root(t) in row.candidate.terms]
    absent = [t for t in scored.claim_terms[0] if root(t) not in row.candidate.terms]
    common = shown_words(present, scored, surface, "and")
    own = shown_words(absent, scored, surface, "or")
    overlaps = f"the same {_named(shared)}" if shared else f"the words {common}" if common else "little"
    if missing:
        differs = f"does not cover the {_named(missing)}" + (f"; never says {own}" if own else "")
    elif own:
        differs = f"never says {own}"
    else:
        differs = "no difference that the rules can see"
    return Neighbour(
        row.candidate.paper.number,
        round(float(row.paper[0]), 4),
        round(scored.joint(row), 4),
        overlaps,
        differs,
    )


def _claims(scored: Scored, row: Coverage, calibration: Calibration, *, covered: bool) -> list[Claim]:
    return [
        claim
        for at, claim in enumerate(scored.claims)
        if claim.facet in CORE_FACETS and (row.score[at] >= calibration.falls) == covered
    ]


def _named(claims: Sequence[Claim]) -> str:
    """“problem “rare words” and method “subword units””, at most three."""
    return listed([f"{claim.facet} “{shorten(claim.text)}”" for claim in claims[:3]])


def listed(parts: Sequence[str], last: str = "and") -> str:
    """Items as people list them: "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}" if parts else ""


def shorten(text: str, most: int = 70) -> str:
    """The text, cut at a word when long."""
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0] + " …"


def surfaces(text: str) -> dict[str, str]:
    """Index term -> the word of the text that it came from."""
    found: dict[str, str] = {}
    for word in text.split():
        for term in tokenise(word):
            found.setdefault(term, word.strip(".,;:!?()[]\"“”'*"))
    return found


def shown_words(terms: Iterable[str], scored: Scored, surface: dict[str, str], last: str) -> str:
    """The weightiest of the terms as words, "“x”, “y” or “z”" (`last`: or); each word once."""
    ranked = sorted(terms, key=lambda term: (-scored.weights.get(term, 0.0), term))
    words = list(dict.fromkeys(surface[term] for term in ranked if term in surface))
    return listed([f"“{word}”" for word in words[:_WORDS_SHOWN]], last)


def novel_reasons(scored: Scored, neighbours: Sequence[Neighbour], density: float) -> list[str]:
    """Why nothing found makes the idea old."""
    best = scored.rows[0] if scored.rows else None
    if best is None:
        return ["No paper of the library comes near the idea."]
    facets = [claim for claim in scored.claims if claim.facet in CORE_FACETS]
    what = f"the {_named(facets)} together" if len(facets) > 1 else "the idea as a whole"
    reasons = [f"No paper that was read covers {what}."]
    if density >= CROWDED:
        reasons.append(
            f"The neighbourhood is crowded (mean cosine of the next {CROWD} papers {density:.2f}) but "
            "different: being near many papers is not being one of them."
        )
    if neighbours:
        named = {row.candidate.paper.number: row.candidate.paper for row in scored.rows}
        near = neighbours[0]
        reasons.append(
            f"Nearest is {mention(named[near.paper])}: it shares {near.overlaps}; it {near.differs}."
        )
    return reasons


def first_of_its_kind(scored: Scored, calibration: Calibration) -> str:
    """The smallest joining of facets that no paper read covers, in a sentence; "" if there is none."""
    core = [(at, claim) for at, claim in enumerate(scored.claims) if claim.facet in CORE_FACETS]
    pairs = [
        (max((float(min(row.score[a], row.score[b])) for row in scored.rows), default=0.0), one, other)
        for i, (a, one) in enumerate(core)
        for b, other in core[i + 1 :]
        if one.facet != other.facet
    ]
    open_pairs = [pair for pair in pairs if pair[0] < calibration.falls]
    if open_pairs:
        _, one, other = min(open_pairs, key=lambda pair: pair[0])
        return (
            f"No paper that was read joins the {one.facet} “{shorten(one.text)}” with the {other.facet} "
            f"“{shorten(other.text)}”: claim that, and show what the one gives the other."
        )
    return ""
