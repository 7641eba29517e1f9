"""Where papers come from: one module a source, found by name through the registry.

A source streams: it yields every record it can read and every record it had to skip, each with its
position, so that an interrupted ingest goes on where the last committed batch ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from fallow_ingest.records import Paper
from fallow_ingest.registry import Registry

ReportBytes = Callable[[int, int], None]
"""Called now and then with (bytes read so far, bytes in all; 0 when unknown)."""


def ignore_bytes(_done: int, _total: int) -> None:
    """The report that nobody looks at."""


@dataclass(frozen=True, slots=True)
class Read:
    """A record that could be read.

    position: rises with every record, from 1; for files of lines it is the line's number.
    notes: what had to be mended to read it, each a short phrase that the closing table counts by
    ("abstract cut", "bytes read as Windows-1252"); empty for a clean record.
    """

    position: int
    paper: Paper
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that could not be read.

    reason: a short phrase that the closing table counts by ("broken JSON", "no title").
    place: file and line (or entry) for a person to look at.
    """

    position: int
    reason: str
    place: str
    detail: str = ""


class Source(Protocol):
    """A reader of one kind of file or folder.

    name is what people type, label what they read, accepts what the location may be.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    accepts: ClassVar[str]

    def read(
        self, location: Path, *, start: int = 0, report: ReportBytes = ignore_bytes
    ) -> Iterator[Read | Skipped]:
        """Yield records after position `start`.

        Raises SourceMissing or SourceUnsupported before the first record, SourceBroken when the rest
        cannot be read (a truncated archive): everything yielded before it is good.
        """
        ...


SOURCES: Registry[Source] = Registry("source", "fallow.sources")
