"""BibTeX files: read entry by entry, so that a broken one costs only itself.

Own reader instead of pybtex's: its scanner looks for every delimiter from every position, which is
quadratic in a hostile value, and it wants the whole file at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from pathlib import Path
from typing import ClassVar, NamedTuple

from fallow_ingest.dates import iso, month_number, read_date
from fallow_ingest.identifiers import Id, parse_id
from fallow_ingest.records import Paper
from fallow_ingest.sources import Read, ReportBytes, Skipped, ignore_bytes
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.files import existing
from fallow_ingest.sources.json_lines import MENDED_BYTES, to_text
from fallow_ingest.sources.lines import read_lines
from fallow_ingest.text.latex import latex_to_text
from fallow_ingest.text.normalise import plain

LARGEST_ENTRY = 2**20
"""Characters of the longest entry that is read."""

_BEGIN = re.compile(rb"\s*@\s*[A-Za-z]+\s*[{(]")
_HEAD = re.compile(r"\s*@\s*([A-Za-z]+)\s*([{(])\s*")
_KEY = re.compile(r"\s*([^\s,{}\"=]*)\s*(?:,|(?=[})]))")
_FIELD = re.compile(r"[\s,]*([^\s=,{}\"#%()]+)\s*=\s*")
_SPACE = re.compile(r"[\s,]*")
_WORD = re.compile(r"[^\s,{}\"#=()]+")
_DELIMITER = re.compile(r'[{}"]')
_BLANK = re.compile(r"\s*")
_ARXIV_IN_JOURNAL = re.compile(
    r"arxiv[^0-9a-z]{0,5}(?:preprint)?[^0-9a-z]{0,5}(?:arxiv\s?[:.]\s?)?(\d{4}\.\d{4,5}|[a-z-]{2,12}/\d{7})",
    re.IGNORECASE,
)
_NOT_PAPERS = {"proceedings", "conference_proceedings", "book_series"}


class BibtexSource:
    """Papers of a .bib file."""

    name: ClassVar[str] = "bibtex"
    label: ClassVar[str] = "BibTeX"
    accepts: ClassVar[str] = "a .bib file, plain or gzip"

    def read(
        self, location: Path, *, start: int = 0, report: ReportBytes = ignore_bytes
    ) -> Iterator[Read | Skipped]:
        """Yield the entries after the first `start`; @string, @comment and @preamble are none.

        Raises SourceMissing, SourceUnsupported and SourceBroken.
        """
        existing(location)
        stem = plain(location.name).split(".")[0] or "file"
        shared = _Shared()
        position = 0
        for chunk in _chunks(location, report):
            place = f"{location}:{chunk.line}"
            try:
                entry = None if chunk.text is None else parse_entry(chunk.text, shared.strings)
            except BrokenEntryError as error:
                position += 1
                if position > start:
                    line = chunk.line + (chunk.text or "").count("\n", 0, error.offset)
                    yield Skipped(position, "broken BibTeX entry", f"{location}:{line}", str(error))
                continue
            if chunk.text is None:
                position += 1
                if position > start:
                    yield Skipped(position, "entry too long", place)
                continue
            if entry is None:
                continue
            position += 1
            outcome = _outcome(entry, stem, shared, chunk)
            if position > start:
                if isinstance(outcome, str):
                    yield Skipped(position, outcome, place, entry.key[:100])
                else:
                    yield Read(position, outcome.paper, outcome.notes)


class BrokenEntryError(ValueError):
    """An entry that cannot be parsed; offset tells where in its text."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class Entry(NamedTuple):
    """One entry as written: its kind and field names in lower case, its values with macros filled in."""

    kind: str
    key: str
    fields: Mapping[str, str]


class _Chunk(NamedTuple):
    line: int
    text: str | None  # None: too long
    mended: bool


@dataclass(slots=True)
class _Shared:
    """What entries of one file share: @string macros and the @proceedings they stand under."""

    strings: dict[str, str] = attribute(default_factory=dict)
    proceedings: Mapping[str, str] = attribute(default_factory=dict)


