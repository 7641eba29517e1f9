"""How quotes are shown: between quotation marks, and marked where the words are not the authors'."""

from __future__ import annotations

from fallow.evidence import MARKS, Teller

OUR_SUMMARY = MARKS["fallow"]


def marked_quote(text: str, origin: Teller) -> str:
    """The quote as every screen shows it.

    >>> print(marked_quote("It is slow.", "authors"), marked_quote("It is slow.", "fallow"))
    “It is slow.” “It is slow.” [our summary, not the authors' words]
    >>> print(marked_quote("It is slow.", "reviewer"))
    “It is slow.” [a reviewer's words, not the authors']
    """
    mark = MARKS[origin]
    return f"“{' '.join(text.split())}”{f' [{mark}]' if mark else ''}"
