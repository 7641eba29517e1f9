"""Every registered engine, opened in a folder of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fallow_index.engines import ENGINES

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2]))

from opened_engines import Opener


@pytest.fixture(params=ENGINES.names())
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """How to open an engine, again and again; skips, saying so, where it cannot work here."""
    opener = Opener(request.param, tmp_path / "store")
    lacking = opener.lacking()
    if lacking is not None:
        pytest.skip(str(lacking))
    yield opener
    opener.close()
