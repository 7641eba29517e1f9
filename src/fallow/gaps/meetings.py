"""Whether a method and a subject ever met in a paper."""

from __future__ import annotations

from functools import lru_cache

from fallow.concepts import Concept
from fallow.concepts.mining import key_of
from fallow.gaps.survey import Survey


def never_met(survey: Survey, method: Concept, target: Concept) -> bool:
    """Whether no paper of the survey has both concepts, nor all words of the method in a text on the
    target.
    """
    mine, theirs = parts_of(method.key), parts_of(target.key)
    if mine & theirs - _SHARED or not set(method.papers).isdisjoint(target.papers):
        return False
    modal = mine & _MODALITIES
    speaking = 0
    for number in target.papers:
        paper = survey.papers.get(number)
        if paper is None:
            continue
        words = _paper_words(paper.title, paper.abstract)
        if mine <= words:
            return False
        speaking += modal <= words
    # A method for images is of no use where nobody speaks of images.
    return not modal or speaking * 5 >= len(target.papers)


_MODALITIES = frozenset(
    [
        "image",
        "video",
        "visual",
        "vision",
        "protein",
        "molecular",
        "molecule",
        "speech",
        "acoustic",
        "audio",
        "word",
        "sentence",
        "document",
        "text",
        "lexical",
        "passage",
        "query",
        "code",
        "graph",
        "point",
        "robot",
        "scene",
        "pixel",
        "face",
        "music",
        "language",
        "translation",
        "dialogue",
        "camera",
        "object",
        "web",
    ]
)
_SHARED = frozenset(
    ["model", "learning", "network", "neural", "based", "self", "multi", "language", "long", "high", "large"]
)


@lru_cache(maxsize=20_000)
def parts_of(key: tuple[str, ...]) -> frozenset[str]:
    """The words of a concept's key, hyphened words taken apart."""
    return frozenset(part for word in key for part in word.split("-") if len(part) > 1)


@lru_cache(maxsize=30_000)
def _paper_words(title: str, abstract: str) -> frozenset[str]:
    return parts_of(key_of(f"{title} {abstract[:4000]}"))
