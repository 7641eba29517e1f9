"""The map of the field: click a subfield to see its papers and why it looks like a niche."""

from __future__ import annotations

import streamlit

from fallow_app.explorer import session
from fallow_app.explorer.shown import md, paper_link
from fallow_app.explorer.views.niche_list import show_niche
from fallow_app.reports.charts import map_chart

PAPERS_SHOWN = 12


def show() -> None:
    """Draw the map; below it, the subfield that was clicked."""
    catalog, tree = session.catalog(), session.topics()
    streamlit.title("Map of the field")
    scores = {niche.topic: niche.score for niche in session.niches()}
    streamlit.caption(
        f"{catalog.count():,} papers. A circle is a subfield: area = papers, warm = a cold but important "
        "corner of a hot direction. Click one."
    )
    chart = map_chart(tree, scores, width="container", height=560)
    event = streamlit.altair_chart(chart, theme=None, on_select="rerun", key="field", width="stretch")
    picked = _picked(event)
    subfields = {topic.id: topic for topic in tree.topics if topic.level == 1}
    if not subfields:
        streamlit.info(md(" ".join(tree.notes) or "The library has no topics yet: run fallow build."))
        return
    order = sorted(subfields, key=lambda topic: -scores.get(topic, 0.0))
    chosen = streamlit.selectbox(
        "Subfield",
        order,
        index=order.index(picked) if picked in subfields else 0,
        format_func=lambda topic: f"{subfields[topic].label} ({subfields[topic].size})",
    )
    niche = next((niche for niche in session.niches() if niche.topic == chosen), None)
    if niche is not None:
        show_niche(niche)
    else:
        streamlit.subheader(md(subfields[chosen].label))
    _show_papers(chosen)
    for note in tree.notes:
        streamlit.caption(md(note))


def _picked(event: object) -> int | None:
    selection = getattr(event, "selection", {}) or {}
    points = selection.get("pick") or []
    return int(points[0]["topic"]) if points and "topic" in points[0] else None


def _show_papers(topic: int) -> None:
    catalog = session.catalog()
    numbers = session.topics().papers(topic)
    cited = {number: len(catalog.cited_by(number)) for number in numbers}
    best = sorted(numbers, key=lambda number: (-cited[number], number))[:PAPERS_SHOWN]
    papers = catalog.papers_by_number(best)
    streamlit.markdown(f"**Papers** ({len(numbers)} in all, most cited first)")
    for number in best:
        paper_link(papers[number])
