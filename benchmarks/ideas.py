"""How fast concepts, gaps and ideas come from a built library, and how many quotes hold.

    python benchmarks/ideas.py --library LIBRARY [--n 10] [--as-of 2018]

The baseline of the same run joins random methods and tasks of the library: the share of its pairs that the
novelty check lets pass says what a verdict of novelty is worth by itself, before any evidence.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from pathlib import Path
from typing import Any

from fallow.concepts import mine_concepts
from fallow.evidence import check_quote
from fallow.gaps import find_gaps, take_survey
from fallow.gaps.survey import Survey
from fallow.ideas import compose_ideas
from fallow.novelty import check_novelty
from fallow_index.search import Searcher
from fallow_ingest.catalog import Catalog
from fallow_ingest.dates import parse_as_of


def main() -> None:
    options = _options()
    figures: dict[str, Any] = {"library": str(options.library), "n": options.n}
    as_of = parse_as_of(options.as_of) if options.as_of else None
    with Catalog.open(options.library) as catalog, Searcher.open(options.library) as searcher:
        figures["papers"] = catalog.count(as_of=as_of)
        papers = list(catalog.papers(as_of))
        figures["concepts"], figures["concepts_s"] = _timed(lambda: len(mine_concepts(papers).concepts))
        survey, figures["survey_s"] = _timed(lambda: take_survey(catalog, as_of=as_of))
        gaps, figures["gaps_s"] = _timed(lambda: find_gaps(catalog, searcher=searcher, survey=survey))
        figures["gaps"] = len(gaps)
        ideas, figures["ideas_s"] = _timed(
            lambda: compose_ideas(catalog, searcher, n=options.n, as_of=as_of, keep=False)
        )
        figures["ideas"] = len(ideas)
        quotes = [e.quote for idea in ideas for e in idea.evidence] + [q for gap in gaps for q in gap.quotes]
        figures["quotes"] = len(quotes)
        figures["quotes_that_hold"] = sum(check_quote(catalog, quote) for quote in quotes)
        figures["random_pairs_novel"] = _random_pairs(catalog, searcher, survey, options.n, as_of)
    figures["peak_memory_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    _print(figures)
    for idea in ideas:
        print(f"  {idea.value.product:.2f} {idea.strategy:<10} {idea.title}")


def _random_pairs(
    catalog: Catalog, searcher: Searcher, survey: Survey, count: int, as_of: int | None
) -> float:
    """Share of random method-task pairs that the novelty check calls novel."""
    chance = random.Random(0)
    methods = [c for c in survey.concepts.concepts if c.kind == "method" and len(c.about) > 1]
    tasks = [c for c in survey.concepts.concepts if c.kind == "task" and len(c.about) > 1]
    if not methods or not tasks:
        return float("nan")
    passed = 0
    for _ in range(count):
        text = f"We are the first to bring {chance.choice(methods).label} to {chance.choice(tasks).label}."
        passed += check_novelty(text, searcher, catalog, as_of=as_of).outcome == "novel"
    return passed / count


def _timed(work: Any) -> tuple[Any, float]:
    started = time.perf_counter()
    result = work()
    return result, round(time.perf_counter() - started, 2)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--n", type=int, default=10)
    parser.add_argument("--as-of", default="")
    return parser.parse_args()


def _print(figures: dict[str, Any]) -> None:
    for name, value in figures.items():
        print(f"{name:<22} {value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
