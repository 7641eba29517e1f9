"""Quotes: the words of a paper with the place they stand at, checked against what the library holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fallow_ingest.catalog import Catalog, StoredPaper
from fallow_ingest.errors import BadInput

Teller = Literal["authors", "fallow", "reviewer"]
"""Whose words: the authors', our summary's, or those of a reviewer of the paper."""

MARKS: dict[Teller, str] = {
    "authors": "",
    "fallow": "our summary, not the authors' words",
    "reviewer": "a reviewer's words, not the authors'",
}
"""What every quote is marked with where it shows."""

TITLE = 0
"""The `section` of a quote from a title: stored sections are numbered from 1, None is the abstract."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a paper, or of a review of it.

    section: number of a stored section, None for the abstract, TITLE for the title.
    start, end: offsets in characters into that text. origin: "fallow" when the text is our summary.
    review: number of a stored review part, whose text then counts instead; origin is "reviewer".
    """

    paper: int
    section: int | None
    start: int
    end: int
    text: str
    origin: Teller
    review: int | None = None


def quote_at(
    catalog: Catalog, paper: int, section: int | None, start: int, end: int, *, review: int | None = None
) -> Quote:
    """The quote that stands at these offsets.

    Raises PaperUnknown, or BadInput when the offsets lie outside the text.
    """
    text, origin = _text_of(catalog, paper, section, review)
    if not 0 <= start < end <= len(text):
        raise BadInput(
            f"Characters {start} to {end} lie outside {place_name(catalog, section, review)} "
            f"of paper {paper}, which has {len(text)}",
            "read the text again and take offsets from there",
        )
    return Quote(paper, section, start, end, text[start:end], origin, review)


def check_quote(catalog: Catalog, quote: Quote) -> bool:
    """Whether the quote stands at its offsets in the stored text, exact after white space is collapsed.

    False, never an error, for a paper, section or review that is gone, offsets outside the text, no words at
    all, a section or review of another paper, or words of ours or a reviewer passed off as the authors'.
    """
    held = catalog.papers_by_number([quote.paper])
    if quote.paper not in held or not 0 <= quote.start < quote.end:
        return False
    try:
        text, origin = _text_of(catalog, quote.paper, quote.section, quote.review)
    except BadInput:
        return False
    words = quote.text.split()
    if not words or quote.end > len(text) or origin != quote.origin:
        return False
    return text[quote.start : quote.end].split() == words


def source_of(paper: StoredPaper, origin: Teller) -> str:
    """Who is quoted: "Ash and Birch (2024)", or "a reviewer of Ash and Birch (2024) (ICLR 2024 poster)"."""
    if origin != "reviewer":
        return paper.citation
    return f"a reviewer of {paper.citation}{f' ({paper.venue[:80]})' if paper.venue else ''}"


def place_name(catalog: Catalog, section: int | None, review: int | None = None) -> str:
    """Where a quote stands, in words: "abstract", "title", the section's heading, or "a review"."""
    if review is not None:
        return "a review"
    if section is None:
        return "abstract"
    if section == TITLE:
        return "title"
    stored = catalog.section(section)
    return f"section “{stored.heading}”" if stored and stored.heading else f"section {section}"


def _text_of(catalog: Catalog, paper: int, section: int | None, review: int | None) -> tuple[str, Teller]:
    """The stored text and whose words it is.

    Raises PaperUnknown, BadInput for a section or review of another paper.
    """
    stored = catalog.paper(paper)
    if review is not None:
        part = next((part for part in catalog.reviews(paper) if part.number == review), None)
        if part is None:
            raise BadInput(f"Paper {paper} has no review {review}", "read its reviews again")
        return part.text, "reviewer"
    if section == TITLE:
        return stored.title, "authors"
    if section is None:
        return stored.abstract, stored.text_origin
    found = catalog.section(section)
    if found is None or found.paper != paper:
        raise BadInput(f"Paper {paper} has no section {section}", "read its sections again")
    return found.text, stored.text_origin
