"""The one line in which arXiv's oldest forms keep all authors of a paper."""

from __future__ import annotations

import re

from fallow_ingest.sources import fields as field
from fallow_ingest.text.latex import latex_to_text

_LONGEST_LINE = 500_000
_BETWEEN = re.compile(r"[,;:&]|(?<!\S)and(?!\S)")
_SUFFIX = re.compile(r"(?:jr|sr)\.?|ii|iii|iv", re.IGNORECASE)
_FOR_THE = re.compile(
    r"^(?:(?:on behalf of|for)\s+(?:the\s+)?|the\s+)(?=.*(?:collab|team|group|consorti))", re.IGNORECASE
)
_AND_OTHERS = re.compile(r"(?:(?<!\S)et\.?\s?al|(?<!\S)others)\.?$", re.IGNORECASE)


def authors_of_line(line: str) -> list[str]:
    r"""The names in a line of authors: affiliations in brackets dropped, accents as letters.

    >>> authors_of_line(r"C. Bal\'azs (1), E. L. Ash and A. Oak, Jr. ((1) A Lab, Here)")
    ['C. Balázs', 'E. L. Ash', 'A. Oak Jr.']
    >>> authors_of_line("Toy Collaboration: Bo Birch et al., for the IDLE Collaboration")
    ['Toy Collaboration', 'Bo Birch', 'IDLE Collaboration']
    """
    text = " ".join(line[:_LONGEST_LINE].split())
    text = latex_to_text(_without_brackets(text), drop_braces=True)
    names: list[str] = []
    for part in _BETWEEN.split(text):
        name = _AND_OTHERS.sub("", _FOR_THE.sub("", part.strip())).strip()
        if names and _SUFFIX.fullmatch(name):
            names[-1] += f" {name}"
        elif any(map(str.isalnum, name)):
            names.append(name)
    return names[: field.MOST_AUTHORS + 1]


def _without_brackets(text: str) -> str:
    """The text outside of all brackets; one that is never closed swallows nothing."""
    if text.count("(") != text.count(")"):
        return re.sub(r"\([^()]*\)", " ", text)
    kept: list[str] = []
    depth = 0
    for piece in re.split(r"([()])", text):
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth = max(0, depth - 1)
        elif not depth:
            kept.append(piece)
    return " ".join(kept)
