"""One paper: abstract, statements, citations, neighbours."""

from __future__ import annotations

import streamlit

from fallow.statements import statements_of
from fallow_app.explorer import session
from fallow_app.explorer.shown import md, paper_link, quote
from fallow_app.quotes import OUR_SUMMARY
from fallow_app.reports.render import paper_link as web_address
from fallow_ingest.catalog import StoredPaper

SHOWN = 10
OWNERS = {"own": "of this paper", "prior": "of earlier work", "field": "of the field"}


def show() -> None:
    """Show the paper named in the address, or let the reader search for one."""
    asked = streamlit.query_params.get("id", "")
    query = streamlit.text_input(
        "Find a paper", "", placeholder="title, words, or an id such as arxiv:1706.03762"
    )
    if query.strip():
        _show_found(query)
        return
    if not asked:
        streamlit.info("Search above, or follow a link from another page.")
        return
    _show_paper(session.catalog().find(asked))


def _show_found(query: str) -> None:
    catalog = session.catalog()
    number = catalog.number_of(query)
    if number is not None:
        _show_paper(catalog.paper(number))
        return
    hits = session.searcher().search(query, SHOWN)
    papers = catalog.papers_by_number([hit.number for hit in hits])
    for hit in hits:
        paper_link(papers[hit.number])


def _show_paper(paper: StoredPaper) -> None:
    catalog = session.catalog()
    streamlit.title(md(paper.title))
    if paper.status:
        sayers = ", ".join(dict.fromkeys(said.source for said in catalog.status_said_by(paper.number)))
        streamlit.error(md(f"This paper was {paper.status}{f', says {sayers}' if sayers else ''}."))
    streamlit.caption(md(", ".join(paper.authors)))
    place = " · ".join(part for part in (paper.venue, paper.date or str(paper.year or ""), paper.key) if part)
    streamlit.caption(md(place))
    address = web_address(paper)
    if address:
        streamlit.link_button("Read it", address)
    if paper.text_origin == "fallow":
        streamlit.markdown(f":gray-badge[{OUR_SUMMARY}]")
    streamlit.markdown(md(paper.abstract) if paper.abstract else "*No abstract is known.*")
    statements = statements_of(catalog, paper=paper.number)
    if statements:
        streamlit.subheader("What it admits or leaves open, and what its reviewers hold against it")
        for statement in statements:
            streamlit.caption(f"{statement.kind.replace('_', ' ')} {OWNERS[statement.owner]}")
            quote(statement.text, statement.origin)
    left, right = streamlit.columns(2)
    _show_list(left, "Cites", catalog.references_of(paper.number))
    _show_list(right, "Cited by", catalog.cited_by(paper.number))
    _show_contexts(paper)
    _show_reviews(paper)
    streamlit.subheader("Nearest by meaning")
    for hit in session.searcher().search_like(paper.number, SHOWN):
        paper_link(catalog.paper(hit.number))
    for merge in catalog.merges(paper.number):
        streamlit.caption(md(f"Merged with {merge.key} from {merge.source}: {merge.reason}."))
    for differing in catalog.disagreements(paper.number):
        said = "; ".join(f"{said.source}: {said.value}" for said in differing.said if said.value)
        streamlit.caption(md(f"Sources differ on the {differing.field}: {said}."))


def _show_contexts(paper: StoredPaper) -> None:
    """What others write where they cite the paper."""
    contexts = session.catalog().citation_contexts(cited=paper.number)
    if not contexts:
        return
    streamlit.subheader("Where others cite it")
    citing = session.catalog().papers_by_number([context.citing for context in contexts[:SHOWN]])
    for context in contexts[:SHOWN]:
        quote(context.text, "authors", citing[context.citing])
    if len(contexts) > SHOWN:
        streamlit.caption(f"and {len(contexts) - SHOWN:,} more")


def _show_reviews(paper: StoredPaper) -> None:
    """Reviewers' words, part by part, folded away."""
    reviews = session.catalog().reviews(paper.number)
    if not reviews:
        return
    streamlit.subheader("What its reviewers wrote")
    for review in reviews:
        rated = "" if review.rating is None else f", rating {review.rating:g}"
        heading = f"{review.part.replace('_', ' ')} ({review.signature or 'a reviewer'}{rated})"
        with streamlit.expander(md(heading)):
            streamlit.markdown(md(review.text))


def _show_list(column: object, title: str, numbers: list[int]) -> None:
    with column:  # type: ignore[attr-defined]
        streamlit.subheader(f"{title} ({len(numbers)})")
        papers = session.catalog().papers_by_number(numbers[:SHOWN])
        for number in numbers[:SHOWN]:
            paper_link(papers[number])
