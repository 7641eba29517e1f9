"""How well PDFs are read: titles, abstracts, telling sections, pages a second, on ../shared/data/pdfs.

Truth: titles of MANIFEST.json (PMLR) and of the core corpus or the Anthology's XML (ACL); abstracts of the
core corpus and, for what it lacks, of fulltext/acl.jsonl.gz; sections as headed in fulltext/*.jsonl.gz.
Baseline in the same run: the first line of PyMuPDF's plain text as title, the text between the words
"Abstract" and "Introduction" as abstract.

With --mutations N: N spoilt copies of the PDFs (cut, bytes flipped, objects removed or exchanged, tables of
cross references broken, streams exchanged, deep and cyclic page trees, huge page counts, bombs), each read or
skipped with its reason; a crash of the reader's process is counted, one of ours ends the run.

    python benchmarks/pdfs.py [--data ../shared/data] [--show] [--mutations 1000] [--seed 0]
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymupdf

from fallow_ingest.records import Paper
from fallow_ingest.sources import Read
from fallow_ingest.sources.acl import AclSource
from fallow_ingest.sources.fields import Notes
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.sources.pdf import PdfSource, paper_of
from fallow_ingest.sources.pdf_reader import PdfReader
from fallow_ingest.text.normalise import fold
from fallow_ingest.text.sections import section_kind

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/ingest"))
from mutated_pdfs import mutated

TELLING = ("limitations", "conclusion", "discussion", "future_work")
GOOD_F1 = 0.9


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def truth(data: Path) -> dict[str, dict[str, Any]]:
    manifest = json.loads((data / "pdfs/MANIFEST.json").read_text())
    known: dict[str, dict[str, Any]] = {}
    for entry in manifest:
        stem = Path(entry["file"]).stem
        known[stem] = {
            "title": entry.get("title"),
            "abstract": "",
            "telling": set(),
            "year": entry.get("year"),
        }
    for paper in lines_of(data / "core/papers.jsonl.gz"):
        stem = paper["id"].split(":", 1)[-1]
        if stem in known:
            known[stem] |= {"title": paper["title"], "abstract": paper["abstract"], "year": paper["year"]}
    for paper in lines_of(data / "fulltext/acl.jsonl.gz"):
        if paper["acl_id"] in known:
            entry = known[paper["acl_id"]]
            entry["abstract"] = entry["abstract"] or paper["abstract"] or ""
            entry["abstract"] = re.sub("\u00ad ?", "", entry["abstract"]).removeprefix("None")
            entry["telling"] = {section_kind(s["heading"]) for s in paper["sections"]} & set(TELLING)
    if any(not entry["title"] for entry in known.values()):
        for outcome in AclSource().read(data / "acl/anthology_xml.tar.gz"):
            if isinstance(outcome, Read) and (stem := outcome.paper.ids["acl"]) in known:
                known[stem]["title"] = known[stem]["title"] or outcome.paper.title
    return known


def token_f1(found: str, wanted: str) -> float:
    one, two = Counter(fold(found).split()), Counter(fold(wanted).split())
    common = sum((one & two).values())
    return 2 * common / (sum(one.values()) + sum(two.values())) if common else 0.0


def same_title(found: str, wanted: str) -> bool:
    return fold(found).replace(" ", "") == fold(wanted).replace(" ", "")


def baseline(path: Path) -> tuple[str, str]:
    with pymupdf.open(path) as document:  # type: ignore[no-untyped-call]
        text = "\n".join(page.get_text() for page in document.pages(0, min(2, document.page_count)))
    title = next((line for line in text.splitlines() if len(line) > 10), "")
    found = re.search(r"abstract(.*?)\n[\s\d.I]*introduction", text, re.IGNORECASE | re.DOTALL)
    return title, found[1] if found else ""


def _cpu_seconds() -> float:
    """Of this process and of those it has ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def measure(data: Path, show: bool) -> dict[str, Any]:
    known = truth(data)
    started, cpu = time.perf_counter(), _cpu_seconds()
    outcomes = list(PdfSource().read(data / "pdfs"))
    seconds = time.perf_counter() - started
    cpu = _cpu_seconds() - cpu
    papers: dict[str, Paper] = {
        str(o.paper.extra["file"]).removesuffix(".pdf"): o.paper for o in outcomes if isinstance(o, Read)
    }
    counts: Counter[str] = Counter()
    for stem, wanted in sorted(known.items()):
        paper = papers.get(stem)
        simple_title, simple_abstract = baseline(data / "pdfs" / f"{stem}.pdf")
        kinds = {section.kind for section in paper.sections} if paper else set()
        f1 = token_f1(paper.abstract, wanted["abstract"]) if paper else 0.0
        counts["title"] += bool(paper and same_title(paper.title, wanted["title"]))
        counts["title baseline"] += same_title(simple_title, wanted["title"])
        counts["year"] += bool(paper and wanted["year"] and paper.year == wanted["year"])
        counts["with year"] += wanted["year"] is not None
        if wanted["abstract"]:
            counts["with abstract"] += 1
            counts["abstract"] += f1 >= GOOD_F1
            counts["abstract baseline"] += token_f1(simple_abstract, wanted["abstract"]) >= GOOD_F1
        if wanted["telling"]:
            counts["with telling"] += 1
            counts["telling"] += bool(kinds & wanted["telling"])
        counts["any telling"] += bool(kinds & set(TELLING))
        counts["with references"] += bool(paper and len(paper.references) >= 5)
        counts["references"] += len(paper.references) if paper else 0
        counts["references with title"] += sum(bool(r.title) for r in paper.references) if paper else 0
        counts["with authors"] += bool(paper and paper.authors)
        if show and paper:
            right = same_title(paper.title, wanted["title"])
            print(f"{stem:40} title {'ok' if right else paper.title!r} abstract {f1:.2f} {paper.year}")
            print(f"{'':8}{len(paper.references)} references, {[s.heading[:28] for s in paper.sections]}")
            print(f"{'':8}{paper.authors} {dict(paper.ids)}")
    pages = sum(int(str(p.extra["pages"])) for p in papers.values())
    return {
        "files": len(known),
        "read": len(papers),
        "title_exact": counts["title"] / len(known),
        "title_exact_baseline": counts["title baseline"] / len(known),
        "abstract_found": counts["abstract"] / counts["with abstract"],
        "abstract_found_baseline": counts["abstract baseline"] / counts["with abstract"],
        "telling_section_found_acl": counts["telling"] / counts["with telling"],
        "telling_section_any": counts["any telling"] / len(known),
        "year_right": counts["year"] / counts["with year"],
        "with_references": counts["with references"] / len(known),
        "references_with_title": counts["references with title"] / max(1, counts["references"]),
        "with_authors": counts["with authors"] / len(known),
        "pages": pages,
        "pages_per_second": pages / seconds,
        "pages_per_cpu_second": pages / cpu,
    }


