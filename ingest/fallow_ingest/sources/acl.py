"""The ACL Anthology's own XML: a file, a folder of them, or a tar archive that is never unpacked to disk."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from io import BufferedIOBase, BufferedReader
from pathlib import Path
from typing import IO, ClassVar, Literal, NamedTuple, cast
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from fallow_ingest.dates import iso, month_number
from fallow_ingest.errors import SourceBroken, SourceError, SourceUnsupported
from fallow_ingest.records import Paper
from fallow_ingest.sources import Read, ReportBytes, Skipped, ignore_bytes
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.files import broken_archive, existing, files_in, opened

LARGEST_FILE = 64 * 2**20
"""Bytes of the largest XML file that is read; the Anthology's own stay below 10 MB."""

DEEPEST = 40
"""Levels of nesting; the Anthology's schema has fewer than ten."""

_NEW_COLLECTION = re.compile(r"\d{4}\.\w+", re.ASCII)
_OLD_COLLECTION = re.compile(r"[A-Z]\d{2}", re.ASCII)
_VENUES = {
    "cl": "Computational Linguistics", "tacl": "TACL", "ws": "Workshop", "findings": "Findings",
    "semeval": "SemEval", "starsem": "*SEM", "anlp": "ANLP", "jeptalnrecital": "JEP/TALN/RECITAL",
}  # fmt: skip


class _Volume(NamedTuple):
    """What the papers of a volume have in common."""

    id: str
    book: str
    journal: str
    venues: tuple[str, ...]
    year: str
    month: str


class AclSource:
    """Papers of ACL Anthology XML."""

    name: ClassVar[str] = "acl"
    label: ClassVar[str] = "ACL Anthology XML"
    accepts: ClassVar[str] = "an .xml file, a folder of them, or a .tar or .tar.gz"

    def read(
        self, location: Path, *, start: int = 0, report: ReportBytes = ignore_bytes
    ) -> Iterator[Read | Skipped]:
        """Yield the papers after the first `start`, files in the order of the folder or archive.

        A file that is not well-formed, holds a DTD or is too large is one Skipped, after the papers that
        came before its fault. Raises SourceMissing, SourceUnsupported and SourceBroken.
        """
        existing(location, folder=True)
        position = 0
        for outcome in _outcomes(location, report):
            position += 1
            if position <= start:
                continue
            if isinstance(outcome, Skipped):
                yield Skipped(position, outcome.reason, outcome.place, outcome.detail)
            else:
                yield Read(position, outcome.paper, outcome.notes)


def _outcomes(location: Path, report: ReportBytes) -> Iterator[Read | Skipped]:
    if location.is_dir() or location.suffix.lower() == ".xml":
        paths = files_in(location, ".xml")
        total = sum(path.stat().st_size for path in paths)
        done = 0
        for path in paths:
            size = path.stat().st_size
            try:
                with opened(path) as (content, _, _), broken_archive(path):
                    yield from _read_file(content, str(path))
            except SourceError as error:  # costs this file only
                if location.is_file():
                    raise
                yield Skipped(0, "file cannot be read", str(path), error.what)
            done += size
            report(done, total)
        return
    with opened(location) as (content, raw, size):
        yield from _read_archive(location, content, raw, size, report)


def _read_archive(
    location: Path, content: BufferedIOBase, raw: BufferedReader, size: int, report: ReportBytes
) -> Iterator[Read | Skipped]:
    """The files of a tar archive, each read in place."""
    with ExitStack() as stack:
        try:
            with broken_archive(location):
                bounded = cast("IO[bytes]", _BoundedReads(content, location))
                archive = stack.enter_context(tarfile.open(fileobj=bounded, mode="r:"))
        except tarfile.TarError as error:
            raise SourceUnsupported(
                f"{location} is neither XML nor a tar archive ({error})",
                "name an .xml file, a folder or a .tar.gz",
            ) from error
        last = ""
        while True:
            member = _next_member(archive, location, last)
            if member is None:
                return
            archive.members = []  # type: ignore[attr-defined]  # tarfile would remember every one
            last = member.name
            report(raw.tell(), size)
            if not member.isreg() or not member.name.lower().endswith(".xml"):
                continue
            place = f"{location}!{member.name[:200]}"
            if member.size > LARGEST_FILE:
                yield Skipped(0, "file too large", place, f"{member.size:,} bytes, {LARGEST_FILE:,} at most")
                continue
            inside = archive.extractfile(member)
            if inside is not None:
                with broken_archive(location, member.name[:200]):
                    yield from _read_file(inside, place)


