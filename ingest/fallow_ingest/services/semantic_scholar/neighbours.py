"""Walking from papers to those that cite them, and to those that they cite, with the sentences that do it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date

from fallow_ingest.identifiers import parse_id
from fallow_ingest.records import Citation, Reference
from fallow_ingest.services import Cursor, Gone, Page, Selection
from fallow_ingest.services.semantic_scholar.asking import (
    DETAILED_FIELDS,
    PAGE,
    REACH,
    SEED_FIELDS,
    SOME,
    GraphApi,
    Record,
    Refusal,
)
from fallow_ingest.services.semantic_scholar.papers import contexts_of, key_of
from fallow_ingest.services.semantic_scholar.reading import (
    NOT_KNOWN,
    Reading,
    Seed,
    Seeds,
    Sieve,
    address_of,
    count_of,
    place_of,
)
from fallow_ingest.services.semantic_scholar.search import days
from fallow_ingest.services.semantic_scholar.windows import Window, window_of
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.sources import fields as bounds

WITHHELD = "references withheld by the publisher"

Item = Read | Skipped | Citation | Gone


@dataclass(slots=True)
class _State:
    """Where a walk to citing papers stands: its cursor.

    seed: number of the paper whose list is read; windows: days still to be asked, the last one now (empty:
    the list was not begun); offset, size: of its next part; got: entries of windows that are done;
    divided: whether the list was too long for one window; cut: whether it was for a single day.
    """

    seed: int = 0
    windows: list[list[str]] = field(default_factory=list)
    offset: int = 0
    size: int = PAGE
    got: int = 0
    divided: bool = False
    cut: bool = False
    position: int = 0

    def next_seed(self) -> None:
        """Go to the next paper; its list is not begun."""
        self.seed += 1
        self.windows, self.offset, self.size, self.got = [], 0, PAGE, 0
        self.divided = self.cut = False


def citing_papers(
    api: GraphApi, selection: Selection, reading: Reading, today: date, cursor: Cursor | None
) -> Iterator[Page]:
    """Yield the papers that cite each of `selection.cites`, and how, a page for each request.

    A list of more than 9,999 is asked for by spans of publication days. Raises a ServiceError.
    """
    state = _State(**(cursor or {}))  # type: ignore[arg-type]
    reading.position = state.position
    walk = _CitingWalk(api, selection, reading, today, state)
    while state.seed < len(walk.seeds):
        items, missing = walk.step()
        state.position = reading.position
        yield Page(tuple(items), asdict(state), last=state.seed >= len(walk.seeds), missing=missing)


class _CitingWalk:
    def __init__(
        self, api: GraphApi, selection: Selection, reading: Reading, today: date, state: _State
    ) -> None:
        self.seeds = Seeds(api, selection.cites, SEED_FIELDS)
        self._api = api
        self._reading = reading
        self._today = today
        self._state = state
        self._whole = window_of(selection.since, selection.until)
        self._sieve = Sieve(selection)

    def step(self) -> tuple[list[Item], int]:
        """One request: its items, and what is missing of the paper's list where this ends it."""
        state = self._state
        seed = self.seeds.at(state.seed)
        if seed.record is None or not address_of(seed.record):
            self._state.next_seed()
            return [self._reading.skip(seed.reason, place_of(seed.name))], 0
        if not state.windows:
            self._begin(seed.record)
        window = Window(*state.windows[-1])
        limit = min(state.size, REACH - state.offset)
        found = self._api.neighbours("citations", address_of(seed.record), state.offset, limit, days(window))
        if found is Refusal.TOO_LARGE:
            return self._smaller(seed, seed.record)
        if isinstance(found, Refusal) or found.withheld:
            reason = NOT_KNOWN if isinstance(found, Refusal) else "citations withheld by the publisher"
            self._state.next_seed()
            promised = count_of(seed.record, "citationCount")
            return [self._reading.skip(reason, place_of(seed.name))], promised
        items = [item for entry in found.entries for item in self._items(seed, entry)]
        return items, self._go_on(seed.record, window, found.following, len(found.entries))

    def _begin(self, record: Record) -> None:
        windows = [self._whole]
        halves = self._whole.halves(self._today)
        if count_of(record, "citationCount") > REACH and halves:
            windows = list(halves)
            self._state.divided = True
        self._state.windows = [list(window) for window in windows]

    def _go_on(self, record: Record, window: Window, following: int | None, entries: int) -> int:
        state = self._state
        if following is not None and following < REACH:
            state.offset = following
            return 0
        rest = state.windows[:-1]
        halves = window.halves(self._today) if following is not None else None
        if halves:
            rest += [list(half) for half in halves]
            state.divided = True
        else:
            state.got += state.offset + entries
            state.cut = state.cut or following is not None
        state.windows, state.offset = rest, 0
        return 0 if rest else self._end(record)

    def _end(self, record: Record) -> int:
        """The paper's list is done; what is missing, as far as their count of citations tells."""
        missing = int(self._state.cut)
        if self._state.divided and not self._whole.asked():
            missing = max(missing, count_of(record, "citationCount") - self._state.got)
        self._state.next_seed()
        return missing

    def _smaller(self, seed: Seed, record: Record) -> tuple[list[Item], int]:
        if self._state.size > 1:
            self._state.size //= 2
            return [], 0
        # A single entry that is too large: go on behind it.
        window = Window(*self._state.windows[-1])
        self._state.size = SOME
        missing = self._go_on(record, window, self._state.offset + 1, 1)
        return [self._reading.skip("larger than they send", place_of(seed.name))], missing

    def _items(self, seed: Seed, entry: object) -> Iterator[Item]:
        citing = entry.get("citingPaper") if isinstance(entry, Mapping) else None
        if not isinstance(entry, Mapping) or not isinstance(citing, Mapping) or not key_of(citing):
            yield self._reading.skip("a citing paper without an id", place_of(seed.name))
            return
        yield from self._reading.read(citing, place_of(f"citing {seed.name}"), self._sieve)
        assert seed.record is not None
        yield Citation(key_of(citing), _name_of(seed), contexts_of(entry, bounds.Notes()))


