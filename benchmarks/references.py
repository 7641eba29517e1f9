"""How well printed reference lists are read and found in the library.

Splitting: entries of the PDFs in fixtures/s2orc_grobid_latex against the bibliographies recorded beside
them, and of any folder of PDFs against a truth file of your own (--pdfs, --truth: a JSON object, file stem ->
list of entries as printed). An entry is right when its token F1 with one of the truth is .9 or more; each
counts once. Baseline in the same run: PyMuPDF's plain text behind the word "References", cut where a line
begins like an author or a number after a full stop.
Finding: the references of ../shared/data/pdfs resolved to the core corpus, against its citations (incomplete:
what is resolved beyond them is written to --beyond FILE for judging by hand). Baseline: titles equal when
folded and years within one. Milliseconds a reference are CPU of the whole ingest step.

    python benchmarks/references.py [--data ../shared/data] [--pdfs DIR --truth FILE] [--beyond FILE]
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pymupdf

from fallow_ingest.catalog import Catalog
from fallow_ingest.records import Paper, Reference
from fallow_ingest.sources import Read
from fallow_ingest.sources.pdf import PdfSource
from fallow_ingest.text.normalise import fold

GOOD_F1 = 0.9


def token_f1(found: Counter[str], wanted: Counter[str]) -> float:
    common = sum((found & wanted).values())
    return 2 * common / (sum(found.values()) + sum(wanted.values())) if common else 0.0


def tokens(entry: str) -> Counter[str]:
    entry = re.sub(r"^\s*(?:\[[^\]]{1,60}\]|\(\d+\)|\d+\.)\s*", "", entry)
    return Counter(fold(re.sub(r"(?<=\w)-\s", "", entry)).split())


def matched(found: Sequence[str], wanted: Sequence[str]) -> int:
    """How many entries of `wanted` have one of their own in `found`."""
    left = [tokens(entry) for entry in found]
    count = 0
    for entry in map(tokens, wanted):
        best = max(range(len(left)), key=lambda i: token_f1(left[i], entry), default=None)
        if best is not None and token_f1(left[best], entry) >= GOOD_F1:
            count += 1
            del left[best]
    return count


def plain_split(path: Path) -> list[str]:
    """The baseline."""
    with pymupdf.open(path) as document:  # type: ignore[no-untyped-call]
        text = "\n".join(page.get_text() for page in document)
    parts = re.split(r"\n\s*(?:references|bibliography)\s*\n", text, flags=re.IGNORECASE)
    lines = parts[-1].splitlines() if len(parts) > 1 else []
    entries: list[str] = []
    for last, line in zip([".", *lines], lines, strict=False):
        begins = re.match(r"\[\d+\]|[A-Z][\w.’-]*,? [A-Z]", line) and last.rstrip().endswith(".")
        if begins or not entries:
            entries.append("")
        entries[-1] += f" {line}"
    return [entry for entry in entries if len(entry) > 25]


def papers_of(folder: Path) -> dict[str, Paper]:
    return {
        str(o.paper.extra["file"]).removesuffix(".pdf"): o.paper
        for o in PdfSource().read(folder)
        if isinstance(o, Read)
    }


def split_figures(folder: Path, truth: dict[str, list[str]]) -> dict[str, Any]:
    papers = papers_of(folder)
    counts: Counter[str] = Counter()
    for stem, wanted in truth.items():
        found = [r.text for r in papers[stem].references] if stem in papers else []
        simple = plain_split(folder / f"{stem}.pdf")
        counts["wanted"] += len(wanted)
        counts["found"] += len(found)
        counts["right"] += matched(found, wanted)
        counts["simple"] += len(simple)
        counts["simple right"] += matched(simple, wanted)
    return {
        "lists": len(truth),
        "entries": counts["wanted"],
        "split_f1": 2 * counts["right"] / max(1, counts["wanted"] + counts["found"]),
        "split_f1_baseline": 2 * counts["simple right"] / max(1, counts["wanted"] + counts["simple"]),
    }


def recorded(folder: Path) -> dict[str, list[str]]:
    truth: dict[str, list[str]] = {}
    for path in sorted(folder.glob("pdf__*.json")):
        entries = json.loads(path.read_text())["pdf_parse"]["bib_entries"].values()
        truth[path.stem] = [e["raw_text"] for e in entries if e.get("raw_text")]
    return truth


def core_papers(data: Path) -> Iterator[Paper]:
    with gzip.open(data / "core/papers.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            p = json.loads(line)
            ids = {"arxiv": p["arxiv_id"]} if p["arxiv_id"] else {}
            yield Paper(p["id"], p["title"], "", tuple(p["authors"]), year=p["year"], ids=ids)


def resolve_figures(data: Path, beyond: Path | None) -> dict[str, Any]:
    known: dict[str, set[str]] = {}
    with gzip.open(data / "core/citations.tsv.gz", "rt", encoding="utf-8") as file:
        next(file)
        for line in file:
            citing, cited, _ = line.split("\t")
            known.setdefault(citing, set()).add(cited)
    papers = papers_of(data / "pdfs")
    counts: Counter[str] = Counter()
    extra: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory() as folder, Catalog.open(Path(folder), create=True) as catalog:
        catalog.add(core_papers(data), "core")
        titles: dict[str, list[tuple[int, int | None]]] = {}
        for stored in catalog.papers():
            titles.setdefault(fold(stored.title).replace(" ", ""), []).append((stored.number, stored.year))
        started = time.process_time()
        catalog.add(papers.values(), "pdf")
        seconds = time.process_time() - started
        for stem, paper in papers.items():
            number = catalog.number_of(paper.key)
            assert number is not None
            wanted = known.get(catalog.paper(number).key, set())
            found = {catalog.paper(n).key for n in catalog.references_of(number)}
            simple = {catalog.paper(n).key for n in equal_titles(paper.references, titles)}
            counts["references"] += len(paper.references)
            counts["contexts"] += sum(bool(r.contexts) for r in paper.references)
            counts["wanted"] += len(wanted)
            counts["found"] += len(found)
            counts["known"] += len(found & wanted)
            counts["simple known"] += len(simple & wanted)
            extra += [{"citing": stem, "cited": catalog.find(key).title} for key in sorted(found - wanted)]
    if beyond is not None:
        beyond.write_text(json.dumps(extra, indent=1, ensure_ascii=False))
    return {
        "references": counts["references"],
        "cited_in_text": counts["contexts"] / counts["references"],
        "resolved": counts["found"],
        "resolved_beyond_core_citations": len(extra),
        "recall_of_core_citations": counts["known"] / counts["wanted"],
        "recall_baseline": counts["simple known"] / counts["wanted"],
        "ms_per_reference": 1000 * seconds / counts["references"],
    }


def equal_titles(
    references: Sequence[Reference], titles: dict[str, list[tuple[int, int | None]]]
) -> Iterator[int]:
    for reference in references:
        for number, year in titles.get(fold(reference.title).replace(" ", ""), []):
            if reference.year is None or year is None or abs(reference.year - year) <= 1:
                yield number
                break


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared/data")
    parser.add_argument("--pdfs", type=Path, help="a folder of PDFs to split")
    parser.add_argument("--truth", type=Path, help="their entries as printed: JSON, stem -> list")
    parser.add_argument("--beyond", type=Path, help="where to write what core's citations do not list")
    options = parser.parse_args()
    fixtures = options.data / "fixtures/s2orc_grobid_latex"
    figures = {"recorded": split_figures(fixtures, recorded(fixtures))}
    if options.pdfs and options.truth:
        figures["own truth"] = split_figures(options.pdfs, json.loads(options.truth.read_text()))
    figures["core"] = resolve_figures(options.data, options.beyond)
    for part, values in figures.items():
        print(part)
        for name, value in values.items():
            print(f"  {name:32} {value:.3f}" if isinstance(value, float) else f"  {name:32} {value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
