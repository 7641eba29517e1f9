"""`fallow map`: directions and subfields of the library."""

from __future__ import annotations

from pathlib import Path

import click

from fallow_app.cli.options import as_of_option, json_option, library_option, print_json, screen


@click.command("map")
@as_of_option
@library_option
@json_option
def command(as_of: int | None, library: Path, as_json: bool) -> None:
    """Directions of the library with their subfields, largest first; the numbers name topics elsewhere."""
    from fallow_app.questions import topics_as_of
    from fallow_ingest.catalog import Catalog

    with Catalog.open(library) as catalog:
        tree = topics_as_of(catalog, as_of)
    if as_json:
        print_json({"topics": tree.topics, "notes": tree.notes})
        return
    from rich.tree import Tree

    console = screen()
    for direction in sorted((t for t in tree.topics if t.level == 0), key=lambda t: -t.size):
        branch = Tree(
            f"[bold]{direction.label}[/bold] ({direction.size:,} papers)  [dim]{direction.id}[/dim]"
        )
        for topic in sorted((t for t in tree.topics if t.parent == direction.id), key=lambda t: -t.size):
            branch.add(f"{topic.label} ({topic.size:,})  [dim]{topic.id}[/dim]")
        console.print(branch)
    for note in tree.notes:
        console.print(f"note: {note}", style="yellow", markup=False)
