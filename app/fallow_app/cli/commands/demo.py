"""`fallow demo`: the whole line on the sample library, offline and without a key."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING

import click

from fallow_app.cli.options import json_option, print_json, progress_on_stderr, screen

if TYPE_CHECKING:
    from rich.console import Console

    from fallow_app.demo import Demo

NICHES, NEEDS, IDEAS = 3, 5, 5


@click.command("demo")
@click.option(
    "--library",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-library"),
    show_default="./demo-library",
    help="Folder for the demo's library; your own ./library is left alone.",
)
@json_option
def command(library: Path, as_json: bool) -> None:
    """Read the sample library, map it, find niches and needs, compose and check ideas, write a report."""
    from fallow_app.demo import run_demo

    with progress_on_stderr() as report:
        demo = run_demo(library, report=report)
    if as_json:
        content = demo.content
        print_json(
            {
                "library": library,
                "built": demo.built,
                "niches": content.niches,
                "needs": content.needs,
                "ideas": content.ideas,
                "report": demo.report_file,
            }
        )
        return
    show(demo, screen(), library)


def show(demo: Demo, console: Console, library: Path) -> None:
    """Print the screen that the demo ends with."""
    content, built = demo.content, demo.built
    years = f"{min(content.years)}-{max(content.years)}" if content.years else "no years"
    _heading(console, "What was read")
    console.print(
        f"{built.papers:,} well-known papers ({years}) with {built.citations:,} citations among them, in "
        f"{built.directions} directions and {built.subfields} subfields; {built.statements:,} statements of "
        "what does not work yet. Abstracts and limitations here are our summaries, not the authors' words.",
        markup=False,
    )
    _heading(console, "Cold but important corners of hot directions")
    for rank, niche in enumerate(content.niches[:NICHES], 1):
        console.print(f"{rank}. {niche.label}  (in {niche.direction_label})", style="bold", markup=False)
        console.print(indent(niche.explanation, "   "), markup=False)
    _heading(console, "Needs that recur")
    for rank, need in enumerate(content.needs[:NEEDS], 1):
        told = f"{need.told}, {need.author_groups} author groups, "
        told += _span(need.first_year, need.last_year)
        console.print(f"{rank}. {need.label}", style="bold", markup=False)
        console.print(f"   {told}", style="dim", markup=False)
    _heading(console, "Ideas, each checked against everything read")
    for rank, idea in enumerate(content.ideas[:IDEAS], 1):
        verdict = idea.verdict
        words = "not checked"
        if verdict is not None:
            probability = "" if verdict.probability is None else f", P(novel) {verdict.probability:.2f}"
            words = verdict.outcome.replace("_", " ") + probability
        console.print(f"{rank}. {idea.title}  ({idea.strategy}; {words})", style="bold", markup=False)
        console.print(indent(idea.statement, "   "), markup=False)
        console.print(indent(f"First test: {idea.first_test.summary}", "   "), markup=False, style="dim")
    _heading(console, "Next")
    option = "" if library == Path("library") else f" --library {library}"
    console.print(f"The whole report, with the evidence:  {demo.report_file}", markup=False, soft_wrap=True)
    for line in (
        f"fallow app{option}                      open the explorer",
        f'fallow novelty "your idea"{option}      check it claim by claim',
        "fallow ingest bibtex refs.bib               start a library of your own, then: fallow build",
        "fallow doctor                               what works here and what is missing",
    ):
        console.print(f"  {line}", markup=False, soft_wrap=True)


def _span(first: int | None, last: int | None) -> str:
    if first is None or last is None:
        return "years unknown"
    return str(first) if first == last else f"{first}-{last}"


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(text, style="bold cyan", markup=False)
