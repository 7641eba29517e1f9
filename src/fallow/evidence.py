"""Quotes: the words of a paper with the place they stand at, checked against what the library holds."""

from __future__ import annotations

from dataclasses import dataclass

from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput
from fallow_ingest.records import TextOrigin

TITLE = 0
"""The `section` of a quote from a title: stored sections are numbered from 1, None is the abstract."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a paper.

    section: number of a stored section, None for the abstract, TITLE for the title.
    start, end: offsets in characters into that text. origin: "fallow" when the text is our summary.
    """

    paper: int
    section: int | None
    start: int
    end: int
    text: str
    origin: TextOrigin


def quote_at(catalog: Catalog, paper: int, section: int | None, start: int, end: int) -> Quote:
    """The quote that stands at these offsets.

    Raises PaperUnknown, or BadInput when the offsets lie outside the text.
    """
    text, origin = _text_of(catalog, paper, section)
    if not 0 <= start < end <= len(text):
        raise BadInput(
            f"Characters {start} to {end} lie outside {place_name(catalog, section)} of paper {paper}, "
            f"which has {len(text)}",
            "read the sections again and take offsets from there",
        )
    return Quote(paper, section, start, end, text[start:end], origin)


def check_quote(catalog: Catalog, quote: Quote) -> bool:
    """Whether the quote stands at its offsets in the stored text, exact after white space is collapsed.

    False, never an error, for a paper or section that is gone, offsets outside the text, no words at all, a
    section of another paper, or a summary of ours passed off as the authors' words.
    """
    held = catalog.papers_by_number([quote.paper])
    if quote.paper not in held or not 0 <= quote.start < quote.end:
        return False
    try:
        text, origin = _text_of(catalog, quote.paper, quote.section)
    except BadInput:
        return False
    words = quote.text.split()
    if not words or quote.end > len(text) or origin != quote.origin:
        return False
    return text[quote.start : quote.end].split() == words


def place_name(catalog: Catalog, section: int | None) -> str:
    """Where a quote stands, in words: "abstract", "title" or the section's heading."""
    if section is None:
        return "abstract"
    if section == TITLE:
        return "title"
    stored = catalog.section(section)
    return f"section “{stored.heading}”" if stored and stored.heading else f"section {section}"


def _text_of(catalog: Catalog, paper: int, section: int | None) -> tuple[str, TextOrigin]:
    """The stored text and whose words it is. Raises PaperUnknown, BadInput for a section of another paper."""
    stored = catalog.paper(paper)
    if section == TITLE:
        return stored.title, "authors"
    if section is None:
        return stored.abstract, stored.text_origin
    found = catalog.section(section)
    if found is None or found.paper != paper:
        raise BadInput(f"Paper {paper} has no section {section}", "read its sections again")
    return found.text, stored.text_origin
