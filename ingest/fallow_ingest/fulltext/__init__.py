"""Full text of papers in the formats that authors and publishers write: LaTeX source, JATS, TEI, S2ORC."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a text: tables of names are written that way."""
    return frozenset(text.split())
