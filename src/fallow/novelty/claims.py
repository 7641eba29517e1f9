"""Splitting an idea into checkable claims by rules: whole, problem, method, setting, finding, and "first".

The rules read what authors of machine-learning and language papers write: "we propose X for Y", "Y using X",
"apply X to Y", "on Z data", "outperforms W", "the first to V". A claim's text is always the idea's own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fallow.novelty import cues
from fallow.novelty.idea_text import IdeaSentence, IdeaText
from fallow.novelty.verdict import Claim, Facet
from fallow.novelty.words import content_terms

MOST_CLAIMS: dict[Facet, int] = {"problem": 2, "method": 3, "setting": 1, "finding": 1, "first": 1}
LONGEST_CLAIM = 160
"""Characters; a phrase that goes on longer is cut at a word."""
SHORT_IDEA = 3
"""Ideas of so few sentences are all contribution."""
FEW_TERMS = 14
"""Content words of an idea up to which a single word may be a claim."""


@dataclass(frozen=True, slots=True)
class _Phrase:
    facet: Facet
    text: str


def split_claims(idea: IdeaText) -> tuple[Claim, ...]:
    """The idea's claims: first the whole, then what its phrases claim, facet by facet.

    >>> from fallow.novelty.idea_text import read_idea
    >>> for claim in split_claims(read_idea("We use subword units for rare words in machine translation.")):
    ...     print(claim.id, claim.facet, "|", claim.text)
    1 whole | We use subword units for rare words in machine translation.
    2 problem | rare words in machine translation
    3 method | subword units
    """
    phrases: list[_Phrase] = []
    for sentence in _contributions(idea.sentences):
        phrases.extend(_of_sentence(sentence, alone=len(idea.sentences) <= SHORT_IDEA))
    if idea.title and not {"problem", "method"} <= {phrase.facet for phrase in phrases}:
        phrases = [*_phrases(cues.NAME.sub("", idea.title), title=True), *phrases]
    claims = [Claim(1, "whole", idea.text[:2000])]
    fewest = 1 if len(content_terms(idea.text)) <= FEW_TERMS else 2
    for facet, most in MOST_CLAIMS.items():
        for text in _distinct([p.text for p in phrases if p.facet == facet], fewest)[:most]:
            claims.append(Claim(len(claims) + 1, facet, text))
    return tuple(claims)


def _contributions(sentences: Sequence[IdeaSentence]) -> list[IdeaSentence]:
    """The sentences that say what is done, for which problem and what comes of it."""
    if len(sentences) <= SHORT_IDEA:
        return list(sentences)
    said = [
        s
        for s in sentences
        if s.hint
        or cues.FIRST.search(s.text)
        or (
            (cues.CONTRIBUTION.search(s.text) or cues.IMPERATIVE.match(s.text))
            and not cues.BACKGROUND.search(s.text)
        )
    ]
    return (
        said or [s for s in sentences if not cues.BACKGROUND.search(s.text)] or list(sentences[:SHORT_IDEA])
    )


def _of_sentence(sentence: IdeaSentence, *, alone: bool) -> Iterator[_Phrase]:
    text = sentence.text.strip()
    if sentence.hint in ("problem", "setting", "finding"):
        yield _Phrase(sentence.hint, _trim(text))
        return
    first = cues.FIRST.search(text)
    if first:
        yield _Phrase("first", _trim(text[first.start() :]))
    if cues.EVALUATION.search(text):
        yield from (phrase for phrase in _phrases(text) if phrase.facet == "setting")
        return
    if cues.FINDING.search(text) and not first:
        yield _Phrase("finding", _trim(text))
        if not cues.LEAD.match(text):
            return
    found = list(_phrases(cues.NAME.sub("", text), title=alone))
    if sentence.hint == "method":
        # What stands under "Method" is the method, whatever its verbs say.
        yield _Phrase("method", _trim(text))
        found = [phrase for phrase in found if phrase.facet == "setting"]
    yield from found


def _phrases(sentence: str, *, title: bool = False) -> Iterator[_Phrase]:
    """Problem, method and setting phrases of one sentence or title."""
    lead = cues.LEAD.match(sentence)
    rest = sentence[lead.end() :] if lead else sentence
    clause = cues.CUT.split(rest, maxsplit=1)[0] or rest
    marks = list(_marks(clause, with_means=False))
    facets = {facet for facet, _, _ in marks}
    head_facet = _head_facet(lead, facets, title=title)
    if head_facet == "problem" and "method" not in facets:
        # "Y with X": only where nothing else says what the method is.
        marks = list(_marks(clause, with_means=True))
    head = clause[: marks[0][1]] if marks else clause
    if lead and lead["problem"] and not cues.PLAIN_VERB.match(lead["problem"]):
        head = f"{lead['problem']} {head}"
    for facet, text in _halves(head, head_facet, lead, facets):
        if content_terms(text):
            yield _Phrase(facet, _trim(text))
    for at, (facet, _, end) in enumerate(marks):
        stop = marks[at + 1][1] if at + 1 < len(marks) else len(clause)
        if content_terms(clause[end:stop]):
            yield _Phrase(facet, _trim(clause[end:stop]))


def _head_facet(lead: re.Match[str] | None, facets: set[Facet], *, title: bool) -> Facet | None:
    """What stands before the first mark: "X for Y" is a method, "X using Y" a problem."""
    if lead and lead["problem"]:
        return "problem"
    if "problem" in facets or (lead and lead["method"] and "method" not in facets):
        return "method"
    return "problem" if "method" in facets or title else None


def _halves(
    head: str, facet: Facet | None, lead: re.Match[str] | None, facets: set[Facet]
) -> list[tuple[Facet, str]]:
    """The head as one phrase, or as two where the verb joins method and problem: "apply X to Y"."""
    if facet is None:
        return []
    verb = lead["method"] if lead else None
    if facet == "method" and "problem" not in facets and verb and cues.INTO_VERBS.match(verb):
        halves = cues.INTO.split(head, maxsplit=1)
        if len(halves) == 2 and all(map(content_terms, halves)):
            return [("method", halves[0]), ("problem", halves[1])]
    return [(facet, head)]


def _marks(clause: str, *, with_means: bool) -> Iterator[tuple[Facet, int, int]]:
    """(facet, start, end) of the words that open a phrase; "in", "on", ... only before a setting."""
    for mark in cues.MARK.finditer(clause):
        if mark["method"] or (mark["joined"] and with_means and content_terms(clause[: mark.start()])):
            yield "method", mark.start(), mark.end()
        elif mark["problem"]:
            if not cues.NOT_PURPOSE.search(clause[: mark.start()]):
                yield "problem", mark.start(), mark.end()
        elif mark["setting"] and mark.start() > 0:
            following = cues.MARK.search(clause, mark.end())
            segment = clause[mark.end() : following.start() if following else len(clause)]
            if len(segment.split()) <= 10 and cues.SETTING_NOUN.search(segment):
                yield "setting", mark.start(), mark.end()


def _trim(text: str) -> str:
    """Without articles and punctuation around it, cut at a word when long."""
    text = text.strip(" \t,.;:!?()[]\"“”'")
    text = cues.ARTICLE.sub("", text)
    if len(text) > LONGEST_CLAIM:
        text = text[:LONGEST_CLAIM].rsplit(" ", 1)[0]
    return text


def _distinct(texts: Sequence[str], fewest: int) -> list[str]:
    """Without texts of fewer than `fewest` content words and those whose words an earlier one already has."""
    kept: list[str] = []
    seen: list[set[str]] = []
    for text in texts:
        terms = set(content_terms(text))
        if len(terms) >= fewest and not any(terms <= other for other in seen):
            kept.append(text)
            seen.append(terms)
    return kept
