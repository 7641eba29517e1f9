"""A local copy of OpenAlex's snapshot of works: partitions by day of change, JSON lines in gzip, CC0."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import orjson

from fallow_ingest.errors import SourceBroken, SourceUnsupported
from fallow_ingest.services.openalex.records import paper_of, work_id
from fallow_ingest.sources import Read, ReportBytes, Skipped, ignore_bytes
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.files import existing, files_in
from fallow_ingest.sources.json_lines import Unreadable, decode_object
from fallow_ingest.sources.lines import LONGEST_LINE, Line, read_lines

MOST_DELETED = 20_000_000
"""Deleted ids that are held, eight bytes each."""

LARGEST_MANIFEST = 32 * 2**20
MISSING_PART = "part missing"
BROKEN_PART = "part cannot be read further"
OTHER_PART = "part differs from the manifest"
DELETED = "deleted from OpenAlex"

_PARTITION = re.compile(r"updated_date=(\d{4}-\d{2}-\d{2})")
_OTHERS = frozenset(
    {
        "authors", "sources", "institutions", "publishers", "funders", "topics", "subfields", "fields",
        "domains", "concepts", "keywords", "awards", "merged_ids",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Part:
    """One file of works.

    name: partition and file, as the manifest's addresses end; path: None when it is missing; records: by the
    manifest, None without one.
    """

    name: str
    path: Path | None
    records: int | None


class OpenAlexSnapshotSource:
    """Works of a local copy of OpenAlex's snapshot, all of its folder; older partitions first.

    What to read is chosen by what is in the folder: the whole is half a billion works. A work whose record
    is in two partitions ends as the newer one tells it.
    """

    name: ClassVar[str] = "openalex-snapshot"
    label: ClassVar[str] = "OpenAlex snapshot (works, JSON lines)"
    accepts: ClassVar[str] = "a folder of updated_date=.../part_*.gz, or one such file"

    def read(
        self, location: Path, *, start: int = 0, report: ReportBytes = ignore_bytes
    ) -> Iterator[Read | Skipped]:
        """Yield the works after position `start`.

        With manifest.json, parts that it lists and that are not here are told, whole parts before `start`
        are passed over unread, and a part that does not hold what the manifest says is told. A damaged part
        costs its own rest only, unless it was named by itself. Raises SourceMissing, SourceUnsupported and
        SourceBroken.
        """
        existing(location, folder=True)
        parts = _parts(location)
        deleted = _Deleted(location)
        total = sum(part.path.stat().st_size for part in parts if part.path)
        done = 0
        before = 0  # positions of the parts before: one for each record, one for what befell the part
        for part in parts:
            if part.path is None:
                before += (part.records or 0) + 1
                if before > start:
                    yield Skipped(before, MISSING_PART, str(location), f"{part.name}: {part.records:,} works")
                continue
            size = part.path.stat().st_size
            if part.records is not None and before + part.records + 1 <= start:
                before += part.records + 1
            else:
                progress = _Progress(report, done, total)
                before = yield from _read_part(part, part.path, location, before, start, deleted, progress)
            done += size
            report(done, total)


@dataclass(frozen=True, slots=True)
class _Progress:
    """Bytes of one part, told as bytes of all."""

    report: ReportBytes
    done: int
    total: int

    def __call__(self, done: int, _size: int) -> None:
        self.report(self.done + done, self.total)


def _read_part(
    part: _Part,
    path: Path,
    location: Path,
    before: int,
    start: int,
    deleted: _Deleted,
    progress: _Progress,
) -> Generator[Read | Skipped, None, int]:
    """The works of one part; returns the last position that the part takes."""
    most = part.records
    read = 0
    fault = ("", "")
    try:
        for line in read_lines(path, progress):
            if most is not None and line.number > most:
                fault = (OTHER_PART, f"more than {most:,} lines")
                break
            read = line.number
            if before + read > start and (outcome := _outcome(line, before + read, path, deleted)):
                yield outcome
    except SourceBroken as error:
        if location == path:
            raise
        fault = (BROKEN_PART, error.what)
    if most is not None and not fault[0] and read < most:
        fault = (OTHER_PART, f"{read:,} of {most:,} lines")
    end = before + (most if most is not None else read) + 1
    if fault[0] and end > start:
        yield Skipped(end, fault[0], str(path), fault[1])
    return end


def _outcome(line: Line, position: int, path: Path, deleted: _Deleted) -> Read | Skipped | None:
    place = f"{path}:{line.number}"
    if line.content is None:
        return Skipped(position, "line too long", place, f"{line.length:,} bytes, {LONGEST_LINE:,} at most")
    content = line.content.strip()
    if not content:
        return None
    decoded = decode_object(content)
    if isinstance(decoded, Unreadable):
        return Skipped(position, decoded.reason, place, decoded.detail)
    number = work_id(decoded.fields.get("id"))
    if number and number in deleted:
        return Skipped(position, DELETED, place, number)
    notes = field.Notes(decoded.notes)
    paper = paper_of(decoded.fields, notes)
    if isinstance(paper, Unreadable):
        return Skipped(position, paper.reason, place, paper.detail)
    return Read(position, paper, tuple(notes))


# Parts -------------------------------------------------------------------------------------------


def _parts(location: Path) -> list[_Part]:
    """The parts that are here or should be, by partition, oldest first."""
    if location.is_file():
        return [_Part(location.name, location, None)]
    here = {_name(path): path for path in files_in(location, ".gz", ".jsonl") if _is_part(path, location)}
    if not here:
        shown = str(location).encode("utf-8", "backslashreplace").decode()
        raise SourceUnsupported(
            f"The folder {shown} holds no part_*.gz of works", "name the folder that does (data/jsonl/works)"
        )
    listed = _manifest(location)
    return [_Part(name, here.get(name), listed.get(name)) for name in sorted(listed.keys() | here.keys())]


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _is_part(path: Path, location: Path) -> bool:
    folders = set(path.relative_to(location).parts[:-1])
    return path.name.startswith("part_") and not folders & _OTHERS


def _manifest(location: Path) -> dict[str, int]:
    """part -> its number of records, by the manifest of works, today's or the older one; {} without any."""
    only = f"{location.name}/" if _PARTITION.fullmatch(location.name) else ""
    for folder in _folders(location):
        for name in ("manifest.json", "manifest"):
            path = folder / name
            if path.is_file() and path.stat().st_size <= LARGEST_MANIFEST and (found := _listed(path)):
                return {part: records for part, records in found.items() if part.startswith(only)}
    return {}


