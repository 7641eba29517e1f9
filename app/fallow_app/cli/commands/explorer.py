"""`fallow app`: the explorer in a browser."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

from fallow_app.cli.options import json_option, library_option, print_json


@click.command("app")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option("--no-browser", is_flag=True, help="Only serve; open no browser window.")
@library_option
@json_option
def command(port: int, no_browser: bool, library: Path, as_json: bool) -> None:
    """Serve the explorer on this machine only, until Ctrl-C."""
    from fallow_ingest.catalog import Catalog

    Catalog.open(library).close()
    entry = Path(__file__).parents[2] / "explorer" / "entry.py"
    options = {
        "server.port": str(port),
        "server.address": "localhost",
        "server.headless": str(no_browser).lower(),
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "theme.primaryColor": "#2f6f8f",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    address = f"http://localhost:{port}"
    if as_json:
        print_json({"address": address, "library": library})
    else:
        click.echo(f"Explorer of {library}: {address}  (Ctrl-C ends it)", err=True)
    arguments = [sys.executable, "-m", "streamlit", "run", str(entry), *flags, "--", str(library.resolve())]
    try:
        raise click.exceptions.Exit(subprocess.run(arguments, env=os.environ, check=False).returncode)
    except KeyboardInterrupt:
        raise click.exceptions.Exit(0) from None
