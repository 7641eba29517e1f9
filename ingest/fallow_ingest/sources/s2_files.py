"""Files of Semantic Scholar's data sets on your disk: papers, abstracts, tldrs, citations and full texts.

The data sets tell of a paper in pieces, a line in each, which are joined by its corpus id: a paper is read
where its full text stands, else where its metadata stands, and takes the rest from the other files. What has
to wait for that lies in a temporary file, never in memory.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from fallow_ingest.errors import SourceBroken, SourceUnsupported
from fallow_ingest.services.semantic_scholar.records import (
    ABSTRACTS,
    CITATIONS,
    FULL_TEXTS,
    PAPERS,
    TLDRS,
    data_set_of,
    joined,
    paper_number,
)
from fallow_ingest.services.semantic_scholar.shelf import Papers, Shelf
from fallow_ingest.sources import Read, ReportBytes, Skipped, ignore_bytes
from fallow_ingest.sources.fields import Notes
from fallow_ingest.sources.files import files_in
from fallow_ingest.sources.json_lines import Decoded, Unreadable, decode_object
from fallow_ingest.sources.lines import LONGEST_LINE, Line, read_lines

SUFFIXES = ("", ".gz", ".json", ".jsonl", ".ndjson")
"""Of the files that are looked into: those that AI2 gives have none."""

_LINES_TO_TELL = 50
_ALONE = "no title: its paper is in none of these files"


class S2FilesSource:
    """Files as the Datasets API gives them, plain or gzip, each of one data set, known by what it holds."""

    name: ClassVar[str] = "s2-files"
    label: ClassVar[str] = "Semantic Scholar data sets on disk"
    accepts: ClassVar[str] = "a file or folder of papers, abstracts, tldrs, citations, s2orc, plain or gzip"

    def read(
        self, location: Path, *, start: int = 0, report: ReportBytes = ignore_bytes
    ) -> Iterator[Read | Skipped]:
        """Yield what stands in every line after line `start`, counted through all files in their order.

        Raises SourceMissing, SourceUnsupported and SourceBroken, and DiskFull when there is no room for
        what has to wait.
        """
        kinds = {path: _kind(path) for path in _files(location)}
        several = len({kind for kind in kinds.values() if kind}) > 1
        progress = _Progress(kinds, passes=3 if several else 1, report=report)
        with ExitStack() as stack:
            shelf = None
            if several:
                folder = Path(stack.enter_context(TemporaryDirectory(prefix="fallow-s2-")))
                shelf = Shelf(folder / "parts.sqlite")
                stack.callback(shelf.close)
            join = _Join(shelf)
            if shelf:
                join.gather(kinds, progress)
            before = 0
            for path in kinds:
                line = None
                seen_on = _day(path)
                for line in read_lines(path, progress.of(path), after=max(0, start - before)):
                    yield from join.read(before + line.number, line, path, seen_on)
                before += line.number if line else _count(path) if before < start else 0


@dataclass(slots=True)
class _Progress:
    """Bytes over all passes through the files."""

    files: dict[Path, str]
    passes: int
    report: ReportBytes
    _done: int = 0
    _total: int = field(init=False)

    def __post_init__(self) -> None:
        self._total = self.passes * sum(path.stat().st_size for path in self.files)

    def of(self, path: Path) -> Callable[[int, int], None]:
        """The report of one file in one pass; called for every file in every pass."""
        before = self._done
        self._done += path.stat().st_size
        return lambda done, _size: self.report(min(before + done, self._total), self._total)


class _Join:
    """What other files say of a paper. shelf: None when there is one kind of file only."""

    def __init__(self, shelf: Shelf | None) -> None:
        self._shelf = shelf
        self._papers = self._texts = Papers(array("q"))

    def gather(self, kinds: dict[Path, str], progress: _Progress) -> None:
        """Learn which papers there are, then put aside what has to be joined to them."""
        self._papers = self._numbers(kinds, PAPERS, progress)
        self._texts = self._numbers(kinds, FULL_TEXTS, progress)
        for path, kind in kinds.items():
            if kind not in (PAPERS, FULL_TEXTS):
                progress.of(path)  # not read in the first pass
        assert self._shelf is not None
        for path, kind in kinds.items():
            tell = progress.of(path)
            if kind in (PAPERS, ABSTRACTS, TLDRS, CITATIONS):
                for number, line in _numbered(path, kind, tell):
                    self._put(number, kind, line)
        self._shelf.finish()

    def _numbers(self, kinds: dict[Path, str], wanted: str, progress: _Progress) -> Papers:
        found = array("q")
        for path, kind in kinds.items():
            if kind == wanted:
                found.extend(number for number, _ in _numbered(path, kind, progress.of(path)))
        return Papers(array("q", sorted(found)))

    def _put(self, number: int, kind: str, line: bytes) -> None:
        assert self._shelf is not None
        if kind == PAPERS:
            if number in self._texts:
                self._shelf.put(number, kind, line)
        elif number in self._papers or number in self._texts:
            if kind == CITATIONS:
                self._shelf.add(number, line)
            else:
                self._shelf.put(number, kind, line)

    def read(self, position: int, line: Line, path: Path, seen_on: str) -> Iterator[Read | Skipped]:
        """What one line brings: a paper with all its parts, nothing for a part of another line's paper."""
        place = f"{path}:{line.number}"
        if line.content is None:
            detail = f"{line.length:,} bytes, {LONGEST_LINE:,} at most"
            yield Skipped(position, "line too long", place, detail)
            return
        content = line.content.strip()
        if not content:
            return
        decoded = decode_object(content)
        if isinstance(decoded, Unreadable):
            yield Skipped(position, decoded.reason, place, decoded.detail)
            return
        kind, number = data_set_of(decoded.fields), paper_number(decoded.fields)
        if not kind:
            yield Skipped(position, "of a data set that is not read here", place)
        elif number is None:
            yield Skipped(position, "no id", place)
        elif kind not in (PAPERS, FULL_TEXTS):
            if number not in self._papers and number not in self._texts:
                yield Skipped(position, _ALONE, place, f"s2:{number}")
        elif kind == FULL_TEXTS or number not in self._texts:
            yield self._joined(position, number, kind, decoded, place, seen_on)

    def _joined(
        self, position: int, number: int, kind: str, decoded: Decoded, place: str, seen_on: str
    ) -> Read | Skipped:
        notes = Notes(decoded.notes)
        parts = self._shelf.parts(number) if self._shelf else {}
        citations = self._shelf.entries(number) if self._shelf else ()
        paper = joined({**parts, kind: decoded.fields}, notes, seen_on=seen_on, citations=citations)
        if isinstance(paper, Unreadable):
            return Skipped(position, paper.reason, place, paper.detail)
        return Read(position, paper, tuple(notes))


