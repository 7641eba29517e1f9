"""arXiv by OAI-PMH: whole sets or everything, and from then on what changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import ClassVar

from fallow_ingest.dates import day_text
from fallow_ingest.errors import BadInput, ServiceBroken, ServiceRefused
from fallow_ingest.services import Cursor, Gone, Page, Plan, Selection, endpoint
from fallow_ingest.services.arxiv import ARXIV, not_arxiv, wanted_of
from fallow_ingest.services.arxiv.oai_records import Listed, OaiError, OaiRecord, item_of, listed_of
from fallow_ingest.services.arxiv.query import total_of
from fallow_ingest.services.arxiv.taxonomy import category_of, set_of
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.web.client import Client
from fallow_ingest.web.clock import iso_time
from fallow_ingest.web.exchange import Answer, BadAnswer, Fatal, Request

FORMAT = "arXivRaw"
EARLIEST = "2005-09-16"
"""arXiv's first datestamp: older papers were stamped on that day."""

RECORDS_A_PAGE = 1_300
SECONDS_A_PAGE = 6.0
PAPERS_IN_ALL = 3_000_000
"""As measured by others in 2026; pages were larger before and may be again."""

MOST_REMEMBERED = 5_000
"""Records of the last day that are known again after a restart; more are read twice, which does no harm."""

MOST_RESTARTS = 5


@dataclass(frozen=True, slots=True)
class _Place:
    """Behind the last page. list: which of the sets (or ids); token: where the list goes on, "" from `day`.

    day, shown: the last datestamp and the records shown of it; ordered: datestamps have only risen so far.
    began: the day of the server's first answer; promised, had: records of the present list.
    """

    list: int = 0
    token: str = ""
    expires: str = ""
    day: str = ""
    shown: tuple[str, ...] = ()
    ordered: bool = True
    began: str = ""
    position: int = 0
    promised: int = 0
    had: int = 0

    @classmethod
    def of(cls, cursor: Cursor | None) -> _Place:
        if cursor is None:
            return cls()
        known = {name: cursor[name] for name in cls.__slots__ if name in cursor}
        shown = known.pop("shown", ())
        return cls(**known, shown=tuple(shown) if isinstance(shown, list | tuple) else ())  # type: ignore[arg-type]


class _TokenLost(Exception):
    """The server does not know its own place any more."""


