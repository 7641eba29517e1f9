"""The reference list of a PDF: its lines cut into entries, each taken apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

from fallow_ingest.references.entries import LABEL, LONGEST_ENTRY, PrintedEntry, parse_entry
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.pdf_layout import joined
from fallow_ingest.sources.pdf_reader import PrintedLine
from fallow_ingest.text.normalise import plain

_LONGEST_ENTRY_LINES = 40
_SHORTEST_ENTRY = 25
_LEAST_WITHOUT_HEADING = 6
_LABEL_KINDS = ("bracketed", "round", "plain")
_LABEL_ALONE = re.compile(
    r"\s*(?:\[(?P<bracketed>\d{1,3})\]|\((?P<round>\d{1,3})\)|(?P<plain>\d{1,3})\.)\s*$"
)
_ENDED = re.compile(r"(?:[.!?)\]]|\d|/\S*|[.!?][”\"’'])\s*$")
# How the authors of an entry begin: "Doe, J.", "J. Doe", "Jane Doe,", "Jane A. Doe.", "Doe JA".
_AUTHORS_BEGIN = re.compile(
    r"\s*(?:(?:[A-ZÀ-Þ]\.[\s-]?){1,3}\s?[A-ZÀ-Þa-z]\w|[A-ZÀ-Þ]{1,3}\s[A-ZÀ-Þ]\w+(?:,|\s(?:and|&)\s)|(?:[a-z]{2,3}\s){0,2}[A-ZÀ-Þ][\w’'´`¨-]+,\s[A-ZÀ-Þ]"
    r"|[A-ZÀ-Þ][\w’'´`¨-]+(?:\s[A-ZÀ-Þ]\.?|\s[A-ZÀ-Þ][\w’'´`¨-]+|\s(?:van|von|de|der|den|la|le|di|da)){1,4}"
    r"(?:[,.]|\s(?:and|&)\s|\s\(|$)|[A-ZÀ-Þ][\w’'-]+\s[A-Z]{1,3}[,\s(])"
)


def entries_of(lines: Sequence[PrintedLine], words: Counter[str]) -> Iterator[PrintedEntry]:
    """The entries of a reference list whose lines stand in reading order."""
    for entry in split(lines):
        text = plain(joined((line.text for line in entry), words))[:LONGEST_ENTRY]
        if len(text) >= _SHORTEST_ENTRY and _is_prose(text):
            yield parse_entry(text)


def _is_prose(text: str) -> bool:
    letters = sum(map(str.isalpha, text))
    return letters >= 0.4 * len(text.replace(" ", "")) and letters > 10


def split(lines: Sequence[PrintedLine]) -> list[list[PrintedLine]]:
    """The list cut at its labels ("[12]", "3."); without labels where the list's own layout says so."""
    lines = _of_one_size(lines)
    begins = _at_labels(lines) or _at_layout(lines)
    entries: list[list[PrintedLine]] = []
    for index, line in enumerate(lines):
        if index in begins or not entries:
            entries.append([])
        if len(entries[-1]) < _LONGEST_ENTRY_LINES:
            entries[-1].append(line)
    if len(entries) > 2:
        usual = max(map(len, entries[:-1]))
        entries[-1] = _without_what_follows(entries[-1], usual)
    return entries[: field.MOST_REFERENCES]


def _without_what_follows(entry: list[PrintedLine], usual: int) -> list[PrintedLine]:
    """The last entry without tables and appendices that have no heading: up to a gap, as long as others."""
    for index in range(1, len(entry)):
        last, line = entry[index - 1], entry[index]
        below = line.page == last.page and line.y0 > last.y0
        if (below and line.y0 - last.y1 > 0.9 * line.size) or index >= usual + 2:
            return entry[:index]
    return entry


