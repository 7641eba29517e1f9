"""JATS, the XML of PubMed Central, bioRxiv and many publishers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from xml.etree.ElementTree import Element

from fallow_ingest.dates import iso, month_number
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
from fallow_ingest.text.normalise import plain

_DROPPED = words(
    "fig fig-group table-wrap table-wrap-group table graphic media supplementary-material "
    "chem-struct-wrap alternatives "
    "disp-formula-group object-id ref-list sec label def-list glossary bio array"
)
_BREAKS = words("p title list-item disp-quote def-item boxed-text verse-group speech statement")
_FORMULAS = frozenset({"disp-formula"})
_INLINE = frozenset({"inline-formula", "math", "tex-math"})
_APART = frozenset({"fn", "caption", "table-wrap-foot"})
_SECTION_TYPES = {
    "intro": "Introduction", "methods": "Methods", "materials|methods": "Materials and Methods",
    "results": "Results",
    "discussion": "Discussion", "conclusions": "Conclusions",
    "supplementary-material": "Supplementary material",
}  # fmt: skip
_CITATIONS = ("element-citation", "mixed-citation", "nlm-citation", "citation")
_ID_NAMES = {"pmid": "pmid", "doi": "doi", "pmc": "pmcid", "pmcid": "pmcid", "arxiv": "arxiv"}


def read_jats(data: bytes) -> FullText | Unreadable:
    """The article of a JATS document; of a collection, its first. Never raises."""
    root = parse(data)
    if isinstance(root, Unreadable):
        return root
    article = root if root.tag == "article" else next(root.iter("article"), None)
    if article is None:
        return Unreadable("not JATS", f"its root is <{root.tag[:50]}>")
    notes = field.Notes()
    meta = first(article, "front/article-meta", "front-stub")
    flow = Flow(_cite, dropped=_DROPPED, breaks=_BREAKS, formulas=_FORMULAS, apart=_APART, inline=_INLINE)
    entries, flow.by_number = _entries(article)

    def settled(raw: str, longest: int = field.LONGEST_SECTION) -> Running:
        return settle(raw, flow.fill, longest, notes)

    parts = [
        Part(heading, level, settled(raw), kind)
        for heading, level, raw, kind in islice(_parts(article, flow), field.MOST_SECTIONS)
    ]
    own = next((found for found in children(meta, "abstract") if not found.get("abstract-type")), None)
    abstract = settled(_abstract(own, flow), field.LONGEST_ABSTRACT)
    sections, references = assembled(parts, [abstract, *map(settled, islice(flow.apart, 2_000))], entries)
    date = _date(meta)
    return FullText(
        title=field.line_of_text(
            text_of(first(meta, "title-group/article-title")), field.LONGEST_TITLE, "title", notes
        ),
        authors=field.names_of(_authors(meta), notes),
        abstract=abstract.text,
        keywords=field.labels_of(
            [text_of(word) for group in children(meta, "kwd-group") for word in group.iter("kwd")],
            "keywords",
            notes,
        ),
        year=int(date[:4]) if date else None,
        date=date,
        venue=text_of(first(article, ".//journal-meta//journal-title"))[: field.LONGEST_NAME],
        ids=_ids(meta, notes),
        sections=sections,
        references=references,
        extra={
            "license": _license(first(meta, "permissions/license")),
            "article_type": article.get("article-type", ""),
        },
        notes=tuple(notes),
    )


def _abstract(element: Element | None, flow: Flow) -> str:
    """The abstract, its parts with their titles in front."""
    if element is None:
        return ""
    pieces = [flow.raw(element, without=frozenset({"title", "sec"}))]
    for section in children(element, "sec"):
        heading = text_of(section.find("title")).rstrip(".:")
        text = flow.raw(section, without=frozenset({"title"})).strip()
        pieces.append(f"{heading}: {text}" if heading else text)
    return "\n\n".join(pieces)


def _license(element: Element | None) -> str:
    """The licence's address, else its words."""
    if element is None:
        return ""
    links = [element.get("href", ""), *(link.get("href", "") for link in element.iter("ext-link"))]
    return next((link for link in links if link), "") or text_of(element)[:1_000]


def _cite(element: Element) -> Printed | None:
    if element.tag != "xref" or element.get("ref-type") != "bibr":
        return None
    return Printed(text_of(element), tuple(element.get("rid", "").split()[:200]))


def _parts(article: Element, flow: Flow) -> Iterator[tuple[str, int, str, SectionKind | None]]:
    """(heading, level, raw text, kind where the place tells it) of body and back matter."""
    body = article.find("body")
    if body is not None:
        yield "", 1, flow.raw(body, without=frozenset({"sec", "ref-list"})), None
        for section in children(body, "sec"):
            yield from _sections(section, 1, flow, None)
    for child in article.find("back") or ():
        if child.tag == "ack":
            yield _heading(child, "Acknowledgements"), 1, _own(child, flow), "acknowledgements"
        elif child.tag in ("app-group", "app"):
            for appendix in [child] if child.tag == "app" else list(children(child, "app")):
                yield from _sections(appendix, 1, flow, "appendix")
        elif child.tag in ("sec", "notes"):
            yield from _sections(child, 1, flow, None)


