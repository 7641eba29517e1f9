"""What the sources of full text have in common: files in, papers out, one a file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from fallow_ingest.dates import iso
from fallow_ingest.errors import SourceMissing
from fallow_ingest.fulltext.running import FullText
from fallow_ingest.identifiers import Id, arxiv_id
from fallow_ingest.records import Paper
from fallow_ingest.sources import Read, ReportBytes, Skipped
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import Unreadable

_ID_ORDER = ("arxiv", "acl", "doi", "pmid", "pmcid", "s2")
_ARXIV_IN_NAME = re.compile(r"(?<![\d.])(\d{4}\.\d{4,5})(?:v\d+)?(?!\d)")
_OLD_ARXIV_IN_NAME = re.compile(r"(?<![A-Za-z])([a-z]+(?:-[a-z]+)?)[-_/]?(\d{7})(?:v\d+)?(?!\d)")

ReadText = Callable[[bytes], FullText | Unreadable]


def papers_in(
    paths: list[Path], scheme: str, read: ReadText, start: int, largest: int, report: ReportBytes
) -> Iterator[Read | Skipped]:
    """One record for every file after the first `start`.

    scheme: of the keys of papers without an id of their own; largest: bytes of a file that is read.
    """
    total = sum(path.stat().st_size for path in paths)
    done = 0
    for position, path in enumerate(paths, 1):
        size = path.stat().st_size
        done += size
        if position > start:
            if size > largest:
                yield Skipped(position, "file too large", str(path), f"{size:,} bytes, {largest:,} at most")
            else:
                yield outcome(position, _content(path), path.name, str(path), scheme, read)
        report(done, total)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceMissing(f"{path} cannot be opened ({error.strerror})", "check its permissions") from error


def outcome(
    position: int, content: bytes, name: str, place: str, scheme: str, read: ReadText
) -> Read | Skipped:
    """The paper that a file's content is, or why it is none."""
    told = read(content)
    if isinstance(told, Unreadable):
        return Skipped(position, told.reason, place, told.detail)
    if not told.title:
        return Skipped(position, "no title found", place)
    notes = field.Notes(told.notes)
    paper = paper_of(told, f"{scheme}:{hashlib.sha256(content).hexdigest()[:16]}", name, notes)
    return Read(position, paper, tuple(notes))


def paper_of(told: FullText, key: str, name: str, notes: field.Notes) -> Paper:
    """The record of a full text.

    key: for one without an id; name: of its file, which may hold an arXiv id.
    """
    ids = dict(told.ids)
    if "arxiv" not in ids and (found := arxiv_in_name(name)):
        ids["arxiv"] = found
    strong = next((Id(scheme, ids[scheme]) for scheme in _ID_ORDER if scheme in ids), None)
    date = told.date or _arxiv_month(ids.get("arxiv", ""))
    return Paper(
        key=str(strong) if strong else key,
        title=told.title,
        abstract=told.abstract,
        authors=told.authors,
        year=told.year if told.year is not None or not date else int(date[:4]),
        date=date,
        venue=told.venue,
        keywords=told.keywords,
        ids=ids,
        references=told.references,
        sections=told.sections,
        url=told.url,
        extra=field.bounded_extra({**told.extra, "file": name}, notes),
    )


def arxiv_in_name(name: str) -> str:
    """The arXiv id in a file's name, as arXiv and its bulk archives name files; "" when there is none.

    >>> arxiv_in_name("2004.14974v2.tar.gz"), arxiv_in_name("hep-th9901001.gz"), arxiv_in_name("main.tex")
    ('2004.14974', 'hep-th/9901001', '')
    """
    if found := _ARXIV_IN_NAME.search(name):
        return arxiv_id(found[1]) or ""
    if found := _OLD_ARXIV_IN_NAME.search(name):
        return arxiv_id(f"{found[1]}/{found[2]}") or ""
    return ""


def _arxiv_month(value: str) -> str:
    """The month in which an arXiv id was given."""
    digits = value.rpartition("/")[2][:4]
    if not digits.isdigit():
        return ""
    year = int(digits[:2])
    return iso(1900 + year if year > 90 else 2000 + year, int(digits[2:]))
