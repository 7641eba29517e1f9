"""The idea board: ideas with their verdicts, values and evidence."""

from __future__ import annotations

import streamlit

from fallow.ideas import Idea, compose_ideas, drop_idea, list_ideas
from fallow_app.explorer import session
from fallow_app.explorer.shown import md, quote


def show() -> None:
    """Show the archive's ideas, filtered; compose new ones on request."""
    catalog = session.catalog()
    streamlit.title("Ideas")
    ideas = list_ideas(catalog)
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
    for idea in shown:
        _show_idea(idea)


def _show_idea(idea: Idea) -> None:
    catalog = session.catalog()
    verdict = idea.verdict.outcome.replace("_", " ") if idea.verdict else "not checked"
    with streamlit.expander(f"{md(idea.title)} · {idea.strategy} · {verdict}"):
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
        streamlit.markdown("**Claims**\n" + "\n".join(f"- {md(claim)}" for claim in idea.claims))
        streamlit.markdown(f"**First test:** {md(idea.first_test)}")
        streamlit.markdown("**Evidence**")
        papers = catalog.papers_by_number({item.paper for item in idea.evidence})
        for item in idea.evidence:
            quote(item.text, item.origin, papers.get(item.paper))
        reason = streamlit.text_input("Drop it because", key=f"reason-{idea.id}")
        if streamlit.button("Drop", key=f"drop-{idea.id}", disabled=not reason):
            drop_idea(catalog, idea.id, reason)
            streamlit.rerun()
