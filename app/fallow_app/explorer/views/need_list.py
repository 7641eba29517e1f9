"""Limitations: the needs that recur, filtered, with the statements behind each."""

from __future__ import annotations

import streamlit

from fallow.needs import load_needs
from fallow.statements.statement import MINED_KINDS
from fallow_app.explorer import session
from fallow_app.explorer.shown import md, paper_link, quote

SHOWN = 40


def show() -> None:
    """List needs under the chosen filters."""
    catalog, tree = session.catalog(), session.topics()
    streamlit.title("Limitations")
    streamlit.caption("What authors admit and reviewers point out, grouped where several say the same thing.")
    left, middle, right = streamlit.columns(3)
    subfields = {topic.id: topic.label for topic in tree.topics}
    topic = left.selectbox(
        "Topic", [None, *subfields], format_func=lambda key: "any" if key is None else subfields[key]
    )
    kind = middle.selectbox(
        "Kind", [None, *MINED_KINDS], format_func=lambda key: "any" if key is None else key.replace("_", " ")
    )
    groups = right.slider("Author groups at least", 1, 10, 2)
    needs = load_needs(catalog, topic=topic, kind=kind, min_groups=groups)
    streamlit.caption(f"{len(needs):,} needs")
    papers = catalog.papers_by_number({need.quote.paper for need in needs[:SHOWN]})
    for rank, need in enumerate(needs[:SHOWN], 1):
        with streamlit.expander(f"{rank}. {md(need.label)}", expanded=rank <= 3):
            streamlit.caption(
                f"{need.told}, {need.author_groups} author groups, "
                f"{need.first_year or '?'} to {need.last_year or '?'}, {need.trend.direction}, {need.status}"
            )
            quote(need.quote.text, need.quote.origin, papers.get(need.quote.paper))
            others = [number for number in need.paper_numbers if number != need.quote.paper][:6]
            if others:
                streamlit.markdown("**Also stated in**")
                held = catalog.papers_by_number(others)
                for number in others:
                    paper_link(held[number])
