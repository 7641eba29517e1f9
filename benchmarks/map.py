"""Time, memory and quality of the map over a built library.

    python benchmarks/map.py --library library [--seeds 0 1] [--json]

Beside our tree stand two baselines in the same run: one plain Leiden run of scikit-network over direct
citations alone, at a resolution that gives as many communities, and our subfields with their papers dealt at
random. Nothing is written to the library.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from sknetwork.clustering import Leiden

from fallow.niches import survey_niches
from fallow.niches.null_model import expected_inside
from fallow.topics import TopicTree, build_topics
from fallow.topics.build import references_among
from fallow_index.citation_graph import CitationGraph
from fallow_index.search import Searcher
from fallow_ingest.catalog import Catalog

NEIGHBOURS = (1, 5, 10)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--json", action="store_true", help="only the JSON document")
    options = parser.parse_args()
    result = run(options.library, options.seeds)
    print(json.dumps(result, indent=2))
    if not options.json:
        table(result)


def run(library: Path, seeds: list[int]) -> dict[str, Any]:
    with Catalog.open(library) as catalog, Searcher.open(library) as searcher:
        started = time.perf_counter()
        graph = CitationGraph.load(catalog)
        loaded = time.perf_counter()
        trees, seconds, busy = [], [], []
        for seed in seeds:
            begun, worked = time.perf_counter(), time.process_time()
            trees.append(build_topics(catalog, searcher, graph, seed=seed, save=False, report=told))
            seconds.append(time.perf_counter() - begun)
            busy.append(time.process_time() - worked)
        begun = time.perf_counter()
        survey = survey_niches(catalog, trees[0], graph)
        surveyed = time.perf_counter() - begun
        numbers = np.asarray(graph.numbers)
        references = references_among(numbers, graph)
        near = nearest(searcher, numbers)
    ours = labels_of(trees[0], numbers, 1)
    alone = citations_alone(references, len(trees[0].subfields()))
    rng = np.random.default_rng(0)
    return {
        "papers": int(numbers.size),
        "citations": int(references.nnz),
        "seconds": {
            "load citation graph": round(loaded - started, 2),
            "build map (each seed)": [round(value, 1) for value in seconds],
            "build map, CPU (each seed)": [round(value, 1) for value in busy],
            "survey niches": round(surveyed, 2),
        },
        "peak_rss_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "tree": shape(trees[0], len(survey.niches)),
        "quality": {
            "fallow": quality(ours, references, graph.years, near),
            "Leiden over citations alone": quality(alone, references, graph.years, near),
            "subfields dealt at random": quality(rng.permutation(ours), references, graph.years, near),
        },
        "adjusted_rand_between_seeds": agreement(trees, numbers, seeds),
        "notes": list(trees[0].notes) + list(survey.notes),
    }


def told(stage: str, done: int, total: int) -> None:
    print(f"{time.strftime('%H:%M:%S')} {stage} ({done}/{total})", file=sys.stderr)


def labels_of(tree: TopicTree, numbers: Any, level: int) -> Any:
    """Dense labels of the papers, -1 for outliers."""
    places = [tree.places.get(int(number)) for number in numbers]
    ids = [-1 if place is None else (place.subfield if level else place.direction) for place in places]
    labels = np.unique(ids, return_inverse=True)[1]
    return labels - 1 if -1 in ids else labels


def nearest(searcher: Searcher, numbers: Any) -> Any:
    """Nearest neighbours by meaning as rows of `numbers`, -1 where there is none."""
    rows = searcher.rows(numbers)
    own = np.flatnonzero(rows >= 0)
    found, _ = searcher.nearest(max(NEIGHBOURS), rows[own])
    back = np.full(len(searcher.numbers), -1)
    back[rows[own]] = own
    near = np.full((numbers.size, max(NEIGHBOURS)), -1)
    near[own] = np.where(found >= 0, back[found], -1)
    return near


def citations_alone(references: Any, communities: int) -> Any:
    """Plain Leiden over direct citations, at the resolution nearest to as many communities of 5 papers."""
    adjacency = sp.csr_matrix(references + references.T).astype(float)
    found = []
    for resolution in (2.0, 4.0, 8.0, 15.0, 30.0, 60.0):
        labels = Leiden(resolution=resolution, modularity="newman").fit_predict(adjacency)
        count = int((np.bincount(labels) >= 5).sum())
        found.append((abs(count - communities), labels))
    return min(found, key=lambda entry: entry[0])[1]


def quality(labels: Any, references: Any, years: Any, near: Any) -> dict[str, float]:
    """Citations inside over two expectations, and the share of nearest neighbours at home."""
    edges = sp.coo_matrix(references)
    groups = int(labels.max()) + 1
    plain = expected_inside(edges.row, edges.col, np.zeros(edges.nnz, dtype=np.int64), labels, groups)
    stratum = years[edges.row].astype(np.int64) * 10_000 + years[edges.col]
    dated = expected_inside(edges.row, edges.col, stratum, labels, groups)
    inside = float(plain.observed.sum())
    answer = {
        "share_of_citations_inside": round(inside / max(1, edges.nnz), 3),
        "inside_over_expected": round(inside / max(1e-9, float(plain.expected.sum())), 1),
        "inside_over_expected_within_years": round(inside / max(1e-9, float(dated.expected.sum())), 1),
    }
    for k in NEIGHBOURS:
        known = (near[:, :k] >= 0) & (labels >= 0)[:, None]
        home = known & (labels[near[:, :k]] == labels[:, None])
        answer[f"nearest_{k}_at_home"] = round(float(home.sum() / max(1, known.sum())), 3)
    return answer


def adjusted_rand(a: Any, b: Any) -> float:
    """Hubert & Arabie (1985), over papers that both trees place."""
    both = (a >= 0) & (b >= 0)
    a, b = a[both], b[both]
    shared = np.asarray(sp.csr_matrix((np.ones(a.size), (a, b))).data, dtype=float)
    left, right = np.bincount(a).astype(float), np.bincount(b).astype(float)
    same, rows, columns = ((x * (x - 1) / 2).sum() for x in (shared, left, right))
    chance = rows * columns / (a.size * (a.size - 1) / 2)
    return float((same - chance) / ((rows + columns) / 2 - chance))


def agreement(trees: list[TopicTree], numbers: Any, seeds: list[int]) -> list[dict[str, Any]]:
    return [
        {
            "seeds": [seeds[i], seeds[j]],
            "subfields": round(
                adjusted_rand(labels_of(trees[i], numbers, 1), labels_of(trees[j], numbers, 1)), 3
            ),
            "directions": round(
                adjusted_rand(labels_of(trees[i], numbers, 0), labels_of(trees[j], numbers, 0)), 3
            ),
        }
        for i, j in combinations(range(len(trees)), 2)
    ]


def shape(tree: TopicTree, niches: int) -> dict[str, Any]:
    sizes = [topic.size for topic in tree.subfields()]
    return {
        "directions": len(tree.directions()),
        "subfields": len(sizes),
        "subfield_papers_5_50_95_percent": [int(x) for x in np.percentile(sizes, [5, 50, 95])]
        if sizes
        else [],
        "outliers": len(tree.outliers),
        "niches": niches,
    }


def table(result: dict[str, Any]) -> None:
    print(f"\n{result['papers']:,} papers, {result['citations']:,} citations; map {result['seconds']}")
    print(f"peak memory {result['peak_rss_mib']:,} MiB; {result['tree']}\n")
    columns = list(result["quality"])
    print("".join(f"{name:>38}" if k else f"{'':36}{name:>12}" for k, name in enumerate(columns)))
    for row in result["quality"][columns[0]]:
        print(f"{row:36}{result['quality'][columns[0]][row]:>12}", end="")
        print("".join(f"{result['quality'][name][row]:>38}" for name in columns[1:]))
    for pair in result["adjusted_rand_between_seeds"]:
        ours, theirs = pair["subfields"], pair["directions"]
        print(f"adjusted Rand index, seeds {pair['seeds']}: subfields {ours}, directions {theirs}")


if __name__ == "__main__":
    main()
