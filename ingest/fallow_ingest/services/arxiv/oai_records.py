"""What arXiv's OAI-PMH server answers, as records: its errors, its lists, and one paper.

Read in the format arXivRaw, and in the format arXiv where that is what comes. arXivRaw is what is asked for:
it alone has the day of the first version, the list of versions, and the mark of a withdrawn paper; the
dates of the format arXiv are those of the current version. Texts are those of the metadata snapshot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from fallow_ingest.services import Gone
from fallow_ingest.services.arxiv import month_of, paper_key
from fallow_ingest.services.arxiv.authors import authors_of_line
from fallow_ingest.sources import Read, Skipped, snapshot
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.web.exchange import Answer, BadAnswer, xml_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# Characters that XML 1.0 forbids, raw and as references: one of them in one record would cost its page.
_FORBIDDEN = bytes(set(range(32)) - {9, 10, 13})
_FORBIDDEN_REFERENCE = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|x0*(?:[0-8bcef]|1[0-9a-f]));", re.IGNORECASE
)


class OaiError(NamedTuple):
    """An error of the protocol, which comes with HTTP 200. code: "noRecordsMatch", ..."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class OaiRecord:
    """A record as listed. metadata: None for a deleted one."""

    identifier: str
    datestamp: str
    deleted: bool
    metadata: Element | None


@dataclass(frozen=True, slots=True)
class Listed:
    """One answer to a request.

    day: of the server's clock; token: "" on the last page; expires: ISO 8601 or ""; total: records of the
    whole list, None when the server does not say.
    """

    day: str
    records: tuple[OaiRecord, ...] = ()
    token: str = ""
    expires: str = ""
    total: int | None = None
    error: OaiError | None = None


def listed_of(answer: Answer) -> Listed:
    """The answer to ListRecords or GetRecord. Raises BadAnswer for what is no answer of the protocol."""
    root = xml_of(replace(answer, body=_allowed(answer.body)))
    if _local(root) != "OAI-PMH":
        raise BadAnswer("sent XML that is no OAI-PMH")
    parts = {_local(child): child for child in reversed(root)}
    day = _text(parts.get("responseDate"))[:10]
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
        raise BadAnswer("sent an answer without its date")
    if (error := parts.get("error")) is not None:
        return Listed(day, error=OaiError(error.get("code", ""), _text(error)[:300]))
    body = parts.get("ListRecords", parts.get("GetRecord"))
    if body is None:
        raise BadAnswer("sent an answer without records and without an error")
    token = next((child for child in body if _local(child) == "resumptionToken"), None)
    size = token.get("completeListSize", "") if token is not None else ""
    return Listed(
        day,
        tuple(_record(child) for child in body if _local(child) == "record"),
        (token.text or "").strip() if token is not None else "",
        token.get("expirationDate", "") if token is not None else "",
        int(size) if size.isascii() and size.isdigit() and len(size) < 12 else None,
    )


def item_of(record: OaiRecord, position: int) -> Read | Skipped | Gone:
    """The paper that the record tells, that it is gone, or why it cannot be read. Never raises."""
    place = record.identifier[:100] or f"record {position}"
    key = paper_key(record.identifier)
    if record.deleted:
        if not key:
            return Skipped(position, "no arXiv id", place, "deleted")
        return Gone(position, key, "deleted by arXiv")
    if record.metadata is None:
        return Skipped(position, "no metadata", place)
    notes = field.Notes()
    given = _fields(record)
    paper = snapshot.paper_of(given, notes)
    if isinstance(paper, Unreadable):
        return Skipped(position, paper.reason, place, paper.detail)
    if not paper.date:
        date = month_of(paper.ids["arxiv"])
        paper = replace(paper, date=date, year=int(date[:4]))
    if not paper.status and given["withdrawn"]:
        paper = replace(paper, status="withdrawn")
    return Read(position, paper, tuple(notes))


def _fields(record: OaiRecord) -> dict[str, object]:
    """The record's fields by the names that the metadata snapshot gives them."""
    assert record.metadata is not None
    given: dict[str, object] = {"update_date": record.datestamp[:10]}
    if key := paper_key(record.identifier):
        given["id"] = key.removeprefix("arxiv:")
    versions: list[dict[str, object]] = []
    source_type = ""
    for child in record.metadata:
        name = _local(child)
        if name == "version":
            parts = {_local(part): _text(part) for part in child}
            versions.append({"version": child.get("version", ""), "created": parts.get("date", "")})
            source_type = parts.get("source_type", "")
        elif name == "authors" and len(child):
            given["authors_parsed"] = [list(_name(author)) for author in child]
        elif name == "authors":
            given["authors"] = authors_of_line(_text(child))
        elif name not in given:
            given[name] = _text(child)
    given["versions"] = versions
    given["withdrawn"] = "I" in source_type
    return given


def _name(author: Element) -> tuple[str, str, str]:
    parts = {_local(part): _text(part) for part in author}
    return parts.get("keyname", ""), parts.get("forenames", ""), parts.get("suffix", "")


def _record(element: Element) -> OaiRecord:
    header = next((child for child in element if _local(child) == "header"), None)
    parts = list(_children(header))
    metadata = next((child for child in element if _local(child) == "metadata"), None)
    return OaiRecord(
        next((text for name, text in parts if name == "identifier"), ""),
        next((text for name, text in parts if name == "datestamp"), ""),
        header is not None and header.get("status") == "deleted",
        metadata[0] if metadata is not None and len(metadata) else None,
    )


def _children(element: Element | None) -> Iterator[tuple[str, str]]:
    for child in element if element is not None else ():
        yield _local(child), _text(child)


def _text(element: Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


def _local(element: Element) -> str:
    """The name without its namespace: old answers and mirrors leave it out or have another."""
    return str(element.tag).rpartition("}")[2]


def _allowed(body: bytes) -> bytes:
    body = body.translate(None, _FORBIDDEN)
    return _FORBIDDEN_REFERENCE.sub(b"", body) if b"&#" in body else body
