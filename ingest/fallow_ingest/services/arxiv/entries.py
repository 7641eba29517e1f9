"""What arXiv's query API answers: an Atom feed of papers, or an error that looks like one."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from fallow_ingest.dates import read_date
from fallow_ingest.errors import ServiceError, ServiceRefused
from fallow_ingest.services.arxiv import paper_key
from fallow_ingest.sources import Read, Skipped, snapshot
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.web.exchange import Answer, BadAnswer, Fatal, xml_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

ATOM = "{http://www.w3.org/2005/Atom}"
_OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_ERROR = re.compile(r"https?://arxiv\.org/api/errors")
_VERSION = re.compile(r"v([1-9]\d{0,3})$", re.ASCII)


class Entry(NamedTuple):
    """One paper of the feed. key: "" when its id cannot be read; minute: submitted, yyyymmddhhmm or ""."""

    key: str
    version: str
    minute: str
    item: Read | Skipped


@dataclass(frozen=True, slots=True)
class Found:
    """One answer to a query.

    total: papers of the whole result as this answer has it; size: the most that it holds (the number asked
    for, unless a mirror gives fewer), 0 when it does not say; day: YYYY-MM-DD of the server's clock, or "".
    """

    entries: tuple[Entry, ...]
    total: int
    size: int
    day: str
    title: str


def found_of(answer: Answer) -> Found:
    """The answer's papers. Raises BadAnswer for what is no such feed, Fatal for an error told as one."""
    root = xml_of(answer)
    if root.tag != f"{ATOM}feed":
        raise BadAnswer("sent XML that is no Atom feed")
    entries = root.findall(f"{ATOM}entry")
    for entry in entries:
        if (refusal := _refusal(entry)) is not None:
            raise Fatal(refusal)
    total = _number(root, "totalResults")
    if total is None:
        raise BadAnswer("sent a feed without its total")
    day = read_date(_text(root, f"{ATOM}updated"))
    day = day if len(day) == 10 else ""
    return Found(
        tuple(_entry(entry, day) for entry in entries),
        total,
        _number(root, "itemsPerPage") or 0,
        day,
        _text(root, f"{ATOM}title"),
    )


def refused_of(answer: Answer) -> ServiceError | None:
    """The refusal that an answer of status 400 tells in its one entry; None when it tells none."""
    if answer.status != 400:
        return None
    try:
        entries = xml_of(answer).findall(f"{ATOM}entry")
    except BadAnswer:
        return None
    return next((refusal for entry in entries if (refusal := _refusal(entry)) is not None), None)


def _refusal(entry: Element) -> ServiceRefused | None:
    if _text(entry, f"{ATOM}title") != "Error" or not _ERROR.match(_text(entry, f"{ATOM}id")):
        return None
    said = _text(entry, f"{ATOM}summary")[:300]
    return ServiceRefused(
        f"arXiv refused the query ({said})", "mend the query: docs/sources.md has its syntax"
    )


def _entry(entry: Element, today: str) -> Entry:
    address = _text(entry, f"{ATOM}id")
    key = paper_key(address)
    version = _VERSION.search(address)
    published = _text(entry, f"{ATOM}published")
    notes = field.Notes()
    paper = snapshot.paper_of(_fields(entry, key, version[0] if version else ""), notes)
    item: Read | Skipped
    if isinstance(paper, Unreadable):
        item = Skipped(0, paper.reason, address[:100] or "an entry without an id", paper.detail)
    else:
        item = Read(0, paper, tuple(notes))
    minute = re.sub(r"\D", "", published)[:12] if len(read_date(published)) == 10 else ""
    # A day to come is a mistake, and one that a search for what follows must not be led by.
    known = len(minute) == 12 and (not today or minute[:8] <= today.replace("-", ""))
    return Entry(key, version[0] if version else "", minute if known else "", item)


def _fields(entry: Element, key: str, version: str) -> dict[str, object]:
    """The entry by the names that the metadata snapshot gives its fields: both tell the same paper."""
    primary = entry.find(f"{_ARXIV}primary_category")
    terms = [c.get("term", "") for c in entry.findall(f"{ATOM}category")]
    first = [primary.get("term", "")] if primary is not None else []
    authors = entry.findall(f"{ATOM}author")[: field.MOST_AUTHORS + 1]
    return {
        "id": key.removeprefix("arxiv:"),
        "title": _text(entry, f"{ATOM}title"),
        "abstract": _text(entry, f"{ATOM}summary"),
        "authors": [_text(author, f"{ATOM}name") for author in authors],
        "categories": " ".join(dict.fromkeys(filter(None, first + terms))),
        "comments": _text(entry, f"{_ARXIV}comment"),
        "journal-ref": _text(entry, f"{_ARXIV}journal_ref"),
        "doi": _text(entry, f"{_ARXIV}doi"),
        "versions": [{"created": _text(entry, f"{ATOM}published")}, {"version": version}],
    }


def numbered(entry: Entry, position: int) -> Read | Skipped:
    """The entry's item at its place in the harvest."""
    return replace(entry.item, position=position)


def _number(root: Element, name: str) -> int | None:
    text = _text(root, f"{_OPENSEARCH}{name}")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def _text(element: Element, name: str) -> str:
    return (element.findtext(name) or "").strip()
