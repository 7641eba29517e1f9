"""How quotes are shown: between quotation marks, and marked where the words are ours."""

from __future__ import annotations

OUR_SUMMARY = "our summary, not the authors' words"


def marked_quote(text: str, origin: str) -> str:
    """The quote as every screen shows it.

    >>> print(marked_quote("It is slow.", "authors"), marked_quote("It is slow.", "fallow"))
    “It is slow.” “It is slow.” [our summary, not the authors' words]
    """
    quote = f"“{' '.join(text.split())}”"
    return quote if origin == "authors" else f"{quote} [{OUR_SUMMARY}]"