def _next_member(archive: tarfile.TarFile, location: Path, last: str) -> tarfile.TarInfo | None:
    try:
        with broken_archive(location, last[:200]):
            return archive.next()
    except tarfile.TarError as error:
        raise SourceBroken(
            f"{location} cannot be read further after {last[:200] or 'its beginning'}: {error}",
            "fetch the file again, then run the same command: it goes on from there",
        ) from error


class _BoundedReads:
    """A file that refuses to hand out more than LARGEST_FILE bytes at once: tar headers may ask for it."""

    def __init__(self, content: BufferedIOBase, location: Path) -> None:
        self._content = content
        self._location = location

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= LARGEST_FILE:
            raise SourceBroken(
                f"{self._location} holds a tar header of {size:,} bytes", "fetch the file again"
            )
        return self._content.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._content.seek(offset, whence)

    def tell(self) -> int:
        return self._content.tell()


def _read_file(content: BufferedIOBase | IO[bytes], place: str) -> Iterator[Read | Skipped]:
    """The papers of one XML file; its first fault ends it with one Skipped."""
    try:
        yield from _papers(_Limited(content), place)
    except ParseError as error:
        line = error.position[0] if getattr(error, "position", None) else 0
        yield Skipped(0, "broken XML", f"{place}:{line}", str(error)[:200])
    except DefusedXmlException as error:
        yield Skipped(0, "XML with a DTD or entities", place, type(error).__name__)
    except (ValueError, LookupError, RecursionError) as error:  # encodings that do not exist, bad references
        yield Skipped(0, "broken XML", place, str(error)[:200])


class _Limited:
    """The file, refused once more than LARGEST_FILE bytes were read."""

    def __init__(self, content: BufferedIOBase | IO[bytes]) -> None:
        self._content = content
        self._left = LARGEST_FILE

    def read(self, size: int = 65_536) -> bytes:
        piece = self._content.read(min(size, 65_536) if size >= 0 else 65_536)
        self._left -= len(piece)
        if self._left < 0:
            raise ValueError("file too large")
        return piece


def _papers(content: _Limited, place: str) -> Iterator[Read | Skipped]:
    collection = ""
    volume: _Volume | None = None
    open_elements: list[Element] = []
    for event, element in iterparse(content, events=("start", "end"), forbid_dtd=True):
        if event == "start":
            open_elements.append(element)
            if len(open_elements) > DEEPEST:
                raise ValueError("nested too deeply")
            if element.tag == "collection":
                collection = element.get("id", "")
            elif element.tag == "volume":
                volume = _Volume(element.get("id", ""), "", "", (), "", "")
            continue
        open_elements.pop()
        parent = open_elements[-1] if open_elements else None
        if element.tag == "meta" and parent is not None and parent.tag == "volume":
            volume = _volume(parent.get("id", ""), element)
        elif element.tag == "paper" and volume is not None:
            yield _record(collection, volume, element, place)
        if element.tag in ("paper", "frontmatter", "volume", "event") and parent is not None:
            parent.remove(element)


def _volume(volume_id: str, meta: Element) -> _Volume:
    return _Volume(
        volume_id,
        _text(meta.find("booktitle")),
        _text(meta.find("journal-title")),
        tuple(_text(venue) for venue in meta.findall("venue")),
        _text(meta.find("year")),
        _text(meta.find("month")),
    )


