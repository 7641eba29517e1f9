"""One row a paper, for spreadsheets."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import IO, ClassVar

from fallow_ingest.catalog import Catalog, StoredPaper

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class CsvExport:
    """Key, title, authors, year, venue, ids, citation counts, abstract and status."""

    name: ClassVar[str] = "csv"
    label: ClassVar[str] = "comma-separated table"

    def write(self, papers: Iterable[StoredPaper], catalog: Catalog, stream: IO[str]) -> int:
        """Write a header and one row a paper; returns how many papers."""
        writer = csv.writer(stream)
        writer.writerow(
            [
                "key",
                "title",
                "authors",
                "year",
                "date",
                "venue",
                "doi",
                "cited_by_here",
                "abstract",
                "abstract_by",
                "status",
            ]
        )
        count = 0
        for paper in papers:
            cells = (
                paper.key,
                paper.title,
                "; ".join(paper.authors),
                str(paper.year or ""),
                paper.date,
                paper.venue,
                paper.ids.get("doi", ""),
                str(len(catalog.cited_by(paper.number))),
                paper.abstract,
                paper.text_origin,
                paper.status,
            )
            writer.writerow([_inert(cell) for cell in cells])
            count += 1
        return count


def _inert(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
