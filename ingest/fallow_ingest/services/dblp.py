"""DBLP: what computer scientists published where, with their names told apart; no abstracts, CC0."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import product
from math import ceil
from typing import ClassVar

from fallow_ingest.errors import BadInput, ServiceRefused
from fallow_ingest.records import Paper
from fallow_ingest.services import Cursor, Page, Plan, Selection, endpoint
from fallow_ingest.services.pages import asked_until_whole, items, mapping, service_time, text, whole_number
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.web.client import Client
from fallow_ingest.web.clock import iso_time
from fallow_ingest.web.exchange import Answer, BadAnswer, Fatal, Request, object_of
from fallow_ingest.web.limiter import Origin

DBLP = Origin("dblp", "DBLP", 2.0, ("dblp.org", "dblp.uni-trier.de", "dblp.dagstuhl.de"))
"""No rate is published; a request every one to two seconds is what it bears."""

ANSWER_SECONDS = 1.5
HITS = 1_000
"""Hits of one answer; DBLP gives no more at once."""

FURTHEST = 10_000
"""Hits of one question that are paged through; a question with more is asked for each year by itself."""

FIRST_YEAR = 1936
"""The year of DBLP's oldest records."""

TOO_MANY = "beyond the first 10,000 hits of a year"
VOLUME = "a volume, no paper"

