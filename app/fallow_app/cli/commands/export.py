"""`fallow export FORMAT`: the library, or part of it, for other tools."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from fallow_app.cli.options import as_of_option, json_option, library_option, print_json


@click.command("export")
@click.argument("format_name", metavar="FORMAT")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write (default: stdout)."
)
@click.option("--topic", type=int, help="Only the papers of one topic (numbers: fallow map).")
@as_of_option
@library_option
@json_option
def command(
    format_name: str, out: Path | None, topic: int | None, as_of: int | None, library: Path, as_json: bool
) -> None:
    """Write papers as bibtex, ris, csv, graphml or jsonl."""
    from fallow.exports import EXPORTS
    from fallow_ingest.catalog import Catalog

    if as_json and out is None:
        raise click.UsageError(
            "--json prints an account on stdout: name the file for the papers with --out FILE."
        )
    export = EXPORTS.create(format_name)
    with Catalog.open(library) as catalog:
        papers = catalog.papers(as_of)
        if topic is not None:
            from fallow_app.questions import built_topics

            members = set(built_topics(catalog).papers(topic))
            papers = (paper for paper in papers if paper.number in members)
        if out is None:
            export.write(papers, catalog, sys.stdout)
            return
        part = out.with_name(out.name + ".part")
        with part.open("w", encoding="utf-8", newline="") as stream:
            count = export.write(papers, catalog, stream)
        part.replace(out)
    if as_json:
        print_json({"format": format_name, "file": out, "papers": count})
    else:
        click.echo(f"{count:,} papers written to {out}", err=True)
