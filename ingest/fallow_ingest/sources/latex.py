"""LaTeX e-prints as arXiv hands them out: one, a folder of them, or one of arXiv's bulk archives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from fallow_ingest.errors import SourceBroken, SourceMissing
from fallow_ingest.fulltext.archive import LARGEST_PACKED
from fallow_ingest.fulltext.eprint import read_eprint
from fallow_ingest.fulltext.streams import DamageError, Forward
from fallow_ingest.fulltext.tar import TarReader, is_tar_header
from fallow_ingest.sources import Read, ReportBytes, Skipped, ignore_bytes
from fallow_ingest.sources.files import existing, files_in
from fallow_ingest.sources.full_text import outcome, papers_in

_SUFFIXES = (".gz", ".tgz", ".tar", ".tex")
_LARGEST_BULK = 2**50
_MOST_EPRINTS = 10_000_000


class LatexSource:
    """Title, abstract, sections and references of LaTeX sources; nothing in them is executed."""

    name: ClassVar[str] = "latex"
    label: ClassVar[str] = "LaTeX e-prints"
    accepts: ClassVar[str] = (
        "an e-print (.tar, .tar.gz, .gz, .tex), a folder of them, or an arXiv_src bulk .tar"
    )

    def read(
        self, location: Path, *, start: int = 0, report: ReportBytes = ignore_bytes
    ) -> Iterator[Read | Skipped]:
        """Yield the papers after the first `start`, in the order of their paths or of the archive.

        Raises SourceMissing, SourceUnsupported for a folder without e-prints, and SourceBroken for a bulk
        archive that ends too early. An e-print that is no LaTeX, or broken, is a Skipped.
        """
        existing(location, folder=True)
        if location.is_file() and _is_bulk(location):
            yield from _bulk(location, start, report)
            return
        yield from papers_in(
            files_in(location, *_SUFFIXES), "latex", read_eprint, start, LARGEST_PACKED, report
        )


def _is_bulk(path: Path) -> bool:
    """Whether the file is a plain tar whose first member is packed or a PDF, as arXiv's bulk ones are."""
    try:
        with path.open("rb") as file:
            if not is_tar_header(file.read(512)):
                return False
            file.seek(0)
            for member in TarReader(Forward(file, 2**20), 20):
                if member.kind == "file":
                    return "/" in member.name and member.name.endswith((".gz", ".pdf"))
    except DamageError:
        return False
    except OSError as error:
        raise SourceMissing(f"{path} cannot be opened ({error.strerror})", "check its permissions") from error
    return False


def _bulk(path: Path, start: int, report: ReportBytes) -> Iterator[Read | Skipped]:
    """The e-prints of a bulk archive, each read in place."""
    size = path.stat().st_size
    position = 0
    with path.open("rb") as file:
        reader = TarReader(Forward(file, _LARGEST_BULK), _MOST_EPRINTS)
        last = "its beginning"
        try:
            for member in reader:
                if member.kind != "file":
                    continue
                position += 1
                last = member.name[:200]
                if position > start:
                    place = f"{path}!{last}"
                    if member.size > LARGEST_PACKED:
                        yield Skipped(position, "archive too large", place, f"{member.size:,} bytes")
                    else:
                        name = member.name.rsplit("/", 1)[-1]
                        content = reader.content(member.size)
                        yield outcome(position, content, name, place, "latex", read_eprint)
                report(min(file.tell(), size), size)
        except DamageError as error:
            raise SourceBroken(
                f"{path} cannot be read further after {last}: {error.detail}",
                "fetch the file again, then run the same command: it goes on from there",
            ) from error
        report(size, size)
