"""arXiv's query API: papers by words, authors, categories, days or ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import ClassVar

from fallow_ingest.errors import BadInput, ServiceBroken
from fallow_ingest.services import Cursor, Page, Plan, Selection, endpoint
from fallow_ingest.services.arxiv import ARXIV, Doubt, Wanted, not_arxiv, wanted_of
from fallow_ingest.services.arxiv.entries import Entry, Found, found_of, numbered, refused_of
from fallow_ingest.services.arxiv.taxonomy import category_of, is_archive
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.web.client import Client
from fallow_ingest.web.clock import iso_time
from fallow_ingest.web.exchange import Answer, BadAnswer, Request

PAGE = 200
"""Papers a request. Larger pages, and places far into a result, have been answered unreliably."""

DEEPEST = 10_000
"""start + max_results may not go beyond it. We stay far: every page begins at the last one's minute."""

IDS_A_REQUEST = 100
SECONDS_A_PAGE = 3.5
LONGEST_ADDRESS = 1_500
"""Characters of a query that is sent in the address; longer ones go by POST."""

HELD_BACK_DAYS = 30
"""Papers appear days, some weeks after they were submitted; the next harvest looks so far back."""

FIRST, LAST = "199101010000", "209912312359"


@dataclass(frozen=True, slots=True)
class _Place:
    """Behind the last page.

    minute, start: where the next request begins; shown: keys that came since that minute or just before;
    total: of the first answer; short: whether an answer had to be believed that gave fewer papers than it
    promised; began: the day of the first answer.
    """

    minute: str = FIRST
    start: int = 0
    shown: tuple[str, ...] = ()
    position: int = 0
    total: int = -1
    short: bool = False
    began: str = ""

    @classmethod
    def of(cls, cursor: Cursor | None, first: str) -> _Place:
        if cursor is None:
            return cls(minute=first)
        known = {name: cursor[name] for name in cls.__slots__ if name in cursor}
        shown = known.pop("shown", ())
        return cls(**known, shown=tuple(shown) if isinstance(shown, list | tuple) else ())  # type: ignore[arg-type]


