"""Searching the index: lexical, dense and late-interaction search, alone or fused, with filters inside."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fallow_index.dense import DenseIndex
from fallow_index.encoders import ENCODERS, Encoder
from fallow_index.filters import Filters
from fallow_index.fusion import score_fusion
from fallow_index.generations import NUMBERS_FILE, Generation, current_generation
from fallow_index.hits import Hit, Signal, best_hits
from fallow_index.lexical import LexicalIndex, query_terms
from fallow_index.opened import OpenIndex
from fallow_index.query import LONGEST_QUERY, Query, encode_query, readable
from fallow_index.retrievers import DenseRetriever, LateRetriever, LexicalRetriever, Retriever
from fallow_index.segments import VectorSpace, content_key, text_of
from fallow_index.threads import one_blas_thread
from fallow_index.token_codec import decode, rotation
from fallow_index.token_pooling import pool_tokens
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput, EncoderError, IndexDamaged

__all__ = [
    "CANDIDATES",
    "LONGEST_QUERY",
    "MODES",
    "Hit",
    "Mode",
    "Query",
    "Searcher",
    "Signal",
    "checked_modes",
]

Mode = Literal["hybrid", "bm25", "dense", "late"]
MODES: tuple[Mode, ...] = get_args(Mode)

CANDIDATES = 200
"""How many the lexical and the dense search each nominate (engines.md: 98.6% of the exact top ten)."""
NOMINATORS: Mapping[Mode, tuple[str, ...]] = {
    "hybrid": ("bm25", "dense", "late"),
    "bm25": ("bm25",),
    "dense": ("dense",),
    "late": ("bm25", "dense", "late"),
}
"""Whose candidates a mode ranks."""
SCORERS: Mapping[Mode, tuple[str, ...]] = {
    "hybrid": ("bm25", "dense", "late"),
    "bm25": ("bm25",),
    "dense": ("dense",),
    "late": ("late",),
}
"""Whose scores it ranks them by; several are fused."""
_OPEN_ATTEMPTS = 3


class Searcher(OpenIndex):
    """One generation of a library's index, open for searching; a later build does not disturb it.

    Safe to use from several threads. Use as a context manager or call `close`.
    """

    def __init__(self, library: Path, generation: Generation, encoder: Encoder | None = None) -> None:
        super().__init__(library, generation)
        self._given_encoder = encoder
        self._lock = RLock()
        self._catalog: Catalog | None = None

    @classmethod
    def open(cls, library: Path, *, encoder: Encoder | None = None) -> Searcher:
        """Open the current generation of a library's index.

        encoder: used instead of the one that the index names, which otherwise loads at the first query.
        Raises IndexMissing, IndexDamaged naming the file, or EncoderError when `encoder` is not the index's.
        """
        for attempt in range(_OPEN_ATTEMPTS):
            generation = current_generation(library)
            if encoder is not None:
                _check_space(generation, encoder)
            try:
                return cls(library, generation, encoder)
            except IndexDamaged:
                # Two builds may have ended since the pointer was read, and the generation be gone.
                if attempt == _OPEN_ATTEMPTS - 1 or (generation.folder / NUMBERS_FILE).exists():
                    raise
        raise AssertionError("the loop returns or raises")

    def close(self) -> None:
        """Close the catalog, if it was opened; the maps go with the object."""
        if self._catalog is not None:
            self._catalog.close()
            self._catalog = None

    def __enter__(self) -> Searcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def encoder(self) -> Encoder:
        """The encoder of this index, loaded once. Raises EncoderError when another one made the index."""
        with self._lock:
            if self._given_encoder is None:
                encoder = ENCODERS.create(self.generation.space.encoder)
                _check_space(self.generation, encoder)
                self._given_encoder = encoder
            return self._given_encoder

    def search(
        self,
        text: str,
        k: int = 10,
        *,
        mode: Mode = "hybrid",
        as_of: int | None = None,
        exclude: Collection[int] = (),
        within: Collection[int] | None = None,
    ) -> list[Hit]:
        """The k best papers for a text of any length, best first.

        as_of: only papers public by that day (yyyymmdd). exclude, within: paper numbers. All three act inside
        the search, so k papers come whenever that many are left (bm25: that share a word with the text).
        Raises BadInput for a text without letters and digits, an unknown mode or k < 1.
        """
        text = readable(text)
        _check(mode, k)
        filters = self.table.filters(as_of=as_of, exclude=exclude, within=within)
        return self._find(self._query(text, mode), k, mode, filters)

    def search_like(
        self,
        number: int,
        k: int = 10,
        *,
        mode: Mode = "hybrid",
        as_of: int | None = None,
        exclude: Collection[int] = (),
        within: Collection[int] | None = None,
    ) -> list[Hit]:
        """The k papers most like one of the library: its title and abstract are the query, itself excluded.

        Its stored vectors are used where the index holds its present text, so nothing is encoded. Raises
        PaperUnknown, and BadInput as `search`.
        """
        _check(mode, k)
        with self._lock:
            if self._catalog is None:
                self._catalog = Catalog.open(self.library)
            paper = self._catalog.paper(number)
        text = text_of(paper.title, paper.abstract)
        excluded = {*exclude, number}
        with one_blas_thread():
            query = self._stored_query(number, paper.content_hash, text)
        if query is None:
            return self.search(text, k, mode=mode, as_of=as_of, exclude=excluded, within=within)
        filters = self.table.filters(as_of=as_of, exclude=excluded, within=within)
        return self._find(query, k, mode, filters)

    def _query(self, text: str, mode: Mode) -> Query:
        space = self.generation.space
        dense: NDArray[np.float32] = np.zeros(space.dimension, np.float32)
        tokens: NDArray[np.floating] = np.zeros((0, space.token_dimension), np.float32)
        asked = {*NOMINATORS[mode], *SCORERS[mode]}
        if asked != {"bm25"}:
            with self._lock:
                dense, tokens = encode_query(self.encoder, text, with_tokens="late" in asked)
            tokens, _ = pool_tokens(tokens, np.array([0, len(tokens)]))
        return Query(query_terms(text) if "bm25" in asked else {}, dense, tokens)

    def _stored_query(self, number: int, content_hash: str, text: str) -> Query | None:
        """The query of a paper from its stored vectors; None when its present text is not in the index."""
        slots = self.slots([number])
        if not len(slots):
            return None
        segment, at = self._place(int(slots[0]))
        if segment.keys[at].tobytes() != content_key(content_hash):
            return None
        dimension = self.generation.space.token_dimension
        turned = decode(segment.tokens.read(np.array([at])), dimension)
        return Query(query_terms(text), np.array(segment.dense[at]), turned @ rotation(dimension).T)

    @cached_property
    def _retrievers(self) -> dict[str, Retriever]:
        """By name; a new one also needs its place in NOMINATORS or SCORERS, and a weight in fusion.py."""
        retrievers: list[Retriever] = [
            LexicalRetriever(LexicalIndex([segment.postings for segment in self._segments])),
            DenseRetriever(self._dense),
            LateRetriever(self._segments, self._bases),
        ]
        return {retriever.name: retriever for retriever in retrievers}

    @cached_property
    def _dense(self) -> DenseIndex:
        return DenseIndex([s.dense for s in self._segments], self.generation.space.dimension)

    def _find(self, query: Query, k: int, mode: Mode, filters: Filters) -> list[Hit]:
        depth = k if mode in ("bm25", "dense") else max(k, CANDIDATES)
        with one_blas_thread():
            names = dict.fromkeys((*NOMINATORS[mode], *SCORERS[mode]))
            answers = {name: self._retrievers[name].ask(query, filters) for name in names}
            slots = np.unique(np.concatenate([answers[name].nominate(depth) for name in NOMINATORS[mode]]))
            if not len(slots):
                return []
            scores = {name: answers[name].scores(slots) for name in SCORERS[mode]}
        fused = score_fusion(scores) if len(scores) > 1 else next(iter(scores.values()))
        return best_hits(self.table.numbers[slots], fused, scores, k)


def _check(mode: str, k: int) -> None:
    if mode not in MODES:
        raise BadInput(f"There is no search mode '{mode}'", f"choose one of: {', '.join(MODES)}")
    if k < 1:
        raise BadInput(f"{k} results cannot be shown", "ask for at least one")


def _check_space(generation: Generation, encoder: Encoder) -> None:
    if VectorSpace.of(encoder) != generation.space:
        raise EncoderError(
            f"The index in {generation.folder} was built with encoder '{generation.space.encoder}' "
            f"({generation.space.digest[:12]}), this one is '{encoder.name}' ({encoder.digest[:12]})",
            "run `fallow build` to encode the library with it",
        )


def checked_modes(names: Sequence[str]) -> tuple[Mode, ...]:
    """Mode names as typed, checked. Raises BadInput."""
    for name in names:
        _check(name, 1)
    return tuple(mode for mode in MODES if mode in names)
