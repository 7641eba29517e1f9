"""Options that commands share, and how their answers reach the screen or a script."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from fallow_ingest.progress import ReportProgress

Command = TypeVar("Command", bound=Callable[..., Any])


def library_option(command: Command) -> Command:
    """--library DIR: where the library is."""
    return click.option(
        "--library",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("library"),
        envvar="FALLOW_LIBRARY",
        show_default="./library",
        help="Folder of the library.",
    )(command)


def json_option(command: Command) -> Command:
    """--json: one JSON document on stdout, everything else on stderr."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")(command)


def engine_option(command: Command) -> Command:
    """--engine NAME: which engine keeps and searches the vectors."""
    return click.option(
        "--engine",
        "engine_name",
        default="",
        metavar="NAME",
        help="Where vectors are kept and searched (fallow doctor lists them); default: as last built.",
    )(command)


def as_of_option(command: Command) -> Command:
    """--as-of DATE: only what was public then takes part."""
    return click.option(
        "--as-of",
        "as_of",
        metavar="DATE",
        type=AsOf(),
        default=None,
        help="Only what was public by then: 2019, 2019-05 or 2019-05-07.",
    )(command)


class AsOf(click.ParamType["int"]):
    """A date as the library compares it: yyyymmdd."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> int:
        """The last day that the text covers."""
        from fallow_ingest.dates import parse_as_of
        from fallow_ingest.errors import BadInput

        if isinstance(value, int):
            return value
        try:
            return parse_as_of(value)
        except BadInput as error:
            self.fail(str(error), param, context)


class Since(click.ParamType["int"]):
    """The first day that a date names, yyyymmdd."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> int:
        """The first day that the text covers."""
        from fallow_ingest.dates import parse_since
        from fallow_ingest.errors import BadInput

        if isinstance(value, int):
            return value
        try:
            return parse_since(value)
        except BadInput as error:
            self.fail(str(error), param, context)


def plain(value: object) -> object:
    """A JSON-ready copy of dataclasses, tuples, sets and arrays."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(str(item) for item in value)
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item") and hasattr(value, "dtype"):
        return value.item()
    return value


def print_json(document: object) -> None:
    """Print one JSON document on stdout."""
    import orjson

    text = orjson.dumps(plain(document), option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)
    sys.stdout.write(text.decode())
    sys.stdout.write("\n")


def screen() -> Console:
    """The console that answers are printed on."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


@contextmanager
def progress_on_stderr() -> Iterator[ReportProgress]:
    """A report that draws progress bars on stderr when a person watches, and nothing otherwise."""
    if not sys.stderr.isatty():
        yield _tell_stages()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total or None)
            bars.update(tasks[stage], completed=done, total=total or None)

        yield report


def _tell_stages() -> ReportProgress:
    """Without a terminal: one line a stage, so that a log shows where a long run is."""
    told: set[str] = set()

    def report(stage: str, _done: int, _total: int) -> None:
        if stage not in told:
            told.add(stage)
            sys.stderr.write(f"{stage} ...\n")
            sys.stderr.flush()

    return report
