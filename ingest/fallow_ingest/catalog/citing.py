"""Citations told apart from both papers' records: they wait until the library holds both."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

import orjson

from fallow_ingest.catalog.draft import known_id
from fallow_ingest.records import Citation


def add_citations(connection: sqlite3.Connection, citations: Iterable[Citation], source: str) -> None:
    """Note citations inside the caller's transaction; `references.resolve` makes them known.

    The same pair told again replaces what was told before.
    """

    def rows() -> Iterator[tuple[str, str, str, str, str, str]]:
        for citation in citations:
            citing, cited = known_id(citation.citing), known_id(citation.cited)
            contexts = orjson.dumps(citation.contexts).decode()
            yield (citing.scheme, citing.value, cited.scheme, cited.value, source, contexts)

    connection.executemany(
        "INSERT OR REPLACE INTO unresolved_citations "
        "(citing_scheme, citing_value, cited_scheme, cited_value, source, contexts) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        rows(),
    )
