"""`fallow niches`: cold, important corners of hot directions."""

from __future__ import annotations

from pathlib import Path

import click

from fallow_app.cli.options import as_of_option, json_option, library_option, print_json, screen


@click.command("niches")
@click.option("-n", "count", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many.")
@as_of_option
@library_option
@json_option
def command(count: int, as_of: int | None, library: Path, as_json: bool) -> None:
    """The COUNT best niches, each factor with its value, interval and reason."""
    from fallow_app.questions import niches_as_of
    from fallow_ingest.catalog import Catalog

    with Catalog.open(library) as catalog:
        survey = niches_as_of(catalog, as_of)
        niches = survey.niches[:count]
        papers = catalog.papers_by_number({number for niche in niches for number in niche.papers})
    if as_json:
        print_json({"as_of": as_of, "niches": niches, "papers": papers, "notes": survey.notes})
        return
    console = screen()
    if not niches:
        console.print("No niche stands out: the library is too small or has no citations and no dates.")
    for rank, niche in enumerate(niches, 1):
        console.print(f"{rank}. {niche.label}", style="bold", markup=False)
        console.print(f"   in {niche.direction_label}; score {niche.score:.2f}", style="dim", markup=False)
        console.print(f"   {niche.explanation}", markup=False)
        for name, factor in niche.factors.items():
            interval = f"{factor.value:.2f} [{factor.low:.2f}, {factor.high:.2f}]"
            console.print(f"   {name:<11} {interval}  {factor.why}", markup=False)
        for number in niche.papers[:3]:
            if number in papers:
                console.print(f"   read: {papers[number].title}, {papers[number].citation}", markup=False)
    for note in survey.notes:
        console.print(f"note: {note}", style="yellow", markup=False)
