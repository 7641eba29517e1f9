"""Whole e-prints: from the bytes that arXiv hands out to the parts of a paper."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from fallow_ingest.fulltext import (
    latex_bibliography,
    latex_citations,
    latex_files,
    latex_front,
    latex_math,
    latex_structure,
)
from fallow_ingest.fulltext.archive import unpack
from fallow_ingest.fulltext.latex_citations import Label, print_mark
from fallow_ingest.fulltext.latex_project import Project
from fallow_ingest.fulltext.latex_reader import RawPart, Reader
from fallow_ingest.fulltext.latex_tables import ARGUMENTS, GLUE, SIGNS, SPACED
from fallow_ingest.fulltext.latex_tokens import MOST_TOKENS
from fallow_ingest.fulltext.running import (
    FullText,
    Part,
    Printed,
    Running,
    assembled,
    run_in_parts,
    settle,
    unreserved,
)
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import MENDED_BYTES, Unreadable
from fallow_ingest.text.normalise import plain
from fallow_ingest.text.sections import section_kind

_HANDLERS = (
    latex_structure.HANDLERS
    | latex_files.HANDLERS
    | latex_math.HANDLERS
    | latex_citations.HANDLERS
    | latex_front.HANDLERS
    | latex_bibliography.HANDLERS
)
_KNOWN = frozenset(_HANDLERS) | frozenset(ARGUMENTS) | frozenset(SIGNS) | GLUE | SPACED
_WITHDRAWN = re.compile(r"auto-ignore|\bwithdrawn\b", re.IGNORECASE)
_BEGIN = re.compile(r"\\begin\s*\{document\}")
_LONGEST_NOTICE = 3_000
_LEAST_PREAMBLE = 500
_MOST_APART = 2_000
_RUN_IN = 9  # below every heading that has a command of its own


def read_eprint(data: bytes, *, tokens: int = MOST_TOKENS) -> FullText | Unreadable:
    """The paper in an e-print's source: tar, gzip or plain, as arXiv serves it.

    tokens bounds the work (see latex_tokens). Never raises; what is no LaTeX source is Unreadable with a
    reason to count by ("a PDF in place of the source", "withdrawn: no source", ...).
    """
    unpacked = unpack(data)
    if isinstance(unpacked, Unreadable):
        return unpacked
    told = _read_project(Project(unpacked.files), field.Notes(unpacked.notes), tokens)
    if isinstance(told, Unreadable) and unpacked.notes:
        return Unreadable(told.reason, "; ".join([*unpacked.notes, told.detail]).strip("; "))
    return told


def _read_project(project: Project, notes: field.Notes, tokens: int) -> FullText | Unreadable:
    main = project.main_file()
    if main is None:
        return Unreadable("no LaTeX in the archive", "no text in it looks like LaTeX")
    text = project.text(main)
    begins = _BEGIN.search(text) is not None
    if len(text) < _LONGEST_NOTICE and _WITHDRAWN.search(text) and not begins:
        return Unreadable("withdrawn: no source", plain(text)[:200])
    if "\\" not in text:
        return Unreadable("no LaTeX in the archive", f"{main[:200]} has no command in it")
    reader = Reader(project, _HANDLERS, tokens)
    reader.macros.known = _KNOWN
    reader.main = main
    if not begins:
        reader.in_body = True
        reader.document.parts.append(RawPart("", latex_structure.LEVELS["section"]))
        reader.out = reader.document.parts[-1].out
    reader.run(unreserved(text), main)
    return _full_text(reader, notes)


def _full_text(reader: Reader, notes: field.Notes) -> FullText | Unreadable:
    document = reader.document
    reader.stream.left = max(reader.stream.left, 200_000)  # enough to print titles and names
    entries, labels = latex_bibliography.entries_of(reader)
    title = field.line_of_text(latex_front.titled(reader), field.LONGEST_TITLE, "title", notes)
    authors = latex_front.authors_of(reader, notes)
    keywords = latex_front.keywords_of(reader, notes)

    def text_of(pieces: Sequence[str], longest: int) -> Running:
        return settle("".join(pieces), fill, longest, notes)

    @cache
    def fill(number: int) -> Printed:
        if number >= len(document.marks):
            return Printed("")
        return print_mark(document.marks[number], labels, document.labels)

    abstract = text_of(document.abstract, field.LONGEST_ABSTRACT)
    parts: list[Part] = []
    for raw in document.parts:
        heading = text_of([raw.heading], field.LONGEST_NAME).text
        body, telling = run_in_parts("".join(raw.out), section_kind(heading))
        parts.append(_part(raw, heading, text_of([body], field.LONGEST_SECTION)))
        for name, paragraph in telling:
            parts.append(
                Part(
                    text_of([name], field.LONGEST_NAME).text,
                    _RUN_IN,
                    text_of([paragraph], field.LONGEST_SECTION),
                )
            )
    if len(document.parts) > 1 and not parts[0].heading and len(parts[0].running.text) < _LEAST_PREAMBLE:
        parts = parts[1:]  # what stands between the title and the first heading: a date, an address
    apart = [
        text_of([piece], field.LONGEST_ABSTRACT)
        for piece in (*document.captions, *document.footnotes)[:_MOST_APART]
    ]
    sections, references = assembled(parts, [abstract, *apart], entries)
    if not sections and not abstract.text and not references:
        return Unreadable("no text in the source", "")
    _note(reader, labels, notes)
    return FullText(
        title=title,
        authors=authors,
        abstract=abstract.text,
        keywords=keywords,
        sections=sections,
        references=references,
        extra={"main_file": reader.main},
        notes=tuple(notes),
    )


def _part(raw: RawPart, heading: str, running: Running) -> Part:
    kind = (
        "appendix" if raw.kind == "appendix" and raw.level <= 2 and section_kind(heading) == "other" else None
    )
    return Part(heading, raw.level, running, kind)  # type: ignore[arg-type]


def _note(reader: Reader, labels: dict[str, Label], notes: field.Notes) -> None:
    """Say what had to be mended, or could not be."""
    document = reader.document
    if document.cut or reader.macros.left < 0:
        notes.add("LaTeX too involved: read in part")
    if reader.project.mended:
        notes.add(MENDED_BYTES)
    if any(key not in labels for key in document.cited if key != "*"):
        notes.add("citations without an entry")
    if not document.abstract:
        notes.add("no abstract found")
