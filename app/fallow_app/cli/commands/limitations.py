"""`fallow limitations`: what authors admit and reviewers point out, and the needs that recur."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fallow_app.cli.options import as_of_option, json_option, library_option, print_json, screen

if TYPE_CHECKING:
    from fallow.statements import StatementKind

KINDS = ("limitation", "future_work", "open_question", "negative_result")


@click.command("limitations")
@click.option(
    "-n", "count", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many needs."
)
@click.option("--topic", type=int, help="Only needs of one topic (numbers: fallow map).")
@click.option("--kind", type=click.Choice(KINDS), help="Only statements or needs of this kind.")
@click.option("--open-only", is_flag=True, help="Only needs that no later paper claims to meet.")
@click.option(
    "--min-groups", type=click.IntRange(min=1), default=1, help="Stated by at least so many author groups."
)
@click.option("--paper", "paper_id", metavar="ID", help="Instead: every statement of one paper.")
@as_of_option
@library_option
@json_option
def command(
    count: int,
    topic: int | None,
    kind: StatementKind | None,
    open_only: bool,
    min_groups: int,
    paper_id: str | None,
    as_of: int | None,
    library: Path,
    as_json: bool,
) -> None:
    """Needs that recur over papers and years, each with its clearest quote; or one paper's statements."""
    from fallow.evidence import source_of
    from fallow.needs import load_needs
    from fallow.statements import statements_of
    from fallow_app.questions import built_topics
    from fallow_app.quotes import marked_quote
    from fallow_ingest.catalog import Catalog

    with Catalog.open(library) as catalog:
        built_topics(catalog)
        console = screen()
        if paper_id is not None:
            paper = catalog.find(paper_id)
            statements = statements_of(catalog, paper=paper.number, kind=kind, as_of=as_of)
            if as_json:
                print_json({"paper": paper, "statements": statements})
                return
            console.print(f"{paper.title} ({paper.citation})", markup=False, style="bold")
            for statement in statements:
                quote = marked_quote(statement.text, statement.origin)
                console.print(f"{statement.kind} ({statement.owner}): {quote}", markup=False)
            return
        needs = load_needs(
            catalog, topic=topic, kind=kind, open_only=open_only, min_groups=min_groups, as_of=as_of
        )[:count]
        if as_json:
            print_json({"needs": needs})
            return
        if not needs:
            console.print("No need recurs in this library yet: add papers with full text, then fallow build.")
        for rank, need in enumerate(needs, 1):
            quoted = catalog.paper(need.quote.paper)
            years = f"{need.first_year or '?'}-{need.last_year or '?'}"
            console.print(f"{rank}. {need.label}", style="bold", markup=False)
            console.print(
                f"   {need.told}, {need.author_groups} author groups, {years}, "
                f"{need.trend.direction}, {need.status}",
                style="dim",
                markup=False,
            )
            quote = marked_quote(need.quote.text, need.quote.origin)
            source = source_of(quoted, need.quote.origin)
            console.print(f"   {quote} {source}, {quoted.key}", markup=False)
