"""What to keep of two hundred million papers: read from a selection, checked line by line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from fallow_ingest.dates import public_by, read_date
from fallow_ingest.errors import BadInput
from fallow_ingest.identifiers import parse_id
from fallow_ingest.services import Selection
from fallow_ingest.services.semantic_scholar import field_of_study
from fallow_ingest.services.semantic_scholar.papers import corpus_id, fields_of_study
from fallow_ingest.services.semantic_scholar.records import (
    ABSTRACTS,
    CITATIONS,
    FULL_TEXTS,
    PAPERS,
    TLDRS,
)
from fallow_ingest.sources.fields import year_of
from fallow_ingest.text.normalise import fold

ORDER = (PAPERS, ABSTRACTS, TLDRS, FULL_TEXTS, CITATIONS)
"""Papers come first: the others are read for those papers only."""

STANDARD = (PAPERS, ABSTRACTS, CITATIONS)
"""Read when a selection names no data set."""

EVERYTHING = "everything"
_NAMES = {"arxiv": "ArXiv", "doi": "DOI", "acl": "ACL", "pubmed": "PubMed", "dblp": "DBLP", "mag": "MAG"}
_SCHEMES = {"arxiv": "ArXiv", "doi": "DOI", "acl": "ACL", "pmid": "PubMed"}
_CITED = re.compile(r"cited>=(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Choice:
    """Papers that are kept, and the data sets that are read for them.

    numbers: corpus ids, outside: name of a scheme as the data sets spell it -> ids in lower case; a paper
    is chosen by either. has: schemes of which it must have an id. cited: citations that it must have.
    """

    data_sets: tuple[str, ...]
    by_id: bool
    numbers: frozenset[int]
    outside: Mapping[str, frozenset[str]]
    fields: frozenset[str]
    venues: frozenset[str]
    since: int | None
    until: int | None
    has: tuple[str, ...]
    cited: int
    _lacking: tuple[bytes, ...] = field(init=False)
    _naming: tuple[bytes, ...] = field(init=False)

    def __post_init__(self) -> None:
        lacking = (f'"{name}":{space}null'.encode() for name in self.has for space in ("", " "))
        object.__setattr__(self, "_lacking", tuple(lacking))
        object.__setattr__(self, "_naming", tuple(f'"{name}"'.encode() for name in sorted(self.fields)))

    def may_keep(self, line: bytes) -> bool:
        """False when the line of a paper, not parsed yet, cannot be of a chosen one: most of them."""
        for lacking in self._lacking:
            if lacking in line:
                return False
        return not self._naming or any(naming in line for naming in self._naming)

    def keeps(self, record: Mapping[str, object]) -> bool:
        """Whether a record of the data set "papers" is of a chosen paper."""
        outside = record.get("externalids")
        ids: Mapping[str, object] = outside if isinstance(outside, Mapping) else {}
        if self.by_id and corpus_id(record.get("corpusid")) not in self.numbers:
            named = (str(ids.get(name) or "").lower() in known for name, known in self.outside.items())
            if not any(named):
                return False
        if any(not ids.get(name) for name in self.has):
            return False
        if self.fields and self.fields.isdisjoint(fields_of_study(record)):
            return False
        if self.venues and fold(str(record.get("venue") or "")) not in self.venues:
            return False
        count = record.get("citationcount")
        if self.cited and not (isinstance(count, int) and count >= self.cited):
            return False
        return self._in_time(record)

    def _in_time(self, record: Mapping[str, object]) -> bool:
        if self.since is None and self.until is None:
            return True
        given = record.get("publicationdate")
        day = public_by(year_of(record.get("year")), read_date(given) if isinstance(given, str) else "")
        return (self.since or 0) <= day <= (self.until or 99_991_231)


def choice_of(selection: Selection) -> Choice:
    """What a selection chooses. Raises BadInput when it chooses nothing or in words that have no meaning.

    categories name data sets and fields of study; the query is made of the terms arxiv, doi, acl, pubmed,
    dblp and mag (papers with such an id), cited>=N, and everything.
    """
    named = {name.strip().lower() for name in selection.categories} & set(ORDER)
    fields = [name for name in selection.categories if name.strip().lower() not in ORDER]
    data_sets = tuple(name for name in ORDER if name == PAPERS or name in (named or STANDARD))
    has, cited, everything = _terms(selection.query)
    by_id = bool(selection.ids)
    narrowed = by_id or fields or selection.venues or selection.since or selection.until or has or cited
    if not narrowed and not everything:
        raise BadInput(
            "s2-dataset would load more than 200 million papers",
            "choose some: --category 'Computer Science', --query arxiv, --since 2020, --venue, --id; "
            "or say --query everything",
        )
    numbers, outside = _ids(selection.ids)
    return Choice(
        data_sets,
        by_id,
        numbers,
        outside,
        frozenset(field_of_study(name) for name in fields),
        frozenset(fold(name) for name in selection.venues),
        selection.since,
        selection.until,
        has,
        cited,
    )


def _terms(query: str) -> tuple[tuple[str, ...], int, bool]:
    has: list[str] = []
    cited, everything = 0, False
    for term in query.lower().replace(",", " ").split():
        if term in _NAMES:
            has.append(_NAMES[term])
        elif found := _CITED.fullmatch(term):
            cited = int(found[1])
        elif term == EVERYTHING:
            everything = True
        else:
            raise BadInput(
                f"s2-dataset does not understand '{term[:60]}'",
                f"a query is made of {', '.join(_NAMES)}, cited>=N and {EVERYTHING}",
            )
    return tuple(dict.fromkeys(has)), cited, everything


def _ids(ids: tuple[str, ...]) -> tuple[frozenset[int], dict[str, frozenset[str]]]:
    numbers: set[int] = set()
    outside: dict[str, set[str]] = {}
    for text in ids:
        found = parse_id(text)
        if found is None:
            raise BadInput(
                f"'{text[:60]}' is no id of a paper", "write it as s2:14636783 or arxiv:1706.03762"
            )
        number = corpus_id(found.value) if found.scheme == "s2" else None
        if number is not None:
            numbers.add(number)
        elif found.scheme in _SCHEMES:
            outside.setdefault(_SCHEMES[found.scheme], set()).add(found.value.lower())
    return frozenset(numbers), {name: frozenset(values) for name, values in outside.items()}