def _record(collection: str, volume: _Volume, element: Element, place: str) -> Read | Skipped:
    anthology_id = full_id(collection, volume.id, element.get("id", ""))
    if not anthology_id:
        return Skipped(0, "no id", place, f"{collection[:20]} {volume.id[:20]} {element.get('id', '')[:20]}")
    place = f"{place}#{anthology_id}"
    if element.get("type") in ("frontmatter", "backmatter"):
        return Skipped(0, "front or back matter", place)
    notes = field.Notes()
    title = field.line_of_text(_text(element.find("title")), field.LONGEST_TITLE, "title", notes)
    if not title:
        return Skipped(0, "no title", place)
    removed, retracted = element.find("removed"), element.find("retracted")
    status: Literal["", "withdrawn", "retracted"] = (
        "withdrawn" if removed is not None else "retracted" if retracted is not None else ""
    )
    year = field.year_of(volume.year)
    month = month_number(_text(element.find("month")) or volume.month)
    ids = {"acl": anthology_id} | field.ids_of([("doi", _text(element.find("doi")))], notes)
    revisions = [revision.get("id", "") for revision in element.findall("revision")]
    extra = {
        "booktitle": volume.book,
        "venues": list(volume.venues),
        "pages": _text(element.find("pages")),
        "bibkey": _text(element.find("bibkey")),
        "language": _text(element.find("language")),
        "awards": [_text(award) for award in element.findall("award")],
        "retraction": _text(retracted) or _text(removed),
    }
    paper = Paper(
        key=f"acl:{anthology_id}",
        title=title,
        abstract=field.line_of_text(
            _text(element.find("abstract")), field.LONGEST_ABSTRACT, "abstract", notes
        ),
        authors=field.names_of([_name(author) for author in element.findall("author")], notes),
        year=year,
        date=iso(year, month),
        venue=_venue(volume)[: field.LONGEST_NAME],
        ids=ids,
        url=f"https://aclanthology.org/{anthology_id}",
        version=f"v{revisions[-1][:10]}" if revisions and revisions[-1] else "",
        status=status,
        extra=field.bounded_extra(extra, notes),
    )
    return Read(0, paper, tuple(notes))


def full_id(collection: str, volume: str, paper: str) -> str:
    """The Anthology id of a paper; "" when its parts make none.

    Volumes and papers of the letter-number collections are padded to four digits in all (as
    `acl_anthology.utils.ids` does): two and two for workshops (W), C69 and D19 from volume 50 on, else one
    and three.

    >>> full_id("P18", "1", "7"), full_id("W18", "63", "10"), full_id("D19", "57", "2")
    ('P18-1007', 'W18-6310', 'D19-5702')
    >>> full_id("2022.acl", "long", "42"), full_id("2022.acl", "", "42")
    ('2022.acl-long.42', '')
    """
    if not paper.isascii() or not paper.isdigit() or not volume:
        return ""
    if _NEW_COLLECTION.fullmatch(collection) and re.fullmatch(r"\w+", volume, re.ASCII):
        return f"{collection}-{volume}.{int(paper[:6])}"
    if not _OLD_COLLECTION.fullmatch(collection) or not volume.isascii() or not volume.isdigit():
        return ""
    two_digits = (
        collection[0] == "W" or collection == "C69" or (collection == "D19" and int(volume[:4]) >= 50)
    )
    return f"{collection}-{volume:0>2}{paper:0>2}" if two_digits else f"{collection}-{volume}{paper:0>3}"


def _venue(volume: _Volume) -> str:
    """The name people use: the journal's, else the venue's short name in capitals."""
    if volume.journal:
        return volume.journal
    names = [_VENUES.get(venue, venue.upper()) for venue in volume.venues]
    if (
        "Findings" in names
        and len(names) == 1
        and (found := re.search(r"\b(ACL|EMNLP|NAACL|EACL|IJCNLP)\b", volume.book))
    ):
        return f"Findings of {found[1]}"
    return names[0] if names else volume.book


def _name(author: Element) -> str:
    return f"{_text(author.find('first'))} {_text(author.find('last'))}".strip()


def _text(element: Element | None) -> str:
    """The text of mixed content; formulas between dollars, every other mark dropped."""
    if element is None:
        return ""
    parts: list[str] = []
    _collect(element, parts)
    return "".join(parts).strip()


def _collect(element: Element, parts: list[str]) -> None:
    formula = element.tag == "tex-math"
    if formula:
        parts.append("$")
    parts.append(element.text or "")
    for child in element:
        _collect(child, parts)  # DEEPEST bounds the recursion
        parts.append(child.tail or "")
    if formula:
        parts.append("$")
    elif element.tag == "par":
        parts.append(" ")
