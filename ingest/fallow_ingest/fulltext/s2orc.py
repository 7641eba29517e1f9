"""S2ORC's JSON in its three layouts, s2orc-doc2json's, and unarXive's, which follows it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fallow_ingest.fulltext.printed_references import reference_of
from fallow_ingest.fulltext.running import (
    FORMULA,
    MOST_ENTRIES,
    Entry,
    FullText,
    Part,
    Printed,
    Running,
    assembled,
    mark,
    settle,
    unreserved,
)
from fallow_ingest.identifiers import arxiv_id
from fallow_ingest.records import Reference
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.text.latex import latex_to_text
from fallow_ingest.text.normalise import plain

_MOST_PARAGRAPHS = 20_000
_INLINE = re.compile(r"\{\{(cite|formula|figure|table|section|ref)[a-z]*:([^{}]{1,200})\}\}")
_OTHER_IDS = {
    "doi": "doi",
    "arxiv": "arxiv",
    "arxiv_id": "arxiv",
    "pmid": "pmid",
    "pubmed_id": "pmid",
    "pmcid": "pmcid",
}

Record = Mapping[str, object]


def read_s2orc(record: Record) -> FullText | Unreadable:
    """The paper of one record, as JSON decoded it. Never raises."""
    parses = [_mapping(record.get(name)) for name in ("latex_parse", "pdf_parse", "grobid_parse")]
    parse = next((found for found in parses if found.get("body_text")), record)
    if isinstance(parse.get("sections"), Mapping) and not parse.get("body_text"):
        parse = {**parse, "body_text": _from_sections(_mapping(parse["sections"]))}
    if not isinstance(parse.get("body_text"), list):
        return Unreadable("no full text", "neither body_text nor a parse that holds it")
    notes = field.Notes()
    told = {**_mapping(parse.get("metadata")), **_mapping(record.get("metadata"))}
    told = {**record, **{name: value for name, value in told.items() if value}}
    text = _Text(parse)
    parts = [
        Part(heading, level, text.settled(raw, notes)) for heading, level, raw in text.parts("body_text")
    ]
    parts += [
        Part(heading, level, text.settled(raw, notes)) for heading, level, raw in text.parts("back_matter")
    ]
    abstract = text.settled("\n\n".join(raw for _, _, raw in text.parts("abstract")), notes)
    if not abstract.text and isinstance(told.get("abstract"), str):
        abstract = Running(
            field.paragraphs(_plain_tex(told["abstract"]), field.LONGEST_ABSTRACT, "abstract", notes)
        )
    entries = [Entry(key, _reference(entry)) for key, entry in text.entries.items()]
    sections, references = assembled(parts, [abstract], entries)
    return FullText(
        title=field.line_of_text(_plain_tex(told.get("title")), field.LONGEST_TITLE, "title", notes),
        authors=field.names_of(_names(told), notes),
        abstract=abstract.text,
        year=field.year_of(told.get("year")),
        venue=field.line_of_text(
            told.get("venue") or told.get("journal-ref"), field.LONGEST_NAME, "venue", notes
        ),
        ids=field.ids_of(_ids(record, told), notes),
        sections=sections,
        references=references,
        notes=tuple(notes),
    )


def _from_sections(sections: Record) -> list[object]:
    """unarXive's layout of 2024, heading -> text, as paragraphs."""
    return [
        {"section": heading, "text": piece}
        for heading, about in list(sections.items())[: field.MOST_SECTIONS]
        for piece in str(_mapping(about).get("text") or "").split("\n\n")
    ]


