"""Papers as TEI, as GROBID writes it: files or folders of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from fallow_ingest.fulltext.tei import read_tei
from fallow_ingest.fulltext.xml_tree import LARGEST
from fallow_ingest.sources import Read, ReportBytes, Skipped, ignore_bytes
from fallow_ingest.sources.files import files_in
from fallow_ingest.sources.full_text import papers_in


class TeiSource:
    """Metadata, sections and references that GROBID found in PDFs."""

    name: ClassVar[str] = "tei"
    label: ClassVar[str] = "TEI (GROBID)"
    accepts: ClassVar[str] = "a .tei.xml file or a folder of them"

    def read(
        self, location: Path, *, start: int = 0, report: ReportBytes = ignore_bytes
    ) -> Iterator[Read | Skipped]:
        """Yield the papers of the files after the first `start`, in the order of their paths.

        Raises SourceMissing, and SourceUnsupported for a folder without such files. A file that is broken,
        too large, of another kind, or that declares entities is a Skipped.
        """
        paths = files_in(location, ".xml", ".tei")
        yield from papers_in(paths, "tei", read_tei, start, LARGEST, report)
