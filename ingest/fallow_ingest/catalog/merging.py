"""When two records are one paper, what the paper gains from the second, and how a merge is undone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from fallow_ingest.catalog.draft import Draft, Fields, content_hash
from fallow_ingest.catalog.stored import family_name
from fallow_ingest.identifiers import Id
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
    """A stored paper that shares a title with an incoming one."""

    number: int
    title: str
    year: int | None
    first_author: str
    ids: tuple[Id, ...]


def title_merge_reason(incoming: Draft, twin: TitleTwin) -> str | None:
    """Why the two are one paper by title, first author and year within one; None when they are not."""
    paper = incoming.paper
    folded = fold(paper.title)
    year = incoming.fields["year"]
    if len(folded) < SHORTEST_TELLING_TITLE or folded != fold(twin.title) or not paper.authors:
        return None
    if not isinstance(year, int) or twin.year is None or abs(year - twin.year) > 1:
        return None
    author = fold(family_name(paper.authors[0]))
    if not author or author != fold(twin.first_author):
        return None
    if _differ_in_single_valued(incoming.ids, twin.ids):
        return None
    return f"same title, same first author ({author}), years {twin.year} and {year}"


def _differ_in_single_valued(left: Iterable[Id], right: Iterable[Id]) -> bool:
    ours = {identifier.scheme: identifier.value for identifier in left}
    return any(
        identifier.scheme in SINGLE_VALUED_SCHEMES
        and ours.get(identifier.scheme, identifier.value) != identifier.value
        for identifier in right
    )


def first_author_of(authors_json: str) -> str:
    """Family name of the first of a JSON list of authors."""
    authors = orjson.loads(authors_json)
    return family_name(authors[0]) if authors else ""


def gained_fields(stored: sqlite3.Row | Fields, incoming: Fields) -> Fields:
    """Columns that change when `incoming` is merged into `stored`: gaps filled, dates made earliest.

    What the first source said stays, except that a real venue replaces "arXiv" and the authors' own
    abstract replaces a summary of ours.
    """
    changes: Fields = {}
    for name in ("url", "date"):
        if not stored[name] and incoming[name]:
            changes[name] = incoming[name]
    if incoming["abstract"] and (not stored["abstract"] or (_is_ours(stored) and not _is_ours(incoming))):
        changes["abstract"] = incoming["abstract"]
        changes["text_origin"] = incoming["text_origin"]
    if incoming["venue"] and str(stored["venue"]).casefold() in ("", "arxiv"):
        changes["venue"] = incoming["venue"]
    if incoming["status"] and not stored["status"]:
        changes["status"] = incoming["status"]
    for name in ("categories", "keywords"):
        union = _union(str(stored[name]), str(incoming[name]))
        if union != stored[name]:
            changes[name] = union
    if len(orjson.loads(str(incoming["authors"]))) > len(orjson.loads(str(stored["authors"]))):
        changes["authors"] = incoming["authors"]
    changes.update(_earlier_date(stored, incoming))
    if "abstract" in changes:
        changes["content_hash"] = content_hash(str(stored["title"]), str(changes["abstract"]))
    return {name: value for name, value in changes.items() if value != stored[name]}


def _is_ours(fields: sqlite3.Row | Fields) -> bool:
    return bool(fields["text_origin"] == "fallow")


def _earlier_date(stored: sqlite3.Row | Fields, incoming: Fields) -> Fields:
    day, held = incoming["public_by"], stored["public_by"]
    assert isinstance(day, int)
    assert isinstance(held, int)
    if day >= held:
        return {}
    return {"public_by": day, "date": incoming["date"] or stored["date"], "year": incoming["year"]}


def _union(left: str, right: str) -> str:
    merged = dict.fromkeys(orjson.loads(left) + orjson.loads(right))
    return orjson.dumps(list(merged)).decode()
