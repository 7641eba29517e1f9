"""Niches: cold but important corners of hot directions.

`find_niches` and `survey_niches` import numpy and scipy and are fetched on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fallow.niches.model import FACTORS, Factor, Niche, Survey
from fallow.niches.store import load_niches, save_survey

if TYPE_CHECKING:
    from fallow.niches.survey import find_niches, survey_niches

__all__ = [
    "FACTORS",
    "Factor",
    "Niche",
    "Survey",
    "find_niches",
    "load_niches",
    "save_survey",
    "survey_niches",
]


def __getattr__(name: str) -> Any:
    if name in ("find_niches", "survey_niches"):
        from fallow.niches import survey

        return getattr(survey, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
