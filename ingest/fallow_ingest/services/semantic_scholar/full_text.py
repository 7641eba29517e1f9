"""Full texts of the data sets `s2orc_v2` and `s2orc`: sections, references and the sentences that cite.

Both hold one text with annotations: spans, each kind a JSON string of its own. Offsets come from strangers:
what lies outside of its text or over what came before it is passed over, so that nothing grows beyond the
text itself.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import orjson

from fallow_ingest.records import CitationContext, Reference, Section
from fallow_ingest.references.entries import parse_entry
from fallow_ingest.services.semantic_scholar.papers import corpus_id
from fallow_ingest.sources import fields as bounds
from fallow_ingest.text.sections import section_kind
from fallow_ingest.text.sentences import Span, split_sentences

MOST_SPANS = 50_000
MOST_CONTEXTS = 500
"""Sentences that are kept of what one paper says of another."""

MOST_LOST = 20
"""Sentences of a section that are looked for in vain before the rest is kept without their places."""

LARGEST_ANNOTATION = 16 * 2**20


@dataclass(frozen=True, slots=True)
class FullText:
    """What the text of a paper holds; title and abstract "" where it does not mark them."""

    title: str = ""
    abstract: str = ""
    sections: tuple[Section, ...] = ()
    references: tuple[Reference, ...] = ()


@dataclass(slots=True)
class _Paragraph:
    """cites: (where in the text, key of the reference)."""

    heading: str
    text: str
    cites: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Parsed:
    title: str = ""
    abstract: str = ""
    paragraphs: list[_Paragraph] = field(default_factory=list)
    references: dict[str, Reference] = field(default_factory=dict)


class _Mark(NamedTuple):
    start: int
    end: int
    said: Mapping[str, object]


def is_full_text(record: Mapping[str, object]) -> bool:
    """Whether a record holds a text with annotations."""
    return any(isinstance(record.get(name), Mapping) for name in ("body", "content"))


def full_text(record: Mapping[str, object], notes: bounds.Notes, *, contexts: bool = True) -> FullText:
    """The text that a record of either data set holds. contexts: keep the sentences that cite."""
    body, content = record.get("body"), record.get("content")
    if isinstance(body, Mapping):
        parsed = _annotated(body, record.get("bibliography"), "section_header", "bib_ref", "bib_entry")
    elif isinstance(content, Mapping):
        parsed = _annotated(content, content, "sectionheader", "bibref", "bibentry")
        _front(parsed, content)
    else:
        return FullText()
    sections, found = _assembled(parsed.paragraphs, notes)
    references = (
        replace(reference, contexts=tuple(dict.fromkeys(found.get(key, ()))) if contexts else ())
        for key, reference in list(parsed.references.items())[: bounds.MOST_REFERENCES]
    )
    return FullText(
        bounds.line_of_text(parsed.title, bounds.LONGEST_TITLE, "title", notes),
        bounds.paragraphs(parsed.abstract, bounds.LONGEST_ABSTRACT, "abstract", notes),
        sections,
        tuple(reference for reference in references if reference.id or reference.title or reference.text),
    )


def _annotated(
    body: Mapping[str, object], bibliography: object, heading: str, citing: str, entry: str
) -> _Parsed:
    text, marks = _text_of(body)
    parsed = _Parsed()
    headings = list(_marks(marks.get(heading), text))
    ends = [mark.end for mark in headings]
    paragraphs = list(_marks(marks.get("paragraph"), text))
    starts = [mark.start for mark in paragraphs]
    for mark in paragraphs:
        # A paragraph belongs to the last heading that ends before it begins.
        above = bisect_right(ends, mark.start) - 1
        title = _heading(headings[above], text) if above >= 0 else ""
        parsed.paragraphs.append(_Paragraph(title, text[mark.start : mark.end]))
    if isinstance(bibliography, Mapping):
        parsed.references = _entries(bibliography, entry)
    for mark in _marks(marks.get(citing), text):
        at = bisect_right(starts, mark.start) - 1
        if at >= 0 and mark.end <= paragraphs[at].end:
            key = _key(mark, parsed.references)
            parsed.paragraphs[at].cites.append((mark.start - starts[at], key))
    return parsed


def _key(mark: _Mark, references: dict[str, Reference]) -> str:
    """The reference that a mark in the text points to; one that only the mark names is added."""
    key = str(mark.said.get("ref_id") or "")
    number = corpus_id(mark.said.get("matched_paper_id"))
    if key not in references and number is not None:
        key = key or f"s2:{number}"
        references[key] = Reference(id=f"s2:{number}")
    return key


def _entries(bibliography: Mapping[str, object], entry: str) -> dict[str, Reference]:
    text, marks = _text_of(bibliography)
    titles = list(_marks(marks.get("bibtitle"), text))
    starts = [mark.start for mark in titles]
    references: dict[str, Reference] = {}
    for number, mark in enumerate(_marks(marks.get(entry), text)):
        printed = " ".join(text[mark.start : mark.end][: bounds.LONGEST_REFERENCE].split())
        title = _said(mark, "title")
        at = bisect_right(starts, mark.end) - 1
        if not title and at >= 0 and titles[at].start >= mark.start:
            title = text[titles[at].start : titles[at].end]
        key = _said(mark, "id") or f"entry {number}"
        references[key] = _reference(printed, title, mark.said)
    return references


def _reference(printed: str, title: str, said: Mapping[str, object]) -> Reference:
    number = corpus_id(said.get("matched_paper_id"))
    read = parse_entry(printed)
    doi = said.get("doi")
    given = f"doi:{doi}" if isinstance(doi, str) and doi.startswith("10.") else read.id
    notes = bounds.Notes()
    return Reference(
        id=f"s2:{number}" if number is not None else given[: bounds.LONGEST_KEY],
        title=bounds.line_of_text(title, bounds.LONGEST_TITLE, "reference", notes) or read.title,
        year=read.year,
        text=bounds.line_of_text(printed, bounds.LONGEST_REFERENCE, "reference", notes),
    )


def _front(parsed: _Parsed, content: Mapping[str, object]) -> None:
    """Title and abstract, where they are marked: the first title is the paper's, others are references'."""
    text, marks = _text_of(content)
    parsed.title = next((text[m.start : m.end] for m in _marks(marks.get("title"), text)), "")
    parsed.abstract = "\n\n".join(text[m.start : m.end] for m in _marks(marks.get("abstract"), text))


def _text_of(body: Mapping[str, object]) -> tuple[str, Mapping[str, object]]:
    text, marks = body.get("text"), body.get("annotations")
    return text if isinstance(text, str) else "", marks if isinstance(marks, Mapping) else {}


def _marks(value: object, text: str) -> Iterator[_Mark]:
    """The spans of one annotation in order, those that overlap or leave the text left out."""
    if isinstance(value, str) and len(value) <= LARGEST_ANNOTATION:
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return
    if not isinstance(value, list):
        return
    marks: list[_Mark] = []
    for entry in value[:MOST_SPANS]:
        if not isinstance(entry, Mapping):
            continue
        start, end, said = entry.get("start"), entry.get("end"), entry.get("attributes")
        start = int(start) if isinstance(start, str) and start.isdigit() and len(start) < 12 else start
        end = int(end) if isinstance(end, str) and end.isdigit() and len(end) < 12 else end
        if isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text):
            marks.append(_Mark(start, end, said if isinstance(said, Mapping) else {}))
    last = 0
    for mark in sorted(marks, key=lambda mark: (mark.start, mark.end)):
        if mark.start >= last:
            yield mark
            last = mark.end


def _heading(mark: _Mark, text: str) -> str:
    number, words = _said(mark, "n"), text[mark.start : mark.end]
    return words if not number or words.startswith(number) else f"{number} {words}"


def _said(mark: _Mark, name: str) -> str:
    value = mark.said.get(name)
    return value[: bounds.LONGEST_TITLE] if isinstance(value, str) else ""


# Sections -----------------------------------------------------------------------------------------


def _assembled(
    paragraphs: list[_Paragraph], notes: bounds.Notes
) -> tuple[tuple[Section, ...], dict[str, list[CitationContext]]]:
    """(sections, key of each reference -> the sentences that cite it). Paragraphs that follow each other
    under one heading are one section."""
    sections: list[Section] = []
    contexts: dict[str, list[CitationContext]] = {}
    group: list[_Paragraph] = []
    for paragraph in [*paragraphs, None]:
        if group and (paragraph is None or paragraph.heading != group[0].heading):
            _add_section(group, sections, contexts, notes)
            group = []
        if paragraph is not None:
            group.append(paragraph)
    return tuple(sections), contexts


def _add_section(
    group: list[_Paragraph],
    sections: list[Section],
    contexts: dict[str, list[CitationContext]],
    notes: bounds.Notes,
) -> None:
    if len(sections) >= bounds.MOST_SECTIONS:
        notes.add("sections cut")
        return
    heading = bounds.line_of_text(group[0].heading, bounds.LONGEST_NAME, "heading", notes)
    together = "\n\n".join(paragraph.text for paragraph in group)
    text = bounds.paragraphs(together, bounds.LONGEST_SECTION, "section", notes)
    if not text:
        return
    after = lost = 0
    for key, sentence in (pair for paragraph in group for pair in _citing_sentences(paragraph)):
        if len(contexts.setdefault(key, [])) >= MOST_CONTEXTS:
            notes.add("citation contexts cut")
            continue
        context = _context(sentence, len(sections), text, after if lost < MOST_LOST else len(text))
        after, lost = (after, lost + 1) if context.start < 0 else (context.start, lost)
        contexts[key].append(context)
    sections.append(Section(heading, text, section_kind(heading)))


def _citing_sentences(paragraph: _Paragraph) -> Iterator[tuple[str, str]]:
    """(key of a reference, the sentence that cites it), in order."""
    if not paragraph.cites:
        return
    spans: list[Span] = split_sentences(paragraph.text)
    starts = [span.start for span in spans]
    for place, key in sorted(paragraph.cites):
        at = bisect_right(starts, place) - 1
        if at >= 0:
            yield key, paragraph.text[spans[at].start : spans[at].end]


def _context(sentence: str, section: int, text: str, after: int) -> CitationContext:
    """The sentence with its place in the section's text as it is stored, looked for from `after` on."""
    words = bounds.line_of_text(sentence, bounds.LONGEST_REFERENCE, "citation context", bounds.Notes())
    start = text.find(words, after)
    return CitationContext(words, section, start, start + len(words) if start >= 0 else -1)
