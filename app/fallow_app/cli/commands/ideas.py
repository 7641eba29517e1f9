"""`fallow ideas`: ideas composed from gaps, each checked for novelty."""

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
    from fallow.ideas import Idea


@click.command("ideas")
@click.option(
    "--n", "-n", "count", type=click.IntRange(1, 200), default=10, show_default=True, help="How many."
)
@click.option(
    "--strategy", metavar="NAME", help="Only transfer, patch, resource, efficiency, or one of yours."
)
@click.option("--no-check", is_flag=True, help="Skip the novelty check (and keep nothing in the archive).")
@click.option("--archive", is_flag=True, help="Instead: list what the archive holds.")
@as_of_option
@library_option
@json_option
def command(
    count: int,
    strategy: str | None,
    no_check: bool,
    archive: bool,
    as_of: int | None,
    library: Path,
    as_json: bool,
) -> None:
    """Compose the COUNT best ideas from the library's evidence; those that are not novel are left out.

    Every idea is kept in the archive with its evidence and verdict: fallow idea show ID.
    """
    from fallow.ideas import compose_ideas, list_ideas
    from fallow.ideas.export import idea_json
    from fallow_index.search import Searcher
    from fallow_ingest.catalog import Catalog

    with Catalog.open(library) as catalog:
        if archive:
            ideas = list_ideas(catalog, strategy=strategy)
        else:
            with Searcher.open(library) as searcher, progress_on_stderr() as report:
                ideas = compose_ideas(
                    catalog,
                    searcher,
                    n=count,
                    strategy=strategy,
                    as_of=as_of,
                    check=not no_check,
                    report=report,
                )
    if as_json:
        print_json({"as_of": as_of, "ideas": [idea_json(idea) for idea in ideas]})
    else:
        show(ideas)


def show(ideas: list[Idea]) -> None:
    """Print a short view of ideas, the most valuable first."""
    console = screen()
    if not ideas:
        console.print("No idea survived: add papers, then fallow build.")
    for rank, idea in enumerate(ideas, 1):
        low, high = idea.value.interval
        console.print(f"{rank}. {idea.title}", style="bold", markup=False)
        console.print(f"   {idea.statement}", markup=False)
        verdict = idea.verdict.outcome.replace("_", " ") if idea.verdict else "not checked"
        console.print(
            f"   {idea.strategy}; {verdict}; {idea.state}; value {idea.value.product:.2f} [{low:.2f}, "
            f"{high:.2f}]; "
            f"{idea.id}",
            style="dim",
            markup=False,
        )
        _evidence(console, idea)
        console.print(f"   First: {idea.first_test.summary}", markup=False)
    if ideas:
        console.print(f"Next: fallow idea show {ideas[0].id}", style="bold", markup=False)


def _evidence(console: object, idea: Idea) -> None:
    from fallow_app.quotes import marked_quote

    for role in ("suffers", "works"):
        item = next((evidence for evidence in idea.evidence if evidence.role == role), None)
        if item is not None:
            words = marked_quote(item.quote.text, item.quote.origin)
            console.print(f"   {words} {item.citation}, {item.key}", markup=False)  # type: ignore[attr-defined]
