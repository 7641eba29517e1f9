"""OpenAlex's works API: by id, search, subject, author, venue, and along citations in both directions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from math import ceil
from typing import ClassVar

from fallow_ingest.errors import BadInput, CursorExpired, ServiceBroken
from fallow_ingest.records import Citation
from fallow_ingest.services import Cursor, Gone, Page, Plan, Selection, endpoint
from fallow_ingest.services.openalex.api import (
    ANSWER_SECONDS,
    INTERVAL,
    LIST_CREDITS,
    PER_PAGE,
    SEARCH_CREDITS,
    Listing,
    OpenAlexApi,
    Work,
    credits_a_day,
    origin_in_use,
)
from fallow_ingest.services.openalex.asking_for import (
    ARXIV_AT_ONCE,
    FEW,
    addresses_of,
    filters_of,
    is_arxiv,
    works_by_id,
    works_on_arxiv,
)
from fallow_ingest.services.openalex.records import ROOT_FIELDS, paper_of, work_id
from fallow_ingest.services.pages import items, text, whole_number
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.sources import fields as field_of
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.web.client import Client
from fallow_ingest.web.limiter import Origin

OVERLAP_DAYS = 60
"""A work may reach OpenAlex that long after its day of publication and still be found as new."""

CITED_AT_ONCE = 50
MOST_EMPTY_PAGES = 20
UNKNOWN = "not known to OpenAlex"
UNASKABLE = "no id that OpenAlex can be asked for"

_SELECT = ",".join(ROOT_FIELDS)
_LINKS = {"cited_by": "referenced_works", "like": "related_works"}

Item = Read | Skipped | Citation | Gone


@dataclass(slots=True)
class _Crawl:
    """Where a listing stands.

    part: of the cited papers, by fifties; token: OpenAlex's cursor; first: works in all when the part began;
    since: when the round began, by OpenAlex's clock; cited: OpenAlex id -> id as given.
    """

    part: int = 0
    token: str = "*"
    seen: int = 0
    first: int = -1
    position: int = 0
    since: str = ""
    filters: list[str] | None = None
    cited: dict[str, str] = field(default_factory=dict)


class OpenAlexService:
    """Works of OpenAlex's core corpus through its API, within its daily budget."""

    name: ClassVar[str] = "openalex"
    label: ClassVar[str] = "OpenAlex"
    selects: ClassVar[frozenset[str]] = frozenset(
        {"ids", "query", "categories", "authors", "venues", "cites", "cited_by", "like", "since", "until"}
    )
    needs: ClassVar[frozenset[str]] = selects - {"since", "until"}
    fresh_days: ClassVar[int] = 7
    id_schemes: ClassVar[tuple[str, ...]] = ("openalex", "doi", "arxiv", "acl", "pmid")

    def __init__(self, *, base: str = "") -> None:
        self.base = (base or endpoint("openalex", "https://api.openalex.org")).rstrip("/")

    @property
    def origin(self) -> Origin:
        """The one whose budget is spent: the key's, if there is one."""
        return origin_in_use()

    def plan(self, selection: Selection, client: Client | None, *, watermark: str = "") -> Plan:
        """Requests, seconds and credits; a client asks for the number of works (one list or search)."""
        _check(selection)
        plan = self._planned(selection, client, watermark)
        left = client.limiter.credits_left(self.origin) if client else None
        told = [plan.note, f"{max(left, 0):g} credits left today"] if left is not None else [plan.note]
        return replace(plan, note="; ".join(filter(None, told)))

    def _planned(self, selection: Selection, client: Client | None, watermark: str) -> Plan:
        if selection.ids:
            return _plan(len(selection.ids), *_look_up_cost(selection.ids), exact=True)
        for name in _LINKS:
            if given := getattr(selection, name):
                requests, credits = _look_up_cost(given)
                some = len(given) * 30  # references or related works of one paper, roughly
                pages = ceil(some / PER_PAGE)
                return _plan(None, requests + pages, credits + pages, note="about 30 works for each id given")
        cost = SEARCH_CREDITS if selection.query else LIST_CREDITS
        count = self._count(selection, client, watermark)
        if count is None:
            parts = max(1, ceil(len(selection.cites) / CITED_AT_ONCE))
            requests, credits = _look_up_cost(selection.cites)
            note = f"at least that; each {PER_PAGE} works more cost {cost:g} credits"
            return _plan(None, requests + parts, credits + parts * cost, note=note)
        pages = max(1, ceil(count / PER_PAGE))
        return _plan(count, pages, pages * cost, exact=True)

    def harvest(
        self, selection: Selection, client: Client, *, cursor: Cursor | None = None, watermark: str = ""
    ) -> Iterator[Page]:
        """Yield pages of works; see `Service.harvest`.

        New since a watermark (a day) are works published since 60 days before it: OpenAlex tells by day of
        change only to paying users. Raises a ServiceError, and BadInput for selections it cannot tell.
        """
        _check(selection)
        api = OpenAlexApi(client, self.base)
        if selection.ids:
            yield from _by_id(api, selection.ids, cursor or {})
        elif selection.cited_by or selection.like:
            yield from _linked(api, selection, cursor or {})
        else:
            crawl = _Crawl(**cursor) if cursor else _Crawl()  # type: ignore[arg-type]
            yield from _crawled(api, selection, crawl, watermark)

    def _count(self, selection: Selection, client: Client | None, watermark: str) -> int | None:
        """How many works there are, by one request; None when more would be needed to know."""
        cited = [work_id("".join(addresses_of(given)[:1])) for given in selection.cites]
        if client is None or not all(cited) or len(cited) > CITED_AT_ONCE:
            return None
        try:
            filters = filters_of(selection, _since(selection, watermark), None)
        except LookupError:
            return None
        params = _params(selection, filters, cited)
        return OpenAlexApi(client, self.base).page([*params, ("select", "id")], "*", per_page=1).count


