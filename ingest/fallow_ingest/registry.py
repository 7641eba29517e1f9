"""Parts found by name through entry points: our own use the same door as everybody's."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar, cast

from fallow_ingest.errors import UnknownName

Part = TypeVar("Part")


class Registry(Generic[Part]):
    """The parts of one entry-point group, imported only when asked for.

    kind is the word people use for such a part; group the entry-point group in pyproject.toml.
    """

    def __init__(self, kind: str, group: str) -> None:
        self.kind = kind
        self.group = group

    def names(self) -> list[str]:
        """Names of every installed part, sorted."""
        return sorted({entry.name for entry in entry_points(group=self.group)})

    def create(self, name: str, **options: object) -> Part:
        """The part of that name, made with `options`.

        Raises UnknownName, listing what there is.
        """
        return cast("Part", self.find(name)(**options))

    def find(self, name: str) -> Any:
        """What makes the part of that name, a class as a rule. Raises UnknownName."""
        for entry in entry_points(group=self.group):
            if entry.name == name:
                return entry.load()
        raise UnknownName(
            f"There is no {self.kind} named '{name}'", f"choose one of: {', '.join(self.names())}"
        )
