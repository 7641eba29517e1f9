"""Crossref's works: by DOI, by relevance to a search or a person, and by the day of their registration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import ceil
from typing import ClassVar

from fallow_ingest.dates import day_text
from fallow_ingest.errors import BadInput, ServiceBroken
from fallow_ingest.identifiers import parse_id
from fallow_ingest.services import Cursor, Gone, Page, Plan, Selection, endpoint
from fallow_ingest.services.crossref.api import CROSSREF, ROWS, CrossrefApi, Listing, Record
from fallow_ingest.services.crossref.records import doi_of, paper_of
from fallow_ingest.services.pages import (
    TRIES_WHEN_SHORT,
    asked_until_whole,
    items,
    mapping,
    text,
    whole_number,
)
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.sources import fields as field_of
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.text.normalise import fold
from fallow_ingest.web.client import Client
from fallow_ingest.web.limiter import Origin

ANSWER_SECONDS = 1.5
FURTHEST = 10_000
"""Results that can be reached by their number."""

DOIS_AT_ONCE = 50
FEW = 5
MOST_RESTARTS = 20
UNKNOWN = "not known to Crossref"
NO_DOI = "no DOI of Crossref's to ask by"
TOO_FAR = "less relevant than the first 10,000"


@dataclass(slots=True)
class _Walk:
    """How far a walk through records by their day of registration has come.

    created: of the newest record given, to the second; there: DOIs given of that second; seen: records given;
    total: records in all when the walk began; since: when that was, by Crossref's clock.
    """

    created: str = ""
    there: list[str] = field(default_factory=list)
    seen: int = 0
    total: int = -1
    since: str = ""

    def is_new(self, record: Record) -> bool:
        """Whether the record was not given yet."""
        created = _created(record)
        return (
            not created
            or created > self.created
            or (created == self.created and doi_of(record) not in self.there)
        )

    def note(self, records: Sequence[Record]) -> None:
        """Move behind these records."""
        for record in records:
            self.seen += 1
            if (created := _created(record)) > self.created:
                self.created, self.there = created, []
            if created == self.created:
                self.there.append(doi_of(record))


class CrossrefService:
    """Works registered with Crossref, by DOI, bibliographic search, author, and venue."""

    name: ClassVar[str] = "crossref"
    label: ClassVar[str] = "Crossref"
    selects: ClassVar[frozenset[str]] = frozenset({"ids", "query", "authors", "venues", "since", "until"})
    needs: ClassVar[frozenset[str]] = frozenset({"ids", "query", "authors", "venues"})
    fresh_days: ClassVar[int] = 14
    id_schemes: ClassVar[tuple[str, ...]] = ("doi", "acl")
    origin: Origin = CROSSREF

    def __init__(self, *, base: str = "") -> None:
        self.base = (base or endpoint("crossref", "https://api.crossref.org")).rstrip("/")

    def plan(self, selection: Selection, client: Client | None, *, watermark: str = "") -> Plan:
        """Requests and seconds; with a client the number of records is asked for."""
        filters = _filters(selection, watermark)
        if selection.ids:
            several = len(selection.ids) > FEW
            requests = ceil(len(selection.ids) / DOIS_AT_ONCE) if several else len(selection.ids)
            return _plan(len(selection.ids), requests, exact=True)
        if client is None:
            return _plan(None, 1, note=f"the number of records is known when asked for; {ROWS} a request")
        searches = _searches(selection)
        total = CrossrefApi(client, self.base).page([*searches[0], *filters, ("rows", "0")]).total
        total *= len(searches)
        if searches[0]:
            reached = min(total, FURTHEST * len(searches))
            note = f"of {total:,} records the most relevant" if total > reached else ""
            return _plan(reached, max(1, ceil(reached / ROWS)), exact=len(searches) == 1, note=note)
        return _plan(total, max(1, ceil(total / ROWS)), exact=True)

    def harvest(
        self, selection: Selection, client: Client, *, cursor: Cursor | None = None, watermark: str = ""
    ) -> Iterator[Page]:
        """Yield pages of works; see `Service.harvest`.

        New since a watermark (a day) are records indexed again since: also those that were retracted
        meanwhile. Raises a ServiceError, and BadInput for selections that it cannot tell.
        """
        api = CrossrefApi(client, self.base)
        filters = _filters(selection, watermark)
        if selection.ids:
            yield from _by_id(api, selection.ids, cursor or {})
        elif searches := [search for search in _searches(selection) if search]:
            yield from _searched(api, selection, searches, filters, cursor or {})
        else:
            walk = _Walk(**cursor) if cursor else _Walk()  # type: ignore[arg-type]
            yield from _walked(api, filters, walk)


def _plan(records: int | None, requests: int, *, exact: bool = False, note: str = "") -> Plan:
    return Plan(requests, requests * (CROSSREF.interval + ANSWER_SECONDS), records, exact=exact, note=note)


def _filters(selection: Selection, watermark: str) -> list[tuple[str, str]]:
    """The parameter `filter`, if there is anything to filter by. Raises BadInput."""
    if selection.ids and selection.asked() != {"ids"}:
        raise BadInput("crossref takes ids by themselves", "ask for the rest in a run of its own")
    parts: list[str] = []
    for venue in selection.venues:
        if re.fullmatch(r"\d{4}-\d{3}[\dXx]", venue.strip(), re.ASCII):
            parts.append(f"issn:{venue.strip().upper()}")
        elif "," in venue:
            raise BadInput(f"crossref cannot filter by a name with a comma ('{venue[:80]}')", "give its ISSN")
        else:
            parts.append(f"container-title:{venue.strip()}")
    if selection.since is not None:
        parts.append(f"from-pub-date:{day_text(selection.since)}")
    if selection.until is not None:
        parts.append(f"until-pub-date:{day_text(selection.until)}")
    if watermark:
        parts.append(f"from-index-date:{watermark[:10]}")
    return [("filter", ",".join(parts))] if parts else []


def _searches(selection: Selection) -> list[list[tuple[str, str]]]:
    """One search for each author, or one for all; [[]] when nothing is searched for."""
    query = [("query.bibliographic", selection.query)] if selection.query else []
    return [[*query, ("query.author", name)] for name in selection.authors] or [query]


def _item(position: int, record: Record) -> Read | Skipped:
    notes = field_of.Notes()
    paper = paper_of(record, notes)
    if isinstance(paper, Unreadable):
        return Skipped(position, paper.reason, f"Crossref {doi_of(record)[:200]}", paper.detail)
    return Read(position, paper, tuple(notes))


def _created(record: Record) -> str:
    return text(mapping(record.get("created")).get("date-time"))


# By DOI ------------------------------------------------------------------------------------------


def _dois(given: str) -> list[str]:
    """DOIs of Crossref's that the paper may have. arXiv's DOIs are DataCite's."""
    found = parse_id(given)
    if found is None or found.scheme not in ("doi", "acl"):
        return []
    if found.scheme == "doi":
        return [found.value.lower()]
    return [f"{prefix}/v1/{found.value.lower()}" for prefix in ("10.18653", "10.3115")]


