"""Papers by id, by author, and like others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from fallow_ingest.services import Cursor, Page, Selection
from fallow_ingest.services.semantic_scholar import LABEL
from fallow_ingest.services.semantic_scholar.asking import (
    BATCH,
    DETAILED_FIELDS,
    PAGE,
    REACH,
    SEED_FIELDS,
    SOME,
    GraphApi,
    Refusal,
)
from fallow_ingest.services.semantic_scholar.papers import asked_as
from fallow_ingest.services.semantic_scholar.reading import (
    NO_SUCH_SCHEME,
    NOT_KNOWN,
    Reading,
    Seeds,
    Sieve,
    address_of,
    place_of,
)
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.text.normalise import fold

EXAMPLES_AT_ONCE = 100
"""Papers that one request for recommendations starts from."""

TOO_LARGE = "larger than they send"


@dataclass(slots=True)
class _Place:
    """Cursor of a walk through a list. at: number of the next id or paper; size: how many at once."""

    at: int = 0
    size: int = BATCH
    position: int = 0


def papers_by_id(
    api: GraphApi, selection: Selection, reading: Reading, cursor: Cursor | None
) -> Iterator[Page]:
    """Yield the papers of `selection.ids`, as many at once as an answer can hold."""
    names = selection.ids
    sieve = Sieve(selection)
    place = _Place(**(cursor or {}))  # type: ignore[arg-type]
    reading.position = place.position
    while place.at < len(names):
        some = names[place.at : place.at + place.size]
        items = _by_id(api, some, reading, sieve)
        if items is None:
            place.size = max(1, len(some) // 2)
            continue
        place.at, place.position = place.at + len(some), reading.position
        if place.size == 1:
            place.size = SOME
        yield Page(tuple(items), asdict(place), last=place.at >= len(names), total=len(names))


def _by_id(
    api: GraphApi, names: Sequence[str], reading: Reading, sieve: Sieve
) -> list[Read | Skipped] | None:
    """What those ids bring; None when it is more than they send at once."""
    wanted = list(dict.fromkeys(a for name in names if (a := asked_as(name))))
    found = api.batch(wanted, DETAILED_FIELDS) if wanted else []
    if isinstance(found, Refusal):
        return None if len(names) > 1 else [reading.skip(TOO_LARGE, place_of(names[0]))]
    records = dict(zip(wanted, found, strict=True))
    items: list[Read | Skipped] = []
    for name in names:
        asked = asked_as(name)
        record = records.get(asked) if asked else None
        if record is None:
            items.append(reading.skip(NOT_KNOWN if asked else NO_SUCH_SCHEME, place_of(name)))
        else:
            items += reading.read(record, place_of(name), sieve)
    return items


def papers_like(
    api: GraphApi, selection: Selection, reading: Reading, cursor: Cursor | None
) -> Iterator[Page]:
    """Yield what is recommended from `selection.like`, a hundred examples at a time."""
    seeds = Seeds(api, selection.like, SEED_FIELDS)
    sieve = Sieve(selection)
    place = _Place(**(cursor or {"size": EXAMPLES_AT_ONCE}))  # type: ignore[arg-type]
    reading.position = place.position
    while place.at < len(seeds):
        upto = min(len(seeds), place.at + place.size)
        some = [seeds.at(number) for number in range(place.at, upto)]
        items: list[Read | Skipped] = [
            reading.skip(seed.reason, place_of(seed.name)) for seed in some if seed.record is None
        ]
        examples = [address for seed in some if seed.record and (address := address_of(seed.record))]
        found = api.recommended(examples) if examples else []
        if isinstance(found, Refusal):
            items.append(reading.skip(f"no recommendations from {LABEL}", place_of(some[0].name)))
            found = []
        items += [item for record in found for item in reading.read(record, place_of("like these"), sieve)]
        place.at, place.position = upto, reading.position
        yield Page(tuple(items), asdict(place), last=upto == len(seeds))


@dataclass(slots=True)
class _AuthorPlace:
    """Cursor of a walk through authors.

    at: number of the name; person: of those that bear it; offset, size: of the next part of that person's
    papers.
    """

    at: int = 0
    person: int = 0
    offset: int = 0
    size: int = PAGE
    position: int = 0

    def next_name(self) -> None:
        """Go to the next name."""
        self.at, self.person, self.offset = self.at + 1, 0, 0

    def next_person(self) -> None:
        """Go to the next of those that bear the name."""
        self.person, self.offset = self.person + 1, 0


def papers_by_author(
    api: GraphApi, selection: Selection, reading: Reading, cursor: Cursor | None
) -> Iterator[Page]:
    """Yield the papers of everybody who bears one of `selection.authors`, as name or as author id."""
    place = _AuthorPlace(**(cursor or {}))  # type: ignore[arg-type]
    reading.position = place.position
    sieve = Sieve(selection)
    people: tuple[int, list[str]] = (-1, [])
    while place.at < len(selection.authors):
        name = selection.authors[place.at]
        if people[0] != place.at:
            people = (place.at, _people(api, name))
        items: list[Read | Skipped] = []
        if place.person >= len(people[1]):
            if not people[1]:
                items = [reading.skip(f"no author of that name at {LABEL}", name[:200])]
            place.next_name()
        else:
            items = list(_written_by(api, people[1][place.person], place, reading, sieve))
        place.position = reading.position
        yield Page(tuple(items), asdict(place), last=place.at >= len(selection.authors))


def _people(api: GraphApi, name: str) -> list[str]:
    """Author ids of everybody of exactly that name."""
    if name.isdigit():
        return [name]
    found = api.authors(name)
    if isinstance(found, Refusal):
        return []
    return [
        str(entry["authorId"])
        for entry in found.entries
        if isinstance(entry, Mapping)
        and str(entry.get("authorId")).isdigit()
        and fold(str(entry.get("name"))) == fold(name)
    ]


def _written_by(
    api: GraphApi, person: str, place: _AuthorPlace, reading: Reading, sieve: Sieve
) -> Iterator[Read | Skipped]:
    limit = min(place.size, REACH - place.offset)
    found = api.papers_by(person, place.offset, limit)
    if found is Refusal.TOO_LARGE and place.size > 1:
        place.size //= 2
        return
    if isinstance(found, Refusal):
        yield reading.skip(NOT_KNOWN, place_of(f"author {person}"))
        place.next_person()
        return
    for record in found.entries:
        yield from reading.read(record, place_of(f"author {person}"), sieve)
    if found.following is None or found.following >= REACH:
        place.next_person()
    else:
        place.offset = found.following
