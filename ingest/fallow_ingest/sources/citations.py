"""Citations as a table of two columns: who cites, who is cited."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fallow_ingest.identifiers import parse_id
from fallow_ingest.sources import ReportBytes, Skipped, ignore_bytes
from fallow_ingest.sources.fields import LONGEST_KEY
from fallow_ingest.sources.json_lines import to_text
from fallow_ingest.sources.lines import read_lines
from fallow_ingest.text.normalise import plain

_HEADINGS = {"citing", "source", "from", "citing_id"}


class CitationRow(NamedTuple):
    """One row: the two ids in canonical spelling where their scheme is known, and who says so."""

    position: int
    citing: str
    cited: str
    source: str


def read_citations(
    path: Path, *, start: int = 0, report: ReportBytes = ignore_bytes
) -> Iterator[CitationRow | Skipped]:
    """Yield the rows after line `start` of a tab-separated file, plain or gzip: citing, cited[, source].

    A first line that names the columns is passed over; a paper that cites itself is a Skipped. Raises
    SourceMissing, SourceUnsupported and SourceBroken.
    """
    for line in read_lines(path, report, after=start):
        place = f"{path}:{line.number}"
        if line.content is None or len(line.content) > 4 * LONGEST_KEY:
            yield Skipped(line.number, "line too long", place, f"{line.length:,} bytes")
            continue
        text, _ = to_text(line.content)
        columns = [plain(column) for column in text.split("\t")]
        if columns == [""] or text.startswith("#"):
            continue
        if line.number == 1 and columns[0].lower() in _HEADINGS:
            continue
        if len(columns) < 2 or not columns[0] or not columns[1]:
            yield Skipped(line.number, "not two columns", place, text[:80])
            continue
        citing, cited = _spelt(columns[0]), _spelt(columns[1])
        if citing == cited:
            yield Skipped(line.number, "cites itself", place, citing[:80])
            continue
        yield CitationRow(line.number, citing, cited, columns[2] if len(columns) > 2 else "")


def _spelt(text: str) -> str:
    found = parse_id(text)
    return str(found) if found else text
