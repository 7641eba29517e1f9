"""OpenReview as a service: submissions of venues, by id, by author or by words, with their public reviews."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from fallow_ingest.errors import BadInput, ServiceBroken
from fallow_ingest.identifiers import parse_id
from fallow_ingest.services import Cursor, Gone, Page, Plan, Selection
from fallow_ingest.services.openreview import OPENREVIEW, SITE
from fallow_ingest.services.openreview.asking import Asking, Forbidden, Notes, notes_of
from fallow_ingest.services.openreview.notes import paper_of
from fallow_ingest.services.openreview.replies import DEFAULT_NAMES, Names
from fallow_ingest.services.openreview.values import content_of
from fallow_ingest.services.openreview.venues import Leg, count, names_of, settle, venue_id
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.sources import fields as fields_of
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.web.client import Client
from fallow_ingest.web.exchange import BadAnswer

PAGE = 50
"""Submissions asked for at a time: with their replies some megabytes."""
SEARCH_PAGE = 200
"""Results of a search asked for at a time; they come without replies."""
MOST_NOTES = 1_000_000
"""In one list: OpenReview as a whole has fewer submissions."""
_EMPTY_TRIES = 3
"""Answers without notes before one is believed though more were promised."""
_FORUM = re.compile(r"[A-Za-z0-9_.-]{1,80}", re.ASCII)
_PROFILE = re.compile(r"~[^\s/&?#]{1,200}\d{1,6}")
_WINDOW = "OpenReview grants anonymous readers some dozens of requests an hour and changes that often"


@dataclass(slots=True)
class _Place:
    """Where a harvest is. venues: not yet settled; after, seen: in the first leg."""

    venues: list[str] = field(default_factory=list)
    legs: list[Leg] = field(default_factory=list)
    after: str = ""
    seen: int = 0
    position: int = 0

    @property
    def done(self) -> bool:
        return not self.legs and not self.venues

    def cursor(self) -> Cursor:
        return {
            "venues": list(self.venues), "legs": [leg.as_json() for leg in self.legs],
            "after": self.after, "seen": self.seen, "position": self.position,
        }  # fmt: skip

    @staticmethod
    def of(cursor: Mapping[str, object]) -> _Place:
        venues, legs = cursor["venues"], cursor["legs"]
        assert isinstance(venues, list)
        assert isinstance(legs, list)
        return _Place(
            [str(venue) for venue in venues], [Leg.of(leg) for leg in legs],
            str(cursor["after"]), int(str(cursor["seen"])), int(str(cursor["position"])),
        )  # fmt: skip


class OpenReviewService:
    """Submissions with public reviews, API 2 and API 1. base: a mirror, with API 1 below /v1."""

    name: ClassVar[str] = "openreview"
    label: ClassVar[str] = "OpenReview"
    selects: ClassVar[frozenset[str]] = frozenset({"ids", "query", "authors", "venues"})
    needs: ClassVar[frozenset[str]] = frozenset({"ids", "query", "authors", "venues"})
    fresh_days: ClassVar[int] = 14
    id_schemes: ClassVar[tuple[str, ...]] = ("openreview",)
    origin = OPENREVIEW

    def __init__(self, *, base: str = "") -> None:
        self._asking = Asking(base)

    def plan(self, selection: Selection, client: Client | None, *, watermark: str = "") -> Plan:
        """Requests of a harvest; for one venue OpenReview is asked how many submissions it has.

        Raises BadInput, ServiceError.
        """
        chosen = _Chosen.of(selection)
        pace = self.origin.interval
        if selection.ids:
            requests = 2 * len(selection.ids)
            note = f"one request for each id, a second one where only API 1 has it; {_WINDOW}"
            return Plan(requests, requests * pace, len(selection.ids), note=note)
        if client is None or selection.query or selection.authors or len(chosen.venues) != 1:
            legs = max(1, len(chosen.venues)) * 8
            return Plan(legs, legs * pace, note=f"at least so many requests: nobody was asked; {_WINDOW}")
        submissions = f"{chosen.venues[0]}/-/Submission"
        total = count(self._asking, client, 2, "invitation", submissions)
        requests = 2 + -(-total // PAGE)
        if not total:
            return Plan(8, 8 * pace, note="not in API 2, API 1 will be asked; " + _WINDOW)
        return Plan(requests, requests * pace, total, exact=True, note=_WINDOW)

    def harvest(
        self, selection: Selection, client: Client, *, cursor: Cursor | None = None, watermark: str = ""
    ) -> Iterator[Page]:
        """Yield submissions, each with the reviews that everybody may read.

        Reviews and decisions come months after the submission they belong to and leave no mark on it, so
        OpenReview cannot be asked for what is new: every round asks for all. Raises BadInput, ServiceError.
        """
        chosen = _Chosen.of(selection)
        if selection.ids:
            yield from self._by_id(chosen, client, cursor)
            return
        place = _Place.of(cursor) if cursor is not None else chosen.beginning()
        while True:
            if place.done:
                yield Page((), place.cursor(), last=True)
                return
            if not place.legs:
                place.legs = settle(self._asking, client, place.venues.pop(0))
                if not place.done:
                    yield Page((), place.cursor())
                continue
            page = self._next(chosen, client, place)
            yield page
            if page.last:
                return

    def _next(self, chosen: _Chosen, client: Client, place: _Place) -> Page:
        """Ask for the next page of the first leg and move the place behind it."""
        leg = place.legs[0]
        if place.seen > MOST_NOTES:
            raise ServiceBroken(
                f"{self.label} sends notes without end for {leg.value[:100]}", "ask for less at a time"
            )
        found = self._page(client, leg, place)
        names = names_of(leg)
        items: list[Read | Skipped | Gone] = []
        for note in found.notes:
            place.position += 1
            if chosen.admits(note):
                items.append(_item(note, names, place.position))
        place.seen += len(found.notes)
        place.after = _last_id(found) or place.after
        total = found.total if leg.total < 0 and found.total is not None else leg.total
        if total != leg.total:
            place.legs[0] = leg = Leg(leg.api, leg.by, leg.value, total, leg.group, leg.names)
        missing = 0
        if not found.notes or (0 <= leg.total <= place.seen and len(found.notes) < _size(leg)):
            missing = max(0, leg.total - place.seen)
            place.legs.pop(0)
            place.after, place.seen = "", 0
        return Page(
            tuple(items), place.cursor(), last=place.done, missing=missing,
            total=leg.total if leg.total >= 0 and chosen.whole else None,
        )  # fmt: skip

    def _page(self, client: Client, leg: Leg, place: _Place) -> Notes:
        empty = 0

        def believed(found: Notes) -> Notes:
            nonlocal empty
            if found.notes and _last_id(found) in ("", place.after):
                raise BadAnswer("sent the page before once more, or notes without ids")
            if not found.notes and place.seen < leg.total:
                empty += 1
                if empty < _EMPTY_TRIES:
                    raise BadAnswer(f"sent no notes after {place.seen:,} of {leg.total:,}")
            return found

        path, params = _params(leg, place)
        return self._asking.ask(client, leg.api, path, params, lambda a: believed(notes_of(a)))

    def _by_id(self, chosen: _Chosen, client: Client, cursor: Cursor | None) -> Iterator[Page]:
        start = int(str(cursor["next"])) if cursor is not None else 0
        ids = chosen.selection.ids
        for place in range(start, len(ids)):
            item = self._one(chosen, client, ids[place], place + 1)
            yield Page(
                (item,) if item else (), {"next": place + 1}, last=place + 1 == len(ids), total=len(ids)
            )

    def _one(
        self, chosen: _Chosen, client: Client, given: str, position: int
    ) -> Read | Skipped | Gone | None:
        found = parse_id(given) or parse_id(f"openreview:{given}")
        if found is None or found.scheme != "openreview" or not _FORUM.fullmatch(found.value):
            return Skipped(position, "no OpenReview id", given[:200])
        place = f"{SITE}/forum?id={found.value}"
        forbidden = None
        for api in (2, 1):
            try:
                note = self._asking.note(client, api, found.value)
            except Forbidden as error:
                forbidden = error
                continue
            if note is not None:
                return _item(note, DEFAULT_NAMES, position) if chosen.admits(note) else None
        if forbidden is not None:
            return Skipped(position, "not public", place)
        return Skipped(position, f"not known to {self.label}", place)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A selection understood: ids of venues, profiles of authors."""

    selection: Selection
    venues: tuple[str, ...]

    @staticmethod
    def of(selection: Selection) -> _Chosen:
        """Raises BadInput."""
        for author in selection.authors:
            if not _PROFILE.fullmatch(author):
                raise BadInput(
                    f"'{author[:60]}' is no author's profile of OpenReview",
                    "give its id, such as ~Ada_Ash1, which the author's page has behind 'profile?id='",
                )
        if selection.ids and selection.query:
            raise BadInput("OpenReview cannot search among ids", "ask for the ids or for the words")
        return _Chosen(selection, tuple(dict.fromkeys(map(venue_id, selection.venues))))

    @property
    def whole(self) -> bool:
        """Whether everything that is asked for is wanted."""
        asked = self.selection
        return not (asked.venues and (asked.authors or asked.query)) and not (asked.authors and asked.query)

    def beginning(self) -> _Place:
        if self.selection.query:
            groups = self.venues or ("all",)
            return _Place(
                legs=[Leg(api, "term", self.selection.query, group=g) for g in groups for api in (2, 1)]
            )
        if self.selection.authors:
            authors = self.selection.authors
            return _Place(legs=[Leg(api, "content.authorids", a) for a in authors for api in (2, 1)])
        return _Place(venues=list(self.venues))

    def admits(self, note: Mapping[str, object]) -> bool:
        """Whether a note is of the venues and by the authors that were asked for; other fields narrow."""
        asked = self.selection
        if self.venues and (asked.ids or asked.authors or asked.query):
            several = note.get("invitations")
            told = several if isinstance(several, list) else [note.get("invitation")]
            if not any(str(i).startswith(f"{venue}/") for i in told for venue in self.venues):
                return False
        if asked.authors and (asked.ids or asked.query):
            return any(author in _profiles(note) for author in asked.authors)
        return True


