"""arXiv's metadata snapshot (Kaggle, Cornell-University/arxiv): one JSON object a line, CC0."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal

from fallow_ingest.dates import read_date
from fallow_ingest.identifiers import sound_arxiv_id
from fallow_ingest.records import Paper
from fallow_ingest.sources import Read, ReportBytes, Skipped, ignore_bytes
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import Unreadable, decode_object
from fallow_ingest.sources.lines import LONGEST_LINE, Line, read_lines
from fallow_ingest.text.latex import latex_to_text

_ID_TYPES = (str, int, float)
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
            outcome = self._outcome(line)
            if isinstance(outcome, Unreadable):
                place = f"{location}:{line.number}"
                yield Skipped(line.number, outcome.reason, place, outcome.detail)
            elif outcome is not None:
                yield outcome

    def _outcome(self, line: Line) -> Read | Unreadable | None:
        if line.content is None:
            return Unreadable("line too long", f"{line.length:,} bytes, {LONGEST_LINE:,} at most")
        content = line.content.strip()
        if not content:
            return None
        decoded = decode_object(content)
        if isinstance(decoded, Unreadable):
            return decoded
        notes = field.Notes(decoded.notes)
        paper = paper_of(decoded.fields, notes)
        return paper if isinstance(paper, Unreadable) else Read(line.number, paper, tuple(notes))


def paper_of(record: Mapping[str, object], notes: field.Notes) -> Paper | Unreadable:
    """The paper that a record of the snapshot tells; what was mended goes into notes."""
    given = record.get("id")
    told = str(given).strip() if isinstance(given, _ID_TYPES) and not isinstance(given, bool) else ""
    if not told:
        return Unreadable("no id", "")
    arxiv = sound_arxiv_id(told)
    if arxiv is None:
        return Unreadable("no arXiv id", str(given)[:100])
    title = _prose(record.get("title"), field.LONGEST_TITLE, "title", notes)
    if not title:
        return Unreadable("no title", arxiv.value)
    extra = {name: value for name in _EXTRA_KEYS if (value := record.get(name)) is not None}
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
        extra=extra if _is_modest(extra) else field.bounded_extra(extra, notes),
    )


def _is_modest(extra: Mapping[str, object]) -> bool:
    """Whether there is nothing in it to drop or to mend."""
    return all(type(value) is str and 0 < len(value) <= 1_000 and value.isascii() for value in extra.values())


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
        _day(created) if isinstance(created, str) else "",
        version[:20] if isinstance(version, str) else "",
    )


@lru_cache(maxsize=10_000)
def _day_of(text: str) -> str:
    return read_date(text)


def _day(created: str) -> str:
    """The date of "Mon, 2 Apr 2007 19:18:42 GMT", whose day is worked out once for all papers of that day."""
    return _day_of(created[:-13] if created[-4:] == " GMT" and created[-13:-12] == " " else created[:80])


def _authors(record: Mapping[str, object], notes: field.Notes) -> tuple[str, ...]:
    parsed = record.get("authors_parsed")
    if not isinstance(parsed, list) or not parsed:
        return field.names_of(record.get("authors"), notes)
    names = _quickly_joined(parsed)
    return field.names_of(_joined(parsed), notes) if names is None else names


def _quickly_joined(parsed: list[object]) -> tuple[str, ...] | None:
    """The names when there is nothing in them to mend, which is checked once for all; else None."""
    try:
        names = [
            " ".join((entry[1], entry[0], entry[2]) if entry[2] else entry[1::-1])
            for entry in parsed[: field.MOST_AUTHORS]
            if type(entry) is list
        ]
    except (IndexError, TypeError):
        return None
    together = f"|{'|'.join(names)}|"
    if "  " in together or "| " in together or " |" in together:
        return None
    if not together.isascii() or not together.isprintable() or len(together) >= field.LONGEST_NAME:
        return None
    return tuple(names)


def _joined(parsed: list[object]) -> list[str]:
    return [
        " ".join(" ".join(entry[:3][1::-1] + entry[2:3]).split())
        for entry in parsed[: field.MOST_AUTHORS]
        if isinstance(entry, list) and all(isinstance(part, str) for part in entry[:3])
    ]


def _categories(value: object) -> tuple[str, ...]:
    return tuple(value[: field.LONGEST_NAME * 10].split()) if isinstance(value, str) else ()


def _status(comments: object, abstract: str) -> Literal["", "withdrawn", "retracted"]:
    said = comments[:2_000] if isinstance(comments, str) else ""
    opening = abstract[:200]
    lower = said.lower()
    if "withdr" in lower or "withdrawn" in opening:
        if _WITHDRAWN.search(said):
            return "withdrawn"
        if re.match(
            r"(?:this|the) (?:paper|article|submission) (?:has been|is|was) withdrawn", opening, re.IGNORECASE
        ):
            return "withdrawn"
    return "retracted" if "retract" in lower and _RETRACTED.search(said) else ""