def _check(selection: Selection) -> None:
    """Raise BadInput for what cannot be asked together."""
    asked = selection.asked()
    if selection.ids and asked != {"ids"}:
        raise BadInput("openalex takes ids by themselves", "ask for the rest in a run of its own")
    walked = sorted(asked & {"cites", "cited_by", "like"})
    if len(walked) > 1:
        raise BadInput(
            f"openalex cannot follow {' and '.join(walked)} at once", "ask for each in a run of its own"
        )
    if selection.query and walked and walked != ["cites"]:
        raise BadInput("openalex cannot search among linked works", "leave the query out")


def _plan(records: int | None, requests: int, credits: float, *, exact: bool = False, note: str = "") -> Plan:
    a_day = credits_a_day()
    if credits > a_day:
        note = "; ".join(filter(None, [note, f"{ceil(credits / a_day)} days of budget"]))
    seconds = requests * (INTERVAL + ANSWER_SECONDS)
    return Plan(requests, seconds, records, credits, a_day, exact, note)


def _look_up_cost(ids: Sequence[str]) -> tuple[int, float]:
    """(requests, credits) of looking ids up, when one in ten is not found by the hundred."""
    if len(ids) <= FEW:
        return len(ids), 0.0
    batches = ceil(len(ids) / PER_PAGE)
    return batches + len(ids) // 10, float(batches)


def _since(selection: Selection, watermark: str) -> int | None:
    if not watermark:
        return selection.since
    day = date.fromisoformat(watermark[:10]) - timedelta(days=OVERLAP_DAYS)
    return max(selection.since or 0, int(day.strftime("%Y%m%d")))


def _params(selection: Selection, filters: Sequence[str], cited: Sequence[str]) -> list[tuple[str, str]]:
    parts = [*filters, *([f"cites:{'|'.join(cited)}"] if cited else [])]
    params = [("filter", ",".join(parts))] if parts else []
    # A search stays in the order of relevance; else the newest come first, an order that does not move.
    order = ("search", selection.query) if selection.query else ("sort", "publication_date:desc")
    return [*params, order]


def _item(position: int, work: Work) -> Read | Skipped:
    notes = field_of.Notes()
    paper = paper_of(work, notes)
    place = f"OpenAlex {text(work.get('id'))[:60] or 'record'}"
    if isinstance(paper, Unreadable):
        return Skipped(position, paper.reason, place, paper.detail)
    return Read(position, paper, tuple(notes))