class OaiService:
    """arXiv's OAI-PMH server, one list for each set. Datestamps say when a record changed, not its date."""

    name: ClassVar[str] = "oai"
    label: ClassVar[str] = "arXiv (OAI-PMH)"
    selects: ClassVar[frozenset[str]] = frozenset({"ids", "categories", "since", "until"})
    needs: ClassVar[frozenset[str]] = frozenset()
    fresh_days: ClassVar[int] = 3
    id_schemes: ClassVar[tuple[str, ...]] = ("arxiv",)
    origin = ARXIV

    def __init__(self, *, base: str = "") -> None:
        self.url = f"{base or endpoint('oai', 'https://oaipmh.arxiv.org')}/oai"
        self._query = f"{base or endpoint('arxiv', 'https://export.arxiv.org')}/api/query"

    def plan(self, selection: Selection, client: Client | None, *, watermark: str = "") -> Plan:
        """Requests and minutes of a first harvest; the query API knows how many papers a set has.

        Raises BadInput, and ServiceError with a client.
        """
        categories = _categories(selection)
        if selection.ids:
            count = len(selection.ids)
            note = "one request a paper; 'arxiv' looks up 100 at a time" if count > 20 else ""
            return Plan(count, count * ARXIV.interval, count, note=note)
        lists = max(1, len(categories))
        if client is None:
            return _offline_plan(selection, categories, watermark)
        changed = bool(watermark) or selection.since is not None
        if not categories and not changed:
            return _offline_plan(selection, categories, watermark)
        since = _Range.of(selection, categories, watermark, client).start if changed else ""
        records = total_of(client, self._query, categories, since)
        # Changed older papers come on top of the new ones; a day's list has about as many of them.
        pages = (2 * records if changed else records) // RECORDS_A_PAGE + lists
        note = "new papers; older ones that were changed come on top" if changed else ""
        return Plan(pages, pages * SECONDS_A_PAGE, records, exact=not changed, note=note)

    def harvest(
        self, selection: Selection, client: Client, *, cursor: Cursor | None = None, watermark: str = ""
    ) -> Iterator[Page]:
        """Yield the pages of one list after the other, or one paper a page where ids are asked for.

        Raises BadInput before anything is asked, and ServiceError.
        """
        categories = _categories(selection)
        if selection.ids:
            return self._by_id(selection.ids, client, _Place.of(cursor))
        return self._lists(_Range.of(selection, categories, watermark, client), client, _Place.of(cursor))

    # Lists --------------------------------------------------------------------------------------

    def _lists(self, asked: _Range, client: Client, place: _Place) -> Iterator[Page]:
        if _past(place.expires, client):
            place = replace(place, token="")
        restarts: dict[tuple[int, str], int] = {}
        while True:
            try:
                listed = self._ask(client, asked, place)
            except _TokenLost as error:
                here = (place.list, place.day)
                restarts[here] = restarts.get(here, 0) + 1
                if restarts[here] > MOST_RESTARTS:
                    raise ServiceBroken(
                        f"{self.label} forgot its place {MOST_RESTARTS} times ({place.day or 'at first'})",
                        "run the same command again later: it goes on where it stopped",
                    ) from error
                place = replace(place, token="")
                continue
            page, place = _page_of(listed, asked, place)
            yield page
            if page.last:
                return

    def _ask(self, client: Client, asked: _Range, place: _Place) -> Listed:
        if place.token:
            params = [("verb", "ListRecords"), ("resumptionToken", place.token)]
        else:
            params = [("verb", "ListRecords"), ("metadataPrefix", FORMAT)]
            start = max(asked.start, place.day if place.ordered else "")
            params += [("from", start)] if start else []
            params += [("until", asked.end)] if asked.end else []
            params += [("set", asked.sets[place.list])] if asked.sets else []

        def parse(answer: Answer) -> Listed:
            listed = listed_of(answer)
            error = listed.error
            if error is not None and error.code == "badResumptionToken":
                if not place.token:
                    raise BadAnswer("complained of a token that it was not shown")
                raise _TokenLost
            if error is not None and error.code != "noRecordsMatch":
                raise Fatal(_refusal(error))
            if listed.token and listed.token == place.token:
                raise BadAnswer("sends to the page that it has just sent")
            return listed

        return client.ask(self._request(params), parse)

    def _request(self, params: list[tuple[str, str]]) -> Request:
        # Right after the daily announcement a page has taken more than a minute to begin.
        return Request(ARXIV, self.url, params, silence=180.0, seconds=600.0)

    # Ids ----------------------------------------------------------------------------------------

    def _by_id(self, ids: tuple[str, ...], client: Client, place: _Place) -> Iterator[Page]:
        while place.list < len(ids):
            position = place.list + 1
            place = replace(place, list=position)
            item = self._one(client, ids[position - 1], position)
            yield Page((item,), asdict(place), last=position == len(ids), total=len(ids))

    def _one(self, client: Client, text: str, position: int) -> Read | Skipped | Gone:
        wanted = wanted_of(text)
        if wanted is None:
            return not_arxiv(position, text)
        identifier = f"oai:arXiv.org:{wanted.value}"
        params = [("verb", "GetRecord"), ("identifier", identifier), ("metadataPrefix", FORMAT)]

        def parse(answer: Answer) -> Read | Skipped | Gone:
            listed = listed_of(answer)
            if listed.error is not None and listed.error.code == "idDoesNotExist":
                return Skipped(position, "not known to arXiv", text[:100], listed.error.text)
            if listed.error is not None:
                raise Fatal(_refusal(listed.error))
            if not listed.records or listed.records[0].identifier.lower() != identifier.lower():
                raise BadAnswer(f"sent another record than {identifier}")
            return item_of(listed.records[0], position)

        return client.ask(self._request(params), parse)