class _Text:
    """The paragraphs of a parse and its bibliography."""

    def __init__(self, parse: Record) -> None:
        self._parse = parse
        self._marks: list[Printed] = []
        found = _mapping(parse.get("bib_entries"))
        self.entries = {
            str(key)[:200]: entry
            for key, entry in list(found.items())[:MOST_ENTRIES]
            if isinstance(entry, Mapping)
        }
        self._numbers = {key: number for number, key in enumerate(self.entries, 1)}
        self._shown = _mapping(parse.get("ref_entries"))

    def settled(self, raw: str, notes: field.Notes) -> Running:
        return settle(raw, lambda number: self._marks[number], field.LONGEST_SECTION, notes)

    def parts(self, name: str) -> Iterator[tuple[str, int, str]]:
        """(heading, level, raw text) of paragraphs that stand under one heading."""
        given = self._parse.get(name)
        paragraphs = given if isinstance(given, list) else [given]
        heading, level, raws = "", 1, list[str]()
        for paragraph in paragraphs[:_MOST_PARAGRAPHS]:
            if not isinstance(paragraph, Mapping) or not isinstance(paragraph.get("text"), str):
                continue
            said = paragraph.get("section")
            said = plain(said[:1_000]) if isinstance(said, str) else ""
            if said != heading:
                if raws:
                    yield heading, level, "\n\n".join(raws)
                number = paragraph.get("sec_num") or paragraph.get("sec_number")
                heading, raws = said, []
                level = str(number or "").strip(".").count(".") + 1
            raws.append(self._paragraph(paragraph))
        if raws:
            yield heading, level, "\n\n".join(raws)

    def _paragraph(self, paragraph: Record) -> str:
        """The text with marks for citations, formulas between dollars and references by their number."""
        text = str(paragraph["text"])
        spans: list[tuple[int, int, str, bool]] = []
        for name in ("cite_spans", "ref_spans", "eq_spans"):
            listed = paragraph.get(name)
            for span in listed if isinstance(listed, list) else []:
                start, end = (
                    (span.get("start"), span.get("end")) if isinstance(span, Mapping) else (None, None)
                )
                if isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text):
                    spans.append((start, end, str(span.get("ref_id") or ""), name == "cite_spans"))
        if not spans:
            spans = [
                (found.start(), found.end(), found[2], found[1] == "cite") for found in _INLINE.finditer(text)
            ]
        out, at = list[str](), 0
        for start, end, key, cites in sorted(spans):
            if start < at:
                continue
            out += [unreserved(text[at:start]), self._span(text[start:end], key, cites)]
            at = end
        return "".join([*out, unreserved(text[at:])])

    def _span(self, printed: str, key: str, cites: bool) -> str:
        if cites:
            shown = "" if printed.startswith("{{") or printed == "REF" else plain(unreserved(printed))
            number = self._numbers.get(key, 0)
            self._marks.append(Printed(shown or (f"[{number}]" if number else ""), (key,) if key else ()))
            return mark(len(self._marks) - 1)
        if not printed.startswith("{{"):
            return "" if printed == "REF" else unreserved(printed)
        about = _mapping(self._shown.get(key))
        latex = about.get("latex")
        if isinstance(latex, str) and latex and len(latex) <= 2_000:
            return f"${unreserved(latex)}$"
        return FORMULA if "formula" in printed else ""


def _reference(entry: Record) -> Reference:
    title = field.line_of_text(entry.get("title"), field.LONGEST_TITLE, "title", field.Notes())
    printed = entry.get("raw_text") or entry.get("bib_entry_raw") or entry.get("ref_string")
    year = field.year_of(entry.get("year"))
    text = plain(unreserved(printed[:10_000])) if isinstance(printed, str) else ""
    if not text:
        names = ", ".join(field.names_of(_names(entry), field.Notes())[:50])
        venue = entry.get("venue")
        text = ". ".join(str(part) for part in (names, title, venue, year) if part)
    addresses = [f"{scheme}:{value}" for scheme, value in _other_ids(entry)]
    link = entry.get("link") or entry.get("links")
    if isinstance(link, str) and link.isdigit():
        addresses.append(f"s2:{link}")
    return reference_of(text, [], {"title": title, "year": str(year or "")}, addresses)


def _other_ids(entry: Record) -> Iterator[tuple[str, str]]:
    for given in (_mapping(entry.get("other_ids")), _mapping(entry.get("ids"))):
        for name, values in given.items():
            scheme = _OTHER_IDS.get(str(name).lower())
            value = values[0] if isinstance(values, list) and values else values
            if scheme and isinstance(value, str) and value:
                yield scheme, value


def _ids(record: Record, told: Record) -> Iterator[tuple[str, object]]:
    """Ids of the paper; its paper_id counts when its shape says what it is."""
    own = str(record.get("paper_id") or told.get("paper_id") or "")
    # The corpus numbers its papers, doc2json names them after their file, unarXive by arXiv id.
    if own.isdigit() and len(own) > 4:
        yield "s2", own
    elif arxiv_id(own) is not None:
        yield "arxiv", own
    for name, scheme in _OTHER_IDS.items():
        if isinstance(value := told.get(name), str):
            yield scheme, value


def _names(told: Record) -> object:
    """Authors as unarXive parses them, as objects with their parts, or as one string."""
    parsed = told.get("authors_parsed")
    if isinstance(parsed, list):
        return [
            " ".join(str(part) for part in (name[1], name[0]) if part)
            for name in parsed
            if isinstance(name, list) and len(name) > 1
        ]
    authors = told.get("authors")
    if not isinstance(authors, list):
        return authors
    return [_name(author) for author in authors[: field.MOST_AUTHORS]]


def _name(author: object) -> object:
    if not isinstance(author, Mapping):
        return author
    middle = author.get("middle")
    parts = [
        author.get("first"),
        *(middle if isinstance(middle, list) else []),
        author.get("last"),
        author.get("suffix"),
    ]
    return " ".join(part for part in parts if isinstance(part, str) and part)


def _plain_tex(value: object) -> str:
    return latex_to_text(value) if isinstance(value, str) else ""


def _mapping(value: object) -> Record:
    return value if isinstance(value, Mapping) else {}
