"""Replies to a submission: whose they are, and what reviewers say in the forms of two dozen venues."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fallow_ingest.records import Review
from fallow_ingest.services.openreview.values import content_of, day_of, is_public
from fallow_ingest.sources.fields import Notes
from fallow_ingest.text.normalise import plain

LONGEST_PART = 60_000
"""Characters of one field of a review."""
MOST_PARTS = 2_000
"""Of all reviews of one submission."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a venue calls its kinds of replies: the last part of their invitations."""

    review: str = "Official_Review"
    meta_review: str = "Meta_Review"
    decision: str = "Decision"


DEFAULT_NAMES = Names()

# Field of a form -> part of a review, where a form has its own name for what others call otherwise.
# ICLR 2018-2026, NeurIPS 2021-2025, ICML 2025, TMLR, ARR and the default form.
_PARTS = {
    "summary_of_the_paper": "summary",
    "paper_summary": "summary",
    "summary_of_contributions": "summary",
    "summary_of_strengths": "strengths",
    "summary_of_weaknesses": "weaknesses",
    "strength_and_weaknesses": "strengths_and_weaknesses",
    "other_strengths_and_weaknesses": "strengths_and_weaknesses",
    "questions_for_authors": "questions",
    "limitations_and_societal_impact": "limitations",
    "main_review": "review",
    "comments_suggestions_and_typos": "comments",
    "other_comments_or_suggestions": "comments",
    "metareview": "meta_review",
    "metareview:_summary,_strengths_and_weaknesses": "meta_review",
    "comment": "comments",
}
_KNOWN = frozenset(_PARTS.values()) | {
    "requested_changes", "claims_and_evidence", "methods_and_evaluation_criteria", "theoretical_claims",
    "experimental_designs_or_analyses", "relation_to_broader_scientific_literature",
    "essential_references_not_discussed", "broader_impact_concerns", "ethical_concerns",
    "clarity_quality_novelty_and_reproducibility", "summary_of_the_review", "supplementary_material",
    "best_paper_justification", "justification_for_why_not_higher_score",
    "justification_for_why_not_lower_score", "additional_comments_on_reviewer_discussion",
    "final_justification", "details_of_ethics_concerns", "audience", "quality", "clarity", "significance",
    "originality",
}  # fmt: skip
# Scales, boxes that are ticked and headings: nothing is said in them that the library keeps as words.
_NO_WORDS = frozenset({
    "title", "rating", "recommendation", "overall_recommendation", "overall_assessment", "final_rating",
    "confidence", "soundness", "presentation", "contribution", "excitement", "correctness",
    "technical_novelty_and_significance", "empirical_novelty_and_significance", "reproducibility",
    "datasets", "software", "code_of_conduct", "code_of_ethics", "flag_for_ethics_review",
    "ethics_review_area", "needs_ethics_review", "ethics_flag", "first_time_reviewer", "decision",
    "reviewing_experience", "reviewer_certification", "mandatory_acknowledgement", "llm_usage_policy",
    "responsible_reviewing_acknowledgement", "ethical_issues", "code_and_software", "expertise", "award",
    "certification_recommendations", "experience_assessment",
    "checking_correctness_of_derivations_and_theory", "checking_correctness_of_experiments",
    "limitations_and_societal_impact_addressed", "final_decision",
})  # fmt: skip
_RATINGS = (
    "rating",
    "final_rating",
    "recommendation",
    "overall_recommendation",
    "overall_assessment",
    "score",
)
_NUMBER = re.compile(r"\s*(-?\d{1,6}(?:\.\d{1,6})?)")
_SCALE = re.compile(r"\s*-?\d{1,3}(?:\.\d{1,3})?\s*(?:[:.–-].{0,300}|\w{0,20})?", re.DOTALL)
_REVIEWER = re.compile(
    r"(?:Anon)?Reviewer_?\w{0,20}|Area_?Chair_?\w{0,20}|Program_Chairs?|Action_Editors?\w{0,20}"
)
_NAME = re.compile(r"[^a-z0-9]+")


def reviews_of(
    replies: Sequence[Mapping[str, object]], names: Names, forum_day: str, notes: Notes
) -> tuple[Review, ...]:
    """Parts of all public reviews and meta reviews, in the order of the replies.

    What authors answer, what anybody comments, and replies that not everybody may read are none.
    forum_day: the day the submission became public, "" when unknown.
    """
    parts: list[Review] = []
    for reply in replies:
        kind = _kind_of(reply, names)
        if not kind:
            continue
        if not is_public(reply):
            notes.add("confidential reply left out")
            continue
        parts += _parts_of(reply, kind, forum_day, notes)
        if len(parts) > MOST_PARTS:
            notes.add("reviews cut")
            return tuple(parts[:MOST_PARTS])
    return tuple(parts)