def _by_id(api: CrossrefApi, ids: Sequence[str], cursor: Mapping[str, object]) -> Iterator[Page]:
    """The records of these ids, fifty in a question or, if they are few, each by itself."""
    ids = list(dict.fromkeys(ids))
    at = whole_number(cursor.get("at")) or 0
    size = DOIS_AT_ONCE // 2 if any(len(_dois(given)) > 1 for given in ids) else DOIS_AT_ONCE
    while True:
        group = ids[at : at + (size if len(ids) > FEW else FEW)]
        found = _records_of(api, group, many=len(ids) > FEW)
        items_found: list[Read | Skipped | Gone] = []
        for number, given in enumerate(group, at + 1):
            record = next((found[doi] for doi in _dois(given) if doi in found), None)
            reason = UNKNOWN if _dois(given) else NO_DOI
            items_found.append(
                _item(number, record) if record else Skipped(number, reason, "Crossref", given[:200])
            )
        at += len(group)
        last = at >= len(ids)
        yield Page(tuple(items_found), {"at": at}, last, total=len(ids))
        if last:
            return


def _records_of(api: CrossrefApi, group: Sequence[str], *, many: bool) -> dict[str, Record]:
    """DOI -> its record, for those that Crossref has."""
    wanted = {given: _dois(given) for given in group}
    together = [doi for dois in wanted.values() for doi in dois if many and not re.search(r"[,\s]", doi)]
    found: dict[str, Record] = {}
    if together:
        params = [("filter", ",".join(f"doi:{doi}" for doi in together)), ("rows", str(ROWS))]
        listing = asked_until_whole(lambda: api.page(params), lambda page: len(page.records) < page.total)
        if len(listing.records) < listing.total:
            raise ServiceBroken(
                f"Crossref sent {len(listing.records)} of {listing.total} records", "run the command again"
            )
        found = {doi_of(record): record for record in listing.records}
    for dois in wanted.values():
        for doi in dois:
            if doi in together or any(other in found for other in dois):
                continue
            if (record := api.work(doi)) is not None:
                found[doi] = record
    return found


# By relevance ------------------------------------------------------------------------------------