# Lists -------------------------------------------------------------------------------------------


def _crawled(api: OpenAlexApi, selection: Selection, crawl: _Crawl, watermark: str) -> Iterator[Page]:
    """Every work of the selection, page by page; those that cite many papers by fifties of these."""
    if crawl.filters is None:
        crawl.filters = filters_of(selection, _since(selection, watermark), api)
    empty = 0
    while True:
        unknown: list[Item] = []
        given = selection.cites[crawl.part * CITED_AT_ONCE : (crawl.part + 1) * CITED_AT_ONCE]
        if given and not crawl.cited:
            unknown, crawl = _resolved(api, given, crawl)
        nothing_to_ask = bool(given) and not crawl.cited
        listing = Listing((), 0, "", crawl.since) if nothing_to_ask else _page(api, selection, crawl)
        before, last_part = crawl, (crawl.part + 1) * CITED_AT_ONCE >= len(selection.cites)
        crawl = _after(crawl, listing)
        found = [*unknown, *_items(listing.works, before)]
        crawl.position = before.position + len(listing.works)
        missing = 0
        if not listing.cursor:
            missing = 0 if nothing_to_ask else max(0, min(crawl.first, listing.count) - crawl.seen)
            if last_part:
                yield Page(tuple(found), asdict(crawl), True, crawl.since[:10], missing, listing.count)
                return
            crawl = replace(_Crawl(), part=before.part + 1, position=crawl.position, since=crawl.since)
            crawl.filters = before.filters
        empty = 0 if listing.works or not listing.cursor else empty + 1
        if empty > MOST_EMPTY_PAGES:
            raise ServiceBroken("OpenAlex leads from one empty page to the next", "ask for less, or later")
        yield Page(tuple(found), asdict(crawl), missing=missing, total=listing.count)


def _page(api: OpenAlexApi, selection: Selection, crawl: _Crawl) -> Listing:
    """The page at the crawl's cursor; from the beginning again when OpenAlex has forgotten the cursor."""
    params = [*_params(selection, crawl.filters or [], list(crawl.cited)), ("select", _SELECT)]
    try:
        return api.whole_page(params, crawl.token, crawl.seen)
    except CursorExpired:
        if crawl.token == "*":
            raise
        crawl.token, crawl.seen = "*", 0
        return api.whole_page(params, "*", 0)


def _after(crawl: _Crawl, listing: Listing) -> _Crawl:
    return replace(
        crawl,
        token=listing.cursor,
        seen=crawl.seen + len(listing.works),
        first=crawl.first if crawl.first >= 0 else listing.count,
        since=crawl.since or listing.at,
    )


def _resolved(api: OpenAlexApi, given: Sequence[str], crawl: _Crawl) -> tuple[list[Item], _Crawl]:
    """What the cited papers are called at OpenAlex, and those that it does not have."""
    known = {i: work_id(address) for i in given for address in addresses_of(i)[:1] if work_id(address)}
    cited = {number: i for i, number in known.items()}
    others = [i for i in given if i not in known]
    works = _looked_up(api, others, "id,doi,ids,locations")
    unknown: list[Item] = []
    for name in others:
        if name in works:
            cited.setdefault(work_id(works[name].get("id")), name)
        else:
            unknown.append(_unknown(crawl.position + len(unknown) + 1, name))
    return unknown, replace(crawl, cited=cited, position=crawl.position + len(unknown))


def _items(works: Sequence[Work], crawl: _Crawl) -> list[Item]:
    found: list[Item] = []
    for number, work in enumerate(works, crawl.position + 1):
        item = _item(number, work)
        found.append(item)
        if crawl.cited and isinstance(item, Read):
            named = {work_id(entry) for entry in items(work.get("referenced_works"))}
            found += [Citation(item.paper.key, crawl.cited[w]) for w in sorted(named & crawl.cited.keys())]
    return found


def _unknown(position: int, given: str) -> Skipped:
    return Skipped(position, UNKNOWN if addresses_of(given) else UNASKABLE, "OpenAlex", given[:200])


# Ids ---------------------------------------------------------------------------------------------


