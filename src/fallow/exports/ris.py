"""RIS, which Zotero, EndNote and Mendeley import."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, ClassVar

from fallow_ingest.catalog import Catalog, StoredPaper


class RisExport:
    """One RIS record a paper."""

    name: ClassVar[str] = "ris"
    label: ClassVar[str] = "RIS (Zotero, EndNote, Mendeley)"

    def write(self, papers: Iterable[StoredPaper], catalog: Catalog, stream: IO[str]) -> int:
        """Write the records; returns how many papers."""
        count = 0
        for paper in papers:
            stream.write("".join(f"{tag}  - {_one_line(value)}\n" for tag, value in _tags(paper)))
            stream.write("ER  - \n\n")
            count += 1
        return count


def _tags(paper: StoredPaper) -> Iterable[tuple[str, str]]:
    preprint = paper.venue.casefold() in ("", "arxiv")
    yield "TY", "UNPB" if preprint else "CPAPER"
    yield "ID", paper.key
    yield "TI", paper.title
    for author in paper.authors:
        yield "AU", author
    if paper.year:
        yield "PY", str(paper.year)
    if paper.date:
        yield "DA", paper.date.replace("-", "/")
    if paper.venue:
        yield "T2", paper.venue
    if "doi" in paper.ids:
        yield "DO", paper.ids["doi"]
    if "arxiv" in paper.ids:
        yield "UR", f"https://arxiv.org/abs/{paper.ids['arxiv']}"
    elif paper.url:
        yield "UR", paper.url
    if paper.abstract:
        note = "" if paper.text_origin == "authors" else "[fallow's summary, not the authors' words] "
        yield "AB", note + paper.abstract
    if paper.status:
        yield "N1", paper.status.capitalize()
    for keyword in paper.keywords:
        yield "KW", keyword


def _one_line(value: str) -> str:
    return " ".join(value.split())
