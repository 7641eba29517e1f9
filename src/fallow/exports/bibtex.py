"""BibTeX entries with unique keys and TeX's special characters escaped."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, ClassVar

from fallow_ingest.catalog import Catalog, StoredPaper
from fallow_ingest.text.normalise import fold

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


class BibtexExport:
    """One entry a paper; keys are author, year and first word, with a letter where two would meet."""

    name: ClassVar[str] = "bibtex"
    label: ClassVar[str] = "BibTeX"

    def write(self, papers: Iterable[StoredPaper], catalog: Catalog, stream: IO[str]) -> int:
        """Write the entries; returns how many papers."""
        taken: set[str] = set()
        for paper in papers:
            key = _free_key(paper, taken)
            taken.add(key)
            kind = "misc" if paper.venue.casefold() in ("", "arxiv") else "inproceedings"
            stream.write(f"@{kind}{{{key},\n")
            stream.writelines(f"  {name} = {{{value}}},\n" for name, value in _fields(paper))
            stream.write("}\n\n")
        return len(taken)


def tex(text: str) -> str:
    """The text with TeX's special characters escaped.

    >>> print(tex("100% of R&D_x"))
    100\\% of R\\&D\\_x
    """
    return "".join(_SPECIAL.get(character, character) for character in " ".join(text.split()))


def _free_key(paper: StoredPaper, taken: set[str]) -> str:
    words = [word for word in fold(paper.title).split() if len(word) > 3] or ["paper"]
    author = fold(paper.first_author).replace(" ", "") or "anonymous"
    stem = f"{author}{paper.year or ''}{words[0]}"
    key, count = stem, 1
    while key in taken:
        count += 1
        key = f"{stem}{count}"
    return key


def _fields(paper: StoredPaper) -> Iterable[tuple[str, str]]:
    yield "title", f"{{{tex(paper.title)}}}"
    if paper.authors:
        yield "author", " and ".join(tex(author) for author in paper.authors)
    if paper.year:
        yield "year", str(paper.year)
    if paper.venue:
        yield "booktitle" if paper.venue.casefold() != "arxiv" else "howpublished", tex(paper.venue)
    if paper.status:
        yield "note", paper.status.capitalize()
    if "doi" in paper.ids:
        yield "doi", paper.ids["doi"]
    if "arxiv" in paper.ids:
        yield "eprint", paper.ids["arxiv"]
        yield "archiveprefix", "arXiv"
    if "acl" in paper.ids:
        yield "url", f"https://aclanthology.org/{paper.ids['acl']}"
    elif paper.url:
        yield "url", paper.url.replace("{", "").replace("}", "")
