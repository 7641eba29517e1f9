"""Files of one record a line, read in pieces so that no line, however long, is ever held whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fallow_ingest.sources import ReportBytes
from fallow_ingest.sources.files import broken_archive, opened

LONGEST_LINE = 16 * 2**20
"""Bytes after which a line is passed over instead of read."""

_PIECE = 2**20


class Line(NamedTuple):
    """One line without its end. number: from 1. content: None when it was longer than LONGEST_LINE."""

    number: int
    content: bytes | None
    length: int


def read_lines(path: Path, report: ReportBytes, *, after: int = 0) -> Iterator[Line]:
    """Yield the lines after number `after` of a plain or gzip file, blank ones too.

    Memory stays below LONGEST_LINE plus one piece. A last line without a line end counts, but not the rest
    of a truncated archive. Raises SourceMissing, SourceUnsupported, and SourceBroken when the archive ends
    too early or is damaged: every line before that was yielded.
    """
    with opened(path) as (content, raw, size):
        number = 0
        kept = bytearray()  # the beginning of a line whose end is not read yet
        length = 0  # of that line, in all
        while True:
            with broken_archive(path, f"line {number}"):
                # Not `read`: it would lose what it had unpacked when a truncated archive ends.
                piece = content.read1(_PIECE)
            if not piece:
                break
            report(raw.tell(), size)
            first, *others = piece.split(b"\n")
            if length + len(first) <= LONGEST_LINE:
                kept += first
            else:
                kept.clear()
            length += len(first)
            if not others:
                continue
            number += 1
            if number > after:
                yield _line(number, kept, length)
            for whole in others[:-1]:
                number += 1
                if number > after:
                    yield Line(number, whole, len(whole))
            kept = bytearray(others[-1])
            length = len(kept)
        if length and number + 1 > after:
            yield _line(number + 1, kept, length)
        report(size, size)


def _line(number: int, kept: bytearray, length: int) -> Line:
    return Line(number, bytes(kept) if length <= LONGEST_LINE else None, length)
