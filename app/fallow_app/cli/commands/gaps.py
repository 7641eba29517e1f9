"""`fallow gaps`: every kind of gap that the evidence supports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fallow_app.cli.options import (
    as_of_option,
    json_option,
    library_option,
    print_json,
    progress_on_stderr,
    screen,
)

if TYPE_CHECKING:
    from fallow.gaps import Gap
    from fallow_ingest.catalog import Catalog

KINDS = ("niche", "white_space", "unmet_need", "missing_resource", "contradiction")


@click.command("gaps")
@click.option(
    "-n", "count", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many gaps."
)
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Repeatable; default all.")
@as_of_option
@library_option
@json_option
def command(count: int, kinds: tuple[str, ...], as_of: int | None, library: Path, as_json: bool) -> None:
    """The COUNT best gaps, kinds in turn, each with the counts and quotes it rests on."""
    from fallow.gaps import find_gaps
    from fallow_index.search import Searcher
    from fallow_ingest.catalog import Catalog

    with (
        Catalog.open(library) as catalog,
        Searcher.open(library) as searcher,
        progress_on_stderr() as report,
    ):
        chosen = kinds or None
        gaps = find_gaps(catalog, searcher=searcher, kinds=chosen, as_of=as_of, report=report)[:count]  # type: ignore[arg-type]
        if as_json:
            papers = catalog.papers_by_number({number for gap in gaps for number in gap.papers})
            print_json({"as_of": as_of, "gaps": gaps, "papers": papers})
            return
        _show(gaps, catalog)


def _show(gaps: list[Gap], catalog: Catalog) -> None:
    from fallow.evidence import source_of
    from fallow_app.quotes import marked_quote

    console = screen()
    if not gaps:
        console.print("No gap has enough evidence: add papers with full text, then fallow build.")
    for rank, gap in enumerate(gaps, 1):
        console.print(f"{rank}. {gap.title}", style="bold", markup=False)
        label = gap.kind.replace("_", " ")
        console.print(
            f"   {label}; score {gap.score:.2f} [{gap.low:.2f}, {gap.high:.2f}]", style="dim", markup=False
        )
        console.print(f"   {gap.why}", markup=False)
        papers = catalog.papers_by_number({quote.paper for quote in gap.quotes})
        for quote in gap.quotes[:2]:
            paper = papers[quote.paper]
            words = marked_quote(quote.text, quote.origin)
            source = source_of(paper, quote.origin)
            console.print(f"   {words} {source}, {paper.key}", markup=False)
