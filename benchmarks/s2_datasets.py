"""How fast lines of Semantic Scholar's data sets are gone through, of which few are of chosen papers.

    python benchmarks/s2_datasets.py [--lines 200000] [--kept 0.016]

Invented lines of the shapes and lengths of the real ones, gzip. "looked at": a line is parsed only when its
bytes can be of a chosen paper; "parsed": the baseline, which parses every line with orjson and then chooses.
Seconds of CPU of one process, reading and unpacking included. The data set "papers" has 200 million lines,
"citations" 2,400 million.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from protocols.s2_datasets import citation, paper

from fallow_ingest.services import Selection
from fallow_ingest.services.semantic_scholar.choice import choice_of
from fallow_ingest.services.semantic_scholar.loading import Loading
from fallow_ingest.services.semantic_scholar.releases import Step
from fallow_ingest.services.semantic_scholar.shelf import Shelf
from fallow_ingest.sources import ignore_bytes
from fallow_ingest.sources.lines import read_lines

TITLE = "A study of toys, their number being {}, and of what they do all day long"
SENTENCES = (
    "As others have seen, toys idle when nobody plays with them [{}].",
    "We play with the toys of [{}].",
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--kept", type=float, default=0.016, help="share of papers with an arXiv id")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, options.lines, options.kept)
        choice = choice_of(Selection(query="arxiv", categories=("Computer Science",)))
        shelf = Shelf(folder / "shelf.sqlite")
        print(f"{'data set':12}{'way':12}{'lines/s':>12}{'items':>10}")
        for data_set in ("papers", "citations"):
            for way, kind in (("looked at", Loading), ("parsed", Parsing)):
                loading = kind(shelf, choice, data_set, "2030-01-01", 0)
                begun = time.process_time()
                items = gone_through(folder / data_set, loading, shelf)
                speed = options.lines / (time.process_time() - begun)
                print(f"{data_set:12}{way:12}{speed:>12,.0f}{items:>10,}")
        shelf.close()


def write(folder: Path, lines: int, kept: float) -> None:
    chance = random.Random(1)
    with gzip.open(folder / "papers", "wb", 1) as file:
        for number in range(1, lines + 1):
            arxiv = f"20{number % 12 + 1:02d}.{number % 100_000:05d}" if chance.random() < kept else None
            record = paper(number, TITLE.format(number), "Computer Science", arxiv=arxiv)
            file.write(json.dumps(record, separators=(",", ":")).encode() + b"\n")
    with gzip.open(folder / "citations", "wb", 1) as file:
        for number in range(1, lines + 1):
            sentences = [text.format(number) for text in SENTENCES]
            citing, cited = chance.randint(1, lines), chance.randint(1, lines)
            record = citation(number, citing, cited, *sentences)
            file.write(json.dumps(record, separators=(",", ":")).encode() + b"\n")


class Parsing(Loading):
    """The baseline: every line is parsed."""

    def _passes(self, step: Step, content: bytes) -> bool:
        orjson.loads(content)
        return super()._passes(step, content)


def gone_through(path: Path, loading: Loading, shelf: Shelf) -> int:
    step = Step(path.name, "2030-01-01", "load", "0", "")
    items = 0
    for line in read_lines(path, ignore_bytes):
        loading.take(step, line)
        if len(loading.items) >= 2_000:
            items += len(loading.items)
            loading.items = []
            shelf.commit()
    shelf.commit()
    return items + len(loading.items)


if __name__ == "__main__":
    main()
