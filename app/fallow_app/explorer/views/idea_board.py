"""The idea board: ideas with their verdicts, values and evidence."""

from __future__ import annotations

import streamlit

from fallow.ideas import Idea, compose_ideas, drop_idea, list_ideas
from fallow_app.explorer import session
from fallow_app.explorer.shown import md, quote
from fallow_app.reports.content import SHOWN_STATES


def show() -> None:
    """Show the archive's ideas, filtered; compose new ones on request."""
    catalog = session.catalog()
    streamlit.title("Ideas")
    ideas = list_ideas(catalog, states=SHOWN_STATES)
    left, right = streamlit.columns([3, 1])
    strategies = sorted({idea.strategy for idea in ideas})
    chosen = left.multiselect("Strategies", strategies, default=strategies)
    if right.button("Compose ideas", type="primary"):
        with streamlit.spinner("Composing from the evidence, and checking each for novelty ..."):
            compose_ideas(catalog, session.searcher(), n=10)
        streamlit.rerun()
    shown = [idea for idea in ideas if idea.strategy in chosen]
    if not shown:
        streamlit.info("No ideas yet: press Compose ideas.")
    for position, idea in enumerate(shown):
        _show_idea(idea, first=position == 0)


def _show_idea(idea: Idea, *, first: bool) -> None:
    catalog = session.catalog()
    verdict = idea.verdict.outcome.replace("_", " ") if idea.verdict else "not checked"
    title = f"{md(idea.title)} · {idea.strategy} · {verdict} · value {idea.value.product:.2f}"
    with streamlit.expander(title, expanded=first):
        streamlit.markdown(f"**{md(idea.statement)}**")
        value = idea.value
        for column, (name, factor) in zip(
            streamlit.columns(3),
            (
                ("Novelty", value.novelty),
                ("Effectiveness", value.effectiveness),
                ("Problem size", value.problem_size),
            ),
            strict=True,
        ):
            column.metric(
                name, f"{factor.value:.2f}", f"{factor.low:.2f} to {factor.high:.2f}", delta_color="off"
            )
            column.caption(md(factor.why))
        streamlit.markdown("**Claims**\n" + "\n".join(f"- {md(claim.text)}" for claim in idea.claims))
        streamlit.markdown(f"**First test:** {md(idea.first_test.summary)}")
        streamlit.markdown("**Evidence**")
        papers = catalog.papers_by_number({row.quote.paper for row in idea.evidence})
        for row in idea.evidence:
            quote(row.quote.text, row.quote.origin, papers.get(row.quote.paper))
        reason = streamlit.text_input("Drop it because", key=f"reason-{idea.id}")
        if streamlit.button("Drop", key=f"drop-{idea.id}", disabled=not reason):
            drop_idea(catalog, idea.id, reason)
            streamlit.rerun()
