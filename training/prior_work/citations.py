"""Who cites whom among the papers of a jsonl file: what the encoder and the fusion learn from.

Papers: one JSON object a line with id, title, abstract, year (gzip). Citations: tab-separated, first two
columns citing and cited (gzip). Training takes citing papers up to LAST_YEAR, choices are made on the two
years after.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LAST_YEAR = 2019
DEV_YEARS = (2020, 2021)

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Citations:
    """texts: title and abstract of each paper; years: int64 [papers]; pairs: int64 [n, 2], citing and
    cited."""

    texts: tuple[str, ...]
    years: Rows
    pairs: Rows

    def training(self) -> Rows:
        """Pairs of citing papers up to LAST_YEAR, none of which cites the future: [n, 2]."""
        citing, cited = self.years[self.pairs[:, 0]], self.years[self.pairs[:, 1]]
        return self.pairs[(citing <= LAST_YEAR) & (cited <= citing)]

    def dev(self) -> Rows:
        """Pairs of citing papers of DEV_YEARS: [n, 2]."""
        citing, cited = self.years[self.pairs[:, 0]], self.years[self.pairs[:, 1]]
        return self.pairs[(citing >= DEV_YEARS[0]) & (citing <= DEV_YEARS[1]) & (cited <= citing)]

    def related(self) -> dict[int, set[int]]:
        """Paper -> those that it cites or that cite it."""
        related: dict[int, set[int]] = {}
        for citing, cited in self.pairs.tolist():
            related.setdefault(citing, set()).add(cited)
            related.setdefault(cited, set()).add(citing)
        return related


def read_citations(papers: Path, citations: Path) -> Citations:
    """Both files; pairs that name unknown papers are left out."""
    with gzip.open(papers, "rt", encoding="utf-8") as lines:
        read = [json.loads(line) for line in lines]
    numbers = {paper["id"]: at for at, paper in enumerate(read)}
    pairs = set()
    with gzip.open(citations, "rt", encoding="utf-8") as lines:
        for line in lines:
            citing, cited = (numbers.get(name) for name in line.rstrip("\n").split("\t")[:2])
            if citing is not None and cited is not None and citing != cited:
                pairs.add((citing, cited))
    texts = tuple(f"{paper['title']}. {paper['abstract'] or ''}" for paper in read)
    years = np.array([int(paper["year"]) for paper in read], dtype=np.int64)
    return Citations(texts, years, np.array(sorted(pairs), dtype=np.int64))