def _chunks(location: Path, report: ReportBytes) -> Iterator[_Chunk]:
    """The file cut before every line that begins an entry."""
    first, size, lines = 0, 0, list[bytes]()
    for line in read_lines(location, report):
        begins = line.content is not None and _BEGIN.match(line.content)
        if begins:
            if first:
                yield _chunk(first, lines, size)
            first, size, lines = line.number, 0, []
        size += line.length + 1
        if first and size <= LARGEST_ENTRY and line.content is not None:
            lines.append(line.content)
    if first:
        yield _chunk(first, lines, size)


def _chunk(first: int, lines: list[bytes], size: int) -> _Chunk:
    if size > LARGEST_ENTRY:
        return _Chunk(first, None, mended=False)
    text, mended = to_text(b"\n".join(lines))
    return _Chunk(first, text, mended)


def parse_entry(text: str, strings: dict[str, str]) -> Entry | None:
    """The entry that the text begins with; None for @comment, @preamble and @string (which fills `strings`).

    Raises BrokenEntryError. Time is linear in the text.

    >>> parse_entry('@misc{k, title = "A {B}" # x, year = 2016}', {"x": "!"})
    Entry(kind='misc', key='k', fields={'title': 'A {B}!', 'year': '2016'})
    """
    head = _HEAD.match(text)
    if head is None:
        raise BrokenEntryError("no entry", 0)
    kind, closing = head[1].lower(), "}" if head[2] == "{" else ")"
    if kind in ("comment", "preamble"):
        return None
    at, key = head.end(), ""
    if kind != "string":
        found = _KEY.match(text, at)
        if found is None:
            raise BrokenEntryError("no citation key", at)
        key, at = found[1], found.end()
    fields: dict[str, str] = {}
    while True:
        at = _after(_SPACE, text, at)
        if text.startswith(closing, at):
            break
        name = _FIELD.match(text, at)
        if name is None:
            raise BrokenEntryError("it ends too early" if at >= len(text) else "a field without '='", at)
        value, at = _value(text, name.end(), strings)
        fields.setdefault(name[1].lower(), value)
    if kind == "string":
        strings.update(fields)
        return None
    return Entry(kind, key, fields)


def _value(text: str, at: int, strings: Mapping[str, str]) -> tuple[str, int]:
    """(value, offset after it): strings, numbers and macros joined by #."""
    parts: list[str] = []
    while True:
        at = _after(_BLANK, text, at)
        if text.startswith(("{", '"'), at):
            end = _end_of_string(text, at)
            parts.append(text[at + 1 : end])
            at = end + 1
        else:
            word = _WORD.match(text, at)
            if word is None:
                raise BrokenEntryError("a field without a value", at)
            parts.append(strings.get(word[0].lower(), word[0]))
            at = word.end()
        at = _after(_BLANK, text, at)
        if not text.startswith("#", at):
            return "".join(parts), at
        at += 1


def _end_of_string(text: str, at: int) -> int:
    """Offset of the brace or quote that ends the string begun at `at`."""
    quoted = text[at] == '"'
    depth = 0
    for found in _DELIMITER.finditer(text, at + 1 if quoted else at):
        if found[0] == "{":
            depth += 1
        elif found[0] == "}":
            depth -= 1
            if depth < 0:
                break
            if depth == 0 and not quoted:
                return found.start()
        elif quoted and depth == 0:
            return found.start()
    raise BrokenEntryError("a string that does not end", at)


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _outcome(entry: Entry, stem: str, shared: _Shared, chunk: _Chunk) -> Read | str:
    """The paper, or the reason for leaving the entry out."""
    if entry.kind in _NOT_PAPERS:
        shared.proceedings = entry.fields
        return "a volume, not a paper"
    notes = field.Notes([MENDED_BYTES] if chunk.mended else [])
    title = field.line_of_text(_clean(entry.fields.get("title", "")), field.LONGEST_TITLE, "title", notes)
    if not title:
        return "no title"
    fields = dict(entry.fields)
    if entry.kind == "inproceedings" and not {"year", "date", "booktitle"} & fields.keys():
        # PMLR's volumes say year and book once, in the @proceedings on top of the file.
        for name in ("year", "booktitle", "shortname", "published", "volume"):
            if name in shared.proceedings:
                fields.setdefault(name, shared.proceedings[name])
    return Read(0, _paper(Entry(entry.kind, entry.key, fields), title, stem, notes), tuple(notes))


