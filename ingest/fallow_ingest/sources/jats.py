"""Articles as JATS XML: files or folders of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from fallow_ingest.fulltext.jats import read_jats
from fallow_ingest.fulltext.xml_tree import LARGEST
from fallow_ingest.sources import Read, ReportBytes, Skipped, ignore_bytes
from fallow_ingest.sources.files import files_in
from fallow_ingest.sources.full_text import papers_in


class JatsSource:
    """Metadata, sections and references of JATS articles."""

    name: ClassVar[str] = "jats"
    label: ClassVar[str] = "JATS (PubMed Central)"
    accepts: ClassVar[str] = "an .xml or .nxml file or a folder of them"

    def read(
        self, location: Path, *, start: int = 0, report: ReportBytes = ignore_bytes
    ) -> Iterator[Read | Skipped]:
        """Yield the papers of the files after the first `start`, in the order of their paths.

        Raises SourceMissing, and SourceUnsupported for a folder without such files. A file that is broken,
        too large, of another kind, or that declares entities is a Skipped.
        """
        paths = files_in(location, ".xml", ".nxml")
        yield from papers_in(paths, "jats", read_jats, start, LARGEST, report)
