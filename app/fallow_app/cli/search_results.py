"""How the answers of `fallow search` reach the screen or a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fallow_app.cli.options import screen

if TYPE_CHECKING:
    from fallow_app.cli.commands.search import Question
    from fallow_index.claims import ClaimHit, Place
    from fallow_index.facets.search import FacetHit, SentenceMatch
    from fallow_index.hits import Hit, Signal
    from fallow_ingest.catalog import StoredPaper

NOTHING = (
    "Nothing found: no paper of the library takes part (see --as-of, --since, --source, --topic, --exclude)."
)
NO_WORD = "Nothing found: no paper that takes part shares a word with the query (--mode dense needs none)."
MOST_WORDS = 240
"""Characters of a quoted sentence that are shown; --json has the whole."""


def as_document(
    question: Question,
    hits: Sequence[Hit | ClaimHit | FacetHit],
    papers: Mapping[int, StoredPaper],
    places: Mapping[int, Place],
) -> dict[str, object]:
    """For --json."""
    matches = _matches(hits)
    rows = [
        {
            "paper": papers[hit.number],
            "score": hit.score,
            "signals": hit.signals,
            **({"passage": places[hit.number]} if hit.number in places else {}),
            **({"match": matches[hit.number]} if question.facet is not None else {}),
        }
        for hit in hits
    ]
    asked: dict[str, Any] = {"query": question.text, "mode": "claim" if question.claim else question.mode}
    return {**asked, "like": question.like, "facet": question.facet, "as_of": question.as_of, "results": rows}


def print_hits(
    question: Question,
    hits: Sequence[Hit | ClaimHit | FacetHit],
    papers: Mapping[int, StoredPaper],
    places: Mapping[int, Place],
) -> None:
    """A block a paper: title, who and where, what it says, why it was found."""
    from rich.markup import escape
    from rich.table import Table

    console = screen()
    matches = _matches(hits)
    if not hits:
        console.print(NO_WORD if question.mode == "bm25" else NOTHING, markup=False)
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="right", style="dim")
    table.add_column(overflow="fold")
    for rank, hit in enumerate(hits, 1):
        paper = papers[hit.number]
        status = f" [red]{paper.status}[/red]" if paper.status else ""
        lines = [f"[bold]{escape(paper.title)}[/bold]{status}"]
        lines.append(f"[dim]{escape(paper.citation)} · {escape(paper.key)} · score {hit.score:.2f}[/dim]")
        match = matches.get(hit.number)
        if question.facet is not None and match is not None:
            lines.append(_matched(match, question.facet))
        elif hit.number in places:
            lines.append(_quote(places[hit.number]))
        if hit.signals:
            lines.append(f"[dim]{escape(_found_by(hit.signals))}[/dim]")
        table.add_row(str(rank), "\n".join(lines))
    console.print(table)


def _matches(hits: Sequence[Hit | ClaimHit | FacetHit]) -> dict[int, SentenceMatch | None]:
    """Paper -> the sentences by which a facet query found it."""
    from fallow_index.facets.search import FacetHit

    return {hit.number: hit.match for hit in hits if isinstance(hit, FacetHit)}


def _quote(place: Place) -> str:
    from rich.markup import escape

    return escape(f"“{_shortened(place.sentence)}” ({place.heading or place.kind})")


def _matched(match: SentenceMatch, facet: str) -> str:
    from rich.markup import escape

    return (
        f"{escape(f'{facet}: “{_shortened(match.found)}”')}\n"
        f"[dim]{escape(f'like {match.similarity:.2f} “{_shortened(match.asked)}”')}[/dim]"
    )


def _shortened(sentence: str) -> str:
    sentence = " ".join(sentence.split())
    if len(sentence) > MOST_WORDS:
        sentence = f"{sentence[:MOST_WORDS].rsplit(' ', 1)[0]} ..."
    return sentence


def _found_by(signals: Mapping[str, Signal]) -> str:
    """What each retriever said: its rank, and what that rests on.

    A retriever that says nothing of a paper is left out.
    """
    said = []
    for name, signal in signals.items():
        if name in ("citations", "passages") and not signal.score:
            continue
        why = f" ({', '.join(signal.why)})" if signal.why else ""
        said.append(f"{name} {signal.rank}{why}")
    return " · ".join(said)