def measure_mutations(data: Path, count: int, seed: int) -> dict[str, Any]:
    whole = [path.read_bytes() for path in sorted((data / "pdfs").glob("*.pdf"))]
    reasons: Counter[str] = Counter()
    ways: dict[str, Counter[str]] = {}
    slowest = (0.0, "")
    with tempfile.TemporaryDirectory() as folder, PdfReader() as reader:
        path = Path(folder) / "mutated.pdf"
        for number in range(seed, seed + count):
            name, content = mutated(whole, number)
            path.write_bytes(content)
            started = time.perf_counter()
            printed = reader.read(path)
            outcome = printed if isinstance(printed, Unreadable) else paper_of(printed, path, Notes())
            slowest = max(slowest, (time.perf_counter() - started, f"{number}: {name}"))
            reason = outcome.reason if isinstance(outcome, Unreadable) else "read"
            died = isinstance(outcome, Unreadable) and outcome.detail == "the reader died of it"
            reasons["the reader's process died" if died else reason] += 1
            ways.setdefault(name.split(" + ")[0], Counter())[reason] += 1
    return {
        "mutations": count,
        "outcomes": dict(reasons.most_common()),
        "by_mutation": {name: dict(outcomes.most_common(3)) for name, outcomes in sorted(ways.items())},
        "slowest_seconds": slowest[0],
        "slowest": slowest[1],
        "peak_mib_of_readers": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared/data")
    parser.add_argument("--show", action="store_true", help="print what was read of each file")
    parser.add_argument("--mutations", type=int, default=0, help="read so many spoilt PDFs instead")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.mutations:
        figures = measure_mutations(options.data, options.mutations, options.seed)
    else:
        figures = measure(options.data, options.show)
    for name, value in figures.items():
        print(f"{name:28} {value:.3f}" if isinstance(value, float) else f"{name:28} {value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
