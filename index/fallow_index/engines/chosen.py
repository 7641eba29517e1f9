"""Which engine a library uses: remembered in its catalog by the build that filled it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import orjson

from fallow_index.engines import DEFAULT_ENGINE, ENGINES, Engine, Place, lacking
from fallow_index.engines.sync import Synchronised, synchronise
from fallow_index.generations import Generation, current_generation
from fallow_index.opened import OpenIndex
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import EngineError
from fallow_ingest.progress import ReportProgress, ignore_progress

SETTING = "search.engine"


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine and where it is. generation: the one that it held when it was last filled, 0 for none."""

    name: str = DEFAULT_ENGINE
    url: str = ""
    collection: str = ""
    python: str = ""
    generation: int = 0

    def place(self, library: Path) -> Place:
        """Where the engine keeps a library."""
        return Place(library, self.url, self.collection, self.python)

    def said(self, *, name: str = "", url: str = "", collection: str = "", python: str = "") -> Choice:
        """This choice, but for what is said now. Another engine, server or collection starts from nothing."""
        base = self if name in ("", self.name) else Choice(name)
        new = replace(
            base,
            url=url or base.url,
            collection=collection or base.collection,
            python=python or base.python,
        )
        moved = (new.url, new.collection) != (base.url, base.collection)
        return replace(new, generation=0) if moved else new


def remembered(catalog: Catalog) -> Choice:
    """The engine of a library's last build; `local` where nothing was said."""
    stored = catalog.get_setting(SETTING)
    return Choice(**stored) if isinstance(stored, dict) else Choice()


def remember(catalog: Catalog, choice: Choice) -> None:
    """Keep a choice with the library. Raises LibraryBusy or DiskFull."""
    with catalog.writing() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO settings VALUES (?, ?)", (SETTING, orjson.dumps(asdict(choice)).decode())
        )


def refuse_unusable(choice: Choice, library: Path) -> None:
    """Before any work: raise what keeps an engine from working here, or UnknownName."""
    error = lacking(choice.name, choice.place(library))
    if error is not None:
        raise error


def fill(catalog: Catalog, choice: Choice, report: ReportProgress = ignore_progress) -> Synchronised | None:
    """Make the chosen engine hold the library's index, and remember it; None for `local`, which does.

    Killed or refused, the library remembers the engine as not filled, and the same call goes on. Raises
    IndexMissing, LibraryBusy and whatever the engine raises.
    """
    with catalog.exclusive():
        remember(catalog, replace(choice, generation=0))
        if choice.name == DEFAULT_ENGINE:
            return None
        index = OpenIndex(catalog.library, current_generation(catalog.library))
        engine = _opened(choice, index.generation, catalog.library, replace=True)
        try:
            done = synchronise(engine, index, catalog, report)
        finally:
            engine.close()
        remember(catalog, replace(choice, generation=index.generation.number))
        return done


def engine_for(catalog: Catalog, choice: Choice) -> Engine | None:
    """The chosen engine, open for searching; None for `local`.

    Raises EngineError when it does not hold the present generation: what it would not find could be missed.
    """
    if choice.name == DEFAULT_ENGINE:
        return None
    refuse_unusable(choice, catalog.library)
    generation = current_generation(catalog.library)
    if choice.generation != generation.number:
        holds = f"generation {choice.generation}" if choice.generation else "nothing yet"
        raise EngineError(
            f"The engine '{choice.name}' holds {holds}, the index is at generation {generation.number}",
            f"run `fallow build --engine {choice.name}`, or search with --engine {DEFAULT_ENGINE}",
        )
    return _opened(choice, generation, catalog.library, replace=False)


def _opened(choice: Choice, generation: Generation, library: Path, *, replace: bool) -> Engine:
    place = choice.place(library)
    return ENGINES.create(choice.name, place=place, space=generation.space, replace=replace)
