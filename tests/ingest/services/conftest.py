"""A library and a client whose waiting takes no time, for the tests of services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from protocols.server import FakeClock

from fallow_ingest.catalog import Catalog
from fallow_ingest.web.client import Client, Patience
from fallow_ingest.web.limiter import Limiter


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(Limiter(FakeClock(), folder=tmp_path / "limits"), patience=Patience(tries=3))


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(tmp_path / "library", create=True) as opened:
        yield opened
