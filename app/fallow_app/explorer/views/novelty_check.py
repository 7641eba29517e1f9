"""The novelty check: paste an idea, read the verdict claim by claim with its evidence."""

from __future__ import annotations

import streamlit

from fallow.novelty import Verdict, check_novelty
from fallow_app.explorer import session
from fallow_app.explorer.shown import md, paper_link, quote
from fallow_ingest.dates import parse_as_of

WORDS = {
    "novel": ("success", "Novel, as far as this library goes"),
    "not_novel": ("error", "Not novel"),
    "unsure": ("warning", "Unsure: read the nearest papers"),
    "insufficient_search": ("warning", "Insufficient search: this library cannot tell"),
}


def show() -> None:
    """Take an idea and show its verdict."""
    streamlit.title("Novelty check")
    text = streamlit.text_area(
        "Your idea, in a sentence or an abstract",
        height=140,
        placeholder="We are the first to ...",
    )
    day = streamlit.text_input("As of (year, month or day; empty for today)", "")
    if not streamlit.button("Check", type="primary") and not streamlit.session_state.get("verdict"):
        return
    if text.strip():
        with streamlit.spinner("Searching claim by claim ..."):
            streamlit.session_state["verdict"] = check_novelty(
                text, session.searcher(), session.catalog(), as_of=parse_as_of(day) if day.strip() else None
            )
    verdict = streamlit.session_state.get("verdict")
    if verdict is not None:
        show_verdict(verdict)


def show_verdict(verdict: Verdict) -> None:
    """One verdict: outcome, reasons, evidence by claim, nearest papers."""
    kind, words = WORDS[verdict.outcome]
    probability = "" if verdict.probability is None else f" P(novel) = {verdict.probability:.2f}."
    getattr(streamlit, kind)(f"{words}.{probability}")
    for reason in verdict.reasons:
        streamlit.markdown(f"- {md(reason)}")
    catalog = session.catalog()
    papers = catalog.papers_by_number({e.paper for e in verdict.evidence} | set(verdict.nearest))
    for claim in verdict.claims:
        rows = [e for e in verdict.evidence if e.claim == claim.id]
        with streamlit.expander(f"{claim.facet}: {md(claim.text)} ({len(rows)})", expanded=bool(rows)):
            for evidence in rows:
                streamlit.caption(f"{md(evidence.relation)}, score {evidence.score:.2f}")
                quote(evidence.quote, evidence.origin, papers.get(evidence.paper))
    streamlit.markdown("**Nearest papers**")
    for number in verdict.nearest:
        if number in papers:
            paper_link(papers[number])