def _offline_plan(selection: Selection, categories: list[str], watermark: str) -> Plan:
    """What can be said without asking."""
    lists = max(1, len(categories))
    if watermark or selection.since is not None or categories:
        return Plan(
            lists, lists * SECONDS_A_PAGE, note="at least; how many papers there are is asked for online"
        )
    pages = -(-PAPERS_IN_ALL // RECORDS_A_PAGE)
    return Plan(pages, pages * SECONDS_A_PAGE, PAPERS_IN_ALL, note="every paper of arXiv")


@dataclass(frozen=True, slots=True)
class _Range:
    """What the lists are asked for: sets one after the other (none: everything), days inclusive or ""."""

    sets: tuple[str, ...]
    start: str
    end: str

    @classmethod
    def of(cls, selection: Selection, categories: list[str], watermark: str, client: Client) -> _Range:
        today = iso_time(client.clock.now())[:10]
        since, until = _day(selection.since), _day(selection.until)
        start = max(since, watermark)
        # A day that is not over yet is no end: what changes later today belongs to the next harvest.
        end = until if until < today else ""
        return cls(tuple(map(set_of, categories)), start if start > EARLIEST else "", end)


def _categories(selection: Selection) -> list[str]:
    """Raises BadInput for an unknown category, and for ids that other fields would narrow."""
    if selection.ids and selection.asked() != {"ids"}:
        raise BadInput("oai looks up ids one by one", "leave out the other options, or ask 'arxiv'")
    return list(dict.fromkeys(map(category_of, selection.categories)))


def _page_of(listed: Listed, asked: _Range, place: _Place) -> tuple[Page, _Place]:
    """The page to commit and the place behind it."""
    fresh, place = _fresh(listed.records, place)
    items = []
    position = place.position
    for record in fresh:
        item = item_of(record, position + 1)
        if not _came_before(item, asked.sets[: place.list]):
            position += 1
            items.append(item)
    promised = listed.total if listed.total is not None and not place.promised else place.promised
    place = replace(
        place,
        token=listed.token,
        expires=listed.expires,
        began=place.began or listed.day,
        position=position,
        promised=promised,
        had=place.had + len(fresh),
    )
    missing = 0
    last = False
    if not listed.token:
        missing = max(0, place.promised - place.had)
        last = place.list + 1 >= len(asked.sets)
        place = _Place(list=place.list + 1, began=place.began, position=position)
    watermark = place.began if last and not asked.end else ""
    return Page(tuple(items), asdict(place), last, watermark, missing, promised or None), place


def _came_before(item: Read | Skipped | Gone, sets: tuple[str, ...]) -> bool:
    """Whether a list before had the paper: by its own categories, for the header also names their aliases,
    whose lists need not have it."""
    if not isinstance(item, Read) or not sets:
        return False
    own = [f"{set_of(category)}:" for category in item.paper.categories]
    return any(name.startswith(f"{earlier}:") for name in own for earlier in sets)


def _fresh(records: tuple[OaiRecord, ...], place: _Place) -> tuple[list[OaiRecord], _Place]:
    """The records that were not shown before a restart, and the place with the last day's remembered."""
    shown = frozenset(place.shown)
    fresh = [r for r in records if r.datestamp != place.day or r.identifier not in shown]
    days = [place.day, *(record.datestamp for record in records)]
    if days != sorted(days):
        # Of no use to a server without order: its list is begun again as a whole.
        return fresh, replace(place, ordered=False, day="", shown=())
    if not place.ordered or not records:
        return fresh, place
    today = [record.identifier for record in fresh if record.datestamp == days[-1]]
    remembered = [*place.shown, *today] if days[-1] == place.day else today
    return fresh, replace(place, day=days[-1], shown=tuple(remembered[:MOST_REMEMBERED]))


def _refusal(error: OaiError) -> ServiceRefused:
    return ServiceRefused(
        f"arXiv (OAI-PMH) refused the request: {error.code or 'an error without a code'}"
        f"{f' ({error.text})' if error.text else ''}",
        "check the categories and days that were asked for",
    )


def _past(moment: str, client: Client) -> bool:
    try:
        return bool(moment) and datetime.fromisoformat(moment).timestamp() <= client.clock.now()
    except ValueError:
        return False


def _day(number: int | None) -> str:
    return day_text(number) if number is not None else ""
