"""A paper on its way into the catalog: its ids, keys and fingerprints worked out once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson

from fallow_ingest.dates import public_by
from fallow_ingest.identifiers import Id, parse_id
from fallow_ingest.records import CitationContext, Paper, Reference, Review, Section
from fallow_ingest.text.normalise import title_key

Fields = dict[str, str | int | None]
"""Columns of the papers table by name, lists as JSON."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A paper with everything that deciding its place in the catalog needs."""

    paper: Paper
    key: Id
    ids: tuple[Id, ...]
    fingerprint: bytes
    title_key: int
    fields: Fields


def known_id(text: str) -> Id:
    """The id that `text` names; one without a scheme counts as local to the library."""
    return parse_id(text) or Id("local", text.strip())


def content_hash(title: str, abstract: str) -> str:
    """Hash of what is encoded and mined: unchanged means that no work is due."""
    return blake2b(f"{title}\n{abstract}".encode("utf-8", "replace"), digest_size=16).hexdigest()


def draft(paper: Paper) -> Draft:
    """Work out ids, fingerprint and columns of a paper as a source gave it."""
    key = known_id(paper.key)
    ids = {key: None}
    for scheme, value in paper.ids.items():
        parsed = parse_id(value if value.startswith(f"{scheme}:") else f"{scheme}:{value}")
        if parsed is not None:
            ids[parsed] = None
    return Draft(
        paper=paper,
        key=key,
        ids=tuple(ids),
        fingerprint=blake2b(record_json(paper), digest_size=16).digest(),
        title_key=title_key(paper.title),
        fields=_fields(paper, key),
    )


def _fields(paper: Paper, key: Id) -> Fields:
    year = paper.year if paper.year is not None else _year_of(paper.date)
    return {
        "key": str(key),
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": _json(paper.authors),
        "year": year,
        "date": paper.date,
        "public_by": public_by(year, paper.date),
        "venue": paper.venue,
        "categories": _json(paper.categories),
        "keywords": _json(paper.keywords),
        "url": paper.url,
        "text_origin": paper.text_origin,
        "status": paper.status,
        "content_hash": content_hash(paper.title, paper.abstract),
        "title_key": title_key(paper.title),
        "extra": _json(paper.extra),
    }


def _year_of(date: str) -> int | None:
    return int(date[:4]) if date[:4].isdigit() else None


def _json(value: object) -> str:
    return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def record_json(paper: Paper) -> bytes:
    """The whole record as JSON, for fingerprints and for undoing merges."""
    return orjson.dumps(paper, default=_plain, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS)


def paper_from_json(text: str) -> Paper:
    """The record that record_json wrote."""
    raw = orjson.loads(text)
    raw["references"] = tuple(_reference(entry) for entry in raw["references"])
    raw["sections"] = tuple(Section(**entry) for entry in raw["sections"])
    raw["reviews"] = tuple(Review(**entry) for entry in raw.get("reviews", ()))
    for name in ("authors", "categories", "keywords"):
        raw[name] = tuple(raw[name])
    return Paper(**raw)


def contexts_from_json(entries: Iterable[dict[str, Any]]) -> tuple[CitationContext, ...]:
    """The contexts that orjson wrote."""
    return tuple(CitationContext(**entry | {"intents": tuple(entry["intents"])}) for entry in entries)


def _reference(entry: dict[str, Any]) -> Reference:
    return Reference(**entry | {"contexts": contexts_from_json(entry.get("contexts", ()))})
