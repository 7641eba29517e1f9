"""One work of OpenAlex, from its API or its snapshot, as a paper."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fallow_ingest.dates import read_date
from fallow_ingest.identifiers import parse_id
from fallow_ingest.records import Paper, Reference, Status
from fallow_ingest.services.markup import abstract_of_markup, text_of_markup, unmarked_title
from fallow_ingest.services.pages import items, mapping, text
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import Unreadable

ROOT_FIELDS = (
    "id", "doi", "ids", "title", "publication_year", "publication_date", "type", "language", "authorships",
    "primary_location", "locations", "primary_topic", "topics", "keywords", "abstract_inverted_index",
    "referenced_works", "cited_by_count", "is_retracted", "is_paratext", "updated_date",
)  # fmt: skip
"""What is asked for of a work: all that `paper_of` reads."""

MOST_WORDS = 100_000
"""Places of words of one abstract that are looked at."""

SEVERAL_ARXIV = "locations of several arXiv papers"
PARATEXT = "paratext (covers, indexes), no paper"

LONGEST_WORD = 2_000

_USUAL = "https://openalex.org/W"
_WORK = re.compile(r"(?:https?://(?:api\.)?openalex\.org/)?(?:works/)?([Ww]\d{1,12})", re.ASCII)
_ARXIV_RECORD = re.compile(r"(?:pmh:)?oai:arxiv\.org:(.+)", re.IGNORECASE)


def work_id(value: object) -> str:
    """ "W123" of an OpenAlex address or id; "" for anything else.

    >>> work_id("https://openalex.org/W12"), work_id("w12"), work_id("A12"), work_id(None)
    ('W12', 'W12', '', '')
    """
    if not isinstance(value, str):
        return ""
    if value.startswith(_USUAL):
        number = value[len(_USUAL) :]
        if number.isdigit() and number.isascii() and len(number) <= 12:
            return f"W{number}"
    found = _WORK.fullmatch(value)
    return found[1].upper() if found else ""


def paper_of(work: Mapping[str, object], notes: field.Notes) -> Paper | Unreadable:
    """The paper that a work tells; what was mended goes into notes. Never raises."""
    number = work_id(work.get("id"))
    if not number:
        return Unreadable("no OpenAlex id", str(work.get("id"))[:100])
    if work.get("is_paratext") is True:
        return Unreadable(PARATEXT, number)
    title, marked = unmarked_title(_title(work, notes))
    if not title:
        return Unreadable("no title", number)
    locations = [mapping(entry) for entry in items(work.get("locations"))[:200]]
    primary = mapping(work.get("primary_location"))
    topic = mapping(work.get("primary_topic"))
    date = _date(work.get("publication_date"))
    year = field.year_of(work.get("publication_year"))
    status: Status = "retracted" if work.get("is_retracted") is True else marked
    ids = _ids(work, [primary, *locations], notes) | {"openalex": number}
    return Paper(
        key=f"openalex:{number}",
        title=title,
        abstract=abstract_of(work.get("abstract_inverted_index"), notes),
        authors=_authors(work.get("authorships"), notes),
        year=year if year is not None or not date else int(date[:4]),
        date=date if year is None or date[:4] == str(year) else "",
        venue=_venue([primary, *locations], notes),
        categories=_names([topic.get("field"), topic.get("subfield")], "categories", notes),
        keywords=_names([*items(work.get("keywords")), *items(work.get("topics"))], "keywords", notes),
        ids=ids,
        references=_references(work.get("referenced_works"), notes),
        url=field.web_address(primary.get("landing_page_url"))
        or field.web_address(work.get("doi"))
        or f"https://openalex.org/{number}",
        version=field.line_of_text(work.get("updated_date"), field.LONGEST_NAME, "version", notes),
        status=status,
        extra=field.bounded_extra(
            {
                "type": work.get("type"),
                "language": work.get("language"),
                "cited_by_count": work.get("cited_by_count"),
                "is_xpac": work.get("is_xpac") or None,
                "mag": mapping(work.get("ids")).get("mag"),
                "authors_truncated": work.get("is_authors_truncated") or None,
            },
            notes,
        ),
    )


def abstract_of(index: object, notes: field.Notes) -> str:
    """The abstract of an inverted index (word -> its places): words by place, gaps closed.

    Places that are no numbers are left out and noted; of hostile indexes only so much is looked at.
    """
    if not isinstance(index, dict) or not index:
        return ""
    placed = _plainly_placed(index) or _carefully_placed(index, notes)
    joined = " ".join([word for _, word in placed])
    if "<" in joined or "&" in joined or joined[:8].lower() == "abstract":
        joined = abstract_of_markup(joined[: 4 * field.LONGEST_ABSTRACT])
    return field.paragraphs(joined, field.LONGEST_ABSTRACT, "abstract", notes)


def _plainly_placed(index: Mapping[str, object]) -> list[tuple[int, str]]:
    """(place, word) in order when the index is as it should be, which nearly all are; else []."""
    lists = [places for places in index.values() if isinstance(places, list)]
    if len(lists) < len(index) or sum(map(len, lists)) > MOST_WORDS or max(map(len, index)) > LONGEST_WORD:
        return []
    placed = [(place, word) for word, places in zip(index, lists, strict=True) for place in places]
    if {type(place) for place, _ in placed} != {int}:
        return []
    placed.sort()
    return placed if placed[0][0] >= 0 else []


def _carefully_placed(index: Mapping[str, object], notes: field.Notes) -> list[tuple[int, str]]:
    placed: list[tuple[int, str]] = []
    for word, places in index.items():
        if not isinstance(places, list):
            notes.add("abstract index damaged")
            continue
        for place in places[: MOST_WORDS - len(placed)]:
            if isinstance(place, int) and not isinstance(place, bool) and place >= 0:
                placed.append((place, word[:LONGEST_WORD]))
            else:
                notes.add("abstract index damaged")
        if len(placed) >= MOST_WORDS:
            notes.add("abstract cut")
            break
    placed.sort()
    return placed


def _title(work: Mapping[str, object], notes: field.Notes) -> str:
    given = text(work.get("title")) or text(work.get("display_name"))
    if "<" in given or "&" in given:
        given = text_of_markup(given[: 4 * field.LONGEST_TITLE])
    return field.line_of_text(given, field.LONGEST_TITLE, "title", notes)


def _date(value: object) -> str:
    """The day, or only as much of it as is known.

    OpenAlex fills what a publisher left out with the first of the month or year. A first of the month is
    therefore read as the month and the first of January as the year: rather too late than too early.
    """
    date = read_date(value) if isinstance(value, str) else ""
    return (
        date.removesuffix("-01").removesuffix("-01") if date.endswith("-01-01") else date.removesuffix("-01")
    )


def _authors(authorships: object, notes: field.Notes) -> tuple[str, ...]:
    listed = items(authorships)
    names: list[str] = []
    for entry in listed[: field.MOST_AUTHORS]:
        authorship = mapping(entry)
        name = text(mapping(authorship.get("author")).get("display_name"))
        names.append(name or field.first_last(text(authorship.get("raw_author_name"))[:300]))
    if len(listed) > field.MOST_AUTHORS:
        notes.add("authors cut")
    return field.names_of(names, notes) if len(names) != 1 else _one(names[0], notes)


def _one(name: str, notes: field.Notes) -> tuple[str, ...]:
    """A single author's name is never split at its commas."""
    line = field.line_of_text(name, field.LONGEST_NAME, "author", notes)
    return (line,) if line else ()


