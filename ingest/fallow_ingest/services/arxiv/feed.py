"""arXiv's daily feeds: what was announced today, in one request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import ClassVar

import orjson

from fallow_ingest.services import Cursor, Page, Plan, Selection, endpoint
from fallow_ingest.services.arxiv import ARXIV
from fallow_ingest.services.arxiv.announcements import Feed, feed_of, refused_of
from fallow_ingest.services.arxiv.taxonomy import categories_in, category_of, is_archive
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.web.client import Client
from fallow_ingest.web.exchange import Answer, Request

MOST_ITEMS = 2_000
"""A feed has no more, and does not say so."""

SECONDS_A_FEED = 4.0


@dataclass(frozen=True, slots=True)
class _Place:
    """Behind the last feed. left: those still to be asked; shown: keys that came, where feeds overlap.

    etags: of the feeds asked in this round; day: of the latest.
    """

    left: tuple[str, ...]
    shown: tuple[str, ...] = ()
    etags: Mapping[str, str] | None = None
    day: str = ""
    position: int = 0

    @classmethod
    def of(cls, cursor: Cursor | None, spec: str) -> _Place:
        if cursor is None:
            return cls((spec,))
        known = {name: cursor[name] for name in cls.__slots__ if name in cursor}
        lists = {name: tuple(map(str, _list(known.pop(name, ())))) for name in ("left", "shown")}
        return cls(**lists, **known)  # type: ignore[arg-type]


class ArxivFeedService:
    """The feeds of rss.arxiv.org: new papers, cross-lists and replacements of the last announcement."""

    name: ClassVar[str] = "arxiv-feed"
    label: ClassVar[str] = "arXiv (daily feed)"
    selects: ClassVar[frozenset[str]] = frozenset({"categories"})
    needs: ClassVar[frozenset[str]] = frozenset({"categories"})
    fresh_days: ClassVar[int] = 3
    origin = ARXIV

    def __init__(self, *, base: str = "", most: int = MOST_ITEMS) -> None:
        self.most = most
        self.url = f"{base or endpoint('arxiv-feed', 'https://rss.arxiv.org')}/rss"

    def plan(self, selection: Selection, client: Client | None, *, watermark: str = "") -> Plan:
        """One request, more on a day of over 2,000 papers. Raises BadInput."""
        _spec_of(selection)
        return Plan(1, SECONDS_A_FEED, note="the papers of the last announcement; more requests above 2,000")

    def harvest(
        self, selection: Selection, client: Client, *, cursor: Cursor | None = None, watermark: str = ""
    ) -> Iterator[Page]:
        """Yield a page a feed: one, unless it is full and has to be asked for in parts.

        watermark: the ETags of the last harvest, by which an unchanged feed is known without its papers.
        Raises BadInput before anything is asked, and ServiceError.
        """
        return self._feeds(client, _Place.of(cursor, _spec_of(selection)), _known(watermark))

    def _feeds(self, client: Client, place: _Place, known: Mapping[str, object]) -> Iterator[Page]:
        etags = known.get("etags")
        before = etags if isinstance(etags, dict) else {}
        while place.left:
            spec = place.left[0]
            feed = self._ask(client, spec, str(before.get(spec, "")), place.position)
            items: list[Read | Skipped] = []
            parts: tuple[str, ...] = ()
            if feed is not None:
                items = _new(feed, place)
                parts = _parts(spec) if len(feed.items) >= self.most else ()
                if not place.day and (gap := _gap(str(known.get("day", "")), feed.day, spec)):
                    items.append(replace(gap, position=place.position + len(items) + 1))
            place = _behind(place, spec, parts, feed, items, str(before.get(spec, "")))
            full = feed is not None and len(feed.items) >= self.most and not parts
            last = not place.left
            if last and not place.day:
                place = replace(place, day=str(known.get("day", "")))
            mark = orjson.dumps({"etags": place.etags, "day": place.day}).decode() if last else ""
            # A single category that is full has at least one paper that nobody was shown.
            yield Page(tuple(items), asdict(place), last, mark, missing=int(full))

    def _ask(self, client: Client, spec: str, etag: str, before: int) -> Feed | None:
        """The feed; None when it is the one of that ETag still."""
        headers = {"If-None-Match": etag} if etag else {}
        request = Request(
            ARXIV, f"{self.url}/{spec}", headers=headers, accepted=frozenset({200, 304} if etag else {200})
        )

        def parse(answer: Answer) -> Feed | None:
            return None if answer.status == 304 else feed_of(answer, before)

        return client.ask(request, parse, refused_of)


def _spec_of(selection: Selection) -> str:
    """The categories as a feed's address has them, in one order. Raises BadInput for an unknown one."""
    return "+".join(sorted(set(map(category_of, selection.categories))))


def _parts(spec: str) -> tuple[str, ...]:
    """The feeds that together have what a full one could not show; none when it cannot be divided."""
    names = spec.split("+")
    if len(names) == 1:
        return categories_in(spec) if is_archive(spec) else ()
    return "+".join(names[: len(names) // 2]), "+".join(names[len(names) // 2 :])


def _new(feed: Feed, place: _Place) -> list[Read | Skipped]:
    """The papers that no feed of this round has shown, numbered without gaps."""
    shown = set(place.shown)
    items: list[Read | Skipped] = []
    for item in feed.items:
        if isinstance(item, Read) and item.paper.key in shown:
            continue
        if isinstance(item, Read):
            shown.add(item.paper.key)
        items.append(replace(item, position=place.position + len(items) + 1))
    return items


def _behind(
    place: _Place,
    spec: str,
    parts: tuple[str, ...],
    feed: Feed | None,
    items: list[Read | Skipped],
    etag: str,
) -> _Place:
    keys = [item.paper.key for item in items if isinstance(item, Read)]
    left = (*parts, *place.left[1:])
    return _Place(
        left=left,
        shown=(*place.shown, *keys) if left else (),
        etags={**(place.etags or {}), spec: feed.etag if feed is not None else etag},
        day=feed.day if feed is not None else place.day,
        position=place.position + len(items),
    )


def _gap(last: str, day: str, spec: str) -> Skipped | None:
    """The account of announcements between two looks: there is one on five days of the week, Monday first."""
    try:
        looked, now = date.fromisoformat(last), date.fromisoformat(day)
    except ValueError:
        return None
    between = [looked + timedelta(n) for n in range(1, min((now - looked).days, 3_660))]
    missed = [d for d in between if d.weekday() < 5]
    if not missed:
        return None
    said = f"{missed[0]} to {missed[-1]}: 'fallow ingest oai' brings what was announced then"
    return Skipped(0, "announcement days without a look", spec, said)


def _known(watermark: str) -> Mapping[str, object]:
    try:
        found = orjson.loads(watermark) if watermark else {}
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []
