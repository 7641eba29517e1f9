"""`fallow eval ...`: measure fallow on labelled data of your own."""

from __future__ import annotations

from pathlib import Path

import click

from fallow_app.cli.commands.search import MODES
from fallow_app.cli.options import json_option, library_option, print_json, screen

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
JSON_ONLY = ("interval_95", "against")
"""What of a row is too much for one line of a terminal."""


@click.group("eval")
def command() -> None:
    """Measure retrieval, limitations or novelty on labelled data of your own."""


@command.command("retrieval")
@click.option(
    "--queries", type=FILE, required=True, help="JSONL: {qid, text | docid, facet?, as_of_year?, exclude?}"
)
@click.option("--qrels", type=FILE, required=True, help="JSONL: {qid, docid, rel}")
@click.option("-k", "cutoffs", default="10,100", show_default=True, help="Cut-offs of recall and nDCG.")
@click.option("--mode", "modes", multiple=True, type=click.Choice(MODES), help="Repeatable; default hybrid.")
@click.option(
    "--judged-only", is_flag=True, help="Rank only the judged papers of each query, and give NDCG%."
)
@click.option(
    "--percent",
    type=click.IntRange(1, 100),
    default=20,
    show_default=True,
    help="Part of the judged papers that NDCG% looks at.",
)
@library_option
@json_option
def retrieval(
    queries: Path,
    qrels: Path,
    cutoffs: str,
    modes: tuple[str, ...],
    judged_only: bool,
    percent: int,
    library: Path,
    as_json: bool,
) -> None:
    """R@k, MRR, nDCG@k, MAP and latency of searching the library.

    --json adds 95% intervals of every mean and, of several modes, how each differs from the others.
    """
    from fallow.evaluation.retrieval import Protocol, evaluate_retrieval
    from fallow_index.search import Searcher
    from fallow_ingest.catalog import Catalog

    try:
        ks = tuple(sorted({int(part) for part in cutoffs.split(",")}))
    except ValueError:
        raise click.BadParameter(
            "write cut-offs as numbers with commas, like 10,100", param_hint="-k"
        ) from None
    protocol = Protocol(ks, judged_only, percent)
    with Catalog.open(library) as catalog, Searcher.open(library) as searcher:
        results = evaluate_retrieval(
            catalog, searcher, queries, qrels, protocol=protocol, modes=modes or ("hybrid",)
        )
    _show(results, as_json)


@command.command("limitations")
@click.option("--labels", type=FILE, required=True, help="JSONL: {text, prev?, next?, section?, label}")
@library_option
@json_option
def limitations(labels: Path, library: Path, as_json: bool) -> None:
    """Precision, recall, F1 and AUC of finding limitations."""
    from fallow.evaluation.limitations import evaluate_limitations
    from fallow.sentences import sentence_encoder

    _show(evaluate_limitations(labels, sentence_encoder()), as_json)


@command.command("novelty")
@click.option("--ideas", type=FILE, required=True, help="JSONL: {id, text, label?, papers?, as_of?}")
@library_option
@json_option
def novelty(ideas: Path, library: Path, as_json: bool) -> None:
    """AUC, accuracy, abstention and calibration error of novelty verdicts."""
    from fallow.evaluation.novelty import evaluate_novelty

    _show(evaluate_novelty(ideas, library), as_json)


def _show(results: object, as_json: bool) -> None:
    if as_json:
        print_json(results)
        return
    from fallow_app.cli.options import plain

    console = screen()
    document = plain(results)
    for row in document if isinstance(document, list) else [document]:
        assert isinstance(row, dict)
        figures = {name: value for name, value in row.items() if name not in JSON_ONLY}
        console.print("  ".join(f"{name} {_short(value)}" for name, value in figures.items()), markup=False)


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_short(item)}" for name, item in value.items())
    return str(value)
