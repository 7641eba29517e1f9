"""Full text from arXiv: the LaTeX source where there is one, else the PDF. One paper is one page."""

from __future__ import annotations

import hashlib
import re
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from fallow_ingest.errors import AnswerTooLarge, SourceUnsupported
from fallow_ingest.records import Paper
from fallow_ingest.services import Cursor, Page, Plan, Selection, endpoint
from fallow_ingest.services.arxiv import ARXIV_FILES, Doubt, Wanted, month_of, not_arxiv, wanted_of
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.web.client import Client
from fallow_ingest.web.exchange import Answer, BadAnswer, Request

if TYPE_CHECKING:
    from fallow_ingest.sources.pdf_reader import PdfReader

LARGEST_FILE = 100 * 2**20
"""Bytes of a source or PDF; arXiv itself takes 50 MB."""

LARGEST_UNPACKED = 256 * 2**20
SECONDS_A_FILE = 2.0

_GZIP, _PDF = b"\x1f\x8b", b"%PDF-"
_WEB_PAGE = re.compile(rb"\s*(?:<!doctype html|<html|<\?xml)", re.IGNORECASE)
_NAMED_VERSION = re.compile(r"filename=.*?(v[1-9]\d{0,3})\.", re.IGNORECASE)
_PIECE = 2**16


@dataclass(frozen=True, slots=True)
class _File:
    """What came for one address. body: None where there is nothing; why: the reason then; version: or ""."""

    body: bytes | None
    why: str = ""
    version: str = ""


class ArxivFulltextService:
    """Sections, references and citation contexts of papers asked for by id."""

    name: ClassVar[str] = "arxiv-fulltext"
    label: ClassVar[str] = "arXiv (full text)"
    selects: ClassVar[frozenset[str]] = frozenset({"ids"})
    needs: ClassVar[frozenset[str]] = frozenset({"ids"})
    fresh_days: ClassVar[int] = 365
    id_schemes: ClassVar[tuple[str, ...]] = ("arxiv",)
    once: ClassVar[bool] = True
    origin = ARXIV_FILES

    def __init__(self, *, base: str = "", largest: int = LARGEST_FILE) -> None:
        self.largest = largest
        self.url = base or endpoint("arxiv-fulltext", "https://export.arxiv.org")

    def plan(self, selection: Selection, client: Client | None, *, watermark: str = "") -> Plan:
        """One request a paper at least; without a usable source there is a second one for the PDF."""
        count = len(selection.ids)
        note = "papers without a LaTeX source take a second request; the whole of arXiv is not to be had so"
        return Plan(count, count * SECONDS_A_FILE, count, note=note)

    def harvest(
        self, selection: Selection, client: Client, *, cursor: Cursor | None = None, watermark: str = ""
    ) -> Iterator[Page]:
        """Yield a page for each id, in the order given. Raises ServiceError."""
        first = cursor.get("next", 0) if cursor else 0
        ids = selection.ids
        with _Texts() as texts:
            for position in range((first if isinstance(first, int) else 0) + 1, len(ids) + 1):
                item = self._one(client, texts, ids[position - 1], position)
                yield Page((item,), {"next": position}, last=position == len(ids), total=len(ids))

    def _one(self, client: Client, texts: _Texts, text: str, position: int) -> Read | Skipped:
        wanted = wanted_of(text)
        if wanted is None:
            return not_arxiv(position, text)
        source = self._file(client, f"src/{wanted.asked}")
        told = texts.of_source(source.body, wanted) if source.body is not None else Unreadable(source.why, "")
        pdf = _File(source.body, version=source.version) if _is_pdf(source.body) else None
        if isinstance(told, Unreadable) and told.reason.startswith("withdrawn"):
            return Skipped(position, "withdrawn at arXiv", wanted.asked, told.detail)
        if isinstance(told, Unreadable) or not told.paper.title:
            pdf = pdf or self._file(client, f"pdf/{wanted.asked}")
            printed = texts.of_pdf(pdf.body, wanted) if pdf.body is not None else Unreadable(pdf.why, "")
            told = _better(told, printed)
        if isinstance(told, Unreadable):
            return Skipped(position, told.reason, wanted.asked, told.detail)
        version = (pdf.version if told.form == "pdf" and pdf else source.version) or wanted.version
        return Read(position, replace(told.paper, version=version), told.notes)

    def _file(self, client: Client, path: str) -> _File:
        request = Request(
            ARXIV_FILES,
            f"{self.url}/{path}",
            accepted=frozenset({200, 404}),
            largest=self.largest,
            seconds=600.0,
        )
        doubt = Doubt()

        def parse(answer: Answer) -> _File:
            if answer.status == 404:
                return _File(None, _why_none(answer.body))
            if _WEB_PAGE.match(answer.body):
                if b"withdrawn" in answer.body.lower():
                    return _File(None, "withdrawn at arXiv")
                raise BadAnswer("sent a web page where a file was promised")
            if complaint := _complaint(answer.body):
                doubt.refuse(complaint, complaint)
            named = _NAMED_VERSION.search(answer.headers.get("content-disposition", "")[:500])
            return _File(answer.body, version=named[1].lower() if named else "")

        try:
            return client.ask(request, parse)
        except AnswerTooLarge:
            return _File(None, "file too large")


