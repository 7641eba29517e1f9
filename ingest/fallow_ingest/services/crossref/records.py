"""One work of Crossref as a paper, a notice about another paper, or neither."""

from __future__ import annotations

from collections.abc import Mapping

from fallow_ingest.dates import iso
from fallow_ingest.records import Paper, Reference, Status
from fallow_ingest.services.markup import abstract_of_markup, is_notice, text_of_markup, unmarked_title
from fallow_ingest.services.pages import items, mapping, text
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import Unreadable

NOTICE = "notice about another paper, no paper"

_STATUS_OF: Mapping[str, Status] = {
    "retraction": "retracted",
    "withdrawal": "withdrawn",
    "removal": "withdrawn",
}
"""Kinds of update after which a paper does not count any more (Crossref's update types)."""

_NOTICES = frozenset(
    {
        "retraction", "partial_retraction", "withdrawal", "removal", "expression_of_concern", "correction",
        "corrigendum", "erratum", "addendum", "clarification",
    }
)  # fmt: skip
_NO_PAPERS = frozenset(
    {
        "journal", "journal-issue", "journal-volume", "proceedings", "proceedings-series", "book-series",
        "book-set", "report-series", "standard-series", "component", "peer-review", "grant", "database",
    }
)  # fmt: skip
_DATES = ("published", "issued", "published-online", "published-print", "posted")


def doi_of(record: Mapping[str, object]) -> str:
    """The record's DOI in lower case, "" when it has none."""
    doi = text(record.get("DOI")).strip().lower()
    return doi if doi.startswith("10.") and "/" in doi and len(doi) <= field.LONGEST_KEY else ""


def paper_of(record: Mapping[str, object], notes: field.Notes) -> Paper | Unreadable:
    """The paper that a record tells; what was mended goes into notes. Never raises.

    A retraction stands twice: in `updated-by` of the paper and in `update-to` of the notice. The paper is
    marked by the first; the notice is about no research of its own and is left out, with its reason.
    """
    doi = doi_of(record)
    if not doi:
        return Unreadable("no DOI", text(record.get("DOI"))[:100])
    kind = text(record.get("type"))
    if kind in _NO_PAPERS:
        return Unreadable(f"{kind.replace('-', ' ')}, no paper", doi)
    title, marked = unmarked_title(_title(record, notes))
    updates = [mapping(entry) for entry in items(record.get("update-to"))[:100]]
    about = [text(u.get("DOI")).lower() for u in updates if text(u.get("type")).lower() in _NOTICES]
    if any(other and other != doi for other in about) or (about and is_notice(title)):
        return Unreadable(NOTICE, f"{doi} is about {about[0]}"[:300])
    if not title:
        return Unreadable("no title", doi)
    date = _date(record)
    ids = field.ids_of([("doi", doi)], notes)
    return Paper(
        key=f"doi:{doi}",
        title=title,
        abstract=_abstract(record.get("abstract"), notes),
        authors=_authors(record.get("author"), notes),
        year=int(date[:4]) if date else None,
        date=date,
        venue=_first_text(record.get("container-title"), "venue", notes),
        keywords=field.labels_of(record.get("subject"), "keywords", notes),
        ids=ids,
        references=_references(record.get("reference"), notes),
        url=field.web_address(record.get("URL")),
        version=field.line_of_text(
            mapping(record.get("deposited")).get("date-time"), field.LONGEST_NAME, "version", notes
        ),
        status=_status(record, doi) or marked,
        extra=field.bounded_extra(_extra(record, kind), notes),
    )


def _status(record: Mapping[str, object], doi: str) -> Status:
    """By the updates that were made to the paper, under another DOI or under its own."""
    made = [mapping(entry) for entry in items(record.get("updated-by"))[:100]]
    made += [
        update
        for entry in items(record.get("update-to"))[:100]
        if text((update := mapping(entry)).get("DOI")).lower() == doi
    ]
    found = {_STATUS_OF.get(text(update.get("type")).lower(), "") for update in made}
    return "retracted" if "retracted" in found else "withdrawn" if "withdrawn" in found else ""


