"""Where running text cites the entries of its reference list: "[3, 7-9]", "(Smith et al., 2019; Roe, 2020a)",
"Smith and Roe (2019)", "[Abc99]".

The list says how the text cites: by its labels where it prints numbers or keys, else by author and year. A
mention counts only when it names exactly one entry, so an interval "[0, 1]" or a year in brackets is none.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from fallow_ingest.records import CitationContext, Section
from fallow_ingest.references.entries import PrintedEntry, family
from fallow_ingest.text.sentences import split_sentences

MOST_CONTEXTS = 100
"""Sentences kept of one entry; a paper that is mentioned more often is what the citing paper is about."""
WIDEST_RANGE = 60
"""Entries that "[3-40]" may name; a wider one is an interval of numbers."""

Style = Literal["number", "key", "author-year"]


class Mention(NamedTuple):
    """text[start:end] cites the entry at position `entry` of the list."""

    start: int
    end: int
    entry: int


def style_of(entries: Sequence[PrintedEntry]) -> Style:
    """How a text with this list cites it.

    >>> style_of([PrintedEntry("", label="1"), PrintedEntry("", label="2")]), style_of([PrintedEntry("")])
    ('number', 'author-year')
    """
    numbers = sum(entry.label.isdigit() for entry in entries)
    keys = sum(bool(_KEY.fullmatch(entry.label)) for entry in entries)
    if numbers > 0.6 * len(entries):
        return "number"
    return "key" if keys > 0.6 * len(entries) else "author-year"


def mentions_in(text: str, entries: Sequence[PrintedEntry], style: Style | None = None) -> list[Mention]:
    """Every mention of an entry in the text, in order. Never raises; offsets lie within the text.

    >>> one = PrintedEntry("", authors=("Ada Ash", "Bo Birch"), year=2019)
    >>> mentions_in("As Ash and Birch (2019) say", [one])
    [Mention(start=3, end=23, entry=0)]
    """
    style = style or style_of(entries)
    if style == "author-year":
        return list(_by_author(text, entries))
    labels = {
        entry.label.casefold().replace(" ", ""): place for place, entry in enumerate(entries) if entry.label
    }
    return list(_by_number(text, labels) if style == "number" else _by_key(text, labels))


def contexts_of(
    sections: Sequence[Section], entries: Sequence[PrintedEntry]
) -> list[tuple[CitationContext, ...]]:
    """For each entry the sentences of the sections that mention it, once each, in reading order."""
    entries, style = _as_cited(sections, entries)
    found: list[dict[tuple[int, int], CitationContext]] = [{} for _ in entries]
    for position, section in enumerate(sections):
        mentions = mentions_in(section.text, entries, style)
        if not mentions:
            continue
        spans = split_sentences(section.text)
        starts = [span.start for span in spans]
        for mention in mentions:
            span = spans[max(bisect_right(starts, mention.start) - 1, 0)]
            contexts = found[mention.entry]
            if len(contexts) < MOST_CONTEXTS:
                text = section.text[span.start : span.end]
                contexts.setdefault(
                    (position, span.start), CitationContext(text, position, span.start, span.end)
                )
    return [tuple(contexts.values()) for contexts in found]


def _as_cited(
    sections: Sequence[Section], entries: Sequence[PrintedEntry]
) -> tuple[Sequence[PrintedEntry], Style]:
    """(entries, style): the style of the list, unless the text cites it in another way altogether.

    A list may print numbers that the text does not use, and may have lost those that it does.
    """
    style = style_of(entries)
    text = "\n\n".join(section.text for section in sections)[:_SAMPLE]
    if len(entries) < 3 or _share(text, entries, style) >= 0.2:
        return entries, style
    counted = [replace(entry, label=str(number)) for number, entry in enumerate(entries, 1)]
    others: list[tuple[Sequence[PrintedEntry], Style]] = [(entries, "author-year"), (counted, "number")]
    best = max(others, key=lambda other: _share(text, *other))
    return best if _share(text, *best) >= 0.3 else (entries, style)


def _share(text: str, entries: Sequence[PrintedEntry], style: Style) -> float:
    return len({mention.entry for mention in mentions_in(text, entries, style)}) / max(1, len(entries))


_SAMPLE = 200_000

# By label ---------------------------------------------------------------------------------------

_NUMBERS = re.compile(
    r"(?<![=∈×^_~≤≥<>])(?<![=∈×^_~≤≥<>]\s)\[\s?(\d{1,3}(?:\s?[,;–—-]\s?\d{1,3}){0,60})"
    r"(?:,\s(?:p|pp|pages?|[Ss]ec|[Ss]ection|[Cc]h|[Cc]hap|[Cc]hapter|[Tt]hm|[Tt]heorem|[Ll]emma|[Ff]ig|[Aa]lg|[Ee]q|§)"
    r"[^\]]{0,40})?\s?\]"
)
_RANGE = re.compile(r"(\d{1,3})(?:\s?[–—-]\s?(\d{1,3}))?")
_KEY = re.compile(r"[A-Za-z+*]{1,12}\s?[+’']?\d{2,4}[a-z]?")
_KEYS = re.compile(r"\[\s?([A-Za-z][^\[\]]{1,300})\]")


def _by_number(text: str, labels: dict[str, int]) -> Iterator[Mention]:
    for found in _NUMBERS.finditer(text):
        numbers: list[str] = []
        for part in _RANGE.finditer(found[1]):
            first, last = int(part[1]), int(part[2] or part[1])
            if first <= last < first + WIDEST_RANGE:
                numbers += map(str, range(first, last + 1))
        if numbers and all(number in labels for number in numbers):
            yield from (
                Mention(found.start(), found.end(), labels[number]) for number in dict.fromkeys(numbers)
            )


def _by_key(text: str, labels: dict[str, int]) -> Iterator[Mention]:
    for found in _KEYS.finditer(text):
        for part in re.split(r"[,;]", found[1]):
            place = labels.get(part.casefold().replace(" ", ""))
            if place is not None:
                yield Mention(found.start(), found.end(), place)


# By author and year -----------------------------------------------------------------------------

_NAME = r"(?<![^\W\d_])[A-ZÀ-ÖØ-ÞĀ-Ž](?:[^\W\d_][\u0300-\u036f]?){0,40}(?:[-‐’'][^\W\d_]{1,40}){0,3}"
_MORE = (
    rf"(?:,?\s+et\.?\s+al\.?|(?:,\s(?:(?:van|von|de|der|den|la|le|di|da)\s){{0,2}}{_NAME}){{0,4}},?\s(?:and|&)\s"
    rf"(?:(?:van|von|de|der|den|la|le|di|da)\s){{0,2}}(?:{_NAME}\s)?{_NAME})"
)
_ONE_YEAR = r"(?:1[89]|20)\d\d(?:[a-z](?![^\W\d_]))?"
_MENTION = re.compile(
    rf"(?P<first>{_NAME})(?P<more>{_MORE})?(?:[’']s?)?(?:,\s?|\s)?[(\[]?\s?"
    rf"(?P<years>{_ONE_YEAR}(?:\s?[,;&/]\s?(?:and\s)?(?:{_ONE_YEAR}|[a-z](?![^\W\d_]))){{0,8}})\s?[)\]]?"
)
_YEAR = re.compile(r"((?:1[89]|20)\d\d)?([a-z])?(?=$|[^a-z])")


_POSSESSIVE = re.compile(r"[’']s?$")


def _by_author(text: str, entries: Sequence[PrintedEntry]) -> Iterator[Mention]:
    index: dict[tuple[str, int], list[int]] = {}
    for place, entry in enumerate(entries):
        if entry.families and entry.year is not None:
            index.setdefault((entry.families[0], entry.year), []).append(place)
    for found in _MENTION.finditer(text):
        for year, letter in _years(found["years"]):
            places = index.get((family(_POSSESSIVE.sub("", found["first"])), year), [])
            places = _told_apart(places, entries, found["more"] or "", letter)
            if len(places) == 1:
                yield Mention(found.start(), found.end(), places[0])


def _years(text: str) -> list[tuple[int, str]]:
    """The years of "2019a, b, 2020" with their letters."""
    years: list[tuple[int, str]] = []
    year = 0
    for part in re.findall(rf"{_ONE_YEAR}|(?<![^\W\d_])[a-z](?![^\W\d_])", text):
        if part[0].isdigit():
            year = int(part[:4])
            years.append((year, part[4:]))
        else:
            years.append((year, part))
    return years


def _told_apart(places: list[int], entries: Sequence[PrintedEntry], more: str, letter: str) -> list[int]:
    """Of entries with one first author and year those that the mention can mean."""
    if letter:
        lettered = [place for place in places if entries[place].year_letter == letter]
        places = lettered or places
    if len(places) < 2:
        return places
    if "al" in more:
        return [place for place in places if len(entries[place].authors) > 2] or places
    if more:
        second = family(re.split(r"\s(?:and|&)\s|,\s", more.lstrip(", "))[-1])
        return [place for place in places if second in entries[place].families[1:]] or places
    return [place for place in places if len(entries[place].authors) == 1] or places
