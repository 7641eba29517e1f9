"""The plain door: one JSON object a line, as `fallow ingest jsonl` documents it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from fallow_ingest.dates import read_date
from fallow_ingest.errors import SourceUnsupported
from fallow_ingest.identifiers import parse_id
from fallow_ingest.records import Paper, Reference, Section
from fallow_ingest.sources import Read, ReportBytes, Skipped, ignore_bytes
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import Unreadable, decode_object
from fallow_ingest.sources.lines import LONGEST_LINE, read_lines
from fallow_ingest.text.normalise import plain
from fallow_ingest.text.sections import section_kind

# Keys outside `ids` that name an identifier, as corpora in the wild write them.
_ID_KEYS = {
    "arxiv_id": "arxiv", "arxiv": "arxiv", "doi": "doi", "acl_id": "acl", "corpusid": "s2", "corpus_id": "s2",
    "s2_id": "s2", "openalex_id": "openalex", "openreview_id": "openreview", "pmid": "pmid",
}  # fmt: skip
_READ_KEYS = {
    "id", "title", "abstract", "authors", "year", "date", "venue", "categories", "keywords", "ids",
    "references", "sections", "url", "version", "status", "text_origin", *_ID_KEYS,
}  # fmt: skip


class JsonlSource:
    """Papers of a JSON-lines file, plain or gzip."""

    name: ClassVar[str] = "jsonl"
    label: ClassVar[str] = "JSON lines in fallow's own format"
    accepts: ClassVar[str] = "a .jsonl file, plain or gzip"

    def read(
        self, location: Path, *, start: int = 0, report: ReportBytes = ignore_bytes
    ) -> Iterator[Read | Skipped]:
        """Yield the record of every line after line `start`.

        Raises SourceMissing, SourceUnsupported (also for one JSON array in place of lines) and SourceBroken.
        """
        for line in read_lines(location, report, after=start):
            place = f"{location}:{line.number}"
            if line.content is None:
                yield Skipped(
                    line.number, "line too long", place, f"{line.length:,} bytes, {LONGEST_LINE:,} at most"
                )
                continue
            content = line.content.strip()
            if line.number == 1:
                _refuse_array(content, location)
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
    """The paper that a record of the documented format tells; what was mended goes into notes."""
    key = _key(record)
    if isinstance(key, Unreadable):
        return key
    title = field.line_of_text(record.get("title"), field.LONGEST_TITLE, "title", notes)
    if not title:
        return Unreadable("no title", key[:100])
    given = record.get("ids")
    pairs = list(given.items()) if isinstance(given, Mapping) else []
    pairs += [(scheme, record[name]) for name, scheme in _ID_KEYS.items() if name in record]
    date = read_date(str(record["date"])) if isinstance(record.get("date"), str | int) else ""
    year = field.year_of(record.get("year"))
    if record.get("year") is not None and year is None:
        notes.add("year not understood")
    status = record.get("status")
    return Paper(
        key=key,
        title=title,
        abstract=field.paragraphs(record.get("abstract"), field.LONGEST_ABSTRACT, "abstract", notes),
        authors=field.names_of(record.get("authors"), notes),
        year=year if year is not None or not date else int(date[:4]),
        date=date,
        venue=field.line_of_text(record.get("venue"), field.LONGEST_NAME, "venue", notes),
        categories=field.labels_of(record.get("categories"), "categories", notes, separators=r"[;,\s]+"),
        keywords=field.labels_of(record.get("keywords"), "keywords", notes),
        ids=field.ids_of(pairs, notes),
        references=_references(record.get("references"), notes),
        sections=_sections(record.get("sections"), notes),
        url=field.web_address(record.get("url")),
        version=field.line_of_text(record.get("version"), field.LONGEST_NAME, "version", notes),
        status=status if status in ("withdrawn", "retracted") else "",
        text_origin="fallow" if record.get("text_origin") == "fallow" else "authors",
        extra=field.bounded_extra({k: v for k, v in record.items() if k not in _READ_KEYS}, notes),
    )


def _key(record: Mapping[str, object]) -> str | Unreadable:
    """The record's id, spelt canonically where its scheme is known and else as it stands."""
    given = record.get("id", record.get("acl_id"))
    if isinstance(given, bool) or not isinstance(given, str | int) or not str(given).strip():
        return Unreadable("no id", "")
    text = plain(str(given)[: 2 * field.LONGEST_KEY])
    if not text or len(text) > field.LONGEST_KEY:
        return Unreadable("no id" if not text else "id too long", text[:100])
    if "id" not in record:
        text = f"acl:{text}"
    found = parse_id(text)
    return str(found) if found else text


def _references(value: object, notes: field.Notes) -> tuple[Reference, ...]:
    if not isinstance(value, list):
        return ()
    if len(value) > field.MOST_REFERENCES:
        notes.add("references cut")
    references = (_reference(entry, notes) for entry in value[: field.MOST_REFERENCES])
    return tuple(dict.fromkeys(r for r in references if r.id or r.title or r.text))


def _reference(entry: object, notes: field.Notes) -> Reference:
    if isinstance(entry, str | int) and not isinstance(entry, bool):
        return Reference(id=_reference_id(entry))
    if not isinstance(entry, Mapping):
        return Reference()
    return Reference(
        id=_reference_id(entry.get("id", "")),
        title=field.line_of_text(entry.get("title"), field.LONGEST_TITLE, "reference", notes),
        year=field.year_of(entry.get("year")),
        text=field.line_of_text(entry.get("text"), field.LONGEST_REFERENCE, "reference", notes),
    )


def _reference_id(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = plain(str(value)[: field.LONGEST_KEY])
    found = parse_id(text)
    return str(found) if found else text


def _sections(value: object, notes: field.Notes) -> tuple[Section, ...]:
    if not isinstance(value, list):
        return ()
    if len(value) > field.MOST_SECTIONS:
        notes.add("sections cut")
    sections = (_section(entry, notes) for entry in value[: field.MOST_SECTIONS])
    return tuple(section for section in sections if section is not None)


def _section(entry: object, notes: field.Notes) -> Section | None:
    """One section; its text may be given as `text` or as a list of `sentences` or `paragraphs`."""
    if not isinstance(entry, Mapping):
        return None
    heading = field.line_of_text(entry.get("heading"), field.LONGEST_NAME, "heading", notes)
    text = entry.get("text")
    for name, joint in (("sentences", " "), ("paragraphs", "\n\n")):
        parts = entry.get(name)
        if not isinstance(text, str) and isinstance(parts, list):
            text = joint.join(part for part in parts if isinstance(part, str))
    body = field.paragraphs(text, field.LONGEST_SECTION, "section", notes)
    return Section(heading, body, section_kind(heading)) if body else None


def _refuse_array(content: bytes, location: Path) -> None:
    if content.startswith(b"["):
        raise SourceUnsupported(
            f"{location} holds one JSON array, not one object a line", "convert it first: `jq -c '.[]' FILE`"
        )
