"""Which papers take part in a search."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Filters:
    """Masks over slots, bool [slots].

    visible: what was public; collection statistics are made of these, so that the future cannot influence an
    old answer. allowed: which of them may be found. as_of, exclude, within: the question that made the masks,
    for an engine that filters by itself.
    """

    visible: NDArray[np.bool_]
    allowed: NDArray[np.bool_]
    as_of: int | None = None
    exclude: Collection[int] = ()
    within: Collection[int] | None = None


@dataclass(frozen=True, eq=False)
class SlotTable:
    """Whose the slots are: numbers int64 [slots], -1 for dead ones; public_by int32 [slots], yyyymmdd."""

    numbers: NDArray[np.int64]
    public_by: NDArray[np.int32]

    def filters(
        self,
        *,
        as_of: int | None = None,
        exclude: Collection[int] = (),
        within: Collection[int] | None = None,
    ) -> Filters:
        """The masks of a question. exclude, within: paper numbers; within None means the whole library."""
        visible = self.numbers >= 0
        if as_of is not None:
            visible &= self.public_by <= as_of
        allowed = visible
        if within is not None:
            allowed = allowed & np.isin(self.numbers, np.fromiter(within, np.int64, len(within)))
        if exclude:
            allowed = allowed & ~np.isin(self.numbers, np.fromiter(exclude, np.int64, len(exclude)))
        return Filters(visible, allowed, as_of, exclude, within)
