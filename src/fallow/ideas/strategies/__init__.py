"""Strategies by name: each composes ideas from one kind of evidence and refuses without it."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from fallow.ideas.idea import Idea
from fallow.ideas.material import Material
from fallow_ingest.registry import Registry


@runtime_checkable
class Strategy(Protocol):
    """A way of turning evidence into ideas."""

    @property
    def name(self) -> str:
        """The name in the registry."""

    @property
    def evidence(self) -> str:
        """Which evidence it needs, in a sentence."""

    def propose(self, material: Material, *, most: int = 40) -> list[Idea]:
        """At most that many ideas, best first. Raises NotEnoughEvidence when the library supports none."""


STRATEGIES: Registry[Strategy] = Registry("idea strategy", "fallow.idea_strategies")
"""Strategies by name; add your own through the entry point group fallow.idea_strategies."""
