"""The sample library: real papers, every summary and limitation in fallow's own words."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import ClassVar, NamedTuple

from fallow_ingest.dates import read_date
from fallow_ingest.errors import SourceBroken, SourceUnsupported
from fallow_ingest.identifiers import parse_id
from fallow_ingest.records import Paper, Reference, Section, SectionKind
from fallow_ingest.sources import Read, ReportBytes, Skipped, ignore_bytes
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.files import files_in
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.text.normalise import plain

_LARGEST_FILE = 32 * 2**20


class _Entry(NamedTuple):
    file: Path
    number: int  # among the file's papers, from 1
    fields: Mapping[str, object]


class SampleSource:
    """Papers of the sample library's TOML files (see sample/README.md)."""

    name: ClassVar[str] = "sample"
    label: ClassVar[str] = "fallow's own sample library"
    accepts: ClassVar[str] = "a .toml file or a folder of them; the packaged one when none is named"

    @property
    def default_location(self) -> Path:
        """What is read when no location is named: the packaged library."""
        return packaged_sample()

    def read(
        self, location: Path | None = None, *, start: int = 0, report: ReportBytes = ignore_bytes
    ) -> Iterator[Read | Skipped]:
        """Yield the papers after the first `start`, files in the order of their names.

        location: None for the library that the package carries. Raises SourceMissing, SourceUnsupported,
        and SourceBroken for a file that is not TOML.
        """
        paths = files_in(packaged_sample() if location is None else location, ".toml")
        entries = [entry for path in paths for entry in _entries(path)]
        for position, entry in enumerate(entries, 1):
            report(position, len(entries))
            if position <= start:
                continue
            notes = field.Notes()
            paper = paper_of(entry.fields, notes)
            if isinstance(paper, Unreadable):
                place = f"{entry.file}, paper {entry.number}"
                yield Skipped(position, paper.reason, place, paper.detail)
            else:
                yield Read(position, paper, tuple(notes))


def packaged_sample() -> Path:
    """The folder of the sample library inside the installed package."""
    return Path(str(files("fallow_ingest").joinpath("sample")))


def paper_of(record: Mapping[str, object], notes: field.Notes) -> Paper | Unreadable:
    """The paper of one [[paper]] table."""
    found = parse_id(str(record.get("id", "")))
    if found is None:
        return Unreadable("no id", str(record.get("id", ""))[:100])
    title = field.line_of_text(record.get("title"), field.LONGEST_TITLE, "title", notes)
    if not title:
        return Unreadable("no title", str(found))
    given = record.get("ids")
    ids = field.ids_of(given.items() if isinstance(given, Mapping) else (), notes)
    references = record.get("references")
    date = read_date(str(record.get("date", "")))
    return Paper(
        key=str(found),
        title=title,
        abstract=field.line_of_text(record.get("abstract"), field.LONGEST_ABSTRACT, "abstract", notes),
        authors=field.names_of(record.get("authors"), notes),
        year=field.year_of(record.get("year")) or (int(date[:4]) if date else None),
        date=date,
        venue=field.line_of_text(record.get("venue"), field.LONGEST_NAME, "venue", notes),
        categories=field.labels_of(record.get("categories"), "categories", notes),
        keywords=field.labels_of(record.get("keywords"), "keywords", notes),
        ids={found.scheme: found.value} | ids,
        references=tuple(
            Reference(id=str(parse_id(cited) or cited))
            for cited in (references if isinstance(references, list) else [])
            if isinstance(cited, str) and cited.strip()
        ),
        sections=tuple(_sections(record)),
        url=_url(found.scheme, found.value),
        text_origin="fallow",
    )


def _sections(record: Mapping[str, object]) -> Iterator[Section]:
    kinds: tuple[tuple[str, str, SectionKind], ...] = (
        ("limitations", "Limitations", "limitations"),
        ("future_work", "Future work", "future_work"),
    )
    for name, heading, kind in kinds:
        sentences = record.get(name)
        if isinstance(sentences, list) and (text := " ".join(_sentence(s) for s in sentences).strip()):
            yield Section(heading, text, kind)
    earlier = record.get("limits_of_earlier_work")
    if not isinstance(earlier, list):
        return
    said = [
        sentence
        for entry in earlier
        if isinstance(entry, Mapping) and (sentence := _sentence(entry.get("text")))
    ]
    if said:
        yield Section("Limits of earlier work", " ".join(said), "related_work")


def _sentence(value: object) -> str:
    """The text on one line, ending as a sentence does."""
    text = plain(value) if isinstance(value, str) else ""
    return text if not text or text[-1] in ".!?" else f"{text}."


def _url(scheme: str, value: str) -> str:
    addresses = {
        "arxiv": "https://arxiv.org/abs/{}",
        "acl": "https://aclanthology.org/{}",
        "doi": "https://doi.org/{}",
        "openreview": "https://openreview.net/forum?id={}",
    }
    return addresses[scheme].format(value) if scheme in addresses else ""


def _entries(path: Path) -> list[_Entry]:
    if path.stat().st_size > _LARGEST_FILE:
        raise SourceUnsupported(f"{path} is larger than {_LARGEST_FILE >> 20} MiB", "split it by area")
    try:
        document = tomllib.loads(path.read_bytes().decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceBroken(f"{path} is not TOML: {error}", "mend the line it names") from error
    papers = document.get("paper", [])
    if not isinstance(papers, list) or not all(isinstance(paper, dict) for paper in papers):
        raise SourceBroken(f"{path} has no [[paper]] tables", "see sample/README.md for the format")
    return [_Entry(path, number, paper) for number, paper in enumerate(papers, 1)]
