"""Running text with marks in it, settled into plain text, places of citations and their contexts.

A reader writes text as it comes and a mark wherever something is printed whose wording is known only at the
end (a citation, a reference to a figure). Settling tidies the text, fills in the marks and remembers where
the citations ended up, so that every context can be cut out of the very text that is stored.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from fallow_ingest.records import CitationContext, Reference, Section, SectionKind
from fallow_ingest.sources import fields as fields_of
from fallow_ingest.text.normalise import plain
from fallow_ingest.text.sections import section_kind
from fallow_ingest.text.sentences import split_sentences

MOST_MARKS = 50_000
"""Citations and references to labels in one document; theses have some thousands."""

MOST_ENTRIES = 5_000
"""Entries of one reference list; the longest of reviews have two thousand."""

MOST_CONTEXTS = 200
"""Contexts kept of one reference."""

FORMULA = "[formula]"
"""What stands for a displayed formula."""

RUN_IN_BEGINS, RUN_IN_ENDS, RUN_IN_COMMAND = "\ue009", "\ue00a", "\ue00b"
"""Stand around words that are set apart in front of a paragraph: its heading, perhaps, or, with the third
before them, surely."""

_RUN_IN = re.compile(f"\\s*({RUN_IN_COMMAND}?){RUN_IN_BEGINS}([^{RUN_IN_ENDS}]{{1,200}}){RUN_IN_ENDS}\\s*")
_RUN_IN_SIGNS = re.compile(f"[{RUN_IN_BEGINS}{RUN_IN_ENDS}{RUN_IN_COMMAND}]")
_LONGEST_RUN_IN = 10  # words
_MOST_APART = 50
_TELLING: frozenset[SectionKind] = frozenset(
    {"limitations", "future_work", "conclusion", "ethics", "acknowledgements"}
)
_RESERVED = re.compile("[\ue000-\ue00f]")
_MARK = re.compile("\ue000(\\d{1,7})\ue001")
_CUT_MARK = re.compile("\ue000\\d*$")
_RAW_A_PRINTED = 2  # raw characters that are looked at for every one that may be printed
_GONE = "\ue002"
_EMPTY = re.compile(rf"[(\[]\s*{_GONE}(?:[\s,;~and&–-]*{_GONE})*\s*[)\]]")
_BEFORE_SIGN = re.compile(r"(?<=[^\s.,;:!?]) +([,;:.!?](?=[\s\ue000)\]]|$))")
_PARAGRAPH = re.compile(r"\n\s*\n\s*")
_INHERITING: frozenset[SectionKind] = frozenset(
    {"limitations", "related_work", "future_work", "ethics", "appendix"}
)
_GENERIC: frozenset[SectionKind] = frozenset(
    {"other", "data", "method", "experiments", "results", "background", "introduction"}
)


class Printed(NamedTuple):
    """What a mark is filled with, and which references it cites (none for a mark of another kind)."""

    text: str
    keys: tuple[str, ...] = ()


class Running(NamedTuple):
    """Settled text; places: (offset, keys) of every citation in it, ascending."""

    text: str
    places: tuple[tuple[int, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class FullText:
    """A paper as its full text tells it; what the text does not say is empty."""

    title: str = ""
    authors: tuple[str, ...] = ()
    abstract: str = ""
    keywords: tuple[str, ...] = ()
    year: int | None = None
    date: str = ""
    venue: str = ""
    url: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)
    sections: tuple[Section, ...] = ()
    references: tuple[Reference, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Part(NamedTuple):
    """One heading and the text below it, up to the next heading of any level (1: a section)."""

    heading: str
    level: int
    running: Running
    kind: SectionKind | None = None


class Entry(NamedTuple):
    """One entry of a reference list and the key that the text cites it by."""

    key: str
    reference: Reference


def unreserved(text: str) -> str:
    """The text without the characters that marks are made of."""
    return _RESERVED.sub("", text)


def mark(number: int) -> str:
    """The mark of that number, as it is written into running text."""
    return f"\ue000{number}\ue001"


def settle(raw: str, fill: Callable[[int], Printed], longest: int, notes: fields_of.Notes) -> Running:
    """Tidy the text and fill in its marks; paragraphs stay apart by an empty line.

    raw: text with marks; fill: mark number -> what is printed; longest: characters, noted when exceeded.
    """

    if len(raw) > _RAW_A_PRINTED * longest + 1_000:  # before the costly part
        raw = _CUT_MARK.sub("", raw[: _RAW_A_PRINTED * longest + 1_000])
        notes.add("section cut")

    def gone(found: re.Match[str]) -> str:
        printed = fill(int(found[1]))
        return found[0] if printed.text or printed.keys else _GONE

    paragraphs = (_tidy(piece) for piece in _PARAGRAPH.split(_MARK.sub(gone, raw)))
    text = "\n\n".join(piece for piece in paragraphs if piece)
    parts: list[str] = []
    places: list[tuple[int, tuple[str, ...]]] = []
    at = length = 0
    for found in _MARK.finditer(text):
        printed = fill(int(found[1]))
        parts += [text[at : found.start()], printed.text]
        length += found.start() - at
        if printed.keys:
            places.append((length, printed.keys))
        length += len(printed.text)
        at = found.end()
    whole = "".join([*parts, text[at:]])
    if len(whole) > longest:
        notes.add("section cut")
        whole = whole[:longest].rstrip()
    return Running(whole, tuple(place for place in places if place[0] < len(whole)))


def run_in_parts(raw: str, kind: SectionKind) -> tuple[str, list[tuple[str, str]]]:
    r"""(the text, what stands in it under a telling heading of its own: "Limitations. We ...").

    kind: of the section that it is; a heading of the same kind stays. Words in bold head their paragraph,
    \paragraph all up to the next. Other headings stay in front of their text, ended by a full stop.
    """
    if RUN_IN_BEGINS not in raw:
        return raw, []
    kept: list[str] = []
    apart: list[tuple[str, list[str]]] = []
    open_ = False  # whether text goes to the last of those apart
    for paragraph in _PARAGRAPH.split(raw):
        found = _RUN_IN.match(paragraph)
        if found is None:
            (apart[-1][1] if open_ else kept).append(paragraph)
            continue
        command, heading, rest = bool(found[1]), found[2].strip(), paragraph[found.end() :]
        ended = heading.endswith((".", ":", "?", "!", "—", "–")) or rest.startswith((".", ":", "—", "–"))
        short = len(heading.split()) <= _LONGEST_RUN_IN
        heads = command or (short and (ended or (heading[:1].isupper() and rest[:1].isupper())))
        bare = heading.rstrip(".: —–")
        telling = section_kind(bare) if heads else "other"
        open_ = command and telling in _TELLING and telling != kind and len(apart) < _MOST_APART
        if telling in _TELLING and telling != kind and len(apart) < _MOST_APART:
            apart.append((bare, [rest.lstrip(" .:—–")]))
            continue
        stop = "." if heads and not ended and heading else ""
        kept.append(f"{heading}{stop}{' ' if stop or paragraph[found.end() - 1].isspace() else ''}{rest}")
    return "\n\n".join(kept), [(heading, "\n\n".join(texts)) for heading, texts in apart]


def _tidy(paragraph: str) -> str:
    text = _EMPTY.sub("", paragraph) if _GONE in paragraph else paragraph
    text = plain(_RUN_IN_SIGNS.sub("", text.replace(_GONE, "")))
    text = _BEFORE_SIGN.sub(r"\1", text)
    return text if any(letter.isalnum() for letter in text) or "\ue000" in text else ""


def assembled(
    parts: Sequence[Part], apart: Iterable[Running], entries: Iterable[Entry]
) -> tuple[tuple[Section, ...], tuple[Reference, ...]]:
    """(sections, references with their contexts).

    Headings without text of their own are left out, so is the reference list. apart: text that belongs to
    no section (abstract, captions, footnotes); its contexts have section -1. An entry cited by nobody has
    no contexts.
    """
    sections: list[Section] = []
    running: list[tuple[int, Running]] = []
    above: list[tuple[int, SectionKind]] = []
    for part in parts:
        while above and above[-1][0] >= part.level:
            above.pop()
        kind = part.kind or _kind(part.heading, above[-1][1] if above else "other")
        above.append((part.level, kind))
        if part.running.text and kind not in ("references", "abstract"):
            if len(sections) >= fields_of.MOST_SECTIONS:
                break
            running.append((len(sections), part.running))
            sections.append(Section(part.heading[: fields_of.LONGEST_NAME], part.running.text, kind))
    contexts = contexts_of([*running, *((-1, piece) for piece in apart)])
    references = [replace(entry.reference, contexts=tuple(contexts.get(entry.key, ()))) for entry in entries]
    return tuple(sections), tuple(references[: fields_of.MOST_REFERENCES])


def _kind(heading: str, above: SectionKind) -> SectionKind:
    """What a heading announces; one that tells nothing goes with the section that it stands in."""
    kind = section_kind(heading)
    if kind == "other" or (kind in _GENERIC and above in _INHERITING and above != "appendix"):
        return above
    return kind


def contexts_of(running: Iterable[tuple[int, Running]]) -> dict[str, list[CitationContext]]:
    """key -> the sentences that cite it, of (section position or -1, text) in reading order."""
    contexts: dict[str, list[CitationContext]] = {}
    for section, piece in running:
        if not piece.places:
            continue
        spans = split_sentences(piece.text)
        starts = [span.start for span in spans]
        for offset, keys in piece.places:
            if not spans:
                break
            start, end = spans[max(0, bisect_right(starts, offset) - 1)]
            context = CitationContext(
                piece.text[start:end], section, *((start, end) if section >= 0 else (-1, -1))
            )
            for key in keys:
                known = contexts.setdefault(key, [])
                if len(known) < MOST_CONTEXTS and (not known or known[-1] != context):
                    known.append(context)
    return contexts