def _folders(location: Path) -> list[Path]:
    """Where the folder of works may be: above one partition of it, here, or in a copy of the whole bucket."""
    if _PARTITION.fullmatch(location.name):
        return [location.parent]
    if location.is_file():
        return [location.parent.parent]
    inside = ("works", "jsonl/works", "data/jsonl/works", "data/works")
    return [location, *(location / folder for folder in inside)]


def _listed(path: Path) -> dict[str, int]:
    try:
        manifest = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    if not isinstance(manifest, dict) or manifest.get("entity", "works") != "works":
        return {}
    found: dict[str, int] = {}
    entries = manifest.get("files") or manifest.get("entries")
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("url"), str):
            continue
        steps = entry["url"].split("/")
        meta = entry.get("meta")
        records = meta.get("record_count") if isinstance(meta, Mapping) else None
        if len(steps) > 1 and _PARTITION.fullmatch(steps[-2]) and isinstance(records, int) and records >= 0:
            found["/".join(steps[-2:])] = records
    return found


class _Deleted:
    """Numbers of deleted works by deleted_ids.csv (work_id,deleted_date), sorted in eight bytes each."""

    def __init__(self, location: Path) -> None:
        numbers = array("q")
        for folder in _folders(location):
            path = folder / "deleted_ids.csv"
            if not path.is_file():
                continue
            for line in read_lines(path, ignore_bytes):
                first = (line.content or b"")[:60].split(b",")[0].decode("ascii", "replace")
                number = work_id(first.strip('" \r'))
                if number:
                    numbers.append(int(number[1:]))
                if len(numbers) > MOST_DELETED:
                    raise SourceUnsupported(f"{path} has over {MOST_DELETED:,} ids", "fetch the file again")
            break
        if numbers:
            import numpy as np

            np.frombuffer(numbers, dtype=np.int64).sort()  # in place: a list of them would be large
        self._numbers = numbers

    def __contains__(self, number: str) -> bool:
        wanted = int(number[1:])
        place = bisect_left(self._numbers, wanted)
        return place < len(self._numbers) and self._numbers[place] == wanted
