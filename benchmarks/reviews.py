"""What is made of real reviews: how much is kept, of what kind, how fast, against two plain ways to do it.

    python benchmarks/reviews.py --data ../shared/data/neurips [--papers N] [--sample 100 --seed 1]

The reviews of NeurIPS 2023 and 2024 go into a library as records of OpenReview (paper, review parts, their
dates), and are mined as `fallow build` does. Baselines over the same reviews: every sentence of the field
"weaknesses", and the rules that read authors' limitation sections, applied to reviews as they are. Every
statement's place is checked. --sample prints statements drawn at random from the papers that training kept
back, to be read: docs/limitations.md says how many were right. --way picks whose.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "training" / "statements"))
from reviews import fold_of, reviews

from fallow.evidence import check_quote
from fallow.sentences import sentence_encoder
from fallow.statements import mine_statements, statements_of
from fallow.statements.boilerplate import is_boilerplate, is_prose
from fallow.statements.classifier import load_classifier
from fallow.statements.cues import prepare
from fallow.statements.features import Sample
from fallow.statements.miner import classify
from fallow.statements.reading import Candidate, statements_among
from fallow.statements.reviews import READ
from fallow_ingest.catalog import Catalog, StoredReview
from fallow_ingest.records import Paper, Review
from fallow_ingest.text.sentences import split_sentences

WAYS = ("fallow", "authors' rules", "every sentence of weaknesses")


def papers_of(path: Path, most: int | None) -> Iterator[Paper]:
    """Papers with their reviews, as the service `openreview` hands them on."""
    by_paper: dict[str, list[dict[str, object]]] = {}
    for review in reviews(path):
        by_paper.setdefault(str(review["paper_id"]), []).append(review)
    for key, said in list(by_paper.items())[:most]:
        year = int(str(said[0]["year"]))
        parts = tuple(
            Review(f"{key}-{number}", part, text, f"Reviewer_{number}", f"{year}-11-15")
            for number, review in enumerate(said)
            for part, text in dict(review["parts"]).items()  # type: ignore[call-overload]
            if text
        )
        yield Paper(f"openreview:{key}", f"Submission {key}", year=year, date=f"{year}-10-30", reviews=parts)


def by_authors_rules(parts: list[StoredReview]) -> list[tuple[StoredReview, str]]:
    """What the rules for limitation sections find in reviews."""
    classifier, encoder = load_classifier(), sentence_encoder()
    candidates: list[Candidate] = []
    for part in parts:
        spans = split_sentences(part.text)
        for at, (start, end) in enumerate(spans):
            prepared = prepare(part.text[start:end])
            if not is_prose(prepared) or is_boilerplate(prepared):
                continue
            before = part.text[slice(*spans[at - 1])] if at else ""
            after = part.text[slice(*spans[at + 1])] if at + 1 < len(spans) else ""
            sample = Sample(part.text[start:end], before, after, "limitations")
            candidates.append(Candidate(sample, part.number, start, end, False))
    probabilities = classify(candidates, encoder, classifier)
    kept = statements_among(candidates, probabilities, classifier)
    by_number = {part.number: part for part in parts}
    return [(by_number[found.section], found.text) for found in kept if found.section is not None]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/neurips"))
    parser.add_argument("--papers", type=int, help="only so many papers")
    parser.add_argument("--library", type=Path, help="keep the library here")
    parser.add_argument("--sample", type=int, default=0, help="print so many statements to read")
    parser.add_argument("--way", choices=WAYS, default="fallow", help="whose statements to print")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.library or Path(scratch) / "library"
        with Catalog.open(folder, create=True) as catalog:
            catalog.add(papers_of(options.data / "reviews.dev.jsonl.gz", options.papers), "openreview")
            measure(catalog, options)


def measure(catalog: Catalog, options: argparse.Namespace) -> None:
    """Mine, count, compare, and print what was asked for."""
    papers = list(catalog.papers())
    parts = [part for paper in papers for part in catalog.reviews(paper.number) if part.part in READ]
    started = time.perf_counter()
    mined = mine_statements(catalog, sentence_encoder())
    seconds = time.perf_counter() - started
    found = statements_of(catalog)
    wrong = sum(not check_quote(catalog, statement.quote) for statement in found)
    texts = {part.number: part for part in parts}
    said = {
        "fallow": [(texts[s.review], s.text) for s in found if s.review is not None],
        "authors' rules": by_authors_rules(parts),
        "every sentence of weaknesses": [
            (part, part.text[start:end])
            for part in parts
            if part.part == "weaknesses"
            for start, end in split_sentences(part.text)
        ],
    }
    count = len({(part.paper, part.key) for part in parts})
    print(f"{len(papers):,} papers, {count:,} reviews; {mined.sentences:,} sentences of them worth a look")
    print(f"{'way':32}{'kept':>8}{'a review':>10}{'papers with any':>17}{'median words':>14}")
    for way, kept in said.items():
        lengths = sorted(len(text.split()) for _, text in kept)
        reached = len({part.paper for part, _ in kept})
        print(
            f"{way:32}{len(kept):>8,}{len(kept) / count:>10.2f}{reached:>17,}{lengths[len(lengths) // 2]:>14}"
        )
    kinds = Counter(statement.kind for statement in found)
    print(f"kinds: {dict(kinds)}; places that do not hold: {wrong}; {seconds:.1f} s")
    if options.sample:
        kept_back = {p.number for p in papers if not fold_of(p.key.removeprefix("openreview:"))}
        options_of = [(part, text) for part, text in said[options.way] if part.paper in kept_back]
        for rank, (part, text) in enumerate(
            random.Random(options.seed).sample(options_of, options.sample), 1
        ):
            print(f"{rank:>4} {part.part:12} {' '.join(text.split())[:400]}")
    print(json.dumps({way: len(kept) for way, kept in said.items()} | dict(kinds) | {"wrong": wrong}))


if __name__ == "__main__":
    main()