def _by_id(api: OpenAlexApi, ids: Sequence[str], cursor: Mapping[str, object]) -> Iterator[Page]:
    """The works of these ids, a few or a hundred at a time; what costs credits comes last."""
    ids = list(dict.fromkeys(ids))
    many = len(ids) > FEW
    at = whole_number(cursor.get("at")) or 0
    position = whole_number(cursor.get("position")) or 0
    pages = [text(given) for given in items(cursor.get("pages"))]  # arXiv ids to be looked for as pages
    while True:
        if at < len(ids):
            group = ids[at : at + (PER_PAGE if many else FEW)]
            works = works_by_id(api, group, _SELECT, many=many)
            at += len(group)
            later = [given for given in group if given not in works and is_arxiv(given)]
            group = [given for given in group if given not in later]
            pages += later
        else:
            group, pages = pages[:ARXIV_AT_ONCE], pages[ARXIV_AT_ONCE:]
            works = works_on_arxiv(api, group, _SELECT)
        found = [
            _item(number, works[given]) if given in works else _unknown(number, given)
            for number, given in enumerate(group, position + 1)
        ]
        position += len(found)
        last = at >= len(ids) and not pages
        yield Page(tuple(found), {"at": at, "position": position, "pages": pages}, last, total=len(ids))
        if last:
            return


def _looked_up(api: OpenAlexApi, ids: Sequence[str], fields: str) -> dict[str, Work]:
    """The works of these ids in every way there is."""
    works = works_by_id(api, ids, fields, many=len(ids) > FEW)
    return works | works_on_arxiv(api, [given for given in ids if given not in works], fields)


def _linked(api: OpenAlexApi, selection: Selection, cursor: Mapping[str, object]) -> Iterator[Page]:
    """What the given papers cite, or what is related to them: first its ids, then the works themselves."""
    name = "cited_by" if selection.cited_by else "like"
    given: tuple[str, ...] = selection.cited_by or selection.like
    at = whole_number(cursor.get("at")) or 0
    position = whole_number(cursor.get("position")) or 0
    left = [text(number) for number in items(cursor.get("left"))]
    narrowed = selection.asked() - {name}
    listed = cursor.get("filters")
    filters = (
        [text(part) for part in listed]
        if isinstance(listed, list)
        else filters_of(selection, selection.since, api)
    )
    while True:
        found: list[Item] = []
        if left:
            group, left = left[:PER_PAGE], left[PER_PAGE:]
            found = _works_of(api, group, filters, position, told=not narrowed)
        else:
            asked = given[at : at + PER_PAGE]
            found, left = _links_of(api, asked, name, position)
            at += len(asked)
        position += len(found)
        last = not left and at >= len(given)
        state = {"at": at, "position": position, "left": left, "filters": filters}
        yield Page(tuple(found), state, last)
        if last:
            return


def _links_of(
    api: OpenAlexApi, asked: Sequence[str], name: str, position: int
) -> tuple[list[Item], list[str]]:
    """(citations of the papers and those not known, ids of the works that they lead to)."""
    works = _looked_up(api, asked, f"id,doi,ids,locations,{_LINKS[name]}")
    found: list[Item] = []
    linked: dict[str, None] = {}
    for given in asked:
        if given not in works:
            found.append(_unknown(position + len(found) + 1, given))
            continue
        listed = items(works[given].get(_LINKS[name]))[: field_of.MOST_REFERENCES]
        numbers = [number for entry in listed if (number := work_id(entry))]
        linked |= dict.fromkeys(numbers)
        if name == "cited_by":
            found += [Citation(given, f"openalex:{number}") for number in numbers]
    return found, list(linked)


def _works_of(
    api: OpenAlexApi, numbers: Sequence[str], filters: Sequence[str], position: int, *, told: bool
) -> list[Item]:
    """The works of these ids that the filters let through. told: name those that are not there."""
    chosen = ",".join([f"openalex:{'|'.join(numbers)}", *filters])
    works = api.batch([("filter", chosen), ("select", _SELECT)])
    found: list[Item] = [_item(position + n, work) for n, work in enumerate(works, 1)]
    if told:
        there = {work_id(work.get("id")) for work in works}
        for number in numbers:
            if number not in there:
                found.append(_unknown(position + len(found) + 1, f"openalex:{number}"))
    return found
