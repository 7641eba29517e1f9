"""`fallow doctor`: what works here, what is missing, and the command that mends it."""

from __future__ import annotations

from pathlib import Path

import click

from fallow_app.cli.options import json_option, library_option, print_json, screen


@click.command("doctor")
@library_option
@json_option
def command(library: Path, as_json: bool) -> None:
    """Check interpreter, weights, optional parts and library; exit code 1 when something needed is broken."""
    from fallow_app.doctor import examine

    findings = examine(library)
    if as_json:
        print_json({"findings": findings})
    else:
        from rich.markup import escape
        from rich.table import Table

        table = Table(box=None, pad_edge=False)
        for header in ("", "what", "found", "to mend it"):
            table.add_column(header, overflow="fold")
        marks = {"ok": "[green]ok[/green]", "missing": "[yellow]--[/yellow]", "broken": "[red]!![/red]"}
        for finding in findings:
            table.add_row(
                marks[finding.state], escape(finding.what), escape(finding.found), escape(finding.remedy)
            )
        screen().print(table)
    if any(finding.state == "broken" for finding in findings):
        raise click.exceptions.Exit(1)
