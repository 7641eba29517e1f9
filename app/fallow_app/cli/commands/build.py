"""`fallow build`: make everything that questions are answered from."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from fallow_app.cli.options import (
    engine_option,
    json_option,
    library_option,
    print_json,
    progress_on_stderr,
    screen,
)


@click.command("build")
@click.option(
    "--encoder",
    "encoder_name",
    metavar="NAME",
    help="Encoder to index with: its name, or the folder or hub name of a model (extra `torch`).",
)
@engine_option
@click.option("--engine-url", default="", metavar="URL", help="Server of the engine qdrant.")
@click.option("--engine-collection", default="", metavar="NAME", help="Collection on that server.")
@click.option("--engine-python", default="", metavar="FILE", help="Python that has colbert-ai.")
@library_option
@json_option
def command(
    encoder_name: str | None,
    engine_name: str,
    engine_url: str,
    engine_collection: str,
    engine_python: str,
    library: Path,
    as_json: bool,
) -> None:
    """Encode what is new; refresh index, topics, niches, statements and needs.

    It costs in proportion to what is new; interrupted, the same command goes on. Searches meanwhile answer
    from the old index until the new one is whole. An engine other than `local` is filled as well, and
    remembered for the searches and builds to come.
    """
    from fallow.build import build_library
    from fallow_index.engines.chosen import fill, refuse_unusable, remembered
    from fallow_ingest.catalog import Catalog

    with Catalog.open(library) as catalog, progress_on_stderr() as report:
        choice = remembered(catalog).said(
            name=engine_name, url=engine_url, collection=engine_collection, python=engine_python
        )
        refuse_unusable(choice, library)
        account = build_library(catalog, encoder_name=encoder_name, report=report)
        filled = fill(catalog, choice, report)
    if as_json:
        print_json({**asdict(account), "engine": {"name": choice.name, "filled": filled}})
        return
    console = screen()
    reviewed = f" ({account.reviewed:,} of them reviewers')" if account.reviewed else ""
    console.print(
        f"{account.indexed:,} papers indexed, {account.citations:,} citations, "
        f"{account.directions} directions with {account.subfields} subfields, "
        f"{account.statements:,} statements{reviewed} in {account.needs:,} recurring needs."
    )
    if filled is not None:
        console.print(
            f"Engine {choice.name}: {filled.held:,} papers, {filled.sent:,} sent, {filled.deleted:,} deleted."
        )
    for note in account.notes:
        console.print(f"note: {note}", style="yellow", markup=False)
    console.print("Next: fallow niches, fallow limitations, fallow ideas, fallow report", style="bold")
