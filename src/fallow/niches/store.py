"""The survey in the catalog: table niches."""

from __future__ import annotations

import orjson

from fallow.niches.model import Factor, Niche, Survey
from fallow_ingest.catalog import Catalog


def save_survey(catalog: Catalog, survey: Survey) -> None:
    """Put a survey in place of the stored one, in one transaction. Raises LibraryBusy or DiskFull."""
    notes = orjson.dumps(list(survey.notes)).decode()
    with catalog.writing() as connection:
        connection.execute("DELETE FROM niches")
        connection.executemany(
            "INSERT INTO niches (topic, rank, score, as_of, factors, papers, explanation, evidence, notes) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    niche.topic,
                    rank,
                    niche.score,
                    survey.as_of,
                    orjson.dumps(dict(niche.factors)).decode(),
                    orjson.dumps(list(niche.papers)).decode(),
                    niche.explanation,
                    orjson.dumps(list(niche.evidence)).decode(),
                    orjson.dumps(list(niche.notes)).decode(),
                )
                for rank, niche in enumerate(survey.niches, 1)
            ],
        )
        connection.execute("INSERT OR REPLACE INTO settings VALUES ('niches.notes', ?)", (notes,))


def load_niches(catalog: Catalog) -> Survey:
    """The stored survey, best first; an empty one with a note where there is none."""
    rows = catalog.connection.execute(
        "SELECT n.*, t.label, d.label AS direction FROM niches n JOIN topics t ON t.topic = n.topic "
        "LEFT JOIN topics d ON d.topic = t.parent ORDER BY n.rank"
    ).fetchall()
    stored = catalog.get_setting("niches.notes")
    if not rows:
        return Survey((), ("No niches were surveyed yet: run `fallow build`.",))
    niches = tuple(
        Niche(
            row["topic"],
            row["label"],
            row["direction"] or "",
            row["score"],
            {name: Factor(**factor) for name, factor in orjson.loads(row["factors"]).items()},
            tuple(orjson.loads(row["papers"])),
            row["explanation"],
            tuple(orjson.loads(row["evidence"])),
            tuple(orjson.loads(row["notes"])),
        )
        for row in rows
    )
    return Survey(niches, tuple(map(str, stored)) if isinstance(stored, list) else (), rows[0]["as_of"])
