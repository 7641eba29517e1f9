"""The whole line on the sample library: read, build, compose, report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fallow.build import BuildAccount, build_library
from fallow.ideas import compose_ideas
from fallow_app.reports import ReportContent, gather, write_report
from fallow_index.search import Searcher
from fallow_ingest.catalog import Catalog
from fallow_ingest.ingest import IngestAccount, ingest
from fallow_ingest.progress import ReportProgress, ignore_progress

IDEAS = 10


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo read and made."""

    read: IngestAccount
    built: BuildAccount
    content: ReportContent
    report_file: Path


def run_demo(library: Path, *, report: ReportProgress = ignore_progress) -> Demo:
    """Run every station on the sample library in `library`; a second run only does what is new."""
    with Catalog.open(library, create=True) as catalog:
        read = ingest(catalog, "sample", None, report=report)
        built = build_library(catalog, report=report)
        with Searcher.open(library) as searcher:
            compose_ideas(catalog, searcher, n=IDEAS, report=report)
        report("writing the report", 0, 0)
        content = gather(catalog)
    file = library / "reports" / f"demo-{datetime.now(UTC):%Y-%m-%d}.html"
    return Demo(read, built, content, write_report(content, file))