def _profiles(note: Mapping[str, object]) -> list[str]:
    content = content_of(note)
    ids, authors = content.get("authorids"), content.get("authors")
    found = [str(entry) for entry in ids] if isinstance(ids, list) else []
    if isinstance(authors, list):
        found += [str(entry.get("username")) for entry in authors if isinstance(entry, dict)]
    return found


def _params(leg: Leg, place: _Place) -> tuple[str, list[tuple[str, str]]]:
    """Path and query of the leg's next page."""
    if leg.by == "term":
        return "/notes/search", [
            ("term", leg.value), ("content", "all"), ("group", leg.group), ("source", "forum"),
            ("limit", str(SEARCH_PAGE)), ("offset", str(place.seen)),
        ]  # fmt: skip
    params = [(leg.by, leg.value), ("details", "replies"), ("limit", str(PAGE))]
    if leg.api == 1:
        # API 1 pages by offset; by number nothing moves while it is read.
        params += [("sort", "number:asc"), ("offset", str(place.seen))]
    else:
        params += [("sort", "id"), *([("after", place.after)] if place.after else [])]
    if not place.seen and leg.total < 0:
        params.append(("count", "true"))
    return "/notes", params


def _last_id(found: Notes) -> str:
    """The id behind which the next page begins, "" when no note has one."""
    ids = [note.get("id") for note in found.notes]
    return next((i for i in reversed(ids) if isinstance(i, str)), "")


def _size(leg: Leg) -> int:
    return SEARCH_PAGE if leg.by == "term" else PAGE


def _item(note: Mapping[str, object], names: Names, position: int) -> Read | Skipped | Gone:
    notes = fields_of.Notes()
    forum = str(note.get("id"))[:80]
    if isinstance(note.get("ddate"), int):
        return Gone(position, f"openreview:{forum}", "deleted by its authors or its venue")
    paper = paper_of(note, names, notes)
    if isinstance(paper, Unreadable):
        return Skipped(position, paper.reason, f"{SITE}/forum?id={forum}", paper.detail)
    return Read(position, paper, tuple(notes))
