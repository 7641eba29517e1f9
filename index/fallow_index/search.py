"""Searching the index: lexical, dense and late-interaction search, alone or fused, with filters inside."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fallow_index.arrays import REBUILD, map_array
from fallow_index.candidates import nominated, scored, with_feedback, with_neighbours
from fallow_index.citation_neighbours import CitationNeighbours
from fallow_index.concurrency import ConcurrencyRetriever
from fallow_index.dense import DenseIndex
from fallow_index.dense_ivf import read_ivf
from fallow_index.encoders import Encoder, create_encoder
from fallow_index.engines import Engine
from fallow_index.engines.retrieval import engine_retrievers
from fallow_index.explanations import explained
from fallow_index.filters import Filters
from fallow_index.generations import NUMBERS_FILE, TEXT_NUMBERS_FILE, Generation, current_generation
from fallow_index.hits import Hit, Signal, best_hits
from fallow_index.lexical import LexicalIndex, query_terms
from fallow_index.opened import OpenIndex
from fallow_index.passage_search import PassageRetriever
from fallow_index.passages import PassageSegment
from fallow_index.query import LONGEST_QUERY, Query, encode_query, readable, token_weights
from fallow_index.retrievers import Answer, DenseRetriever, LateRetriever, LexicalRetriever, Retriever
from fallow_index.segments import VectorSpace, content_key, text_of
from fallow_index.threads import one_blas_thread
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
    "hybrid": ("bm25", "dense", "passages"),
    "bm25": ("bm25",),
    "dense": ("dense",),
    "late": ("bm25", "dense", "late"),
}
"""Whose candidates a mode ranks; the hybrid adds citation neighbours in a second round. With "late" in its
row it would read the token lists as well."""
SCORERS: Mapping[Mode, tuple[str, ...]] = {
    "hybrid": ("bm25", "dense", "late", "passages", "age"),
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

    def __init__(
        self,
        library: Path,
        generation: Generation,
        encoder: Encoder | None = None,
        engine: Engine | None = None,
    ) -> None:
        super().__init__(library, generation)
        self._given_encoder = encoder
        self._engine = engine
        self._lock = RLock()
        self._catalog: Catalog | None = None

    @classmethod
    def open(cls, library: Path, *, encoder: Encoder | None = None, engine: Engine | None = None) -> Searcher:
        """Open the current generation of a library's index.

        encoder: used instead of the one that the index names, which otherwise loads at the first query.
        engine: does the dense and the late stage instead of the index's own files; in step with them.
        Raises IndexMissing, IndexDamaged naming the file, or EncoderError when `encoder` is not the index's.
        """
        for attempt in range(_OPEN_ATTEMPTS):
            generation = current_generation(library)
            if encoder is not None:
                _check_space(generation, encoder)
            try:
                return cls(library, generation, encoder, engine)
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
    def catalog(self) -> Catalog:
        """The library's catalog, opened once; for whoever holds this searcher, one thread at a time."""
        with self._lock:
            if self._catalog is None:
                self._catalog = Catalog.open(self.library)
            return self._catalog

    @property
    def encoder(self) -> Encoder:
        """The encoder of this index, loaded once. Raises EncoderError when another one made the index."""
        with self._lock:
            if self._given_encoder is None:
                encoder = create_encoder(self.generation.space.encoder)
                _check_space(self.generation, encoder)
                self._given_encoder = encoder
            return self._given_encoder

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Dense vectors of texts in this index's space, float32 [texts, d]; one thread at a time."""
        with self._lock:
            return self.encoder.encode(texts)

    def search(
        self,
        text: str,
        k: int = 10,
        *,
        mode: Mode = "hybrid",
        as_of: int | None = None,
        exclude: Collection[int] = (),
        within: Collection[int] | None = None,
        words: str | None = None,
        concurrent: bool = False,
        explain: bool = False,
    ) -> list[Hit]:
        """The k best papers for a text of any length, best first.

        as_of: only papers public by that day (yyyymmdd). exclude, within: paper numbers. All three act inside
        the search, so k papers come whenever that many are left (bm25: that share a word with the text).
        words: what BM25 reads in place of the text. concurrent: a hybrid search as of a day then takes what
        became public shortly before it for as likely prior work as what is older (concurrency.py). explain:
        signals then say what they rest on (some ms).
        Raises BadInput for a text without letters and digits, an unknown mode or k < 1.
        """
        text = readable(text)
        _check(mode, k)
        filters = self.table.filters(as_of=as_of, exclude=exclude, within=within)
        query = self._query(text, mode)
        if words is not None and query.terms:
            text = words[:LONGEST_QUERY]
            query = replace(query, terms=query_terms(text))
        scorers = [name for name in SCORERS[mode] if name != ConcurrencyRetriever.name or not concurrent]
        return self._find(query, k, mode, filters, text if explain else None, scorers)

    def search_like(
        self,
        number: int,
        k: int = 10,
        *,
        mode: Mode = "hybrid",
        as_of: int | None = None,
        exclude: Collection[int] = (),
        within: Collection[int] | None = None,
        explain: bool = False,
    ) -> list[Hit]:
        """The k papers most like one of the library: its title and abstract are the query, itself excluded.

        Its stored vectors are used where the index holds its present text, so nothing is encoded. Raises
        PaperUnknown, and BadInput as `search`.
        """
        _check(mode, k)
        with self._lock:
            paper = self.catalog.paper(number)
        text = text_of(paper.title, paper.abstract)
        excluded = {*exclude, number}
        with one_blas_thread():
            query = self._stored_query(number, paper.content_hash, text)
        if query is None:
            return self.search(
                text, k, mode=mode, as_of=as_of, exclude=excluded, within=within, explain=explain
            )
        filters = self.table.filters(as_of=as_of, exclude=excluded, within=within)
        return self._find(query, k, mode, filters, text if explain else None)

    def search_passages(
        self,
        text: str,
        k: int = 10,
        *,
        as_of: int | None = None,
        exclude: Collection[int] = (),
        within: Collection[int] | None = None,
    ) -> list[int]:
        """The k papers whose full text has the passage that holds most of a text's words, best first.

        Fewer where fewer full texts share a word with it. Raises BadInput as `search`.
        """
        _check("bm25", k)
        retriever = self.retrievers.get("passages")
        query = self._query(readable(text), "bm25")
        if not isinstance(retriever, PassageRetriever):
            return []
        filters = self.table.filters(as_of=as_of, exclude=exclude, within=within)
        slots = retriever.ask(query, filters).closest(k)
        return [int(number) for number in self.table.numbers[slots]]

    def word_weights(self, text: str, as_of: int | None = None) -> dict[str, float]:
        """The terms of a text with their weights in a search of what was public by then; a term that no
        abstract holds weighs most."""
        visible = self.table.filters(as_of=as_of).visible
        return {term.term: term.weight for term in self._lexical.ask(query_terms(text), visible).asked}

    def _query(self, text: str, mode: Mode) -> Query:
        space = self.generation.space
        dense: NDArray[np.float32] = np.zeros(space.dimension, np.float32)
        tokens: NDArray[np.floating] = np.zeros((0, space.token_dimension), np.float32)
        asked = {*NOMINATORS[mode], *SCORERS[mode]}
        if asked != {"bm25"}:
            with self._lock:
                dense, tokens = encode_query(self.encoder, text, with_tokens="late" in asked)
        weights = token_weights(self.encoder, text) if "late" in asked else None
        return Query(query_terms(text) if "bm25" in asked else {}, dense, tokens, weights)

    def _stored_query(self, number: int, content_hash: str, text: str) -> Query | None:
        """The query of a paper from its stored vectors; None when its present text is not in the index, or
        its word pieces carry weights, which are not stored."""
        slots = self.slots([number])
        if not len(slots) or hasattr(self.encoder, "query_weights"):
            return None
        segment, at = self._place(int(slots[0]))
        if segment.keys[at].tobytes() != content_key(content_hash):
            return None
        tokens = segment.tokens.vectors(np.array([at]))
        return Query(query_terms(text), np.array(segment.dense[at], np.float32), tokens)

    @cached_property
    def retrievers(self) -> dict[str, Retriever]:
        """By name; a new one also needs its place in NOMINATORS or SCORERS, and a weight in fusion.py."""
        retrievers: list[Retriever] = [LexicalRetriever(self._lexical), ConcurrencyRetriever(self.table)]
        if self.generation.texts:
            retrievers.append(self._passages)
        if self._engine is not None:
            retrievers += engine_retrievers(self._engine, self)
        else:
            retrievers += [DenseRetriever(self._dense), LateRetriever(self._segments, self._bases)]
        return {retriever.name: retriever for retriever in retrievers}

    @cached_property
    def _lexical(self) -> LexicalIndex:
        return LexicalIndex([segment.postings for segment in self._segments])

    @cached_property
    def _passages(self) -> PassageRetriever:
        folder = self.generation.folder
        segments = [PassageSegment.open(folder / entry.name) for entry in self.generation.texts]
        numbers = map_array(folder / TEXT_NUMBERS_FILE, np.int64)
        if len(numbers) != sum(map(len, segments)):
            raise IndexDamaged(f"{folder / TEXT_NUMBERS_FILE} does not fit the full texts", REBUILD)
        rows = self.rows(numbers)
        return PassageRetriever(segments, np.where(rows >= 0, self._slots[np.maximum(rows, 0)], -1))

    @cached_property
    def _neighbours(self) -> CitationNeighbours:
        return CitationNeighbours(self.catalog, self, self._lock)

    @cached_property
    def _dense(self) -> DenseIndex:
        generation = self.generation
        ivf = read_ivf(generation.folder, generation.files, slots=generation.slots)
        return DenseIndex([s.dense for s in self._segments], generation.space.dimension, ivf)

    def _find(
        self,
        query: Query,
        k: int,
        mode: Mode,
        filters: Filters,
        text: str | None = None,
        scorers: Sequence[str] | None = None,
    ) -> list[Hit]:
        """text: what the terms were read from, where the hits are to be explained. scorers: None for the
        mode's."""
        scorers = SCORERS[mode] if scorers is None else scorers
        depth = k if mode in ("bm25", "dense") else max(k, CANDIDATES)
        with one_blas_thread():
            names = dict.fromkeys((*NOMINATORS[mode], *scorers))
            answers: dict[str, Answer] = {
                name: self.retrievers[name].ask(query, filters) for name in names if name in self.retrievers
            }
            slots = nominated(answers, NOMINATORS[mode], depth)
            if not len(slots):
                return []
            found = scored(answers, scorers, slots)
            if mode == "hybrid":
                found = with_feedback(found, answers, self._dense, filters, len(query.terms))
                found = with_feedback(found, answers, self._dense, filters, len(query.terms))
                found = with_neighbours(found, answers, self._neighbours, filters, len(query.terms))
            hits = best_hits(self.table.numbers[found.slots], found.fused, found.scores, k)
            return (
                hits if text is None else explained(hits, self.slots([h.number for h in hits]), answers, text)
            )


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
