"""arXiv's daily feed: the papers of one announcement, as RSS 2.0."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fallow_ingest.dates import read_date
from fallow_ingest.errors import ServiceError, ServiceRefused
from fallow_ingest.services.arxiv import month_of, paper_key
from fallow_ingest.services.arxiv.authors import authors_of_line
from fallow_ingest.sources import Read, Skipped, snapshot
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.web.exchange import Answer, BadAnswer, Fatal, xml_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_DC = "{http://purl.org/dc/elements/1.1/}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_REFUSAL = "Feed error for query"
_VERSION = re.compile(r"v([1-9]\d{0,3})$", re.ASCII)
_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{1,200}"')
_BEFORE_ABSTRACT = re.compile(r"^\s*arXiv:\S+\s+Announce Type:\s*\S+\s*(?:Abstract:\s*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Feed:
    """One day's papers, at most 2,000. day: YYYY-MM-DD in New York; etag: for asking again, or ""."""

    items: tuple[Read | Skipped, ...]
    day: str
    etag: str


def feed_of(answer: Answer, before: int) -> Feed:
    """The day's papers, numbered after `before`. Raises BadAnswer, and Fatal for an error told as a feed."""
    root = xml_of(answer)
    channel = root.find("channel")
    if root.tag != "rss" or channel is None:
        raise BadAnswer("sent XML that is no RSS feed")
    if (refusal := _refusal(channel)) is not None:
        raise Fatal(refusal)
    day = read_date(channel.findtext("pubDate") or "")
    if len(day) != 10:
        raise BadAnswer("sent a feed without its day")
    etag = _ETAG.fullmatch(answer.headers.get("etag", ""))
    items = tuple(
        _item(item, day, position) for position, item in enumerate(channel.findall("item"), before + 1)
    )
    return Feed(items, day, etag[0] if etag else "")


def refused_of(answer: Answer) -> ServiceError | None:
    """The refusal that a feed of status 400 tells; None when it tells none."""
    if answer.status != 400:
        return None
    try:
        channel = xml_of(answer).find("channel")
    except BadAnswer:
        return None
    return _refusal(channel) if channel is not None else None


def _refusal(channel: Element) -> ServiceRefused | None:
    title = (channel.findtext("title") or "").strip()
    if not title.startswith(_REFUSAL):
        return None
    said = (channel.findtext("description") or title).strip()[:300]
    return ServiceRefused(f"arXiv refused the feed ({said})", "check the categories that were asked for")


def _item(item: Element, day: str, position: int) -> Read | Skipped:
    guid, link = _text(item, "guid"), _text(item, "link")
    key = paper_key(guid) or paper_key(link)
    version = _VERSION.search(guid)
    announced = _text(item, f"{_ARXIV}announce_type")
    notes = field.Notes()
    fields: dict[str, object] = {
        "id": key.removeprefix("arxiv:"),
        "title": _text(item, "title"),
        "abstract": _BEFORE_ABSTRACT.sub("", _text(item, "description")),
        "authors": authors_of_line(_text(item, f"{_DC}creator")),
        "categories": " ".join(category.text or "" for category in item.findall("category")),
        "journal-ref": _text(item, f"{_ARXIV}journal_reference"),
        "doi": _text(item, f"{_ARXIV}DOI"),
        "license": _text(item, f"{_DC}rights"),
        "versions": [{"version": version[0] if version else ""}],
    }
    paper = snapshot.paper_of(fields, notes)
    if isinstance(paper, Unreadable):
        return Skipped(position, paper.reason, guid[:100] or link[:100] or f"item {position}", paper.detail)
    # The feed has no day of submission; the month is in the id.
    date = month_of(paper.ids["arxiv"])
    extra = field.bounded_extra({**paper.extra, "announced": day, "announce_type": announced[:20]}, notes)
    return Read(position, replace(paper, date=date, year=int(date[:4]), extra=extra), tuple(notes))


def _text(element: Element, name: str) -> str:
    return (element.findtext(name) or "").strip()