def _venue(locations: list[Mapping[str, object]], notes: field.Notes) -> str:
    """Where it was published; repositories are none."""
    for location in locations:
        source = mapping(location.get("source"))
        if text(source.get("display_name")) and source.get("type") != "repository":
            return field.line_of_text(source["display_name"], field.LONGEST_NAME, "venue", notes)
    return ""


def _names(entries: list[object], name: str, notes: field.Notes) -> tuple[str, ...]:
    shown = [text(mapping(entry).get("display_name")) for entry in entries[: field.MOST_LABELS]]
    return field.labels_of(shown, name, notes)


def _ids(
    work: Mapping[str, object], locations: list[Mapping[str, object]], notes: field.Notes
) -> dict[str, str]:
    given = mapping(work.get("ids"))
    pairs: list[tuple[str, object]] = [
        ("doi", work.get("doi") or given.get("doi")),
        ("pmid", given.get("pmid")),
    ]
    ids = field.ids_of([(scheme, value) for scheme, value in pairs if isinstance(value, str)], notes)
    elsewhere = {found for location in locations for found in _location_ids(location)}
    arxiv = {value for scheme, value in elsewhere if scheme == "arxiv"}
    acl = {value for scheme, value in elsewhere if scheme == "acl"}
    if "arxiv" not in ids and len(arxiv) > 1:
        notes.add(SEVERAL_ARXIV)  # which of them it is cannot be told
    for scheme, values in (("arxiv", arxiv), ("acl", acl)):
        if len(values) == 1:
            ids.setdefault(scheme, values.pop())
    return ids


def _location_ids(location: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name in ("landing_page_url", "pdf_url", "id"):
        given = text(location.get(name))[: field.LONGEST_KEY]
        if not given:
            continue
        record = _ARXIV_RECORD.fullmatch(given)
        found = parse_id(f"arxiv:{record[1]}" if record else given)
        if found and found.scheme in ("arxiv", "acl"):
            yield found.scheme, found.value


def _references(value: object, notes: field.Notes) -> tuple[Reference, ...]:
    listed = items(value)
    if len(listed) > field.MOST_REFERENCES:
        notes.add("references cut")
    numbers = dict.fromkeys(map(work_id, listed[: field.MOST_REFERENCES]))
    numbers.pop("", None)
    return tuple([Reference(f"openalex:{number}") for number in numbers])