class ArxivQueryService:
    """The query API. It knows when a paper was first submitted, not when it changed."""

    name: ClassVar[str] = "arxiv"
    label: ClassVar[str] = "arXiv (query API)"
    selects: ClassVar[frozenset[str]] = frozenset({"ids", "query", "categories", "authors", "since", "until"})
    needs: ClassVar[frozenset[str]] = frozenset({"ids", "query", "categories", "authors", "since"})
    fresh_days: ClassVar[int] = 3
    id_schemes: ClassVar[tuple[str, ...]] = ("arxiv",)
    origin = ARXIV

    def __init__(self, *, base: str = "", page: int = PAGE) -> None:
        self.url = f"{base or endpoint('arxiv', 'https://export.arxiv.org')}/api/query"
        self.page = page

    def plan(self, selection: Selection, client: Client | None, *, watermark: str = "") -> Plan:
        """Requests and minutes; with a client the first answer's total is asked for.

        Raises BadInput, and ServiceError with a client.
        """
        query = _query_of(selection)
        if selection.ids:
            pages = -(-len(selection.ids) // IDS_A_REQUEST)
            return Plan(pages, pages * SECONDS_A_PAGE, len(selection.ids), note="unknown ids are told")
        if client is None:
            return Plan(1, SECONDS_A_PAGE, note="at least; how many papers there are is asked for online")
        dated = _within(query, _first_minute(selection, watermark), _last_minute(selection, client))
        records = _total(client, self.url, dated)
        pages = max(1, -(-records // self.page))
        note = "OAI-PMH ('oai') brings whole categories with fewer requests" if records > DEEPEST else ""
        return Plan(pages, pages * SECONDS_A_PAGE, records, exact=True, note=note)

    def harvest(
        self, selection: Selection, client: Client, *, cursor: Cursor | None = None, watermark: str = ""
    ) -> Iterator[Page]:
        """Yield pages of papers by submission, oldest first, or of ids in batches.

        Raises BadInput before anything is asked, and ServiceError.
        """
        query = _query_of(selection)
        if selection.ids:
            batch = cursor.get("batch", 0) if cursor else 0
            return self._by_id(selection, query, client, batch if isinstance(batch, int) else 0)
        place = _Place.of(cursor, _first_minute(selection, watermark))
        return self._search(query, _last_minute(selection, client), client, place)

    # Searching ----------------------------------------------------------------------------------

    def _search(self, query: str, until: str, client: Client, place: _Place) -> Iterator[Page]:
        # Each page begins at the minute where the last one ended: nothing depends on places deep in a result,
        # on totals that drift, or on a window of 10,000.
        while True:
            if place.start + self.page > DEEPEST:
                raise ServiceBroken(
                    f"{self.label} has over {DEEPEST:,} papers of one minute ({place.minute})", "ask 'oai'"
                )
            params = _params(_within(query, place.minute, until), (), place.start, self.page)
            found = self._found(client, params, place.start, self.page)
            page, place = _page_of(found, self.page, place)
            if page.last and until == LAST:
                page = replace(page, watermark=place.began)
            yield page
            if page.last:
                return

    def _found(self, client: Client, params: list[tuple[str, str]], start: int, size: int) -> Found:
        doubt = Doubt()

        def parse(answer: Answer) -> Found:
            return _sound(found_of(answer), start, size, doubt)

        return client.ask(self._request(params), parse, refused_of)

    def _request(self, params: list[tuple[str, str]]) -> Request:
        long = sum(len(value) for _, value in params) > LONGEST_ADDRESS
        return Request(ARXIV, self.url, params, form=long, silence=120.0)

    # Ids ----------------------------------------------------------------------------------------

    def _by_id(self, selection: Selection, query: str, client: Client, batch: int) -> Iterator[Page]:
        dated = _within(query, _first_minute(selection, ""), _last_minute(selection, client))
        ids = selection.ids
        while batch * IDS_A_REQUEST < len(ids):
            first = batch * IDS_A_REQUEST
            batch += 1
            items = self._batch(client, dated, ids[first : first + IDS_A_REQUEST], first)
            last = batch * IDS_A_REQUEST >= len(ids)
            yield Page(tuple(items), {"batch": batch}, last, total=len(ids))

    def _batch(self, client: Client, query: str, ids: Sequence[str], before: int) -> list[Read | Skipped]:
        """One item for each id, in the order asked; the API answers in any order."""
        wanted = [wanted_of(text) for text in ids]
        asked = list(dict.fromkeys(w.asked for w in wanted if w))
        entries: tuple[Entry, ...] = ()
        if asked:
            entries = self._found(client, _params(query, asked, 0, len(asked)), 0, len(asked)).entries
        newest = sorted(entries, key=lambda entry: int(entry.version[1:] or 0))
        by_id = {(entry.key, version): entry for entry in newest for version in (entry.version, "")}
        why = "not known to arXiv" + (", or outside of what was asked for" if query else "")
        return [
            _answer(text, w, by_id, before + number, why)
            for number, (text, w) in enumerate(zip(ids, wanted, strict=True), 1)
        ]


def total_of(client: Client, url: str, categories: Sequence[str], since: str = "") -> int:
    """How many papers arXiv has in any of the categories, cross-lists included. Raises ServiceError.

    since: only those submitted from that day on (YYYY-MM-DD).
    """
    query = _query_of(Selection(categories=tuple(categories)))
    return _total(client, url, _within(query, f"{since.replace('-', '')}0000" if since else FIRST, LAST))


def _total(client: Client, url: str, query: str) -> int:
    # Nought papers make the server divide by nought.
    request = Request(ARXIV, url, _params(query, (), 0, 1))
    return client.ask(request, lambda answer: found_of(answer).total, refused_of)


def _answer(
    text: str, wanted: Wanted | None, by_id: dict[tuple[str, str], Entry], position: int, why: str
) -> Read | Skipped:
    if wanted is None:
        return not_arxiv(position, text)
    entry = by_id.get((f"arxiv:{wanted.value}", wanted.version))
    return numbered(entry, position) if entry else Skipped(position, why, text[:100])


def _sound(found: Found, start: int, size: int, doubt: Doubt) -> Found:
    """The answer, when it has all the papers that it promises, by submission. Raises BadAnswer."""
    promised = _promised(found, start, size)
    have = len(found.entries)
    if not have and promised:
        raise BadAnswer(f"sent an empty page where {promised:,} papers were promised")
    if have < promised:
        doubt.refuse(f"sent {have:,} of {promised:,} papers", (have, found.total))
    return found


def _promised(found: Found, start: int, size: int) -> int:
    """Papers that an answer must have by its own word."""
    return min(size, found.size or size, max(0, found.total - start))


def _page_of(found: Found, size: int, place: _Place) -> tuple[Page, _Place]:
    """The page to commit and the place behind it. The answer is sound."""
    items: list[Read | Skipped] = []
    seen = set(place.shown)
    position = place.position
    for entry in found.entries:
        if entry.key and entry.key in seen:
            continue
        seen.add(entry.key)
        position += 1
        items.append(numbered(entry, position))
    minutes = [place.minute, *(entry.minute for entry in found.entries if entry.minute)]
    # Out of order, the last minute says nothing of what was shown: the page is only turned.
    minute = minutes[-1] if minutes == sorted(minutes) else place.minute
    # The whole page, not its last minute only: a paper of wrong date may come once more.
    shown = [entry.key for entry in found.entries if entry.key]
    if minute == place.minute:
        shown = [*place.shown, *shown]
    total = place.total if place.total >= 0 else found.total
    short = place.short or len(found.entries) < _promised(found, place.start, size)
    last = place.start + len(found.entries) >= found.total
    missing = max(0, total - position) if last and short else 0
    behind = _Place(
        minute=minute,
        start=place.start + len(found.entries) if minute == place.minute else 0,
        shown=tuple(dict.fromkeys(shown)),
        position=position,
        total=total,
        short=short,
        began=place.began or found.day,
    )
    return Page(tuple(items), asdict(behind), last, missing=missing, total=total), behind


# Queries ----------------------------------------------------------------------------------------


def _query_of(selection: Selection) -> str:
    """The selection without its days in the API's syntax. Raises BadInput for one that would fall apart."""
    parts = []
    if query := " ".join(selection.query.split()):
        _check_balance(query)
        parts.append(query)
    if selection.categories:
        names = [category_of(name, closed=True) for name in selection.categories]
        parts.append(" OR ".join(term for name in names for term in _category_terms(name)))
    if selection.authors:
        parts.append(" OR ".join(f'au:"{_quotable(name)}"' for name in selection.authors))
    return " AND ".join(f"({part})" for part in parts)


def _category_terms(name: str) -> list[str]:
    """An archive has papers of its own from before it was divided."""
    return [f"cat:{name}", f"cat:{name}.*"] if is_archive(name) else [f"cat:{name}"]


def _within(query: str, first: str, last: str) -> str:
    """The query within minutes of submission, inclusive; all of arXiv's years are not worth a mention."""
    if (first, last) == (FIRST, LAST):
        return query
    dates = f"submittedDate:[{first} TO {last}]"
    return f"{query} AND {dates}" if query else dates


def _first_minute(selection: Selection, watermark: str) -> str:
    since = f"{selection.since}0000" if selection.since is not None else FIRST
    return max(since, f"{_days_before(watermark, HELD_BACK_DAYS)}0000" if watermark else FIRST)


def _last_minute(selection: Selection, client: Client) -> str:
    """No end where the day asked for is not over yet: what comes later belongs to the next harvest."""
    today = int(iso_time(client.clock.now())[:10].replace("-", ""))
    return f"{selection.until}2359" if selection.until is not None and selection.until < today else LAST


def _days_before(day: str, days: int) -> str:
    from datetime import date, timedelta

    return (date.fromisoformat(day) - timedelta(days=days)).strftime("%Y%m%d")


def _params(query: str, ids: Sequence[str], start: int, size: int) -> list[tuple[str, str]]:
    return [
        ("search_query", query),
        ("id_list", ",".join(ids)),
        ("sortBy", "submittedDate"),
        ("sortOrder", "ascending"),
        ("start", str(start)),
        ("max_results", str(size)),
    ]


def _quotable(name: str) -> str:
    """A name that stays inside its quotation marks. Raises BadInput when nothing is left of it."""
    said = " ".join("".join(c if c.isalnum() or c in "-.'’" else " " for c in name).split())
    if not said:
        raise BadInput(f"{name[:40]!r} is no author's name", "write it as Ada Ash")
    return said


def _check_balance(query: str) -> None:
    """Raise BadInput for marks that would let the query swallow what it is narrowed by."""
    pieces = query.split('"')
    depths = [0]
    for mark in "".join(pieces[::2]):
        depths.append(depths[-1] + (mark in "([") - (mark in ")]"))
    if min(depths) < 0 or depths[-1] or len(pieces) % 2 == 0:
        raise BadInput(f"The query {query[:60]!r} has a bracket or quotation mark too many", "close each one")
