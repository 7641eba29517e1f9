"""The invented library and what strategies work with."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fallow.ideas.material import Material
from fallow_ingest.catalog import Catalog

sys.path.insert(0, str(Path(__file__).parent))

from invented_library import WordMeaning, cure_papers, filler_papers, library, melody_papers, survey_of


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Catalog]:
    with library(tmp_path / "library", [*melody_papers(), *cure_papers(), *filler_papers()]) as catalog:
        yield catalog


@pytest.fixture
def material(whole: Catalog) -> Material:
    survey = survey_of(whole)
    return Material(survey, WordMeaning(survey))
