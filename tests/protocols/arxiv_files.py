"""arXiv's files: sources as they were packed, PDFs, and the pages that say there is none."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from protocols.scenarios import Scenario
from protocols.server import EVERYWHERE, Asked, Reply

from fallow_ingest.records import Paper
from fallow_ingest.services import Selection

LATEX = r"""\documentclass{article}
\title{Toys in \LaTeX}
\author{Ada Ash \and Bo Birch}
\begin{document}
\maketitle
\begin{abstract}We teach toys to play, and they learn it.\end{abstract}
\section{Introduction}
Toys idle \cite{ash2026}. We mend that.
\input{limits}
\begin{thebibliography}{9}
\bibitem{ash2026} A. Ash. Idle toys in the house. Journal of Toys, 2026.
\end{thebibliography}
\end{document}
"""
LIMITS = r"""\section{Limitations}
Our toys only speak English. They break when they fall."""

NO_TITLE = r"""\documentclass{article}
\begin{document}
\section{Introduction}
A source that keeps its title to itself, as styles of old did.
\section{Conclusion}
It has text all the same, and enough of it to be read.
\end{document}
"""


def tar_gz(members: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in members.items():
            content = text.encode()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


@cache
def pdf(title: str) -> bytes:
    """A page of a paper; the same bytes each time it is asked for."""
    import pymupdf

    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((120, 80), title, fontsize=17, fontname="hebo")
    page.insert_text((250, 110), "Ada Ash and Bo Birch", fontsize=11)
    y = 150
    for heading, text in (
        ("Abstract", "We print toys, and they are read again from the page that we printed."),
        ("1 Introduction", "Toys on paper keep their words, and lines follow each other down the page."),
        ("2 Limitations", "Our page is small. It holds one toy and not two of them."),
    ):
        page.insert_text((72, y), heading, fontsize=12, fontname="hebo")
        page.insert_text((72, y + 16), text, fontsize=10)
        y += 60
    content: bytes = document.tobytes()
    document.close()
    return content


@dataclass(frozen=True, slots=True)
class FileServer:
    """sources, pdfs: id with version -> bytes; newest: id -> its newest version; withdrawn: ids."""

    sources: Mapping[str, bytes]
    pdfs: Mapping[str, bytes]
    newest: Mapping[str, int] = field(default_factory=dict)
    withdrawn: frozenset[str] = frozenset()

    def __call__(self, asked: Asked) -> Reply:
        found = re.fullmatch(r"/(src|pdf)/(.+?)(?:v(\d+))?", asked.path)
        if not found or asked.query:
            return Reply(404, b"<html>No such page</html>", "text/html")
        kind, value, version = found[1], found[2], int(found[3] or self.newest.get(found[2], 1))
        files = self.sources if kind == "src" else self.pdfs
        body = files.get(value)
        if value in self.withdrawn:
            return Reply(404, b"<html>This paper has been withdrawn</html>", "text/html")
        if body is None:
            return Reply(404, b"<html>Article not found</html>", "text/html")
        suffix = "pdf" if kind == "pdf" else "tar.gz"
        name = f"{value.replace('/', '')}v{version}.{suffix}"
        headers = {"Content-Disposition": f'inline; filename="{name}"', "ETag": f'"{name}"'}
        return Reply(200, body, "application/pdf" if kind == "pdf" else "application/gzip", headers)


def world() -> FileServer:
    printed = pdf("Teaching Printed Toys to Play")
    return FileServer(
        sources={
            "2601.00001": tar_gz({"main.tex": LATEX, "limits.tex": LIMITS}),
            "hep-th/9901001": gzip.compress(LATEX.replace("Toys", "Strings").encode(), mtime=0),
            "2601.00003": printed,
            "2601.00004": gzip.compress(b"%auto-ignore\nThis paper has been withdrawn.", mtime=0),
            "2601.00005": tar_gz({"main.tex": NO_TITLE}),
            "2601.00006": tar_gz({"figure.eps": "%!PS no text"}),
        },
        pdfs={
            "2601.00001": pdf("Toys in LaTeX"),
            "2601.00003": printed,
            "2601.00005": pdf("A Title Only the Page Has"),
            "2601.00006": pdf("Toys Without Their Source"),
        },
        newest={"2601.00001": 3},
        withdrawn=frozenset({"2601.00007"}),
    )


HELD = (
    Paper(
        "arxiv:2601.00001", "Toys in LaTeX", "We teach toys to play.", ids={"arxiv": "2601.00001"}, year=2026
    ),
)

SCENARIOS = [
    Scenario(
        "arxiv-fulltext: sources, PDFs and none",
        "arxiv-fulltext",
        world,
        Selection(
            ids=(
                "2601.00001",
                "hep-th/9901001",
                "2601.00003",
                "2601.00004",
                "2601.00005",
                "2601.00006",
                "2601.00007",
                "2601.99999",
                "P18-1001",
            )
        ),
        5,
        EVERYWHERE,
        HELD,
    ),
]
