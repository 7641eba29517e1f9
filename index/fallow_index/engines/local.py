"""The engine `local`: the generations of the index itself, behind the protocol of all engines.

In a library `fallow build` writes the generations, so there is nothing to synchronise. In a folder without a
catalog the engine writes generations of its own: they answer vectors, not words.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fallow_index.arrays import save_array
from fallow_index.engines import CANDIDATES, Held, Numbers, Papers, Place, Ranking, other_space, told
from fallow_index.generations import (
    NUMBERS_FILE,
    PUBLIC_BY_FILE,
    Generation,
    SegmentEntry,
    building,
    building_folder,
    current_generation,
    index_folder,
    next_number,
    publish,
    retire,
)
from fallow_index.parts import Part, link, plan
from fallow_index.postings import Postings
from fallow_index.query import Query
from fallow_index.search import Searcher
from fallow_index.segments import Segment, VectorSpace, merge_segments, write_segment
from fallow_index.threads import one_blas_thread
from fallow_index.token_store import TokenStore
from fallow_ingest.errors import BadInput, FallowError, IndexMissing

CATALOG = "catalog.sqlite"


class LocalEngine:
    """The current generation of a folder. A generation published by another process is seen when reopened."""

    name = "local"

    def __init__(self, place: Place, space: VectorSpace, *, replace: bool = False) -> None:
        self.folder = place.folder
        self.space = space
        self._searcher: Searcher | None = None
        self._reopen()
        if self._searcher is not None and self._searcher.generation.space != space:
            if not replace or self._is_library:
                raise other_space(
                    f"{index_folder(self.folder)}", told(self._searcher.generation.space), space
                )
            self._publish([], np.empty(0, np.int64))

    @staticmethod
    def lacking(_place: Place) -> FallowError | None:
        """Nothing: it is part of the index."""
        return None

    @property
    def _is_library(self) -> bool:
        return (self.folder / CATALOG).exists()

    def _reopen(self) -> None:
        LocalEngine.close(self)  # of a subclass only this part
        with suppress(IndexMissing):  # an engine that holds nothing yet
            self._searcher = Searcher(self.folder, current_generation(self.folder))

    def close(self) -> None:
        """Let go of the files."""
        if self._searcher is not None:
            self._searcher.close()
            self._searcher = None

    def count(self) -> int:
        """How many papers the generation holds."""
        return 0 if self._searcher is None else len(self._searcher)

    def held(self) -> Held:
        """What the generation holds."""
        if self._searcher is None:
            return Held.nothing()
        keys, days = self._searcher.keys, self._searcher.days
        order = np.argsort(self._searcher.numbers)
        return Held(self._searcher.numbers[order], keys[order], days[order])

    def settle(self) -> None:
        """Nothing is left to do: every change was published."""

    # Searching ----------------------------------------------------------------------------------

    def search(
        self,
        dense: NDArray[np.floating],
        tokens: NDArray[np.floating],
        k: int,
        *,
        weights: NDArray[np.floating] | None = None,
        as_of: int | None = None,
        exclude: Collection[int] = (),
        within: Collection[int] | None = None,
        candidates: int = CANDIDATES,
    ) -> Ranking:
        """As the protocol says; MaxSim is exact over the compressed vectors."""
        searcher = self._searcher
        if searcher is None:
            return Ranking.nothing()
        filters = searcher.table.filters(as_of=as_of, exclude=exclude, within=within)
        query = Query({}, np.asarray(dense, np.float32), tokens, weights)
        with one_blas_thread():
            by_dense, late = (searcher.retrievers[name].ask(query, filters) for name in ("dense", "late"))
            depth = max(k, candidates)
            slots = np.unique(np.concatenate([by_dense.nominate(depth), late.nominate(depth)]))
            numbers = searcher.table.numbers[slots]
            return Ranking.best(numbers, by_dense.scores(slots), late.scores(slots), k)

    # Writing, where no build does ---------------------------------------------------------------

    def upsert(self, papers: Papers) -> None:
        """Publish a generation with these papers; the postings of their rows are empty."""
        self._refuse_library()
        self._publish([papers], papers.held.numbers)

    def delete(self, numbers: Numbers) -> None:
        """Publish a generation without these papers."""
        self._refuse_library()
        if np.isin(numbers, self.held().numbers).any():
            self._publish([], numbers)

    def _refuse_library(self) -> None:
        if self._is_library:
            raise BadInput(
                f"The papers of {self.folder} come from its catalog, not through the engine 'local'",
                "run `fallow build`",
            )

    def _publish(self, added: list[Papers], dropped: Numbers) -> None:
        """A generation of what is there without `dropped`, and what is added."""
        with building(self.folder) as index:
            number = next_number(index)
            folder = building_folder(index, number)
            kept = self._parts(dropped)
            days = {} if self._searcher is None else _by_number(self._searcher)
            for papers in added:
                kept.append(self._write(folder / f"segment-{number:06}-new", papers))
                days |= dict(zip(papers.held.numbers.tolist(), papers.held.public_by.tolist(), strict=True))
            generation = self._assemble(number, folder, kept, days)
            publish(index, generation)
            retire(index, number)
        self._reopen()

    def _parts(self, dropped: Numbers) -> list[Part[Segment]]:
        """The segments of the current generation, as far as it is of this space."""
        searcher = self._searcher
        if searcher is None or searcher.generation.space != self.space:
            return []
        numbers = np.where(np.isin(searcher.table.numbers, dropped), -1, searcher.table.numbers)
        parts, base = [], 0
        for entry in searcher.generation.segments:
            part = Part(Segment.open(searcher.generation.folder / entry.name, self.space), entry)
            part.numbers[:] = numbers[base : base + len(part.numbers)]
            base += len(part.numbers)
            parts.append(part)
        return parts

    def _write(self, folder: Path, papers: Papers) -> Part[Segment]:
        known = [] if self._searcher is None else self._searcher.quantisers
        tokens = TokenStore.of(papers.tokens, papers.offsets, known)
        words = Postings.of([("", "")] * len(papers))
        write_segment(folder, papers.held.keys, papers.dense, tokens, words)
        part = Part(Segment.open(folder, self.space), None)
        part.numbers[:] = papers.held.numbers
        return part

    def _assemble(
        self, number: int, folder: Path, parts: list[Part[Segment]], days: dict[int, int]
    ) -> Generation:
        linked, merged = plan(parts)
        entries = [link(part, folder) for part in linked]
        numbers = [np.empty(0, np.int64), *(part.numbers for part in linked)]
        if merged:
            chosen = [(part.segment, np.flatnonzero(part.numbers >= 0)) for part in merged]
            words = [(segment.postings, rows) for segment, rows in chosen]
            name = f"segment-{number:06}"
            sums = merge_segments(folder / name, chosen, self.space, words)
            numbers += [part.numbers[rows] for part, (_, rows) in zip(merged, chosen, strict=True)]
            entries.append(SegmentEntry(name, sum(len(rows) for _, rows in chosen), sums))
        slots = np.concatenate(numbers)
        public_by = np.array([days.get(paper, 0) for paper in slots.tolist()], np.int32)
        files = {
            NUMBERS_FILE: save_array(folder / NUMBERS_FILE, slots),
            PUBLIC_BY_FILE: save_array(folder / PUBLIC_BY_FILE, public_by),
        }
        papers = int(np.count_nonzero(slots >= 0))
        return Generation(number, folder, self.space, papers, len(slots), tuple(entries), files)


def _by_number(searcher: Searcher) -> dict[int, int]:
    return dict(zip(searcher.numbers.tolist(), searcher.days.tolist(), strict=True))