def _files(location: Path) -> list[Path]:
    files = files_in(location, "")
    if location.is_dir():
        files = [path for path in files if path.suffix.lower() in SUFFIXES and path.name[0] != "."]
    if not files:
        raise SourceUnsupported(
            f"The folder {location} holds no file of Semantic Scholar's data sets",
            "name the folder that does",
        )
    return files


def _kind(path: Path) -> str:
    """The data set of the file's first readable lines, "" when they are of none."""
    try:
        for line in read_lines(path, ignore_bytes):
            found = decode_object(line.content) if line.content else None
            if isinstance(found, Decoded) and (kind := data_set_of(found.fields)):
                return kind
            if line.number >= _LINES_TO_TELL:
                break
    except SourceBroken:
        return ""  # told when the file is read for its papers
    return ""


def _numbered(path: Path, kind: str, report: ReportBytes) -> Iterator[tuple[int, bytes]]:
    """(corpus id, line) of every readable line of that data set."""
    try:
        for line in read_lines(path, report):
            found = decode_object(line.content) if line.content else None
            if isinstance(found, Decoded) and data_set_of(found.fields) == kind:
                number = paper_number(found.fields)
                if number is not None and line.content:
                    yield number, line.content
    except SourceBroken:
        return  # told when the file is read for its papers


def _count(path: Path) -> int:
    """Lines of a file that were all read before."""
    number = 0
    for line in read_lines(path, ignore_bytes):
        number = line.number
    return number


def _day(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
