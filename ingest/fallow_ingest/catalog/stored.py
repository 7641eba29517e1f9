"""What the catalog hands out: a paper as the library holds it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import orjson

from fallow_ingest.records import SectionKind, TextOrigin


@dataclass(frozen=True, slots=True)
class StoredPaper:
    """One paper of the library.

    number: its row, stable for the library's life; key: the id people see and type.
    public_by: the latest day consistent with its date, yyyymmdd (99999999 when unknown).
    text_origin: "fallow" means that the abstract is our summary and must be marked so where quoted.
    """

    number: int
    key: str
    title: str
    abstract: str
    authors: tuple[str, ...]
    year: int | None
    date: str
    public_by: int
    venue: str
    categories: tuple[str, ...]
    keywords: tuple[str, ...]
    url: str
    source: str
    text_origin: TextOrigin
    status: str
    content_hash: str
    ids: dict[str, str]

    @property
    def first_author(self) -> str:
        """Family name of the first author, or ""."""
        return family_name(self.authors[0]) if self.authors else ""

    @property
    def citation(self) -> str:
        """Short mention for people: "Vaswani et al. (2017)", and whether the paper still counts."""
        if not self.authors:
            name = self.title[:40]
        elif len(self.authors) == 1:
            name = self.first_author
        elif len(self.authors) == 2:
            name = f"{self.first_author} and {family_name(self.authors[1])}"
        else:
            name = f"{self.first_author} et al."
        status = f", {self.status}" if self.status else ""
        return f"{name} ({self.year or 'n.d.'}{status})"


@dataclass(frozen=True, slots=True)
class StoredSection:
    """One section of a stored paper, in reading order."""

    number: int
    paper: int
    position: int
    heading: str
    kind: SectionKind
    text: str


@dataclass(frozen=True, slots=True)
class StoredReview:
    """One part of a review of a stored paper: a reviewer's words.

    number: its row, the same as long as its text is.
    """

    number: int
    paper: int
    source: str
    key: str
    part: str
    signature: str
    date: str
    rating: float | None
    text: str


@dataclass(frozen=True, slots=True)
class StoredContext:
    """The sentence in which one stored paper speaks of another.

    section: position in the sections that `source` gave of the citing paper (-1: unknown); start, end:
    characters into that section's text (-1: unknown).
    """

    citing: int
    cited: int
    source: str
    section: int
    start: int
    end: int
    text: str
    intents: tuple[str, ...]


# Of the papers table under the alias p.
PAPER_COLUMNS = (
    "number, p.key, title, abstract, authors, year, date, public_by, venue, categories, keywords, url, "
    "source, text_origin, status, content_hash, "
    "(SELECT json_group_object(i.scheme, i.value) FROM paper_ids i "
    "WHERE i.paper = p.number) AS ids"
)


def family_name(author: str) -> str:
    """The family name of "Given Family" or "Family, Given".

    >>> family_name("Vaswani, Ashish"), family_name("Ashish Vaswani"), family_name("Plato")
    ('Vaswani', 'Vaswani', 'Plato')
    """
    if "," in author:
        return author.split(",", 1)[0].strip()
    return author.rsplit(None, 1)[-1] if author.strip() else ""


def paper_of(row: sqlite3.Row) -> StoredPaper:
    """The paper of a row selected by PAPER_COLUMNS."""
    return StoredPaper(
        number=row["number"],
        key=row["key"],
        title=row["title"],
        abstract=row["abstract"],
        authors=tuple(orjson.loads(row["authors"])),
        year=row["year"],
        date=row["date"],
        public_by=row["public_by"],
        venue=row["venue"],
        categories=tuple(orjson.loads(row["categories"])),
        keywords=tuple(orjson.loads(row["keywords"])),
        url=row["url"],
        source=row["source"],
        text_origin=row["text_origin"],
        status=row["status"],
        content_hash=row["content_hash"],
        ids=orjson.loads(row["ids"]),
    )
