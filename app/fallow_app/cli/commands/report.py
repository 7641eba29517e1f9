"""`fallow report`: one self-contained HTML file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from fallow_app.cli.options import Since, json_option, library_option, print_json


@click.command("report")
@click.option("--since", type=Since(), metavar="DATE", help="Tell what became public from that day on.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write.")
@library_option
@json_option
def command(since: int | None, out: Path | None, library: Path, as_json: bool) -> None:
    """Write the report: map, niches, needs, ideas, what is new, and what was read."""
    from fallow_app.reports import gather, write_report
    from fallow_ingest.catalog import Catalog

    with Catalog.open(library) as catalog:
        content = gather(catalog, since=since)
    file = out or library / "reports" / f"report-{datetime.now(UTC):%Y-%m-%d}.html"
    write_report(content, file)
    if as_json:
        print_json(
            {
                "file": file,
                "papers": content.health.papers,
                "niches": len(content.niches),
                "needs": len(content.needs),
                "ideas": len(content.ideas),
            }
        )
    else:
        click.echo(f"Report written: {file}")
