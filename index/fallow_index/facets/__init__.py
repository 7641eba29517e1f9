"""Facets of a paper: the background, method or result that its abstract tells, and papers like it in that.

After Mysore, O'Gorman, McCallum and Zamani 2021, "CSFCube", where the three are so named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from fallow_ingest.errors import BadInput

Role = Literal["background", "objective", "method", "result", "other"]
"""What a sentence of an abstract does, as CSAbstruct labels it (Cohan et al. 2019)."""
ROLES: tuple[Role, ...] = get_args(Role)

Facet = Literal["background", "method", "result"]
FACETS: tuple[Facet, ...] = get_args(Facet)

FACET_ROLES: Mapping[Facet, tuple[Role, ...]] = {
    "background": ("background", "objective"),
    "method": ("method",),
    "result": ("result",),
}
"""Which sentences tell a facet; the objective belongs to the problem that a paper starts from."""


def checked_facet(name: str) -> Facet:
    """A facet's name as typed, checked. Raises BadInput."""
    for facet in FACETS:
        if name == facet:
            return facet
    raise BadInput(f"There is no facet '{name}'", f"choose one of: {', '.join(FACETS)}")
