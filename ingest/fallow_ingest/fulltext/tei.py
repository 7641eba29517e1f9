"""TEI as GROBID writes it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from xml.etree.ElementTree import Element

from fallow_ingest.dates import read_date
from fallow_ingest.fulltext import words
from fallow_ingest.fulltext.printed_references import reference_of
from fallow_ingest.fulltext.running import (
    MOST_ENTRIES,
    Entry,
    FullText,
    Part,
    Printed,
    Running,
    assembled,
    settle,
)
from fallow_ingest.fulltext.xml_tree import Flow, children, first, parse, text_of
from fallow_ingest.records import Reference, SectionKind
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import Unreadable

_DROPPED = words("figure table graphic label listBibl")
_BREAKS = words("p div list item head quote")
_FORMULAS = frozenset({"formula"})
_APART = frozenset({"figDesc", "note"})
_BACK: dict[str, tuple[str, SectionKind | None]] = {
    "acknowledgement": ("Acknowledgements", "acknowledgements"),
    "acknowledgment": ("Acknowledgements", "acknowledgements"),
    "annex": ("Appendix", "appendix"), "availability": ("Data availability", None),
    "funding": ("Funding", None),
    "conflict": ("Conflicts of interest", None), "contribution": ("Contributions", None),
}  # fmt: skip
_SCHEMES = {"doi": "doi", "arxiv": "arxiv", "pmid": "pmid", "pmcid": "pmcid"}


def read_tei(data: bytes) -> FullText | Unreadable:
    """The paper of a TEI document. Never raises."""
    root = parse(data)
    if isinstance(root, Unreadable):
        return root
    if root.tag != "TEI":
        return Unreadable("not TEI", f"its root is <{root.tag[:50]}>")
    notes = field.Notes()
    header = root.find("teiHeader")
    source = first(header, "fileDesc/sourceDesc/biblStruct")
    flow = Flow(_cite, dropped=_DROPPED, breaks=_BREAKS, formulas=_FORMULAS, apart=_APART)

    def settled(raw: str, longest: int = field.LONGEST_SECTION) -> Running:
        return settle(raw, flow.fill, longest, notes)

    parts = [
        Part(heading, level, settled(raw), kind)
        for heading, level, raw, kind in islice(_parts(root, flow), field.MOST_SECTIONS)
    ]
    own = first(header, "profileDesc/abstract")
    abstract = settled(flow.raw(own) if own is not None else "", field.LONGEST_ABSTRACT)
    entries = list(_entries(root))
    sections, references = assembled(parts, [abstract, *map(settled, islice(flow.apart, 2_000))], entries)
    said = first(source, "monogr/imprint/date")
    date = read_date(said.get("when", "")) if said is not None else ""
    return FullText(
        title=field.line_of_text(
            text_of(first(header, "fileDesc/titleStmt/title")), field.LONGEST_TITLE, "title", notes
        ),
        authors=field.names_of(_names(first(source, "analytic")), notes),
        abstract=abstract.text,
        keywords=field.labels_of(
            [text_of(term) for term in (header.iter("term") if header is not None else ())], "keywords", notes
        ),
        year=int(date[:4]) if date else None,
        date=date,
        venue=text_of(first(source, "monogr/title"))[: field.LONGEST_NAME],
        ids=field.ids_of(_ids(source), notes),
        sections=sections,
        references=references,
        notes=tuple(notes),
    )


def _cite(element: Element) -> Printed | None:
    if element.tag != "ref" or element.get("type") != "bibr":
        return None
    key = element.get("target", "").lstrip("#")
    return Printed(text_of(element), (key,) if key else ())


def _parts(root: Element, flow: Flow) -> Iterator[tuple[str, int, str, SectionKind | None]]:
    """(heading, level, raw text, kind where the place tells it); divisions without a head go on above."""
    heading, level, raws = "", 1, list[str]()
    for division in children(first(root, "text/body"), "div"):
        head = division.find("head")
        if head is None or not text_of(head):
            raws.append(flow.raw(division))
            continue
        yield heading, level, "\n\n".join(raws), None
        heading = text_of(head)[: field.LONGEST_NAME]
        level = head.get("n", "").strip(".").count(".") + 1
        raws = [flow.raw(division, without=frozenset({"head"}))]
    yield heading, level, "\n\n".join(raws), None
    for division in children(first(root, "text/back"), "div"):
        kind_of_back = _BACK.get(division.get("type", ""))
        if kind_of_back is None:
            continue
        for inner in list(children(division, "div")) or [division]:
            shown = text_of(inner.find("head"))[: field.LONGEST_NAME] or kind_of_back[0]
            kind = None if shown != kind_of_back[0] and kind_of_back[1] == "appendix" else kind_of_back[1]
            yield shown, 1, flow.raw(inner, without=frozenset({"head"})), kind


def _names(element: Element | None) -> list[str]:
    """Names of the authors that are directly below."""
    names = []
    for author in children(element, "author"):
        person = author.find("persName")
        if person is not None:
            parts = (*person.findall("forename"), *person.findall("surname"))
            names.append(" ".join(filter(None, (text_of(part) for part in parts))))
    return [name for name in names if name]


def _ids(element: Element | None) -> list[tuple[str, object]]:
    pairs: list[tuple[str, object]] = []
    for idno in element.iter("idno") if element is not None else ():
        scheme = _SCHEMES.get(idno.get("type", "").lower())
        if scheme and (value := text_of(idno)):
            pairs.append((scheme, value.split(" ")[0].split("[")[0]))
    return pairs


def _entries(root: Element) -> Iterator[Entry]:
    lists = first(root, "text/back")
    for number, entry in enumerate(lists.iter("biblStruct") if lists is not None else ()):
        if number >= MOST_ENTRIES:
            return
        yield Entry(entry.get("id", f"#{number}"), _reference(entry))


def _reference(entry: Element) -> Reference:
    article, book = entry.find("analytic"), entry.find("monogr")
    title = text_of(first(article, "title[@level='a']", "title")) or text_of(first(book, "title"))
    said = first(book, "imprint/date")
    year = (said.get("when", "") or text_of(said))[:4] if said is not None else ""
    addresses = [f"{scheme}:{value}" for scheme, value in _ids(entry)]
    addresses += [link.get("target", "") for link in entry.iter("ptr")][:20]
    printed = next((text_of(note) for note in entry.iter("note") if note.get("type") == "raw_reference"), "")
    names = _names(article) or _names(book)
    if not printed:
        told = [
            ", ".join(names[:50]),
            title,
            text_of(first(book, "title")) if article is not None else "",
            year,
        ]
        printed = ". ".join(part for part in told if part)
    return reference_of(printed, [], {"title": title, "year": year, "author": "".join(names[:1])}, addresses)
