"""`fallow`: the commands by name; `--help` imports none of them."""

from __future__ import annotations

import importlib
import sys

import click

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "The whole line on the sample library: offline, no key."),
    "doctor": ("doctor", "What works here, what is missing, and the command that mends it."),
    "ingest": ("ingest", "Bring papers into the library, from files or from services."),
    "build": ("build", "Encode what is new; refresh index, topics, statements and needs."),
    "search": ("search", "Find papers by meaning and by words."),
    "map": ("map", "Directions and subfields of the library."),
    "niches": ("niches", "Cold, important corners of hot directions."),
    "limitations": ("limitations", "What authors admit and reviewers miss, and the needs that recur."),
    "gaps": ("gaps", "Every kind of gap that the evidence supports."),
    "ideas": ("ideas", "Ideas composed from gaps, each checked for novelty."),
    "idea": ("idea", "Show, drop or export one idea."),
    "novelty": ("novelty", "Check a text, file or idea claim by claim. Exit code 3: not novel; 4: unsure."),
    "report": ("report", "Write one self-contained HTML report."),
    "app": ("explorer", "Open the explorer in a browser."),
    "eval": ("evaluate", "Measure retrieval, limitations or novelty on labelled data of your own."),
    "export": ("export", "Write papers as bibtex, ris, csv, graphml or jsonl."),
}
"""Command -> (module of fallow_app.cli.commands, help line)."""


class _LazyCommands(click.Group):
    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"fallow_app.cli.commands.{COMMANDS[name][0]}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"choose one of: {', '.join(COMMANDS)}."
            context.fail(f"There is no command '{args[0]}'; {hint}")
        return super().resolve_command(context, args)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])
        with formatter.section("Try first"):
            formatter.write_text("fallow demo")


@click.group(cls=_LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fallow", message="fallow %(version)s")
def fallow() -> None:
    """Fertile ground that nobody is working: read a field, find its cold but important corners, check ideas.

    Every command takes --library DIR (default ./library, or FALLOW_LIBRARY) and --json.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; errors are one sentence on stderr and exit code 1.

    arguments: those of sys.argv when None.
    """
    from fallow_ingest.errors import FallowError

    try:
        outcome = fallow.main(arguments, prog_name="fallow", standalone_mode=False)
        # Without standalone mode click returns the code of an Exit instead of raising it.
        sys.exit(outcome if isinstance(outcome, int) else 0)
    except FallowError as error:
        click.echo(f"fallow: {error}", err=True)
        sys.exit(1)
    except click.exceptions.Abort:
        click.echo("\nfallow: stopped; what was stored is safe, run the command again to go on.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output (head, less) has left: nothing more to say.
        sys.stderr.close()
        sys.exit(0)