def _extra(record: Mapping[str, object], kind: str) -> dict[str, object]:
    made = {text(mapping(entry).get("type")).lower() for entry in items(record.get("updated-by"))[:100]}
    return {
        "type": kind,
        "publisher": record.get("publisher"),
        "language": record.get("language"),
        "updates": sorted(filter(None, made)),
        "is_referenced_by_count": record.get("is-referenced-by-count"),
        "volume": record.get("volume"),
        "issue": record.get("issue"),
        "pages": record.get("page"),
    }


def _title(record: Mapping[str, object], notes: field.Notes) -> str:
    title = _first_text(record.get("title"), "title", notes)
    subtitle = _first_text(record.get("subtitle"), "title", notes)
    if title and subtitle and subtitle.casefold() not in title.casefold():
        return f"{title.rstrip(' :')}: {subtitle}"[: field.LONGEST_TITLE]
    return title


def _first_text(value: object, name: str, notes: field.Notes) -> str:
    """The first of a list of texts, without markup."""
    for entry in items(value)[:10] if isinstance(value, list) else [value]:
        if isinstance(entry, str) and entry.strip():
            plain = text_of_markup(entry[: 4 * field.LONGEST_TITLE])
            return field.line_of_text(plain, field.LONGEST_TITLE, name, notes)
    return ""


def _abstract(value: object, notes: field.Notes) -> str:
    if not isinstance(value, str):
        return ""
    longest = 4 * field.LONGEST_ABSTRACT
    if len(value) > longest:
        notes.add("abstract cut")
    plain = abstract_of_markup(value[:longest])
    return field.paragraphs(plain, field.LONGEST_ABSTRACT, "abstract", notes)


def _authors(value: object, notes: field.Notes) -> tuple[str, ...]:
    listed = items(value)
    if len(listed) > field.MOST_AUTHORS:
        notes.add("authors cut")
    names: list[str] = []
    for entry in listed[: field.MOST_AUTHORS]:
        author = mapping(entry)
        parts = [text(author.get(part)) for part in ("given", "family", "suffix")]
        name = " ".join(part for part in parts if part) or text(author.get("name"))
        line = field.line_of_text(name, field.LONGEST_NAME, "author", notes)
        if line:
            names.append(line)
    return tuple(names)


def _date(record: Mapping[str, object]) -> str:
    """The earliest of the dates of publication, as precisely as it is given."""
    dates = {date for name in _DATES if (date := date_of_parts(record.get(name)))}
    if not dates:
        return ""
    first = min(date[:4] for date in dates)
    of_year = {date for date in dates if date.startswith(first)}
    # "2019" and "2019-06-12" do not contradict each other: the precise one is the better answer.
    precise = [date for date in of_year if len(date) == max(map(len, of_year))]
    return min(precise)


def date_of_parts(value: object) -> str:
    """A date in parts, of which any may be missing, null or text.

    >>> date_of_parts({"date-parts": [[2019, 6, 31]]}), date_of_parts({"date-parts": [[None]]})
    ('2019-06', '')
    >>> date_of_parts({"date-parts": [["2019", None, 3]]}), date_of_parts(None)
    ('2019', '')
    """
    listed = items(mapping(value).get("date-parts"))
    parts = items(listed[0]) if listed else []
    numbers = [_part(part) for part in (*parts[:3], None, None, None)[:3]]
    return iso(*numbers)


def _part(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 4:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _references(value: object, notes: field.Notes) -> tuple[Reference, ...]:
    listed = items(value)
    if len(listed) > field.MOST_REFERENCES:
        notes.add("references cut")
    found = (_reference(mapping(entry), notes) for entry in listed[: field.MOST_REFERENCES])
    return tuple(dict.fromkeys(entry for entry in found if entry.id or entry.title or entry.text))


def _reference(entry: Mapping[str, object], notes: field.Notes) -> Reference:
    ids = field.ids_of([("doi", entry.get("DOI"))], field.Notes())
    scheme = next((s for s in ("arxiv", "acl", "doi") if s in ids), "")
    title = entry.get("article-title") or entry.get("volume-title")
    return Reference(
        id=f"{scheme}:{ids[scheme]}" if scheme else "",
        title=_first_text(title, "reference", notes),
        year=field.year_of(entry.get("year")),
        text=field.line_of_text(entry.get("unstructured"), field.LONGEST_REFERENCE, "reference", notes),
    )
