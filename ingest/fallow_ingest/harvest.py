"""Bringing papers from a service into the library: page by page, each committed with the place behind it."""

from __future__ import annotations

from collections.abc import Iterable

from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput, ServiceBroken, ServiceError
from fallow_ingest.progress import ReportProgress, ignore_progress
from fallow_ingest.rounds import HarvestAccount, Round, key_of, row_of
from fallow_ingest.services import SERVICES, Plan, Selection, Service
from fallow_ingest.snowball import expanded, names_library
from fallow_ingest.web.client import Client

__all__ = ["HarvestAccount", "check_selection", "harvest", "plan"]


def harvest(
    catalog: Catalog,
    service: Service,
    selection: Selection,
    client: Client,
    *,
    limit: int | None = None,
    report: ReportProgress = ignore_progress,
) -> HarvestAccount:
    """Bring what the service has of the selection into the library.

    Interrupted or refused part of the way, the same call goes on where the last committed page ended;
    complete, it asks only for what is new where the service can tell. limit: stop after so many records, as
    a harvest of its own. A service that fails on the way is told in the account's failure and outcome.
    Raises BadInput before anything is asked.
    """
    check_selection(service, selection)
    with catalog.exclusive():
        run = Round(catalog, service, selection, limit)
        if names_library(selection) and not service_needs_met(service, run.selection):
            run.nothing_left()
            return run.account
        before = client.requests
        try:
            pages = service.harvest(run.selection, client, cursor=run.cursor, watermark=run.watermark)
            for page in pages:
                run.commit(page)
                report(f"asking {service.label}", run.records, page.total or 0)
                if run.ended:
                    break
            if not run.ended:
                raise ServiceBroken(f"{service.label} stopped in the middle", "run the same command again")
        except ServiceError as error:
            run.fail(error)
        except BadInput:
            run.undo()
            raise
        run.account.requests = client.requests - before
        run.account.citations = catalog.resolve_references()
    return run.account


def plan(catalog: Catalog | None, service: Service, selection: Selection, client: Client | None) -> Plan:
    """What `harvest` of that selection would take from now on. Raises BadInput, ServiceError."""
    check_selection(service, selection)
    if catalog is None:
        return service.plan(selection, client)
    row = row_of(catalog.connection, service, key_of(selection))
    asked = expanded(selection, catalog, service)
    if names_library(selection) and not service_needs_met(service, asked):
        return Plan(0, 0.0, 0, exact=True, note="every paper held was read before")
    return service.plan(asked, client, watermark=row["watermark"] if row else "")


def check_selection(service: Service, selection: Selection) -> None:
    """Raise BadInput when the service cannot be asked that, naming those that can."""
    unknown = selection.asked() - service.selects
    if unknown:
        others = [n for n in SERVICES.names() if selection.asked() <= SERVICES.create(n).selects]
        raise BadInput(
            f"{service.name} cannot select by {_listed(unknown)}",
            f"it knows {_listed(service.selects)}; "
            + (f"by all you said: {', '.join(others)}" if others else "no service knows all you said"),
        )
    if not service_needs_met(service, selection):
        raise BadInput(
            f"{service.name} must be told what to look for", f"give {_listed(service.needs, 'or')}"
        )


def service_needs_met(service: Service, selection: Selection) -> bool:
    """Whether the selection says enough for the service to look for something."""
    return not service.needs or bool(service.needs & selection.asked())


def _listed(names: Iterable[str], word: str = "and") -> str:
    said = sorted(f"--{OPTION_OF.get(name, name)}" for name in names)
    return f" {word} ".join(filter(None, [", ".join(said[:-1]), said[-1]])) if said else "nothing"


OPTION_OF = {
    "ids": "id",
    "categories": "category",
    "authors": "author",
    "venues": "venue",
    "cited_by": "cited-by",
}
"""Field of Selection -> the option people type, where they differ."""
