"""A paper on its way into the catalog: its ids, keys, columns and fingerprint worked out once.

A draft is made of tuples of plain values only, so that it can be made in another process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from fallow_ingest.dates import public_by
from fallow_ingest.identifiers import Id, parse_id
from fallow_ingest.records import CitationContext, Paper, Reference, Review, Section
from fallow_ingest.text.normalise import title_key

Fields = dict[str, str | int | None]
"""Columns of the papers table by name, lists as JSON."""

_ANY_OBJECT = orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS

COLUMNS = (
    "key", "title", "abstract", "authors", "year", "date", "public_by", "venue", "categories", "keywords",
    "url", "text_origin", "status", "content_hash", "title_key", "extra",
)  # fmt: skip
"""Columns of the papers table that a record fills."""


class Values(NamedTuple):
    """What a record says, a value for each of COLUMNS."""

    key: str
    title: str
    abstract: str
    authors: str
    year: int | None
    date: str
    public_by: int
    venue: str
    categories: str
    keywords: str
    url: str
    text_origin: str
    status: str
    content_hash: str
    title_key: int
    extra: str


class Texts(NamedTuple):
    """What belongs to a paper besides its row, as rows of their tables.

    sections: (heading, kind, text). references: (scheme, value, title_key, year, text, contexts as JSON).
    reviews: (key, part, signature, date, rating, text).
    """

    sections: tuple[tuple[str, str, str], ...] = ()
    references: tuple[tuple[str, str, int | None, int | None, str, str], ...] = ()
    reviews: tuple[tuple[str, str, str, str, float | None, str], ...] = ()


class Draft(NamedTuple):
    """A paper with everything that deciding its place in the catalog needs. ids: (scheme, value)."""

    values: Values
    ids: tuple[tuple[str, str], ...]
    fingerprint: bytes
    version: str
    texts: Texts | None

    @property
    def key(self) -> str:
        """The record's own id with its scheme."""
        return self.values.key

    @property
    def fields(self) -> Fields:
        """The columns by name."""
        return self.values._asdict()


def known_id(text: str) -> Id:
    """The id that `text` names; one without a scheme counts as local to the library."""
    return parse_id(text) or Id("local", text.strip())


def content_hash(title: str, abstract: str) -> str:
    """Hash of what is encoded and mined: unchanged means that no work is due."""
    return blake2b(f"{title}\n{abstract}".encode("utf-8", "replace"), digest_size=16).hexdigest()


def draft(paper: Paper) -> Draft:
    """Work out ids, columns and fingerprint of a paper as a source gave it."""
    return sealed(outline(paper))


def sealed(item: Draft) -> Draft:
    """The outline with the hashes of its title and of the whole."""
    values = item.values
    values = Values._make((*values[:14], title_key(values.title), values.extra))
    fingerprint = _fingerprint(values, item.ids, item.version, item.texts)
    return Draft(values, item.ids, fingerprint, item.version, item.texts)


def outline(paper: Paper) -> Draft:
    """The draft without two of its hashes, which can be left to another process (see `sealed`).

    So divided, reading and storing a large file take two processes about as long.
    """
    key = known_id(paper.key)
    spelt = str(key)
    ids: dict[tuple[str, str], None] = {(key.scheme, key.value): None}
    for scheme, value in paper.ids.items():
        text = value if value.startswith(f"{scheme}:") else f"{scheme}:{value}"
        if text != spelt and (parsed := parse_id(text)) is not None:
            ids[(parsed.scheme, parsed.value)] = None
    year = paper.year if paper.year is not None else _year_of(paper.date)
    values = Values(
        spelt,
        paper.title,
        paper.abstract,
        _list(paper.authors),
        year,
        paper.date,
        public_by(year, paper.date),
        paper.venue,
        _list(paper.categories),
        _list(paper.keywords),
        paper.url,
        paper.text_origin,
        paper.status,
        content_hash(paper.title, paper.abstract),
        0,
        _object(paper.extra),
    )
    texts = _texts(paper) if paper.sections or paper.references or paper.reviews else None
    return Draft(values, tuple(ids), b"", paper.version, texts)


def _fingerprint(values: Values, ids: Iterable[tuple[str, str]], version: str, texts: Texts | None) -> bytes:
    """Changes when anything does that the source said; title and abstract take part by their hash."""
    told = orjson.dumps((*values[3:], version, sorted(ids), (*texts,) if texts else ()))
    return blake2b(told, digest_size=16).digest()


def _year_of(date: str) -> int | None:
    return int(date[:4]) if date[:4].isdigit() else None


def _list(texts: tuple[str, ...]) -> str:
    return orjson.dumps(texts).decode() if texts else "[]"


def _object(extra: Mapping[str, object]) -> str:
    if not extra:
        return "{}"
    return orjson.dumps(extra, default=_plain, option=_ANY_OBJECT).decode()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def _texts(paper: Paper) -> Texts:
    return Texts(
        tuple((section.heading, section.kind, section.text) for section in paper.sections),
        tuple(map(_reference_row, paper.references)),
        tuple((r.key, r.part, r.signature, r.date, r.rating, r.text) for r in paper.reviews),
    )


def _reference_row(reference: Reference) -> tuple[str, str, int | None, int | None, str, str]:
    identifier = known_id(reference.id) if reference.id else Id("", "")
    # A key of 0 is that of a title without letters or digits: it names nothing.
    key = (title_key(reference.title) or None) if reference.title else None
    contexts = contexts_json(reference.contexts)
    return (identifier.scheme, identifier.value, key, reference.year, reference.text, contexts)


def contexts_json(contexts: tuple[CitationContext, ...]) -> str:
    """Contexts as they wait with their reference: a JSON list of objects."""
    return orjson.dumps(contexts).decode() if contexts else "[]"


def contexts_from_json(entries: Iterable[dict[str, Any]]) -> tuple[CitationContext, ...]:
    """The contexts that contexts_json wrote, once parsed."""
    return tuple(CitationContext(**entry | {"intents": tuple(entry["intents"])}) for entry in entries)


# Merges keep the record that was merged in, so that they can be undone ------------------------------


def draft_json(item: Draft) -> str:
    """The whole draft as JSON."""
    told = {
        "key": item.key,
        "values": item.fields,
        "ids": item.ids,
        "fingerprint": item.fingerprint.hex(),
        "version": item.version,
        "texts": item.texts._asdict() if item.texts else None,
    }
    return orjson.dumps(told).decode()


def draft_from_json(text: str) -> Draft:
    """The draft that draft_json wrote; of older libraries the record that their merges kept."""
    raw = orjson.loads(text)
    if "values" not in raw:
        return draft(_paper(raw))
    texts = raw["texts"]
    return Draft(
        Values(**raw["values"]),
        tuple((scheme, value) for scheme, value in raw["ids"]),
        bytes.fromhex(raw["fingerprint"]),
        raw["version"],
        Texts(*(tuple(tuple(row) for row in texts[name]) for name in Texts._fields)) if texts else None,
    )


def _paper(raw: dict[str, Any]) -> Paper:
    raw["references"] = tuple(_reference(entry) for entry in raw["references"])
    raw["sections"] = tuple(Section(**entry) for entry in raw["sections"])
    raw["reviews"] = tuple(Review(**entry) for entry in raw.get("reviews", ()))
    for name in ("authors", "categories", "keywords"):
        raw[name] = tuple(raw[name])
    return Paper(**raw)


def _reference(entry: dict[str, Any]) -> Reference:
    return Reference(**entry | {"contexts": contexts_from_json(entry.get("contexts", ()))})
