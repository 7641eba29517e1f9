"""A report's content as HTML: escaped, self-contained, readable on a phone."""

from __future__ import annotations

import math
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fallow.evidence import MARKS
from fallow_app.quotes import OUR_SUMMARY
from fallow_app.reports.charts import map_chart, svg, years_chart
from fallow_app.reports.content import ReportContent
from fallow_ingest.catalog import StoredPaper
from fallow_ingest.dates import day_text


def render_report(content: ReportContent) -> str:
    """The whole HTML document."""
    environment = Environment(
        loader=PackageLoader("fallow_app.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(our_summary=OUR_SUMMARY, marks=MARKS, link=paper_link)
    environment.filters.update(bar=_bar, day=day_text, words=_words)
    charts = {
        "map": Markup(svg(map_chart(content.tree, content.niche_scores))) if content.tree.topics else "",
        "years": Markup(svg(years_chart(content.years))) if content.years else "",
    }
    return environment.get_template("report.html.j2").render(content=content, charts=charts)


def write_report(content: ReportContent, file: Path) -> Path:
    """Write the report; a reader never sees half a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    part.write_text(render_report(content), encoding="utf-8")
    part.replace(file)
    return file


def paper_link(paper: StoredPaper) -> str:
    """Where a paper can be read: its own page where an id tells, else its url when that is one of the web."""
    ids = paper.ids
    if "arxiv" in ids:
        return f"https://arxiv.org/abs/{ids['arxiv']}"
    if "acl" in ids:
        return f"https://aclanthology.org/{ids['acl']}"
    if "doi" in ids:
        return f"https://doi.org/{ids['doi']}"
    return paper.url if paper.url.startswith(("https://", "http://")) else ""


def _bar(value: float, ratio: bool, end: bool = False) -> str:
    """Where a value lies on its bar: 0 to 1, or a ratio from a quarter to four times on a log scale."""
    if ratio:
        value = 0.5 + math.log2(max(value, 1e-6)) / 4
    place = min(max(value, 0.0), 1.0)
    return f"{100 * (1 - place if end else place):.1f}%"


def _words(text: str) -> str:
    return text.replace("_", " ")