def without_heading(lines: Sequence[PrintedLine]) -> int:
    """Where a list of labelled entries begins that no heading announces; behind all lines when there is none.

    Letters and some journals print theirs right behind the text: the last line labelled 1 that others follow.
    """
    firsts = [
        index
        for index in range(len(lines) // 2, len(lines))
        if (label := LABEL.match(lines[index].text)) and (label["bracketed"] or label["plain"]) == "1"
    ]
    for index in reversed(firsts[-3:]):
        rest = _of_one_size(lines[index:])
        if rest and rest[0] == lines[index] and len(_at_labels(rest)) >= _LEAST_WITHOUT_HEADING:
            return index
    return len(lines)


def _of_one_size(lines: Sequence[PrintedLine]) -> list[PrintedLine]:
    """The lines without those of a figure or footnote that stands inside the list."""
    if not lines:
        return []
    usual = median(line.size for line in lines)
    return [line for line in lines if line.size > usual - 1.6]


# By labels --------------------------------------------------------------------------------------


def _at_labels(lines: Sequence[PrintedLine]) -> set[int]:
    """Where the labels of the list's own kind stand; empty when it has none."""
    best: set[int] = set()
    for kind in _LABEL_KINDS:
        found = [
            (index, match[kind])
            for index, line in enumerate(lines)
            if (match := LABEL.match(line.text) or _LABEL_ALONE.match(line.text)) and match[kind]
        ]
        numbered = [(index, int(label)) for index, label in found if label.isdigit()]
        begins = _in_sequence(numbered)
        if len(begins) < 3:
            begins = {index for index, label in found if not label.isdigit()}
        if len(begins) >= 3 and len(begins) >= len(lines) / 15 and len(begins) > len(best):
            best = begins
    return best


def _in_sequence(numbered: Sequence[tuple[int, int]]) -> set[int]:
    """The labels that count up, a few lost ones forgiven: a page number at a line's start is none of them."""
    begins: set[int] = set()
    last = 0
    for place, (index, number) in enumerate(numbered):
        following = [n for _, n in numbered[place + 1 : place + 4]]
        confirmed = number == last + 1 or number + 1 in following or not following
        if last < number <= last + 4 and confirmed:
            begins.add(index)
            last = number
    return begins


# By layout --------------------------------------------------------------------------------------


def _at_layout(lines: Sequence[PrintedLine]) -> set[int]:
    """Where entries begin by indentation, gaps or blocks: what agrees best with how authors are printed."""
    read = {0} | {i for i in range(1, len(lines)) if _reads_like_a_beginning(lines[i - 1], lines[i])}
    indented = _indented(lines)
    hanging = {i for i, flag in enumerate(indented) if flag is False or (flag is None and i in read)}
    paragraphs = {i for i, flag in enumerate(indented) if flag or (flag is None and i in read)}
    gaps = {0} | {i for i in range(1, len(lines)) if _apart(lines[i - 1], lines[i])}
    blocks = {0} | {
        i
        for i in range(1, len(lines))
        if lines[i].block != lines[i - 1].block and _ENDED.search(lines[i - 1].text)
    }
    ways = [way for way in (hanging, gaps, blocks, paragraphs) if 2 <= len(way) <= 0.95 * len(lines)]
    if not ways:
        return read
    # Hanging indents are what most lists have: another way must agree plainly better.
    best = max(ways, key=lambda way: _f1(way, read) + (0.05 if way is hanging else 0.0))
    return read if _f1(best, read) < 0.5 and len(read) > 2 else best


def _f1(way: set[int], read: set[int]) -> float:
    return 2 * len(way & read) / (len(way) + len(read))


def _reads_like_a_beginning(last: PrintedLine, line: PrintedLine) -> bool:
    return _ENDED.search(last.text) is not None and _AUTHORS_BEGIN.match(line.text) is not None


def _apart(last: PrintedLine, line: PrintedLine) -> bool:
    if line.page != last.page or line.y0 < last.y0:
        return _reads_like_a_beginning(last, line)
    return line.y0 - last.y1 > 0.35 * line.size


def _indented(lines: Sequence[PrintedLine]) -> list[bool | None]:
    """Of each line whether it is set in from its column's margin; None where all of a column stand alike."""
    columns: dict[tuple[int, bool], list[float]] = {}
    for line in lines:
        columns.setdefault((line.page, line.x0 > 300), []).append(line.x0)
    margins = {place: (min(x0s), max(x0s) - min(x0s)) for place, x0s in columns.items()}
    flags: list[bool | None] = []
    for line in lines:
        margin, spread = margins[line.page, line.x0 > 300]
        flags.append(line.x0 > margin + 5 if spread > 5 else None)
    return flags
