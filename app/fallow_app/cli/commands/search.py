"""`fallow search TEXT`: find papers by meaning and by words, like a paper, or saying what a sentence says."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from fallow_app.cli.options import Since, as_of_option, engine_option, json_option, library_option, print_json
from fallow_index.facets import FACETS, Facet

if TYPE_CHECKING:
    from fallow_index.claims import ClaimHit
    from fallow_index.facets.search import FacetHit
    from fallow_index.hits import Hit
    from fallow_index.search import Mode, Searcher
    from fallow_ingest.catalog import Catalog

MODES = ("hybrid", "bm25", "dense", "late")


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, with names resolved. like: number of a paper; within: None for the whole library."""

    text: str
    count: int
    mode: str
    claim: bool
    like: int | None
    facet: Facet | None
    as_of: int | None
    exclude: list[int]
    within: Collection[int] | None


@click.command("search")
@click.argument("text", nargs=-1)
@click.option(
    "-k", "count", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many papers."
)
@click.option("--like", metavar="ID", help="Papers like this one of the library, in place of TEXT.")
@click.option(
    "--facet",
    type=click.Choice(FACETS),
    help="With --like: papers whose background, method or result is like this one's.",
)
@click.option(
    "--claim",
    is_flag=True,
    help="TEXT is one sentence: show the sentences of papers that say nearly the same.",
)
@click.option("--source", metavar="NAME", help="Only papers that this source told of, such as acl.")
@click.option("--topic", metavar="ID|NAME", help="Only papers of this topic of `fallow map`.")
@click.option(
    "--since", type=Since(), metavar="DATE", help="Only what became public from then on: 2019 or 2019-05."
)
@click.option("--exclude", "excluded", multiple=True, metavar="ID", help="Leave out this paper (repeatable).")
@click.option("--mode", type=click.Choice(MODES), default="hybrid", show_default=True)
@engine_option
@as_of_option
@library_option
@json_option
def command(
    text: tuple[str, ...],
    count: int,
    like: str | None,
    facet: Facet | None,
    claim: bool,
    source: str | None,
    topic: str | None,
    since: int | None,
    excluded: tuple[str, ...],
    mode: str,
    engine_name: str,
    as_of: int | None,
    library: Path,
    as_json: bool,
) -> None:
    """Find the COUNT papers nearest to TEXT; each says what each retriever made of it, and why."""
    from fallow_app.cli.search_results import as_document, print_hits
    from fallow_index.engines.chosen import engine_for, remembered
    from fallow_index.search import Searcher
    from fallow_ingest.catalog import Catalog

    query = " ".join(text)
    if bool(query.strip()) == (like is not None):
        raise click.UsageError("Give a TEXT to search for, or a paper with --like ID (not both).")
    if facet is not None and like is None:
        raise click.UsageError("--facet is one side of a paper: name the paper with --like ID.")
    if claim and (like is not None or mode != "hybrid"):
        raise click.UsageError("--claim compares a TEXT sentence by sentence: leave out --like and --mode.")
    with ExitStack() as opened:
        catalog = opened.enter_context(Catalog.open(library))
        engine = engine_for(catalog, remembered(catalog).said(name=engine_name))
        if engine is not None:
            opened.callback(engine.close)
        searcher = opened.enter_context(Searcher.open(library, engine=engine))
        question = Question(
            text=query,
            count=count,
            mode=mode,
            claim=claim,
            like=catalog.find(like).number if like is not None else None,
            facet=facet,
            as_of=as_of,
            exclude=[catalog.find(identifier).number for identifier in excluded],
            within=_within(catalog, searcher, source, topic, since),
        )
        hits = _ask(searcher, question)
        places = _places(searcher, question, hits)
        papers = catalog.papers_by_number([hit.number for hit in hits])
    if as_json:
        print_json(as_document(question, hits, papers, places))
    else:
        print_hits(question, hits, papers, places)


def _within(
    catalog: Catalog, searcher: Searcher, source: str | None, topic: str | None, since: int | None
) -> Collection[int] | None:
    """Numbers of the papers that may be found; None for all."""
    from fallow.topics import papers_of_topic

    chosen: list[set[int]] = []
    if source is not None:
        chosen.append(set(catalog.papers_from(source)))
    if topic is not None:
        chosen.append(set(papers_of_topic(catalog, topic)))
    if since is not None:
        chosen.append(set(searcher.table.numbers[searcher.table.public_by >= since].tolist()))
    return set.intersection(*chosen) if chosen else None


def _ask(searcher: Searcher, question: Question) -> list[Hit] | list[ClaimHit] | list[FacetHit]:
    from fallow_index.claims import nearest_to_claim
    from fallow_index.facets.search import search_by_facet

    filters: dict[str, Any] = {
        "as_of": question.as_of,
        "exclude": question.exclude,
        "within": question.within,
    }
    if question.claim:
        return nearest_to_claim(searcher, question.text, question.count, **filters)
    mode = cast("Mode", question.mode)
    if question.like is not None and question.facet is not None:
        return search_by_facet(
            searcher, question.like, question.facet, question.count, mode=mode, explain=True, **filters
        )
    if question.like is not None:
        return searcher.search_like(question.like, question.count, mode=mode, explain=True, **filters)
    return searcher.search(question.text, question.count, mode=mode, explain=True, **filters)


def _places(
    searcher: Searcher, question: Question, hits: list[Hit] | list[ClaimHit] | list[FacetHit]
) -> dict[int, Any]:
    """Paper -> the sentence to show: of a claim always, otherwise where a full text was what found it."""
    from fallow_index.claims import ClaimHit, best_sentences

    told = {hit.number: hit.place for hit in hits if isinstance(hit, ClaimHit)}
    quoting = [
        hit.number
        for hit in hits
        if not isinstance(hit, ClaimHit) and "passages" in hit.signals and hit.signals["passages"].score > 0
    ]
    if quoting:
        weights = searcher.word_weights(question.text, question.as_of)
        for number, paper in searcher.catalog.papers_by_number(quoting).items():
            told[number] = best_sentences(searcher.catalog, paper, weights)[0][0]
    return told
