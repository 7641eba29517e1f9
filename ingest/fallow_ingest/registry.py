"""Parts found by name through entry points: our own use the same door as everybody's."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Generic, TypeVar, cast

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
        for entry in entry_points(group=self.group):
            if entry.name == name:
                return cast("Part", entry.load()(**options))
        raise UnknownName(
            f"There is no {self.kind} named '{name}'", f"choose one of: {', '.join(self.names())}"
        )
