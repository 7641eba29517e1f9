"""The citation graph among the papers, for Gephi, Cytoscape and NetworkX."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, ClassVar

from fallow_ingest.catalog import Catalog, StoredPaper

if TYPE_CHECKING:
    import networkx

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class GraphmlExport:
    """Papers as nodes, citations among them as edges from citing to cited."""

    name: ClassVar[str] = "graphml"
    label: ClassVar[str] = "GraphML (Gephi, Cytoscape, NetworkX)"

    def write(self, papers: Iterable[StoredPaper], catalog: Catalog, stream: IO[str]) -> int:
        """Write the graph; returns how many papers."""
        import networkx

        graph = citation_subgraph(papers, catalog)
        buffer = io.BytesIO()
        networkx.write_graphml(graph, buffer)
        stream.write(buffer.getvalue().decode("utf-8"))
        return int(graph.number_of_nodes())


def citation_subgraph(papers: Iterable[StoredPaper], catalog: Catalog) -> networkx.DiGraph[str]:
    """The papers and the citations among them as a NetworkX graph; nodes are paper keys."""
    import networkx

    graph: networkx.DiGraph[str] = networkx.DiGraph()
    keys: dict[int, str] = {}
    for paper in papers:
        keys[paper.number] = paper.key
        graph.add_node(
            paper.key,
            title=_NOT_IN_XML.sub("", paper.title),
            year=paper.year or 0,
            venue=_NOT_IN_XML.sub("", paper.venue),
            status=paper.status,
            authors=_NOT_IN_XML.sub("", "; ".join(paper.authors)),
        )
    for number, key in keys.items():
        graph.add_edges_from((key, keys[cited]) for cited in catalog.references_of(number) if cited in keys)
    return graph
