"""`fallow build`: make everything that questions are answered from."""

from __future__ import annotations

from pathlib import Path

import click

from fallow_app.cli.options import json_option, library_option, print_json, progress_on_stderr, screen


@click.command("build")
@click.option(
    "--encoder",
    "encoder_name",
    metavar="NAME",
    help="Encoder to index with: its name, or the folder or hub name of a model (extra `torch`).",
)
@library_option
@json_option
def command(encoder_name: str | None, library: Path, as_json: bool) -> None:
    """Encode what is new; refresh index, topics, niches, statements and needs.

    It costs in proportion to what is new; interrupted, the same command goes on. Searches meanwhile answer
    from the old index until the new one is whole.
    """
    from fallow.build import build_library
    from fallow_ingest.catalog import Catalog

    with Catalog.open(library) as catalog, progress_on_stderr() as report:
        account = build_library(catalog, encoder_name=encoder_name, report=report)
    if as_json:
        print_json(account)
        return
    console = screen()
    reviewed = f" ({account.reviewed:,} of them reviewers')" if account.reviewed else ""
    console.print(
        f"{account.indexed:,} papers indexed, {account.citations:,} citations, "
        f"{account.directions} directions with {account.subfields} subfields, "
        f"{account.statements:,} statements{reviewed} in {account.needs:,} recurring needs."
    )
    for note in account.notes:
        console.print(f"note: {note}", style="yellow", markup=False)
    console.print("Next: fallow niches, fallow limitations, fallow ideas, fallow report", style="bold")
