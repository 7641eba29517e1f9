"""`fallow ingest SOURCE ...`: read files, or ask a service, and bring what they have into the library."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fallow_app.cli.options import AsOf, Since, json_option, library_option, print_json, progress_on_stderr

if TYPE_CHECKING:
    from fallow_ingest.ingest import IngestAccount
    from fallow_ingest.progress import ReportProgress
    from fallow_ingest.services import Selection
    from fallow_ingest.web.client import Client

PLAN = "plan"

SELECTING = (
    ("--id", "ids", "Papers by any id; 'library' means every paper held."),
    ("--query", "query", "Words to look for, in the service's own syntax."),
    ("--category", "categories", "arXiv category (cs.CL), OpenAlex topic, S2 data set."),
    ("--author", "authors", "Papers by that author."),
    ("--venue", "venues", "Papers of that venue."),
    ("--cites", "cites", "Papers that cite this one; 'library': that cite any paper held."),
    ("--cited-by", "cited_by", "Papers that this one cites; 'library': that any paper held cites."),
    ("--like", "like", "Papers recommended from this one."),
    ("--release", "release", "Release of a data set; the latest when not given."),
)
"""(option, field of Selection, help)."""

SINGLE = frozenset({"query", "release"})


def selecting_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What to ask a service for."""
    for option, field, told in reversed(SELECTING):
        several = field not in SINGLE
        command = click.option(
            option, field, multiple=several, default=None if several else "", metavar="TEXT", help=told
        )(command)
    return command


@click.command("ingest")
@click.argument("source")
@click.argument("what", nargs=-1, metavar="[PATH | ID ...]")
@selecting_options
@click.option("--since", type=Since(), metavar="DATE", help="Only what is public or changed since then.")
@click.option("--until", type=AsOf(), metavar="DATE", help="Only up to that day (services).")
@click.option("--limit", type=click.IntRange(min=1), help="Stop after that many records.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="Longest pause to sit through when a service asks for one; beyond it the command ends and tells.",
)
@library_option
@json_option
def command(
    source: str,
    what: tuple[str, ...],
    since: int | None,
    until: int | None,
    limit: int | None,
    wait: float,
    library: Path,
    as_json: bool,
    **selecting: Any,
) -> None:
    """Bring papers into the library; interrupted, the same command goes on.

    SOURCE reads files (acl, bibtex, jsonl, pdf, snapshot, ...), asks a service (arxiv, oai, s2, openalex,
    openreview, ...) or is 'citations' (TSV of citing, cited). `fallow ingest plan SOURCE ...` tells
    beforehand how many requests, credits and minutes a service will take. docs/sources.md has each of them.
    """
    from fallow_ingest.services import SERVICES

    planned = source == PLAN
    if planned:
        if not what:
            raise click.UsageError("Name what to plan: fallow ingest plan SOURCE ...")
        source, *rest = what
        what = tuple(rest)
    _check_name(source)
    if source not in SERVICES.names():
        if planned:
            raise click.UsageError(f"{source} reads files: there is nothing to plan but reading them.")
        _read_files(source, what, since, limit, library, as_json, [n for n in selecting if selecting[n]])
        return
    selection = _selection(what, since, until, selecting)
    if planned:
        _plan(source, selection, wait, library, as_json)
    else:
        _ask_service(source, selection, limit, wait, library, as_json)


def _check_name(source: str) -> None:
    from fallow_ingest.ingest import CITATIONS
    from fallow_ingest.services import SERVICES
    from fallow_ingest.sources import SOURCES

    names = [*SOURCES.names(), *SERVICES.names(), CITATIONS]
    if source not in names:
        raise click.UsageError(
            f"There is no source named '{source}'; choose one of: {', '.join(sorted(names))}."
        )


def _read_files(
    source: str,
    what: tuple[str, ...],
    since: int | None,
    limit: int | None,
    library: Path,
    as_json: bool,
    ignored: list[str],
) -> None:
    from fallow_ingest.catalog import Catalog
    from fallow_ingest.ingest import ingest

    if ignored or len(what) > 1:
        raise click.UsageError(
            f"{source} reads one file or folder; it knows --since and --limit, and nothing else selects."
        )
    location = Path(what[0]) if what else None
    with Catalog.open(library, create=True) as catalog:
        with progress_on_stderr() as report:
            account = ingest(catalog, source, location, since=since, limit=limit, report=report)
        _tell(account, catalog.count(), catalog.references_waiting(), as_json)


def _ask_service(
    source: str, selection: Selection, limit: int | None, wait: float, library: Path, as_json: bool
) -> None:
    from fallow_ingest.catalog import Catalog
    from fallow_ingest.harvest import harvest
    from fallow_ingest.services import SERVICES

    service = SERVICES.create(source)
    with Catalog.open(library, create=True) as catalog:
        with progress_on_stderr() as report, _client(wait, report) as client:
            account = harvest(catalog, service, selection, client, limit=limit, report=report)
        _tell(account, catalog.count(), catalog.references_waiting(), as_json)


def _tell(account: IngestAccount, held: int, waiting: int, as_json: bool) -> None:
    from fallow_app.cli import accounts

    if as_json:
        print_json(accounts.document(account, held, waiting))
    else:
        accounts.show(account, held, waiting)
    if account.failure:
        raise account.failure


def _plan(source: str, selection: Selection, wait: float, library: Path, as_json: bool) -> None:
    from fallow_app.cli import accounts
    from fallow_ingest.catalog import Catalog
    from fallow_ingest.errors import LibraryMissing
    from fallow_ingest.harvest import plan
    from fallow_ingest.services import SERVICES
    from fallow_ingest.snowball import names_library

    service = SERVICES.create(source)
    with progress_on_stderr() as report, _client(wait, report) as client:
        try:
            with Catalog.open(library) as catalog:
                planned = plan(catalog, service, selection, client)
        except LibraryMissing:
            if names_library(selection):
                raise
            planned = plan(None, service, selection, client)
    if as_json:
        print_json(accounts.plan_document(service, planned, selection.canonical()))
    else:
        accounts.show_plan(service, planned)


def _selection(
    ids: tuple[str, ...], since: int | None, until: int | None, selecting: dict[str, Any]
) -> Selection:
    from fallow_ingest.services import Selection

    said = {name: value for name, value in selecting.items() if value}
    said["ids"] = (*ids, *said.get("ids", ()))
    return Selection(**said, since=since, until=until)


def _client(wait: float, report: ReportProgress) -> Client:
    from fallow_ingest.web.client import Client
    from fallow_ingest.web.clock import SystemClock
    from fallow_ingest.web.limiter import Limiter

    def announce(why: str, seconds: float) -> None:
        told = f"waiting up to {seconds:.0f} s: {why}"
        if sys.stderr.isatty():
            report(told, 0, 0)
        else:
            sys.stderr.write(f"{told}\n")
            sys.stderr.flush()

    return Client(Limiter(SystemClock(), longest_wait=wait, announce=announce))
