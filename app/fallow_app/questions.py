"""Questions that several screens ask: today from what was built, as of a day from what was public then."""

from __future__ import annotations

from fallow.niches import Survey, load_niches
from fallow.topics import TopicTree, load_topics
from fallow.topics.store import has_topics
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import IndexMissing


def built_topics(catalog: Catalog) -> TopicTree:
    """The topic tree of the last build. Raises IndexMissing when nothing was built."""
    if not has_topics(catalog):
        raise IndexMissing(f"The library {catalog.library} has no map yet", "make it with `fallow build`")
    return load_topics(catalog)


def topics_as_of(catalog: Catalog, as_of: int | None) -> TopicTree:
    """The stored tree, or one planted from what was public by `as_of` (yyyymmdd) alone."""
    if as_of is None:
        return built_topics(catalog)
    from fallow.topics import build_topics
    from fallow_index.citation_graph import CitationGraph
    from fallow_index.search import Searcher

    with Searcher.open(catalog.library) as searcher:
        graph = CitationGraph.load(catalog, as_of=as_of)
        return build_topics(catalog, searcher, graph, as_of=as_of, save=False)


def niches_as_of(catalog: Catalog, as_of: int | None) -> Survey:
    """The stored niches, or those that could have been seen on a day: tree and counts of that day."""
    if as_of is None:
        built_topics(catalog)
        return load_niches(catalog)
    from fallow.niches import survey_niches
    from fallow_index.citation_graph import CitationGraph

    graph = CitationGraph.load(catalog, as_of=as_of)
    return survey_niches(catalog, topics_as_of(catalog, as_of), graph, as_of=as_of)
