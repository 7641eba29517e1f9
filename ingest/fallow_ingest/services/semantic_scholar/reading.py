"""Records of the Graph API on their way into pages: what is kept, what is passed over and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fallow_ingest.dates import public_by
from fallow_ingest.records import Paper, Reference
from fallow_ingest.services import Selection
from fallow_ingest.services.semantic_scholar import LABEL, field_of_study
from fallow_ingest.services.semantic_scholar.asking import BATCH, GraphApi, Record, Refusal
from fallow_ingest.services.semantic_scholar.papers import asked_as, fields_of_study, paper_of
from fallow_ingest.sources import Read, Skipped
from fallow_ingest.sources import fields as field
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.text.normalise import fold

NOT_KNOWN = f"not known to {LABEL}"
NO_SUCH_SCHEME = f"no id that {LABEL} can be asked for"


class Sieve:
    """What a selection leaves of papers that were found in another way than by search."""

    def __init__(self, selection: Selection) -> None:
        self._since, self._until = selection.since, selection.until
        self._venues = frozenset(fold(name) for name in selection.venues)
        self._fields = frozenset(field_of_study(name) for name in selection.categories)

    def keeps(self, record: Record, paper: Paper) -> bool:
        """Whether days, venues and fields of study are those that were asked for."""
        day = public_by(paper.year, paper.date)
        if (self._since and day < self._since) or (self._until and day > self._until):
            return False
        if self._venues and fold(paper.venue) not in self._venues:
            return False
        return not self._fields or not self._fields.isdisjoint(fields_of_study(record))


@dataclass(slots=True)
class Reading:
    """Gives every record its position. seen_on: the day, which the counts of citations are true for."""

    seen_on: str
    position: int = 0

    def read(
        self, record: object, place: str, sieve: Sieve | None = None, references: tuple[Reference, ...] = ()
    ) -> Iterator[Read | Skipped]:
        """The paper that a record tells, nothing when the sieve does not keep it."""
        self.position += 1
        if not isinstance(record, Mapping):
            yield Skipped(self.position, "not a JSON object", place)
            return
        notes = field.Notes()
        paper = paper_of(record, notes, seen_on=self.seen_on, references=references)
        if isinstance(paper, Unreadable):
            yield Skipped(self.position, paper.reason, f"{place} {paper.detail}".strip())
        elif sieve is None or sieve.keeps(record, paper):
            yield Read(self.position, paper, tuple(notes))

    def skip(self, reason: str, place: str, detail: str = "") -> Skipped:
        """Something that was asked for and is not to be had."""
        self.position += 1
        return Skipped(self.position, reason, place, detail)


@dataclass(frozen=True, slots=True)
class Seed:
    """A paper whose neighbours are asked for. name: the id as the user gave it; record: None if unknown."""

    name: str
    asked: str
    record: Record | None

    @property
    def reason(self) -> str:
        """Why there is no record."""
        return NOT_KNOWN if self.asked else NO_SUCH_SCHEME


class Seeds:
    """The papers that a walk starts from, looked up BATCH at a time."""

    def __init__(self, api: GraphApi, names: Sequence[str], fields: Sequence[str]) -> None:
        self.names = names
        self._api = api
        self._fields = fields
        self._held: tuple[int, list[Seed]] = (-1, [])

    def __len__(self) -> int:
        return len(self.names)

    def at(self, number: int) -> Seed:
        """The seed of that number."""
        block = number // BATCH
        if self._held[0] != block:
            self._held = (block, self._looked_up(self.names[block * BATCH : (block + 1) * BATCH]))
        return self._held[1][number - block * BATCH]

    def _looked_up(self, names: Sequence[str]) -> list[Seed]:
        asked = [asked_as(name) or "" for name in names]
        records = dict(
            zip(wanted := [a for a in dict.fromkeys(asked) if a], self._batch(wanted), strict=True)
        )
        return [Seed(name, a, records.get(a)) for name, a in zip(names, asked, strict=True)]

    def _batch(self, ids: Sequence[str]) -> list[Record | None]:
        if not ids:
            return []
        found = self._api.batch(ids, self._fields)
        if not isinstance(found, Refusal):
            return list(found)
        if len(ids) == 1:
            return [None]
        half = len(ids) // 2
        return self._batch(ids[:half]) + self._batch(ids[half:])


def address_of(record: Record) -> str:
    """How to name a paper of theirs in an address: by its hash, else by its corpus id; "" without either."""
    sha, number = record.get("paperId"), record.get("corpusId")
    if isinstance(sha, str) and sha.isalnum() and sha.isascii():
        return sha
    return f"CorpusId:{number}" if isinstance(number, int) else ""


def count_of(record: Record, name: str) -> int:
    """A count that the record tells, 0 when it does not."""
    value = record.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def place_of(name: str) -> str:
    """Where a person would look for it."""
    return f"{LABEL} {name[:200]}"
