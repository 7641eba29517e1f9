"""`fallow idea show|drop|export ID`: one idea of the archive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fallow_app.cli.options import json_option, library_option, print_json, screen

if TYPE_CHECKING:
    from rich.console import Console

    from fallow.ideas import Idea


@click.group("idea")
def command() -> None:
    """Show, drop or export one idea of the archive (ids: fallow ideas --archive)."""


@command.command("show")
@click.argument("idea_id", metavar="ID")
@library_option
@json_option
def show(idea_id: str, library: Path, as_json: bool) -> None:
    """Everything about an idea: evidence, first test, value with its reasons, nearest work, history."""
    from fallow.ideas import history_of, load_idea
    from fallow.ideas.export import idea_json
    from fallow_ingest.catalog import Catalog

    with Catalog.open(library) as catalog:
        idea = load_idea(catalog, idea_id)
        history = history_of(catalog, idea.id)
    if as_json:
        print_json({**idea_json(idea), "history": history})
        return
    console = screen()
    _print(console, idea)
    for entry in history:
        reason = f": {entry['reason']}" if entry["reason"] else ""
        console.print(f"{entry['at']} {entry['state']}{reason}", style="dim", markup=False)


@command.command("drop")
@click.argument("idea_id", metavar="ID")
@click.option("--reason", required=True, help="Why; it is kept, and the idea is not proposed again.")
@library_option
@json_option
def drop(idea_id: str, reason: str, library: Path, as_json: bool) -> None:
    """Drop an idea for a reason."""
    from fallow.ideas import drop_idea
    from fallow_ingest.catalog import Catalog

    with Catalog.open(library) as catalog:
        idea = drop_idea(catalog, idea_id, reason)
    if as_json:
        print_json({"id": idea.id, "state": idea.state, "reason": reason})
    else:
        screen().print(f"Dropped {idea.id}: {idea.title}", markup=False)


@command.command("export")
@click.argument("idea_id", metavar="ID")
@click.option("--format", "format_name", type=click.Choice(["markdown", "json"]), default="markdown")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File (default: stdout).")
@library_option
@json_option
def export(idea_id: str, format_name: str, out: Path | None, library: Path, as_json: bool) -> None:
    """Write an idea as a Markdown proposal or as JSON."""
    from fallow.ideas import load_idea
    from fallow.ideas.export import write_idea
    from fallow_ingest.catalog import Catalog

    with Catalog.open(library) as catalog:
        idea = load_idea(catalog, idea_id)
    text = write_idea(idea, format_name, out)
    if out is None and not as_json:
        click.echo(text, nl=False)
    elif as_json:
        print_json({"id": idea.id, "format": format_name, "file": out, "text": text if out is None else None})
    else:
        click.echo(f"{idea.id} written to {out}", err=True)


def _print(console: Console, idea: Idea) -> None:
    from fallow_app.quotes import marked_quote

    low, high = idea.value.interval
    console.print(idea.title, style="bold", markup=False)
    for text in (idea.statement, idea.problem, idea.sufferers, idea.mechanism, idea.headroom):
        if text:
            console.print(text, markup=False)
    for item in idea.evidence:
        words = marked_quote(item.quote.text, item.quote.origin)
        console.print(f"  {item.role}: {words} {item.citation}, {item.key}", markup=False)
    console.print(f"First: {idea.first_test.summary} Needs: {idea.needs}", markup=False)
    console.print(f"Value {idea.value.product:.2f} [{low:.2f}, {high:.2f}]", style="bold", markup=False)
    for name in ("novelty", "effectiveness", "problem_size"):
        factor = getattr(idea.value, name)
        interval = f"{factor.value:.2f} [{factor.low:.2f}, {factor.high:.2f}]"
        console.print(f"  {name.replace('_', ' '):<13} {interval}  {factor.why}", markup=False)
    if idea.verdict is not None:
        console.print(f"Novelty: {idea.verdict.outcome.replace('_', ' ')}", style="bold", markup=False)
        for reason in idea.verdict.reasons:
            console.print(f"  {reason}", markup=False)
    for work in idea.nearest[:3]:
        console.print(f"  near: {work.title}; {work.citation}", markup=False)
    for risk in idea.risks:
        console.print(f"Risk: {risk}", markup=False)
    console.print(f"{idea.strategy}; {idea.state}; {idea.id}", style="dim", markup=False)
