"""Gaps: what the literature says is missing, each kind with its evidence.

`find_gaps` and `take_survey` read the whole library and are fetched on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fallow.gaps.gap import GAP_KINDS, Gap, GapKind

if TYPE_CHECKING:
    from fallow.gaps.find import find_gaps
    from fallow.gaps.survey import Survey, take_survey

__all__ = ["GAP_KINDS", "Gap", "GapKind", "Survey", "find_gaps", "take_survey"]


def __getattr__(name: str) -> Any:
    if name == "find_gaps":
        from fallow.gaps.find import find_gaps

        return find_gaps
    if name in ("Survey", "take_survey"):
        from fallow.gaps import survey

        return getattr(survey, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
