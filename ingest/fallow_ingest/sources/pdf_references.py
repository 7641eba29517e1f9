"""The reference list of a PDF: its lines cut into entries, each taken apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from fallow_ingest.references.entries import LABEL, LONGEST_ENTRY, PrintedEntry, parse_entry
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.pdf_layout import joined
from fallow_ingest.sources.pdf_reader import PrintedLine
from fallow_ingest.text.normalise import plain

_LONGEST_ENTRY_LINES = 40
_SHORTEST_ENTRY = 25


def entries_of(lines: Sequence[PrintedLine], words: Counter[str]) -> Iterator[PrintedEntry]:
    """The entries of a reference list whose lines stand in reading order."""
    for entry in split(lines):
        text = plain(joined((line.text for line in entry), words))[:LONGEST_ENTRY]
        if len(text) >= _SHORTEST_ENTRY and _is_prose(text):
            yield parse_entry(text)


def _is_prose(text: str) -> bool:
    letters = sum(map(str.isalpha, text))
    return letters >= 0.45 * len(text.replace(" ", "")) and letters > 1


def split(lines: Sequence[PrintedLine]) -> list[list[PrintedLine]]:
    """The list cut at its labels ("[12]", "3."), else at hanging indents, else at gaps."""
    marked = [bool(LABEL.match(line.text)) for line in lines]
    by_marks = sum(marked) >= 3 and sum(marked) >= len(lines) / 8
    margins = _left_margins(lines)
    indented = [line.x0 > margins[line.page, line.x0 > 300] + 5 for line in lines]
    hanging = 0.25 * len(lines) < sum(indented) < 0.9 * len(lines)
    entries: list[list[PrintedLine]] = []
    for index, line in enumerate(lines):
        last = lines[index - 1] if index else None
        if by_marks:
            begins = marked[index]
        elif last is None:
            begins = True
        else:
            gap = line.page == last.page and line.y0 - last.y1 > 0.35 * line.size
            ended = last.text.rstrip().endswith(".")
            begins = not indented[index] if hanging else gap or (line.block != last.block and ended)
        if begins or not entries or len(entries[-1]) >= _LONGEST_ENTRY_LINES:
            entries.append([])
        entries[-1].append(line)
    return entries[: field.MOST_REFERENCES]


def _left_margins(lines: Sequence[PrintedLine]) -> dict[tuple[int, bool], float]:
    """The smallest x of each page's columns."""
    margins: dict[tuple[int, bool], float] = {}
    for line in lines:
        place = (line.page, line.x0 > 300)
        margins[place] = min(margins.get(place, line.x0), line.x0)
    return margins
