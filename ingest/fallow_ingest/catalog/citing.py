"""Citations told apart from both papers' records: they wait until the library holds both."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from fallow_ingest.catalog.draft import contexts_json, known_id
from fallow_ingest.records import Citation


def add_citations(connection: sqlite3.Connection, citations: Iterable[Citation], source: str) -> None:
    """Note citations inside the caller's transaction; `references.resolve` makes them known.

    Told again by the same source, a pair's contexts are the new ones; another source's are kept.
    """

    def rows() -> Iterator[tuple[str, ...]]:
        for citation in citations:
            citing, cited = known_id(citation.citing), known_id(citation.cited)
            yield (*citing, *cited, source, contexts_json(citation.contexts))

    connection.executemany(
        "INSERT INTO unresolved_citations (citing_scheme, citing_value, cited_scheme, cited_value, source, "
        "contexts) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET source = excluded.source, "
        "contexts = excluded.contexts WHERE excluded.contexts <> '[]' "
        "AND (contexts = '[]' OR source = excluded.source)",
        rows(),
    )
