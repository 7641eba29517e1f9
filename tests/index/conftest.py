"""Small libraries with an index."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from fallow_ingest.catalog import Catalog
from fallow_ingest.records import Paper

sys.path.insert(0, str(Path(__file__).parent))

from hashing_encoder import HashingEncoder


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a power cut would tell the difference, and no test cuts the power."""
    monkeypatch.setattr("os.fsync", lambda _handle: None)


@pytest.fixture
def encoder() -> HashingEncoder:
    return HashingEncoder()


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """An empty library."""
    with Catalog.open(tmp_path / "library", create=True) as opened:
        yield opened


@pytest.fixture
def add(catalog: Catalog) -> Callable[[Sequence[Paper]], None]:
    """Add papers to the library."""

    def add_papers(papers: Sequence[Paper]) -> None:
        catalog.add(papers, "invented")

    return add_papers