def _searched(
    api: CrossrefApi,
    selection: Selection,
    searches: Sequence[Sequence[tuple[str, str]]],
    filters: Sequence[tuple[str, str]],
    cursor: Mapping[str, object],
) -> Iterator[Page]:
    """The most relevant first, page by number: these pages can be asked for again, cursors cannot.

    A search for a person ends with the first page that has no paper of that person: Crossref looks for the
    name's words, each by itself.
    """
    part = whole_number(cursor.get("part")) or 0
    offset = whole_number(cursor.get("offset")) or 0
    position = whole_number(cursor.get("position")) or 0
    since = text(cursor.get("since"))
    while True:
        listing = _numbered(api, [*searches[part], *filters], offset)
        since = since or listing.at
        author = selection.authors[part] if selection.authors else ""
        theirs = [r for r in listing.records if not author or _is_by(author, r)]
        found: list[Read | Skipped] = [_item(position + n, r) for n, r in enumerate(theirs, 1)]
        position += len(theirs)
        offset += len(listing.records)
        reachable = min(listing.total, FURTHEST)
        is_short = len(listing.records) < listing.rows
        ended = not listing.records or is_short or offset >= reachable or (bool(author) and not theirs)
        missing = max(0, reachable - offset) if is_short else 0
        if ended:
            if offset >= FURTHEST and listing.total > FURTHEST:
                position += 1
                found.append(Skipped(position, TOO_FAR, "Crossref", f"{listing.total - FURTHEST:,} more"))
            part, offset = part + 1, 0
        last = part >= len(searches)
        state = {"part": part, "offset": offset, "position": position, "since": since}
        yield Page(tuple(found), state, last, since[:10] if last else "", missing, listing.total)
        if last:
            return


def _numbered(api: CrossrefApi, params: Sequence[tuple[str, str]], offset: int) -> Listing:
    rows = min(ROWS, FURTHEST - offset)
    asked = [*params, ("rows", str(rows)), ("offset", str(offset))]

    def is_short(page: Listing) -> bool:
        return len(page.records) < min(page.rows, page.total - offset)

    return asked_until_whole(lambda: api.page(asked), is_short)


def _is_by(name: str, record: Record) -> bool:
    """Whether one of the authors has all words of the name, or the initials that stand for them.

    >>> _is_by("Ada Ash", {"author": [{"given": "A. B.", "family": "Ash"}]})
    True
    >>> _is_by("Ada Ash", {"author": [{"given": "Bo", "family": "Ash"}, {"name": "Ada Birch"}]})
    False
    """
    wanted = fold(name[:300]).split()
    for entry in items(record.get("author"))[: field_of.MOST_AUTHORS]:
        author = mapping(entry)
        given = [text(author.get(part))[:300] for part in ("given", "family", "name")]
        words = fold(" ".join(given)).split()
        initials = {word for word in words if len(word) == 1}
        if wanted and all(
            word in words or word[0] in initials or (len(word) == 1 and any(w[0] == word for w in words))
            for word in wanted
        ):
            return True
    return False


# By day of registration --------------------------------------------------------------------------


def _walked(api: CrossrefApi, filters: Sequence[tuple[str, str]], walk: _Walk) -> Iterator[Page]:
    """Every record of a venue or time, oldest registration first, without relying on a cursor's life.

    Crossref's cursor stays the same while its server moves on, and is forgotten after minutes: whoever asks
    for a page again may get the one behind it. A page is therefore only taken when it came at the first
    try; else, and after every interruption, a new cursor begins at the hour of the last record given.
    """
    token, scroll_seen, scroll_total, restarts, short = "*", 0, 0, 0, 0
    while True:
        before = api.client.requests
        listing = api.scrolled(_walk_params(filters, walk, token))
        if listing is None or (token != "*" and api.client.requests > before + 1):
            restarts += 1
            if restarts > MOST_RESTARTS:
                raise ServiceBroken(
                    "Crossref forgets its cursors again and again", "run the command again later"
                )
            token = "*"
            continue
        if token == "*":
            scroll_seen, scroll_total = 0, listing.total
        walk.since = walk.since or listing.at
        walk.total = walk.total if walk.total >= 0 else listing.total
        scroll_seen += len(listing.records)
        days = [day for record in listing.records if (day := _created(record))]
        if days != sorted(days):
            raise ServiceBroken("Crossref no longer keeps works in their order", "report this to fallow")
        new = [record for record in listing.records if walk.is_new(record)]
        found = [_item(walk.seen + n, record) for n, record in enumerate(new, 1)]
        walk.note(new)
        restarts = 0 if new else restarts
        token = listing.token
        if len(listing.records) >= listing.rows and scroll_seen < scroll_total and token:
            yield Page(tuple(found), asdict(walk), total=walk.total)
            continue
        short += scroll_seen < scroll_total
        if scroll_seen >= scroll_total or short >= TRIES_WHEN_SHORT:
            missing = max(0, walk.total - walk.seen) if scroll_seen < scroll_total else 0
            yield Page(tuple(found), asdict(walk), True, walk.since[:10], missing, walk.total)
            return
        token = "*"
        yield Page(tuple(found), asdict(walk), total=walk.total)


def _walk_params(filters: Sequence[tuple[str, str]], walk: _Walk, token: str) -> list[tuple[str, str]]:
    parts = [value for _, value in filters]
    if walk.created:
        parts.append(f"from-created-date:{walk.created[:13]}")
    params = [("filter", ",".join(parts))] if parts else []
    return [*params, ("sort", "created"), ("order", "asc"), ("rows", str(ROWS)), ("cursor", token)]
