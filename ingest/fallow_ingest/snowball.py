"""Asking a service about every paper that is held: what they are, what cites them, what they cite."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput
from fallow_ingest.services import Selection, Service

LIBRARY = "library"
"""What people type where an id is expected, to mean every paper they hold."""

SCHEMES = ("arxiv", "doi", "acl", "s2", "openalex")
"""Of services that do not say which ids they know."""


def names_library(selection: Selection) -> bool:
    """Whether the selection means papers of the library."""
    return any(LIBRARY in ids for ids in (selection.ids, selection.cites, selection.cited_by, selection.like))


def expanded(selection: Selection, catalog: Catalog, service: Service) -> Selection:
    """The selection with LIBRARY among its ids replaced by the ids of the papers held, newest first.

    Papers that a service was asked for once and has nothing more to say of (`service.once`) are left out of
    ids, which may leave none. Raises BadInput when no paper has an id that the service knows.
    """
    if not names_library(selection):
        return selection
    schemes = getattr(service, "id_schemes", SCHEMES)
    held = held_ids(catalog, schemes)
    if not held:
        raise BadInput(
            f"No paper in {catalog.library} has an id that {service.label} knows ({', '.join(schemes)})",
            "bring in papers first, or name ids",
        )

    def with_library(ids: tuple[str, ...], held: tuple[str, ...]) -> tuple[str, ...]:
        if LIBRARY not in ids:
            return ids
        return tuple(dict.fromkeys((*(i for i in ids if i != LIBRARY), *held)))

    unread = held_ids(catalog, schemes, unread_by=service.name) if getattr(service, "once", False) else held
    return replace(
        selection,
        ids=with_library(selection.ids, unread),
        cites=with_library(selection.cites, held),
        cited_by=with_library(selection.cited_by, held),
        like=with_library(selection.like, held),
    )


def held_ids(catalog: Catalog, schemes: Iterable[str], *, unread_by: str = "") -> tuple[str, ...]:
    """One id of each held paper in the first of the schemes it has, newest papers first.

    unread_by: leave out papers that this service gave a record of.
    """
    ranked = list(schemes)
    best: dict[int, tuple[int, str]] = {}
    marks = ", ".join("?" * len(ranked))
    rows = catalog.connection.execute(
        f"SELECT paper, scheme, value FROM paper_ids WHERE scheme IN ({marks}) "
        "AND NOT EXISTS (SELECT 1 FROM records r WHERE r.paper = paper_ids.paper AND r.source = ?)",
        (*ranked, unread_by),
    )
    for row in rows:
        candidate = (ranked.index(row["scheme"]), f"{row['scheme']}:{row['value']}")
        best[row["paper"]] = min(best.get(row["paper"], candidate), candidate)
    days = dict(catalog.connection.execute("SELECT number, public_by FROM papers").fetchall())
    order = sorted(best, key=lambda number: (-days[number] if days[number] < 99999999 else 0, number))
    return tuple(best[number][1] for number in order)
