"""When two records are one paper, what the paper gains from the second, and how a merge is undone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from fallow_ingest.catalog.draft import Draft, Fields, content_hash
from fallow_ingest.catalog.stored import family_name
from fallow_ingest.text.normalise import fold

SINGLE_VALUED_SCHEMES = frozenset({"arxiv", "acl", "s2", "openalex"})
"""A paper has one id of each of these: two different ones are two papers, whatever their titles say."""

SHORTEST_TELLING_TITLE = 20
"""Characters of a folded title below which it does not tell papers apart ("Introduction", "Preface")."""


@dataclass(frozen=True, slots=True)
class Merge:
    """One merge: which record went into which paper, when and why."""

    merge: int
    paper: int
    source: str
    key: str
    reason: str
    merged_at: str
    undone_at: str | None


@dataclass(frozen=True, slots=True)
class TitleTwin:
    """A stored paper that shares a title with an incoming one. ids: (scheme, value)."""

    number: int
    title: str
    year: int | None
    first_author: str
    ids: tuple[tuple[str, str], ...]


def title_merge_reason(incoming: Draft, twin: TitleTwin) -> str | None:
    """Why the two are one paper by title, first author and year within one; None when they are not."""
    folded = fold(incoming.values.title)
    year = incoming.values.year
    if len(folded) < SHORTEST_TELLING_TITLE or folded != fold(twin.title):
        return None
    if year is None or twin.year is None or abs(year - twin.year) > 1:
        return None
    author = fold(first_author_of(incoming.values.authors))
    if not author or author != fold(twin.first_author):
        return None
    if _differ_in_single_valued(incoming.ids, twin.ids):
        return None
    return f"same title, same first author ({author}), years {twin.year} and {year}"


def _differ_in_single_valued(left: Iterable[tuple[str, str]], right: Iterable[tuple[str, str]]) -> bool:
    ours = dict(left)
    return any(
        scheme in SINGLE_VALUED_SCHEMES and ours.get(scheme, value) != value for scheme, value in right
    )


def first_author_of(authors_json: str) -> str:
    """Family name of the first of a JSON list of authors."""
    authors = orjson.loads(authors_json)
    return family_name(authors[0]) if authors else ""


def gained_fields(stored: sqlite3.Row | Fields, incoming: Fields) -> Fields:
    """Columns that change when `incoming` is merged into `stored`: gaps filled, dates made earliest.

    What the first source said stays, except that a real venue replaces "arXiv" and the authors' own
    abstract replaces a summary of ours. The status is not among them (see `settle_status`).
    """
    changes: Fields = {}
    if incoming["url"] and not stored["url"]:
        changes["url"] = incoming["url"]
    if incoming["abstract"] and (not stored["abstract"] or (_is_ours(stored) and not _is_ours(incoming))):
        changes["abstract"] = incoming["abstract"]
        changes["text_origin"] = incoming["text_origin"]
    if _no_venue(stored) and incoming["venue"]:
        changes["venue"] = incoming["venue"]
    for name in ("categories", "keywords"):
        changes[name] = _union(str(stored[name]), str(incoming[name]))
    if len(orjson.loads(str(incoming["authors"]))) > len(orjson.loads(str(stored["authors"]))):
        changes["authors"] = incoming["authors"]
    changes.update(_earlier_date(stored, incoming))
    if "abstract" in changes:
        changes["content_hash"] = content_hash(str(stored["title"]), str(changes["abstract"]))
    return {name: value for name, value in changes.items() if value != stored[name]}


def updated_fields(stored: sqlite3.Row, incoming: Fields, *, shared: bool) -> Fields:
    """Columns that change when the record that a paper was made from comes again.

    shared: other records told of the paper too; then what this one does not say (any more) is kept as
    they said it. A later version does not make a paper less public than it was.
    """
    fields = dict(incoming)
    day, held = incoming["public_by"], stored["public_by"]
    assert isinstance(day, int)
    assert isinstance(held, int)
    if held < day:
        fields |= {name: stored[name] for name in ("public_by", "date", "year")}
    if shared:
        del fields["status"]
        if not incoming["abstract"] or (_is_ours(incoming) and stored["abstract"] and not _is_ours(stored)):
            fields |= {name: stored[name] for name in ("abstract", "text_origin")}
            fields["content_hash"] = content_hash(str(incoming["title"]), str(stored["abstract"]))
        if _no_venue(incoming) and not _no_venue(stored):
            fields["venue"] = stored["venue"]
        for name in ("categories", "keywords"):
            fields[name] = _union(str(incoming[name]), str(stored[name]))
        if incoming["authors"] == "[]":
            fields["authors"] = stored["authors"]
        fields["url"] = incoming["url"] or stored["url"]
    return {name: value for name, value in fields.items() if value != stored[name]}


def _is_ours(fields: sqlite3.Row | Fields) -> bool:
    return bool(fields["text_origin"] == "fallow")


def _no_venue(fields: sqlite3.Row | Fields) -> bool:
    return str(fields["venue"]).casefold() in ("", "arxiv")


def _earlier_date(stored: sqlite3.Row | Fields, incoming: Fields) -> Fields:
    """The incoming date when it is the earlier one, or says the same day more precisely."""
    day, held = incoming["public_by"], stored["public_by"]
    assert isinstance(day, int)
    assert isinstance(held, int)
    if day > held or (day == held and len(str(incoming["date"])) <= len(str(stored["date"]))):
        return {}
    return {"public_by": day, "date": incoming["date"], "year": incoming["year"]}


def _union(left: str, right: str) -> str:
    if right in ("[]", left):
        return left
    merged = dict.fromkeys(orjson.loads(left) + orjson.loads(right))
    return orjson.dumps(list(merged)).decode()