def decision_of(replies: Sequence[Mapping[str, object]], names: Names) -> str:
    """The public decision in the venue's words ("Accept (poster)"), "" when there is none."""
    for reply in replies:
        if _kind_of(reply, names) != "decision" or not is_public(reply):
            continue
        content = content_of(reply)
        for name in ("decision", "recommendation", "final_decision"):
            said = content.get(name)
            if isinstance(said, str) and said.strip():
                return plain(said[:200])
    return ""


def last_parts(reply: Mapping[str, object]) -> list[str]:
    """The last parts of a reply's invitations: what kind of note it is, in the venue's words."""
    several = reply.get("invitations")
    told = several[:50] if isinstance(several, list) else [reply.get("invitation")]
    # Until 2019 the paper stood last but one: .../-/Paper12/Official_Review
    return [invitation.rsplit("/", 1)[-1] for invitation in told if isinstance(invitation, str)]


def rating_of(content: Mapping[str, object]) -> float | None:
    """The first number of the form's overall rating, None without one.

    >>> rating_of({"rating": "8: accept, good paper"}), rating_of({"recommendation": "6: marginally above"})
    (8.0, 6.0)
    >>> rating_of({"overall_assessment": 2.5}), rating_of({"rating": "Good"}), rating_of({})
    (2.5, None, None)
    """
    for name in _RATINGS:
        value = content.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            found = _NUMBER.match(str(value)[:40])
            if found:
                return float(found[1])
    return None


def _kind_of(reply: Mapping[str, object], names: Names) -> str:
    """ "review", "meta_review", "decision", or "" for everything else."""
    ends = last_parts(reply)
    if _signature(reply).endswith("Authors"):
        return ""
    for kind, name in (
        ("review", names.review),
        ("meta_review", names.meta_review),
        ("decision", names.decision),
        ("review", DEFAULT_NAMES.review),
        ("meta_review", DEFAULT_NAMES.meta_review),
        ("decision", DEFAULT_NAMES.decision),
        ("review", "Review"),
        ("decision", "Acceptance_Decision"),
    ):
        if name in ends:
            return kind
    return ""


def _parts_of(reply: Mapping[str, object], kind: str, forum_day: str, notes: Notes) -> Iterator[Review]:
    key = reply.get("id")
    if not isinstance(key, str) or not 0 < len(key) <= 80:
        notes.add("review without id left out")
        return
    content = content_of(reply)
    signature = _signature(reply)
    date = _day_of_words(reply, forum_day)
    rating = rating_of(content) if kind == "review" else None
    taken: set[str] = set()
    for name, value in list(content.items())[:200]:
        own = _NAME.sub("_", name.lower()).strip("_")[:80]
        if name.lower() in _NO_WORDS or own in _NO_WORDS or not isinstance(value, str) or not own:
            continue
        part = _PARTS.get(name.lower(), own)
        if kind != "review":
            part = "meta_review" if part in ("comments", "meta_review") else part
        elif part not in _KNOWN:
            if _SCALE.fullmatch(value[:400]):
                continue
            notes.add(f"review field kept under its own name: {own}")
        text = prose_of(value, notes)
        part = own if part in taken else part
        if not text or part in taken:
            continue
        taken.add(part)
        yield Review(key, part, text, signature if _REVIEWER.fullmatch(signature) else "", date, rating)


def prose_of(value: str, notes: Notes) -> str:
    """A reviewer's text: plain within its lines, which stay, since lists are written in them."""
    if len(value) > 2 * LONGEST_PART:
        value = value[: 2 * LONGEST_PART]
        notes.add("review cut")
    lines: list[str] = []
    for line in value.splitlines():
        cleaned = plain(line)
        if cleaned or (lines and lines[-1]):
            lines.append(cleaned)
    text = "\n".join(lines).strip()
    if len(text) > LONGEST_PART:
        notes.add("review cut")
        text = text[:LONGEST_PART].rstrip()
    return text


def _signature(reply: Mapping[str, object]) -> str:
    signatures = reply.get("signatures")
    first = signatures[0] if isinstance(signatures, list) and signatures else ""
    return first.rsplit("/", 1)[-1] if isinstance(first, str) else ""


def _day_of_words(reply: Mapping[str, object], forum_day: str) -> str:
    """The first day on which these words are known to have been public, "" when OpenReview does not say.

    Reviews are written behind closed doors, opened to everybody later by a change of their readers, and
    edited after the discussion: the last change is the earliest day for which the text can be vouched.
    """
    for name in ("mdate", "tmdate", "cdate", "tcdate"):
        if day := day_of(reply.get(name)):
            return max(day, day_of(reply.get("odate")), forum_day)
    return ""
