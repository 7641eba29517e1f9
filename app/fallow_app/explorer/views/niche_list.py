"""Niches: cold, important corners of hot directions, each factor with its reason."""

from __future__ import annotations

import streamlit

from fallow.niches import Niche
from fallow_app.explorer import session
from fallow_app.explorer.shown import md, paper_link

SHOWN = 20


def show() -> None:
    """List the best niches."""
    streamlit.title("Niches")
    streamlit.caption(
        "Cold, important corners of hot directions. Scores are products: one zero sinks a niche."
    )
    niches = session.niches()[:SHOWN]
    if not niches:
        streamlit.info("No niche stands out: the library is too small, or has no citations or dates.")
    for rank, niche in enumerate(niches, 1):
        with streamlit.expander(f"{rank}. {md(niche.label)}: {niche.score:.2f}", expanded=rank <= 2):
            show_niche(niche)
            streamlit.markdown("**Read first**")
            papers = session.catalog().papers_by_number(niche.papers)
            for number in niche.papers[:5]:
                if number in papers:
                    paper_link(papers[number])


def show_niche(niche: Niche) -> None:
    """One niche: where, why, and its factors with intervals."""
    streamlit.subheader(md(niche.label))
    streamlit.caption(f"in {md(niche.direction_label)}, score {niche.score:.2f}")
    streamlit.markdown(md(niche.explanation))
    rows = [
        {
            "factor": name.replace("_", " "),
            "value": factor.value,
            "interval": f"{factor.low:.2f} to {factor.high:.2f}",
            "why": factor.why,
        }
        for name, factor in niche.factors.items()
    ]
    value = streamlit.column_config.NumberColumn("times the usual", format="%.2f")
    streamlit.dataframe(rows, hide_index=True, column_config={"value": value})
