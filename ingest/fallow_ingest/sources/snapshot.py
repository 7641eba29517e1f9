"""arXiv's metadata snapshot (Kaggle, Cornell-University/arxiv): one JSON object a line, CC0."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Literal

from fallow_ingest.dates import read_date
from fallow_ingest.identifiers import sound_arxiv_id
from fallow_ingest.records import Paper
from fallow_ingest.sources import Read, ReportBytes, Skipped, ignore_bytes
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import Unreadable, decode_object
from fallow_ingest.sources.lines import LONGEST_LINE, read_lines
from fallow_ingest.text.latex import latex_to_text

_EXTRA_KEYS = ("comments", "journal-ref", "report-no", "license", "update_date", "submitter")
_WITHDRAWN = re.compile(
    r"\b(?:paper|article|manuscript|submission|preprint|report|work|draft|version|it)\b[^.;]{0,40}"
    r"\b(?:is|was|has been|have been|being|been)\s+(?:\w+\s+)?withdrawn\b"
    r"|^\W*(?:temporarily )?withdrawn\b|\bwithdrawn by (?:the )?(?:author|arxiv|admin)"
    r"|\bauthors?\s+withdr[ae]w\b"
    r"|\bwithdraw(?:ing)?\s+(?:this|the|our)\s+(?:current\s+)?"
    r"(?:paper|article|manuscript|submission|preprint|report|work|version)\b"
    r"|^\W*(?:please |need to )?withdraw\b",
    re.IGNORECASE,
)
_RETRACTED = re.compile(r"\b(?:has been|been|was|is) retracted\b|^\W*retracted\b", re.IGNORECASE)


class SnapshotSource:
    """Papers of the Kaggle snapshot, plain or gzip; only the newest version of each is in it."""

    name: ClassVar[str] = "snapshot"
    label: ClassVar[str] = "arXiv metadata snapshot (Kaggle)"
    accepts: ClassVar[str] = "arxiv-metadata-oai-snapshot.json, plain or gzip"

    def read(
        self, location: Path, *, start: int = 0, report: ReportBytes = ignore_bytes
    ) -> Iterator[Read | Skipped]:
        """Yield the record of every line after line `start`.

        Raises SourceMissing, SourceUnsupported and SourceBroken.
        """
        for line in read_lines(location, report, after=start):
            place = f"{location}:{line.number}"
            if line.content is None:
                yield Skipped(
                    line.number, "line too long", place, f"{line.length:,} bytes, {LONGEST_LINE:,} at most"
                )
                continue
            content = line.content.strip()
            if not content:
                continue
            decoded = decode_object(content)
            if isinstance(decoded, Unreadable):
                yield Skipped(line.number, decoded.reason, place, decoded.detail)
                continue
            notes = field.Notes(decoded.notes)
            paper = paper_of(decoded.fields, notes)
            if isinstance(paper, Unreadable):
                yield Skipped(line.number, paper.reason, place, paper.detail)
            else:
                yield Read(line.number, paper, tuple(notes))


def paper_of(record: Mapping[str, object], notes: field.Notes) -> Paper | Unreadable:
    """The paper that a record of the snapshot tells; what was mended goes into notes."""
    given = record.get("id")
    if not isinstance(given, str | int | float) or isinstance(given, bool) or not str(given).strip():
        return Unreadable("no id", "")
    arxiv = sound_arxiv_id(str(given).strip())
    if arxiv is None:
        return Unreadable("no arXiv id", str(given)[:100])
    title = _prose(record.get("title"), field.LONGEST_TITLE, "title", notes)
    if not title:
        return Unreadable("no title", arxiv.value)
    extra = {name: record.get(name) for name in _EXTRA_KEYS}
    if arxiv.mended:
        notes.add(field.MENDED_ID)
        extra["id_as_given"] = str(given)
    abstract = _prose(record.get("abstract"), field.LONGEST_ABSTRACT, "abstract", notes)
    date, version = _first_day_and_version(record.get("versions"))
    ids = {"arxiv": arxiv.value}
    doi = record.get("doi")
    if isinstance(doi, str) and doi.strip():
        ids |= {k: v for k, v in field.ids_of([("doi", doi.split()[0])], notes).items() if k not in ids}
    return Paper(
        key=f"arxiv:{arxiv.value}",
        title=title,
        abstract=abstract,
        authors=_authors(record, notes),
        year=int(date[:4]) if date else None,
        date=date,
        venue=field.line_of_text(record.get("journal-ref"), field.LONGEST_NAME, "venue", notes),
        categories=_categories(record.get("categories")),
        ids=ids,
        url=f"https://arxiv.org/abs/{arxiv.value}",
        version=version,
        status=_status(record.get("comments"), abstract),
        extra=field.bounded_extra(extra, notes),
    )


def _prose(value: object, longest: int, name: str, notes: field.Notes) -> str:
    """Text of arXiv's forms: line breaks mean nothing, accents and font commands are TeX, formulas stay."""
    text = field.line_of_text(value, longest, name, notes)
    return latex_to_text(text) if "\\" in text else text


def _first_day_and_version(versions: object) -> tuple[str, str]:
    """(the day version 1 was submitted, the newest version), each "" when unknown."""
    if not isinstance(versions, list) or not versions:
        return "", ""
    first, last = versions[0], versions[-1]
    created = first.get("created") if isinstance(first, dict) else None
    version = last.get("version") if isinstance(last, dict) else None
    return (
        read_date(created) if isinstance(created, str) else "",
        version[:20] if isinstance(version, str) else "",
    )


def _authors(record: Mapping[str, object], notes: field.Notes) -> tuple[str, ...]:
    parsed = record.get("authors_parsed")
    if not isinstance(parsed, list) or not parsed:
        return field.names_of(record.get("authors"), notes)
    names = [
        " ".join(" ".join(entry[:3][1::-1] + entry[2:3]).split())
        for entry in parsed[: field.MOST_AUTHORS]
        if isinstance(entry, list) and all(isinstance(part, str) for part in entry[:3])
    ]
    # The common case, checked once for all names: nothing in them to mend.
    together = "".join(names)
    if together.isascii() and together.isprintable() and len(together) < field.LONGEST_NAME:
        return tuple(name for name in names if name)
    return field.names_of(names, notes)


def _categories(value: object) -> tuple[str, ...]:
    return tuple(value[: field.LONGEST_NAME * 10].split()) if isinstance(value, str) else ()


def _status(comments: object, abstract: str) -> Literal["", "withdrawn", "retracted"]:
    said = comments[:2_000] if isinstance(comments, str) else ""
    opening = abstract[:200]
    if "withdr" in said.lower() or "withdrawn" in opening:
        if _WITHDRAWN.search(said):
            return "withdrawn"
        if re.match(
            r"(?:this|the) (?:paper|article|submission) (?:has been|is|was) withdrawn", opening, re.IGNORECASE
        ):
            return "withdrawn"
    return "retracted" if "retract" in said.lower() and _RETRACTED.search(said) else ""
