"""S2ORC's JSON, s2orc-doc2json's and unarXive's: lines, files or folders of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from fallow_ingest.fulltext.running import FullText
from fallow_ingest.fulltext.s2orc import read_s2orc
from fallow_ingest.sources import Read, ReportBytes, Skipped, ignore_bytes
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.files import existing, files_in
from fallow_ingest.sources.full_text import paper_of, papers_in
from fallow_ingest.sources.json_lines import Unreadable, decode_object
from fallow_ingest.sources.lines import LONGEST_LINE, read_lines


class S2orcSource:
    """Sections, references and citation contexts of papers as S2ORC's JSON."""

    name: ClassVar[str] = "s2orc"
    label: ClassVar[str] = "S2ORC and unarXive JSON"
    accepts: ClassVar[str] = "a .jsonl file, plain or gzip, or a .json file or a folder of them"

    def read(
        self, location: Path, *, start: int = 0, report: ReportBytes = ignore_bytes
    ) -> Iterator[Read | Skipped]:
        """Yield the record of every line, or of every .json file, after the first `start`.

        Raises SourceMissing, SourceUnsupported and SourceBroken.
        """
        existing(location, folder=True)
        if location.is_dir() or location.suffix.lower() == ".json":
            yield from papers_in(
                files_in(location, ".json"), "s2orc", _read_file, start, LONGEST_LINE, report
            )
            return
        for line in read_lines(location, report, after=start):
            place = f"{location}:{line.number}"
            if line.content is None:
                yield Skipped(
                    line.number, "line too long", place, f"{line.length:,} bytes, {LONGEST_LINE:,} at most"
                )
            elif line.content.strip():
                yield _outcome(line.number, line.content, place)


def _read_file(content: bytes) -> FullText | Unreadable:
    decoded = decode_object(content)
    return decoded if isinstance(decoded, Unreadable) else read_s2orc(decoded.fields)


def _outcome(number: int, content: bytes, place: str) -> Read | Skipped:
    told = _read_file(content)
    if isinstance(told, Unreadable):
        return Skipped(number, told.reason, place, told.detail)
    if not told.title:
        return Skipped(number, "no title", place)
    notes = field.Notes(told.notes)
    key = f"s2orc:{hashlib.sha256(content).hexdigest()[:16]}"
    paper = paper_of(told, key, "", notes)
    return Read(number, paper, tuple(notes))
