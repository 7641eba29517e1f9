"""One JSON object a line, in the shape that `fallow ingest jsonl` reads back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, ClassVar

import orjson

from fallow_ingest.catalog import Catalog, StoredPaper


class JsonlExport:
    """Papers with references and sections, losslessly."""

    name: ClassVar[str] = "jsonl"
    label: ClassVar[str] = "JSON lines, as `fallow ingest jsonl` reads them"

    def write(self, papers: Iterable[StoredPaper], catalog: Catalog, stream: IO[str]) -> int:
        """Write one object a line; returns how many papers."""
        count = 0
        for paper in papers:
            stream.write(orjson.dumps(_record(paper, catalog)).decode() + "\n")
            count += 1
        return count


def _record(paper: StoredPaper, catalog: Catalog) -> dict[str, object]:
    cited = catalog.papers_by_number(catalog.references_of(paper.number))
    record: dict[str, object] = {
        "id": paper.key,
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": paper.authors,
        "year": paper.year,
        "date": paper.date,
        "venue": paper.venue,
        "categories": paper.categories,
        "keywords": paper.keywords,
        "ids": paper.ids,
        "url": paper.url,
        "references": [other.key for other in cited.values()],
        "sections": [{"heading": s.heading, "text": s.text} for s in catalog.sections(paper.number)],
        "text_origin": paper.text_origin,
        "status": paper.status,
    }
    return {name: value for name, value in record.items() if value not in (None, "", (), [], {})}