@dataclass(frozen=True, slots=True)
class _Told:
    """A paper and what it was read from. form: "latex" or "pdf"."""

    paper: Paper
    notes: tuple[str, ...]
    form: str


class _Texts:
    """Reads files; PDFs in a process that is started with the first and kept for the next."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._pdf: tuple[PdfReader, Path] | None = None

    def __enter__(self) -> _Texts:
        return self

    def __exit__(self, *_error: object) -> None:
        self._open.close()

    def of_source(self, body: bytes, wanted: Wanted) -> _Told | Unreadable:
        """The paper in an e-print's source; its title may be missing."""
        from fallow_ingest.fulltext.eprint import read_eprint

        full = read_eprint(body)
        if isinstance(full, Unreadable):
            return full
        paper = Paper(
            key=f"arxiv:{wanted.value}",
            title=full.title,
            abstract=full.abstract,
            authors=full.authors,
            keywords=full.keywords,
            references=full.references,
            sections=full.sections,
        )
        return _Told(_identified(paper, wanted, body, dict(full.extra), "latex"), full.notes, "latex")

    def of_pdf(self, body: bytes, wanted: Wanted) -> _Told | Unreadable:
        """The paper in a PDF."""
        from fallow_ingest.sources.pdf import paper_of

        try:
            reader, path = self._reader()
        except SourceUnsupported as error:
            return Unreadable("PDF not read: PyMuPDF is missing", str(error))
        path.write_bytes(body)
        printed = reader.read(path)
        if isinstance(printed, Unreadable):
            return printed
        notes = field.Notes()
        paper = paper_of(printed, path, notes)
        if isinstance(paper, Unreadable):
            return paper
        extra = {"pages": paper.extra.get("pages")}
        return _Told(_identified(paper, wanted, body, extra, "pdf"), tuple(notes), "pdf")

    def _reader(self) -> tuple[PdfReader, Path]:
        from fallow_ingest.sources.pdf_reader import PdfReader

        if self._pdf is None:
            reader = self._open.enter_context(PdfReader())
            folder = self._open.enter_context(tempfile.TemporaryDirectory(prefix="fallow-"))
            self._pdf = reader, Path(folder) / "paper.pdf"
        return self._pdf


def _identified(paper: Paper, wanted: Wanted, body: bytes, extra: dict[str, object], form: str) -> Paper:
    """The paper under its arXiv id: what was asked for counts, not what the file says it is."""
    date = month_of(wanted.value)
    notes = field.Notes()
    extra |= {"full_text": form, "sha256": hashlib.sha256(body).hexdigest()}
    return replace(
        paper,
        key=f"arxiv:{wanted.value}",
        ids={"arxiv": wanted.value},
        date=date,
        year=int(date[:4]),
        url=f"https://arxiv.org/abs/{wanted.value}",
        extra=field.bounded_extra(extra, notes),
    )


def _better(source: _Told | Unreadable, printed: _Told | Unreadable) -> _Told | Unreadable:
    """The source's text under the title that its PDF prints, or the one of both that could be read."""
    if isinstance(source, Unreadable):
        if not isinstance(printed, Unreadable):
            return printed
        same = source.reason == printed.reason
        return Unreadable(
            printed.reason, "source and PDF" if same else f"source: {source.reason}; {printed.detail}"
        )
    if isinstance(printed, Unreadable):
        return Unreadable("no title found", f"in the source; PDF: {printed.reason}")
    return replace(source, paper=replace(source.paper, title=printed.paper.title))


def _why_none(body: bytes) -> str:
    return "withdrawn at arXiv" if b"withdrawn" in body[:100_000].lower() else "no full text at arXiv"


def _is_pdf(body: bytes | None) -> bool:
    return body is not None and _PDF in body[:1_024] and not body.startswith(_GZIP)


def _complaint(body: bytes) -> str:
    """What shows that the file did not come whole, "" when nothing does. Told by content, never by name."""
    if not body.strip():
        return "sent an empty file"
    if body.startswith(_GZIP) and not _inflates(body):
        return "sent an archive that is cut or broken"
    if _is_pdf(body) and b"%%EOF" not in body[-4_096:]:
        return "sent a PDF without its end"
    return ""


def _inflates(body: bytes) -> bool:
    """Whether the gzip stream comes to its end with the right checksum, or is too long to look at."""
    inflater = zlib.decompressobj(wbits=31)
    left, rest = LARGEST_UNPACKED, body
    try:
        while rest and not inflater.eof and left > 0:
            left -= len(inflater.decompress(rest, _PIECE))
            rest = inflater.unconsumed_tail
    except zlib.error:
        return False
    return inflater.eof or left <= 0