def _name_of(seed: Seed) -> str:
    """The id by which the library would know the paper: as the user named it, unless by its hash."""
    found = parse_id(seed.name)
    assert seed.record is not None
    if found is None or (found.scheme == "s2" and not found.value.isdigit()):
        return key_of(seed.record) or seed.name
    return str(found)


@dataclass(slots=True)
class _References:
    """The list of one paper. unmatched: entries of which Semantic Scholar knows only the title."""

    items: list[Item] = field(default_factory=list)
    unmatched: list[Reference] = field(default_factory=list)
    entries: int = 0
    missing: int = 0


def cited_papers(
    api: GraphApi, selection: Selection, reading: Reading, cursor: Cursor | None
) -> Iterator[Page]:
    """Yield the papers that each of `selection.cited_by` cites, a page for each of them.

    The citing paper comes too, with those references that Semantic Scholar knows only by their title.
    """
    seeds = Seeds(api, selection.cited_by, DETAILED_FIELDS)
    sieve = Sieve(selection)
    begun = int(str((cursor or {}).get("seed", 0)))
    reading.position = int(str((cursor or {}).get("position", 0)))
    for number in range(begun, len(seeds)):
        seed = seeds.at(number)
        if seed.record is None or not address_of(seed.record):
            listed = _References([reading.skip(seed.reason, place_of(seed.name))])
        else:
            listed = _listed(api, seed, seed.record, reading, sieve)
        place = {"seed": number + 1, "position": reading.position}
        yield Page(tuple(listed.items), place, last=number + 1 == len(seeds), missing=listed.missing)


def _listed(api: GraphApi, seed: Seed, record: Record, reading: Reading, sieve: Sieve) -> _References:
    listed = _References()
    promised = count_of(record, "referenceCount")
    offset: int | None = 0
    size = PAGE
    while offset is not None and offset < REACH:
        found = api.neighbours("references", address_of(record), offset, min(size, REACH - offset))
        if found is Refusal.TOO_LARGE and size > 1:
            size //= 2
            continue
        if isinstance(found, Refusal) or found.withheld:
            if promised or found is not Refusal.UNKNOWN:
                listed.items.append(reading.skip(WITHHELD, place_of(seed.name), f"{promised} references"))
            listed.missing = max(0, promised - listed.entries)
            break
        for entry in found.entries:
            _add_reference(listed, key_of(record), entry, seed, reading, sieve)
        listed.entries += len(found.entries)
        offset = found.following
    else:
        listed.missing = max(0, promised - listed.entries) if offset is not None else 0
    references = tuple(dict.fromkeys(listed.unmatched))
    listed.items += reading.read(record, place_of(seed.name), references=references)
    return listed


def _add_reference(
    listed: _References, citing: str, entry: object, seed: Seed, reading: Reading, sieve: Sieve
) -> None:
    cited = entry.get("citedPaper") if isinstance(entry, Mapping) else None
    if not isinstance(entry, Mapping) or not isinstance(cited, Mapping):
        listed.items.append(reading.skip("a reference without a paper", place_of(seed.name)))
        return
    notes = bounds.Notes()
    contexts = contexts_of(entry, notes)
    if key := key_of(cited):
        listed.items += reading.read(cited, place_of(f"cited by {seed.name}"), sieve)
        listed.items.append(Citation(citing, key, contexts))
        return
    title = bounds.line_of_text(cited.get("title"), bounds.LONGEST_TITLE, "reference", notes)
    if title:
        year = bounds.year_of(cited.get("year"))
        listed.unmatched.append(Reference(title=title, year=year, contexts=contexts))
    else:
        listed.items.append(reading.skip("a reference without a title", place_of(seed.name)))
