"""Papers as PDF files: one, or a folder of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from fallow_ingest.records import Paper
from fallow_ingest.sources import Read, ReportBytes, Skipped, ignore_bytes
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.files import files_in
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.sources.pdf_front import front_of
from fallow_ingest.sources.pdf_layout import in_reading_order
from fallow_ingest.sources.pdf_reader import PdfReader, Printed
from fallow_ingest.sources.pdf_sections import parts_of


class PdfSource:
    """Title, abstract, sections and references of PDFs, read with PyMuPDF in a process of its own."""

    name: ClassVar[str] = "pdf"
    label: ClassVar[str] = "PDF files"
    accepts: ClassVar[str] = "a .pdf file or a folder of them"

    def read(
        self, location: Path, *, start: int = 0, report: ReportBytes = ignore_bytes
    ) -> Iterator[Read | Skipped]:
        """Yield the papers of the files after the first `start`, in the order of their paths.

        Raises SourceMissing for a location that is not there, SourceUnsupported for a folder without PDFs
        or when PyMuPDF is not installed. A file that is encrypted, empty, scanned or broken is a Skipped.
        """
        paths = files_in(location, ".pdf")
        total = sum(path.stat().st_size for path in paths)
        done = 0
        with PdfReader() as reader:
            for position, path in enumerate(paths, 1):
                done += path.stat().st_size
                if position > start:
                    yield _outcome(reader, path, position)
                report(done, total)


def _outcome(reader: PdfReader, path: Path, position: int) -> Read | Skipped:
    printed = reader.read(path)
    if isinstance(printed, Unreadable):
        return Skipped(position, printed.reason, str(path), printed.detail)
    notes = field.Notes()
    paper = paper_of(printed, path, notes)
    if isinstance(paper, Unreadable):
        return Skipped(position, paper.reason, str(path), paper.detail)
    return Read(position, paper, tuple(notes))


def paper_of(printed: Printed, path: Path, notes: field.Notes) -> Paper | Unreadable:
    """The paper that is printed in a file; its key is made of the file's content, not its name."""
    lines, furniture = in_reading_order(printed)
    front = front_of(lines, furniture, printed, path.stem)
    if not front.title:
        return Unreadable("no title found", "nothing on the first page is set like one")
    body = parts_of(lines)
    if not body.abstract:
        notes.add("no abstract found")
    if not body.sections:
        notes.add("no sections found")
    if printed.bad_pages:
        notes.add("pages left out")
    extra = {
        "file": path.name,
        "pages": printed.pages,
        "sha256": _digest(path),
        "ids_in_file_name": path.stem,
    }
    if not front.ids or not any(value in path.stem for value in front.ids.values()):
        del extra["ids_in_file_name"]
    return Paper(
        key=f"pdf:{str(extra['sha256'])[:16]}",
        title=front.title,
        abstract=body.abstract,
        authors=front.authors,
        year=front.year,
        date=front.date,
        ids=front.ids,
        references=body.references,
        sections=body.sections,
        extra=field.bounded_extra(extra, notes),
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
