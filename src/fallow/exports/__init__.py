"""Papers and their citations in formats that other tools read, found by name through the registry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, ClassVar, Protocol

from fallow_ingest.catalog import Catalog, StoredPaper
from fallow_ingest.registry import Registry


class Export(Protocol):
    """One format: writes papers to a text stream."""

    name: ClassVar[str]
    label: ClassVar[str]

    def write(self, papers: Iterable[StoredPaper], catalog: Catalog, stream: IO[str]) -> int:
        """Write the papers, in the order given; returns how many."""
        ...


EXPORTS: Registry[Export] = Registry("export format", "fallow.exports")
