"""The table of surveys: what was read out of all papers is read once for each state of the library."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files

import orjson

from fallow.concepts import Concept, ConceptTable, mine_concepts
from fallow.gaps.abstracts import Complaint, Place, read_abstracts
from fallow_ingest.catalog import Catalog, StoredPaper
from fallow_ingest.errors import LibraryBusy
from fallow_ingest.progress import ReportProgress

VERSION = "1"
"""Raise it when the reading itself changes; changes of the word lists are noticed by themselves."""
SMALL = 2_000
"""Papers below which reading again is as fast as looking it up."""


@dataclass(frozen=True)
class Reading:
    """What papers tell, before statements and topics come to it."""

    concepts: ConceptTable
    cures: Mapping[str, list[Place]]
    complaints: list[Complaint]


def reading_of(
    catalog: Catalog, papers: Mapping[int, StoredPaper], as_of: int | None, report: ReportProgress
) -> Reading:
    """The reading of these papers, from the table when neither they nor the rules have changed."""
    if len(papers) < SMALL:
        return _read(papers, report)
    fingerprint = _fingerprint(papers)
    row = catalog.connection.execute(
        "SELECT payload FROM surveys WHERE as_of = ? AND fingerprint = ?", (as_of or 0, fingerprint)
    ).fetchone()
    years = {number: paper.year or 0 for number, paper in papers.items()}
    if row is not None:
        return _unpacked(row["payload"], years)
    reading = _read(papers, report)
    try:
        with catalog.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO surveys VALUES (?, ?, ?)", (as_of or 0, fingerprint, _packed(reading))
            )
            # The whole library and the day asked for last: other days are read again when asked for again.
            connection.execute("DELETE FROM surveys WHERE as_of NOT IN (0, ?)", (as_of or 0,))
    except LibraryBusy:
        # Another command writes: the reading is as good unsaved, and the next one saves it.
        report("reading not kept: the library is being written", 0, 0)
    return reading


def _read(papers: Mapping[int, StoredPaper], report: ReportProgress) -> Reading:
    report("mining concepts", 0, 0)
    concepts = mine_concepts(papers.values())
    report("reading abstracts", 0, 0)
    abstracts = read_abstracts(papers.values())
    cures = {key: list(places) for key, places in abstracts.cures.items()}
    return Reading(concepts, cures, list(abstracts.complaints))


def _fingerprint(papers: Mapping[int, StoredPaper]) -> str:
    """Of the papers' texts, keywords and years, and of the rules."""
    digest = blake2b(VERSION.encode(), digest_size=16)
    for package, name in (("fallow.concepts", "heads.toml"), ("fallow.gaps", "weaknesses.toml")):
        digest.update(files(package).joinpath(name).read_bytes())
    for number in sorted(papers):
        paper = papers[number]
        digest.update(f"{number} {paper.content_hash} {paper.year} {len(paper.keywords)};".encode())
    return digest.hexdigest()


def _packed(reading: Reading) -> bytes:
    document = {
        "concepts": [[c.key, c.label, c.kind, c.papers, c.about] for c in reading.concepts.concepts],
        "cures": {key: [_triple(place) for place in places] for key, places in reading.cures.items()},
        "complaints": [[*_triple(one.place), one.weaknesses] for one in reading.complaints],
    }
    return zlib.compress(orjson.dumps(document), 1)


def _unpacked(payload: bytes, years: Mapping[int, int]) -> Reading:
    document = orjson.loads(zlib.decompress(payload))
    concepts = tuple(
        Concept(at, tuple(key), label, kind, tuple(papers), tuple(about))
        for at, (key, label, kind, papers, about) in enumerate(document["concepts"])
    )
    cures = {key: [Place(*triple) for triple in triples] for key, triples in document["cures"].items()}
    complaints = [
        Complaint(Place(paper, start, end), tuple(keys)) for paper, start, end, keys in document["complaints"]
    ]
    return Reading(ConceptTable(concepts, years), cures, complaints)


def _triple(place: Place) -> list[int]:
    return [place.paper, place.start, place.end]
