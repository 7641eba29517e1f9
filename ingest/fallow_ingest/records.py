"""What a source hands to the library: papers, their sections and their references."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

SectionKind = Literal[
    "abstract",
    "introduction",
    "related_work",
    "background",
    "method",
    "data",
    "experiments",
    "results",
    "discussion",
    "limitations",
    "conclusion",
    "future_work",
    "ethics",
    "acknowledgements",
    "references",
    "appendix",
    "other",
]

Status = Literal["", "withdrawn", "retracted", "removed"]
"""withdrawn: by its authors; retracted: by its venue; removed: no source lists it any more."""

TextOrigin = Literal["authors", "fallow"]
"""Whose words abstract and sections are: the authors', or a summary written for the sample library."""


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a paper, in reading order."""

    heading: str
    text: str
    kind: SectionKind = "other"


@dataclass(frozen=True, slots=True)
class CitationContext:
    """The sentence in which a paper speaks of one that it cites.

    section: position in the paper's sections (-1: the source does not say); start, end: characters of the
    sentence in that section's text (-1: unknown). intents: why it is cited, in the source's own words
    ("background", "methodology", "result").
    """

    text: str
    section: int = -1
    start: int = -1
    end: int = -1
    intents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """One entry of a reference list, by whatever is known of it.

    id: as the source gives it ("arxiv:1706.03762", "P18-1001", ...), or "".
    title, year: parsed from the entry when there is no id.
    text: the entry as printed, or "". contexts: where the paper speaks of it.
    """

    id: str = ""
    title: str = ""
    year: int | None = None
    text: str = ""
    contexts: tuple[CitationContext, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """That one paper cites another, told apart from both papers' records; ids as the source gives them."""

    citing: str
    cited: str
    contexts: tuple[CitationContext, ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """One part of a public review of a paper: a reviewer's words, not the authors'.

    key: the review's own id in its source; part: the form's field ("weaknesses", "limitations",
    "questions", ...); signature: who says it, as the venue shows it; date: the day it became public, or "";
    rating: on the venue's own scale.
    """

    key: str
    part: str
    text: str
    signature: str = ""
    date: str = ""
    rating: float | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper as one source tells it.

    key: the source's own id with its scheme, e.g. "acl:P18-1001"; unique within the source.
    date: first public day as YYYY, YYYY-MM or YYYY-MM-DD ("" when unknown).
    ids: scheme -> value, e.g. {"arxiv": "1706.03762", "doi": "10.1000/x"}; the key need not be repeated.
    version: the source's version of the record ("v2", a timestamp, ...), "" when it has none.
    status: "", or why the paper does not count as a result any more.
    extra: everything else the source said, kept as it came.
    """

    key: str
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    year: int | None = None
    date: str = ""
    venue: str = ""
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    sections: tuple[Section, ...] = ()
    reviews: tuple[Review, ...] = ()
    url: str = ""
    version: str = ""
    status: Status = ""
    text_origin: TextOrigin = "authors"
    extra: Mapping[str, object] = field(default_factory=dict)