def _paper(entry: Entry, title: str, stem: str, notes: field.Notes) -> Paper:
    fields = entry.fields
    ids = _ids(fields, notes)
    year = field.year_of(_clean(fields.get("year", ""))) or field.year_of(fields.get("date", ""))
    date = read_date(fields.get("date", "")) or iso(year, month_number(_clean(fields.get("month", ""))))
    strong = next(
        (Id(scheme, ids[scheme]) for scheme in ("arxiv", "acl", "pmlr", "doi") if scheme in ids), None
    )
    venue = next(
        (fields[n] for n in ("journal", "journaltitle", "shortname", "booktitle") if fields.get(n)), ""
    )
    extra = {"bibtex_key": entry.key, "bibtex_type": entry.kind}
    extra |= {n: _clean(fields[n]) for n in ("pages", "volume", "number", "publisher", "note") if n in fields}
    return Paper(
        key=str(strong)
        if strong
        else f"bib:{stem}:{entry.key or title[:60]}".replace(" ", "-")[: field.LONGEST_KEY],
        title=title,
        abstract=field.paragraphs(
            _clean(fields.get("abstract", "")), field.LONGEST_ABSTRACT, "abstract", notes
        ),
        authors=field.names_of(_names(fields.get("author", "")), notes),
        year=year,
        date=date,
        venue=field.line_of_text(_clean(venue), field.LONGEST_NAME, "venue", notes),
        keywords=field.labels_of(
            _clean(fields.get("keywords", "")), "keywords", notes, separators=r"\s*[;,]\s*"
        ),
        ids=ids,
        url=field.web_address(_clean(fields.get("url", ""))),
        extra=field.bounded_extra(extra, notes),
    )


def _ids(fields: Mapping[str, str], notes: field.Notes) -> dict[str, str]:
    """Ids from doi, eprint, url and a journal like "arXiv preprint arXiv:1706.03762"."""
    ids: dict[str, str] = {}
    if doi := fields.get("doi", "").strip():
        ids |= field.ids_of([("doi", latex_to_text(doi, drop_braces=True).split()[0])], notes)
    archive = fields.get("archiveprefix", fields.get("eprinttype", "arxiv")).strip().lower()
    if (eprint := fields.get("eprint", "").strip()) and archive == "arxiv":
        found = parse_id(eprint if ":" in eprint else f"arxiv:{eprint}")
        if found and found.scheme == "arxiv":
            ids.setdefault("arxiv", found.value)
    for name in ("journal", "journaltitle", "note", "howpublished", "volume"):
        if "arxiv" not in ids and (said := _ARXIV_IN_JOURNAL.search(fields.get(name, "")[:500])):
            ids |= field.ids_of([("arxiv", said[1])], notes)
    for name in ("url", "pdf"):
        found = parse_id(_clean(fields.get(name, ""))) if fields.get(name) else None
        if found and found.scheme != "url":
            ids.setdefault(found.scheme, found.value)
    return ids


def _names(text: str) -> list[str]:
    """The names of an author field: parted by "and" outside braces, "Last, First" turned round."""
    names, depth, begin = [], 0, 0
    for found in re.finditer(r"[{}]|\sand(?=\s)", text):
        if found[0] == "{":
            depth += 1
        elif found[0] == "}":
            depth = max(0, depth - 1)
        elif depth == 0:
            names.append(text[begin : found.start()])
            begin = found.end()
    names.append(text[begin:])
    cleaned = (_one_name(name.strip()) for name in names)
    return [name for name in cleaned if name and name.lower() != "others"]


def _one_name(name: str) -> str:
    """A name in reading order; braces around the whole of it keep its commas."""
    if name.startswith("{") and name.endswith("}") and name.count("{") == 1:
        return _clean(name)
    return field.first_last(_clean(name))


def _clean(text: str) -> str:
    return latex_to_text(text, drop_braces=True).strip() if text else ""
