"""The citation graph as matrices."""

from __future__ import annotations

import numpy as np

from fallow_index.citation_graph import CitationGraph
from fallow_ingest.catalog import Catalog
from fallow_ingest.records import Paper


def library(catalog: Catalog) -> None:
    years = {"a": 2010, "b": 2012, "c": 2015, "d": None}
    catalog.add(
        [Paper(key=f"x:{name}", title=f"Paper {name} on graphs", year=year) for name, year in years.items()],
        "t",
    )
    pairs = [("x:b", "x:a"), ("x:c", "x:a"), ("x:c", "x:b"), ("x:a", "x:c"), ("x:d", "x:c"), ("x:b", "x:b")]
    catalog.add_citations(pairs, "t")


def test_who_cites_whom(catalog: Catalog) -> None:
    library(catalog)
    graph = CitationGraph.load(catalog)
    row = {name: int(graph.rows(np.array([catalog.number_of(f"x:{name}")]))[0]) for name in "abcd"}
    cited = {(int(i), int(j)) for i, j in zip(*graph.references.nonzero(), strict=True)}
    expected = [("b", "a"), ("c", "a"), ("c", "b"), ("d", "c")]
    assert cited == {(row[citing], row[paper]) for citing, paper in expected}
    assert graph.future_citations == 1
    assert graph.years[row["d"]] == 0
    assert graph.citation_counts[row["a"]] == 2
    assert (graph.cited_by != graph.references.T).nnz == 0
    assert graph.references.dtype == bool


def test_only_what_was_public(catalog: Catalog) -> None:
    library(catalog)
    graph = CitationGraph.load(catalog, as_of=20121231)
    assert len(graph) == 2
    assert graph.references.nnz == 1
    assert graph.rows(np.array([catalog.number_of("x:c")])).tolist() == [-1]


def test_an_empty_library(catalog: Catalog) -> None:
    graph = CitationGraph.load(catalog)
    assert len(graph) == 0
    assert graph.references.shape == (0, 0)
