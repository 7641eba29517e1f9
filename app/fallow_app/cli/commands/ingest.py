"""`fallow ingest SOURCE [LOCATION]`: read papers or citations into the library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fallow_app.cli.options import AsOf, json_option, library_option, print_json, progress_on_stderr, screen

if TYPE_CHECKING:
    from fallow_ingest.ingest import IngestAccount


@click.command("ingest")
@click.argument("source")
@click.argument("location", required=False, type=click.Path(path_type=Path))
@click.option("--since", type=AsOf(), metavar="DATE", help="Leave out papers public before that day.")
@click.option("--limit", type=click.IntRange(min=1), help="Stop after that many records.")
@library_option
@json_option
def command(
    source: str, location: Path | None, since: int | None, limit: int | None, library: Path, as_json: bool
) -> None:
    """Read LOCATION with a SOURCE into the library; interrupted, the same command goes on.

    Sources: jsonl, snapshot (arXiv metadata from Kaggle, plain or gzip), acl (Anthology XML: file, folder or
    tar.gz), bibtex, pdf (a file or folder), sample (our own library of well-known papers), and citations (TSV
    of citing, cited).
    """
    from fallow_ingest.catalog import Catalog
    from fallow_ingest.ingest import CITATIONS, ingest
    from fallow_ingest.sources import SOURCES

    if source not in (*SOURCES.names(), CITATIONS):
        raise click.UsageError(
            f"There is no source named '{source}'; choose one of: {', '.join([*SOURCES.names(), CITATIONS])}."
        )
    with Catalog.open(library, create=True) as catalog, progress_on_stderr() as report:
        account = ingest(catalog, source, location, since=since, limit=limit, report=report)
        held = catalog.count()
        waiting = catalog.references_waiting()
    if as_json:
        print_json(_document(account, held, waiting))
    else:
        show(account, held, waiting)
    if account.failure:
        raise account.failure


def _document(account: IngestAccount, held: int, waiting: int) -> dict[str, object]:
    return {
        "source": account.source,
        "location": account.location,
        "records": account.counts,
        "citations": account.citations,
        "skipped": dict(account.skipped),
        "repaired": dict(account.repaired),
        "skipped_examples": account.examples,
        "resumed_at": account.resumed_at,
        "already_read": account.already,
        "failure": str(account.failure) if account.failure else None,
        "papers_in_library": held,
        "references_waiting": waiting,
    }


def show(account: IngestAccount, held: int, waiting: int) -> None:
    """Print the table that an ingest ends with."""
    from rich.markup import escape
    from rich.table import Table

    console = screen()
    if account.already:
        console.print(
            f"{escape(account.location)} was read before and has not changed. {held:,} papers held."
        )
        return
    if account.resumed_at:
        console.print(f"Went on after record {account.resumed_at:,}, where an earlier run was interrupted.")
    table = Table(title=f"{account.source}: {escape(account.location)}", title_justify="left")
    table.add_column("what")
    table.add_column("records", justify="right")
    counts = account.counts
    for label, number in (
        ("new papers", counts.new),
        ("merged into a paper already held", counts.merged),
        ("updated", counts.updated),
        ("unchanged", counts.unchanged),
        ("citations resolved", account.citations),
    ):
        if number:
            table.add_row(label, f"{number:,}")
    for reason, number in account.skipped.most_common():
        table.add_row(f"skipped: {escape(reason)}", f"{number:,}")
    for reason, number in account.repaired.most_common():
        table.add_row(f"repaired: {escape(reason)}", f"{number:,}")
    console.print(table)
    for example in account.examples[:5]:
        console.print(f"  skipped {escape(example.place)}: {escape(example.reason)} {escape(example.detail)}")
    console.print(f"The library holds {held:,} papers; {waiting:,} references name papers it does not hold.")
    if not account.failure:
        console.print("Next: fallow build", style="bold")