_HOMONYM = re.compile(r"\s\d{4}$", re.ASCII)
_CORR = re.compile(r"journals/corr/abs-(?:(\d{4})-(\d{4,5})|([a-z-]+)-(\d{7}))", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Hits:
    """One answer. total: hits of the question in all; at: when it was answered, by DBLP's clock."""

    records: tuple[Mapping[str, object], ...]
    total: int
    at: str


class DblpService:
    """Publications of DBLP's search, by words, person, venue and year."""

    name: ClassVar[str] = "dblp"
    label: ClassVar[str] = "DBLP"
    selects: ClassVar[frozenset[str]] = frozenset({"query", "authors", "venues", "since", "until"})
    needs: ClassVar[frozenset[str]] = frozenset({"query", "authors", "venues"})
    fresh_days: ClassVar[int] = 14
    origin: Origin = DBLP

    def __init__(self, *, base: str = "") -> None:
        self.base = (base or endpoint("dblp", "https://dblp.org")).rstrip("/")

    def plan(self, selection: Selection, client: Client | None, *, watermark: str = "") -> Plan:
        """Requests and seconds; with a client one question tells the number of publications."""
        this_year = date.today().year
        search = _Search.begun(selection, watermark, this_year)
        questions = search.questions(_wordings(selection))
        if client is None or len(questions) > 1:
            note = f"the number of publications is known when asked for; {HITS:,} a request"
            return _plan(None, len(questions), exact=False, note=note)
        total = _ask(client, self.base, questions[0], 0, 1).total
        again = this_year + 2 - FIRST_YEAR if total > FURTHEST and not search.by_year else 0
        return _plan(total, max(1, ceil(total / HITS)) + again, exact=not again)

    def harvest(
        self, selection: Selection, client: Client, *, cursor: Cursor | None = None, watermark: str = ""
    ) -> Iterator[Page]:
        """Yield pages of publications; see `Service.harvest`.

        DBLP knows years, no days: since and until take whole years. New since a watermark (a day) are
        publications of the year before it and later. Raises a ServiceError, and BadInput for no words.
        """
        wordings = _wordings(selection)
        this_year = int(iso_time(client.clock.now())[:4])
        search = _Search(**cursor) if cursor else _Search.begun(selection, watermark, this_year)  # type: ignore[arg-type]
        while True:
            questions = search.questions(wordings)
            hits = _page(client, self.base, questions[search.number], search.offset)
            search.since = search.since or hits.at
            if hits.total > FURTHEST and not search.by_year:
                # Too many to page through: the same again for each year, from the beginning.
                search.by_year, search.number, search.offset = True, 0, 0
                yield Page((), asdict(search), total=hits.total)
                continue
            found, missing = search.taken(hits, questions[search.number])
            last = search.number >= len(questions)
            yield Page(
                tuple(found), asdict(search), last, search.since[:10] if last else "", missing, hits.total
            )
            if last:
                return


@dataclass(slots=True)
class _Search:
    """Where a search stands: which question, from which hit on; by_year: each year is a question of its own.

    position: of the last record; since: when the round began, by DBLP's clock.
    """

    first_year: int
    last_year: int
    by_year: bool
    number: int = 0
    offset: int = 0
    position: int = 0
    since: str = ""

    @classmethod
    def begun(cls, selection: Selection, watermark: str, this_year: int) -> _Search:
        """A search at its beginning, year by year when the selection or watermark names years."""
        last = min(selection.until // 10_000 if selection.until else this_year + 1, this_year + 1)
        first = selection.since // 10_000 if selection.since else FIRST_YEAR
        if watermark:
            first = max(first, min(int(watermark[:4]) - 1, last))
        named = bool(selection.since or selection.until or watermark)
        return cls(max(min(first, last), FIRST_YEAR), max(last, FIRST_YEAR), named)

    def questions(self, wordings: Sequence[str]) -> list[str]:
        """All that is asked, in order."""
        if not self.by_year:
            return list(wordings)
        years = range(self.first_year, self.last_year + 1)
        return [f"{wording} year:{year}:" for wording in wordings for year in years]

    def taken(self, hits: _Hits, question: str) -> tuple[list[Read | Skipped], int]:
        """(records of the answer, how many are missing after it); moves behind them."""
        found = [_item(self.position + n, record) for n, record in enumerate(hits.records, 1)]
        self.position += len(found)
        self.offset += len(hits.records)
        reachable = min(hits.total, FURTHEST)
        if self.offset < reachable and len(hits.records) >= HITS:
            return found, 0
        missing = max(0, reachable - self.offset)
        if hits.total > FURTHEST:
            self.position += 1
            found.append(Skipped(self.position, TOO_MANY, "DBLP", f"{question}: {hits.total:,} hits"))
        self.number, self.offset = self.number + 1, 0
        return found, missing


def _plan(records: int | None, requests: int, *, exact: bool, note: str = "") -> Plan:
    return Plan(requests, requests * (DBLP.interval + ANSWER_SECONDS), records, exact=exact, note=note)


# Questions ---------------------------------------------------------------------------------------


def _wordings(selection: Selection) -> list[str]:
    """DBLP's search text for each pair of a person and a venue."""
    words = selection.query.strip()
    found = [
        " ".join(filter(None, [words, _filter("author", author), _filter("venue", venue)]))
        for author, venue in product(selection.authors or ("",), selection.venues or ("",))
    ]
    if not all(found):
        raise BadInput("dblp was asked for nothing", "give words, a person or a venue")
    return list(dict.fromkeys(found))


def _filter(name: str, value: str) -> str:
    """A filter of DBLP's: blanks become underscores, a colon ends it.

    >>> _filter("author", "Ada Ash"), _filter("venue", "")
    ('author:Ada_Ash:', '')
    """
    joined = "_".join(value.replace(":", " ").split())
    return f"{name}:{joined}:" if joined else ""


# Asking ------------------------------------------------------------------------------------------


def _page(client: Client, base: str, question: str, offset: int) -> _Hits:
    """One answer that has as many hits as it says it should have, if a few tries bring one."""
    most = min(HITS, FURTHEST - offset)
    return asked_until_whole(
        lambda: _ask(client, base, question, offset, most),
        lambda hits: len(hits.records) < min(most, hits.total - offset),
    )


def _ask(client: Client, base: str, question: str, offset: int, most: int) -> _Hits:
    params = [("q", question), ("format", "json"), ("h", str(most)), ("f", str(offset)), ("c", "0")]
    request = Request(DBLP, f"{base}/search/publ/api", params)
    return client.ask(request, lambda answer: _hits(answer, client))


def _hits(answer: Answer, client: Client) -> _Hits:
    """The hits of an answer. A page for robots in place of JSON is a bad answer, never an empty one."""
    result = mapping(object_of(answer).get("result"))
    status = mapping(result.get("status"))
    if text(status.get("@code")) not in ("", "200"):
        said = text(status.get("text"))[:200]
        raise Fatal(ServiceRefused(f"DBLP refused the question ({said})", "check what was asked for"))
    hits = mapping(result.get("hits"))
    total = whole_number(hits.get("@total"))
    if total is None:
        raise BadAnswer("sent JSON without hits")
    listed = hits.get("hit")
    entries = [listed] if isinstance(listed, dict) else items(listed)
    sent = whole_number(hits.get("@sent"))
    if sent is not None and sent != len(entries):
        raise BadAnswer(f"sent {len(entries)} hits and speaks of {sent}")
    at = service_time(answer.headers, client.clock)
    return _Hits(tuple(mapping(mapping(entry).get("info")) for entry in entries), total, at)


# Records -----------------------------------------------------------------------------------------


def _item(position: int, record: Mapping[str, object]) -> Read | Skipped:
    notes = field.Notes()
    paper = paper_of(record, notes)
    if isinstance(paper, Unreadable):
        return Skipped(position, paper.reason, f"DBLP {text(record.get('key'))[:100]}".strip(), paper.detail)
    return Read(position, paper, tuple(notes))


def paper_of(record: Mapping[str, object], notes: field.Notes) -> Paper | Unreadable:
    """The paper that the `info` of a hit tells; what was mended goes into notes. Never raises."""
    key = text(record.get("key")).strip()
    if not re.fullmatch(r"[\x21-\x7e]{1,200}", key):
        return Unreadable("no DBLP key", key[:100])
    if text(record.get("type")) == "Editorship":
        return Unreadable(VOLUME, key)
    title = _line(record.get("title"), field.LONGEST_TITLE, "title", notes)
    if title.endswith(".") and not title.endswith("..."):
        title = title[:-1]  # DBLP ends every title with one
    if not title:
        return Unreadable("no title", key)
    links = [link for value in _several(record.get("ee")) if (link := field.web_address(value))]
    year = field.year_of(record.get("year"))
    return Paper(
        key=f"dblp:{key}",
        title=title,
        authors=_authors(record.get("authors"), notes),
        year=year,
        date=str(year) if year else "",
        venue=_line(next(iter(_several(record.get("venue"))), ""), field.LONGEST_NAME, "venue", notes),
        ids=_ids(record, key, links, notes),
        url=links[0] if links else f"https://dblp.org/rec/{key}",
        extra=field.bounded_extra(
            {name: record.get(name) for name in ("type", "pages", "volume", "number", "access")}, notes
        ),
    )


def _ids(record: Mapping[str, object], key: str, links: list[str], notes: field.Notes) -> dict[str, str]:
    pairs: list[tuple[str, object]] = [("doi", value) for value in _several(record.get("doi"))[:1]]
    pairs += [("doi", link) for link in links if re.match(r"https?://(?:dx\.)?doi\.org/10\.", link)]
    if found := _CORR.fullmatch(key):
        arxiv = f"{found[1]}.{found[2]}" if found[1] else f"{found[3]}/{found[4]}"
        pairs.append(("arxiv", arxiv))
    for link in links:
        host = re.match(r"https?://(?:www\.)?(arxiv\.org/abs|aclanthology\.org|openreview\.net/forum)", link)
        if host:
            pairs.append(({"ar": "arxiv", "ac": "acl", "op": "openreview"}[host[1][:2]], link))
    return field.ids_of(pairs, notes) | {"dblp": key}


def _authors(value: object, notes: field.Notes) -> tuple[str, ...]:
    """Names in order, without the number that tells people of one name apart."""
    names: list[str] = []
    listed = _several(mapping(value).get("author"))
    if len(listed) > field.MOST_AUTHORS:
        notes.add("authors cut")
    for entry in listed[: field.MOST_AUTHORS]:
        given = text(mapping(entry).get("text")) or text(entry)
        name = _line(given, field.LONGEST_NAME, "author", notes)
        if name:
            names.append(_HOMONYM.sub("", name))
    return tuple(names)


def _several(value: object) -> list[object]:
    """DBLP gives one of a kind by itself and several as a list."""
    return value if isinstance(value, list) else [value] if value is not None else []


def _line(value: object, longest: int, name: str, notes: field.Notes) -> str:
    given = text(mapping(value).get("text")) or text(value)
    return field.line_of_text(html.unescape(given[: 4 * longest]), longest, name, notes)
