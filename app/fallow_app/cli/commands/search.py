"""`fallow search TEXT`: find papers by meaning and by words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from fallow_app.cli.options import as_of_option, json_option, library_option, print_json, screen

if TYPE_CHECKING:
    from fallow_index.search import Mode

MODES = ("hybrid", "bm25", "dense", "late")


@click.command("search")
@click.argument("text", nargs=-1, required=True)
@click.option(
    "-k", "count", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many papers."
)
@click.option("--exclude", "excluded", multiple=True, metavar="ID", help="Leave out this paper (repeatable).")
@click.option("--mode", type=click.Choice(MODES), default="hybrid", show_default=True)
@as_of_option
@library_option
@json_option
def command(
    text: tuple[str, ...],
    count: int,
    excluded: tuple[str, ...],
    mode: str,
    as_of: int | None,
    library: Path,
    as_json: bool,
) -> None:
    """Find the COUNT papers nearest to TEXT; each says what each retriever made of it."""
    from fallow_index.search import Searcher
    from fallow_ingest.catalog import Catalog

    query = " ".join(text)
    with Catalog.open(library) as catalog, Searcher.open(library) as searcher:
        exclude = [catalog.find(identifier).number for identifier in excluded]
        hits = searcher.search(query, count, mode=cast("Mode", mode), as_of=as_of, exclude=exclude)
        papers = catalog.papers_by_number([hit.number for hit in hits])
    if as_json:
        rows = [{"paper": papers[hit.number], "score": hit.score, "signals": hit.signals} for hit in hits]
        print_json({"query": query, "mode": mode, "as_of": as_of, "results": rows})
        return
    from rich.markup import escape
    from rich.table import Table

    console = screen()
    if not hits:
        console.print("Nothing found: no paper of the library takes part (see --as-of and --exclude).")
        return
    table = Table(box=None, pad_edge=False)
    for header in ("", "paper", "", "found by (rank)"):
        table.add_column(header, overflow="fold")
    for rank, hit in enumerate(hits, 1):
        paper = papers[hit.number]
        found_by = ", ".join(f"{name} {signal.rank}" for name, signal in hit.signals.items())
        status = f" [red]{paper.status}[/red]" if paper.status else ""
        source = f"[dim]{escape(paper.citation)} {paper.key}[/dim]"
        table.add_row(str(rank), f"{escape(paper.title)}{status}\n{source}",
                      f"{hit.score:.3f}", found_by)  # fmt: skip
    console.print(table)