def _sections(
    section: Element, level: int, flow: Flow, kind: SectionKind | None
) -> Iterator[tuple[str, int, str, SectionKind | None]]:
    heading = _heading(section, _SECTION_TYPES.get(section.get("sec-type", "").lower(), ""))
    yield heading, level, _own(section, flow), kind
    for inner in children(section, "sec"):
        yield from _sections(inner, level + 1, flow, None)


def _heading(section: Element, otherwise: str) -> str:
    return text_of(section.find("title"))[: field.LONGEST_NAME] or otherwise


def _own(section: Element, flow: Flow) -> str:
    return flow.raw(section, without=frozenset({"title", "sec", "ref-list"}))


def _authors(meta: Element | None) -> list[str]:
    names: list[str] = []
    for contrib in islice(
        (c for group in children(meta, "contrib-group") for c in group.iter("contrib")), field.MOST_AUTHORS
    ):
        if contrib.get("contrib-type", "author") != "author":
            continue
        name = first(contrib, "name", "name-alternatives/name")
        if name is not None:
            parts = (name.find("given-names"), name.find("surname"), name.find("suffix"))
            names.append(" ".join(text_of(part) for part in parts if part is not None))
        else:
            names.append(text_of(first(contrib, "collab", "string-name")))
    return names[: field.MOST_AUTHORS]


def _date(meta: Element | None) -> str:
    """The first day that the article was public."""
    found: list[str] = []
    for date in children(meta, "pub-date"):
        year = field.year_of(text_of(date.find("year")))
        day = text_of(date.find("day"))
        said = iso(
            year,
            month_number(text_of(date.find("month"))),
            int(day) if day.isdigit() and len(day) < 3 else None,
        )
        if said:
            found.append(said)
    # "2018" and "2018-01-31" are both told: the day is the better of the two.
    return min(found, key=lambda date: (date[:4], -len(date), date), default="")


def _ids(meta: Element | None, notes: field.Notes) -> dict[str, str]:
    pairs: list[tuple[str, object]] = []
    for element in children(meta, "article-id"):
        scheme = _ID_NAMES.get(element.get("pub-id-type", "").lower())
        value = text_of(element)
        if scheme == "pmcid":
            value = f"PMC{value.upper().removeprefix('PMC')}"
        if scheme and value:
            pairs.append((scheme, value))
    return field.ids_of(pairs, notes)


def _entries(article: Element) -> tuple[list[Entry], dict[str, str]]:
    """(the reference list, label -> key)."""
    entries: list[Entry] = []
    by_number: dict[str, str] = {}
    for listed in article.iter("ref"):
        key = listed.get("id", "")
        label = text_of(listed.find("label")).strip(" .[]()")
        if label and key:
            by_number.setdefault(label, key)
        citation = next((found for name in _CITATIONS for found in listed.iter(name)), None)
        if citation is not None and len(entries) < MOST_ENTRIES:
            entries.append(Entry(key or f"#{len(entries)}", _reference(citation)))
    return entries, by_number


def _reference(citation: Element) -> Reference:
    title = text_of(first(citation, "article-title", "chapter-title", "data-title", "part-title"))
    source = text_of(citation.find("source"))
    year = text_of(citation.find("year"))
    if not title and citation.get("publication-type", "") in (
        "book",
        "thesis",
        "report",
        "preprint",
        "web",
        "webpage",
    ):
        title = source
    addresses = []
    for element in citation.iter("pub-id"):
        scheme = _ID_NAMES.get(element.get("pub-id-type", "").lower())
        if scheme and (value := text_of(element)):
            addresses.append(value if scheme == "doi" else f"{scheme}:{value}")
    addresses += [element.get("href", "") for element in (*citation.iter("ext-link"), *citation.iter("uri"))][
        :20
    ]
    names = [
        f"{text_of(name.find('surname'))} {text_of(name.find('given-names'))}".strip()
        for name in citation.iter("name")
    ]
    if citation.tag == "mixed-citation" and (citation.text or "").strip() + text_of(citation):
        for name in citation.iter("surname"):
            name.tail = f" {name.tail or ''}"
        text = text_of(citation)
    else:
        told = [
            ", ".join(names[:50]),
            title,
            source if source != title else "",
            year,
            text_of(citation.find("volume")),
        ]
        text = ". ".join(part for part in told if part)
    fields = {"title": title, "year": year[:4], "author": "".join(names[:1])} if title or names else {}
    return reference_of(plain(text), [], fields, addresses)
