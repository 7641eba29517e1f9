"""Searching the index: lexical, dense and late-interaction search, alone or fused, with filters inside."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fallow_index.arrays import REBUILD, map_array
from fallow_index.build import live_vectors
from fallow_index.dense import DenseIndex, knn
from fallow_index.encoders import ENCODERS, Encoder
from fallow_index.fusion import ranks, score_fusion
from fallow_index.generations import (
    NEIGHBOURS_FILE,
    NUMBERS_FILE,
    PUBLIC_BY_FILE,
    SIMILARITIES_FILE,
    Generation,
    current_generation,
)
from fallow_index.late_interaction import score_rows
from fallow_index.lexical import LexicalIndex, query_terms
from fallow_index.neighbours import KEPT, without_self
from fallow_index.segments import Segment, VectorSpace, content_key, text_of
from fallow_index.threads import one_blas_thread
from fallow_index.token_codec import decode, rotation
from fallow_index.token_pooling import pool_tokens
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import BadInput, EncoderError, IndexDamaged
from fallow_ingest.text.normalise import fold

Mode = Literal["hybrid", "bm25", "dense", "late"]
MODES: tuple[Mode, ...] = get_args(Mode)

CANDIDATES = 200
"""How many the lexical and the dense search each nominate (engines.md: 98.6% of the exact top ten)."""
LONGEST_QUERY = 20_000
"""Characters of a query that are read: 256 word pieces reach the encoder, all terms of these the postings."""
_OPEN_ATTEMPTS = 3

Numbers = NDArray[np.int64]
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Signal:
    """What one retriever said of a hit.

    rank: from 1 among the candidates, exact for the first CANDIDATES. score: BM25, cosine, or mean MaxSim.
    """

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A paper found. score: higher is better, comparable within one search only."""

    number: int
    score: float
    signals: Mapping[str, Signal]


@dataclass(frozen=True, eq=False)
class Query:
    """A query as the retrievers see it. dense: float32 [d]; tokens: [m, token_dimension]."""

    terms: Mapping[str, float]
    dense: Vectors
    tokens: NDArray[np.floating]


class Searcher:
    """One generation of a library's index, open for reading; a later build does not disturb it.

    Safe to use from several threads. Use as a context manager or call `close`.
    """

    def __init__(self, library: Path, generation: Generation, encoder: Encoder | None = None) -> None:
        self.library = library
        self.generation = generation
        self._given_encoder = encoder
        self._lock = RLock()
        self._catalog: Catalog | None = None
        folder = generation.folder
        self._slot_numbers: Numbers = map_array(folder / NUMBERS_FILE, np.int64)
        self._public_by = map_array(folder / PUBLIC_BY_FILE, np.int32)
        self._segments = [Segment.open(folder / s.name, generation.space) for s in generation.segments]
        sizes = np.array([len(segment) for segment in self._segments], dtype=np.int64)
        self._bases = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        if not len(self._slot_numbers) == len(self._public_by) == self._bases[-1]:
            raise IndexDamaged(f"{folder / NUMBERS_FILE} does not fit the segments", REBUILD)
        self._live = np.asarray(self._slot_numbers >= 0)
        self._slots: Numbers = np.flatnonzero(self._live)
        self.numbers: Numbers = np.asarray(self._slot_numbers[self._slots])
        self._order = np.argsort(self.numbers)
        self._lexical = LexicalIndex([segment.postings for segment in self._segments])

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

    # What is in it ------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.numbers)

    @cached_property
    def vectors(self) -> Vectors:
        """Dense vectors of all papers in row order, float32 [n, d], of length 1; mapped where possible."""
        return live_vectors([segment.dense for segment in self._segments], self._live)

    @property
    def encoder(self) -> Encoder:
        """The encoder of this index, loaded once. Raises EncoderError when another one made the index."""
        with self._lock:
            if self._given_encoder is None:
                encoder = ENCODERS.create(self.generation.space.encoder)
                _check_space(self.generation, encoder)
                self._given_encoder = encoder
            return self._given_encoder

    def rows(self, numbers: Collection[int] | Numbers) -> Numbers:
        """The row of each paper number, int64; -1 for papers that the index does not hold."""
        wanted = np.asarray(
            numbers if isinstance(numbers, np.ndarray) else list(numbers), dtype=np.int64
        ).reshape(-1)
        if not len(self.numbers) or not len(wanted):
            return np.full(len(wanted), -1, np.int64)
        place = np.searchsorted(self.numbers, wanted, sorter=self._order)
        row = self._order[np.minimum(place, len(self.numbers) - 1)]
        return np.where(self.numbers[row] == wanted, row, -1)

    def nearest(self, k: int, rows: Numbers | None = None) -> tuple[NDArray[np.int32], Vectors]:
        """The k nearest other papers by cosine: rows int32 [m, k] and similarities float32 [m, k], best
        first.

        rows: which papers to ask for, None for all. Up to 20 come from the file that the build wrote, more
        are computed. Where a library holds too few papers the rest is -1 with similarity -inf.
        """
        chosen = np.arange(len(self)) if rows is None else np.asarray(rows, dtype=np.int64)
        if k > KEPT:
            found, similarity = without_self(*knn(self.vectors[chosen], self.vectors, k + 1), chosen)
            return found.astype(np.int32), similarity
        folder = self.generation.folder
        numbers = map_array(folder / NEIGHBOURS_FILE, np.int64, (KEPT,))[chosen, :k]
        similarity = map_array(folder / SIMILARITIES_FILE, np.float32, (KEPT,))[chosen, :k]
        return self.rows(numbers.ravel()).reshape(numbers.shape).astype(np.int32), np.array(similarity)

    # Searching ----------------------------------------------------------------------------------

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
        text = text[:LONGEST_QUERY]
        if not fold(text):
            raise BadInput("The query holds no letters or digits", "describe in words what to look for")
        _check(mode, k)
        return self._find(self._query(text, mode), k, mode, self._allowed(as_of, exclude, within))

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
        return self._find(query, k, mode, self._allowed(as_of, excluded, within))

    def _query(self, text: str, mode: Mode) -> Query:
        space = self.generation.space
        dense, tokens = (
            np.zeros(space.dimension, np.float32),
            np.zeros((0, space.token_dimension), np.float32),
        )
        if mode != "bm25":
            with self._lock:
                dense, tokens = _encode_query(self.encoder, text, with_tokens=mode != "dense")
            tokens, _ = pool_tokens(tokens, np.array([0, len(tokens)]))
        return Query({} if mode == "dense" else query_terms(text), dense, tokens)

    def _stored_query(self, number: int, content_hash: str, text: str) -> Query | None:
        """The query of a paper from its stored vectors; None when its present text is not in the index."""
        row = int(self.rows([number])[0])
        if row < 0:
            return None
        segment, at = self._place(int(self._slots[row]))
        if segment.keys[at].tobytes() != content_key(content_hash):
            return None
        dimension = self.generation.space.token_dimension
        turned = decode(segment.tokens.read(np.array([at])), dimension)
        return Query(query_terms(text), np.array(segment.dense[at]), turned @ rotation(dimension).T)

    def _place(self, slot: int) -> tuple[Segment, int]:
        at = int(np.searchsorted(self._bases, slot, side="right")) - 1
        return self._segments[at], slot - int(self._bases[at])

    def _allowed(
        self, as_of: int | None, exclude: Collection[int], within: Collection[int] | None
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which slots were public (they make the statistics), and which of them may be found."""
        visible = self._live if as_of is None else self._live & (self._public_by <= as_of)
        allowed = visible
        if within is not None:
            allowed = allowed & np.isin(self._slot_numbers, np.fromiter(within, np.int64, len(within)))
        if exclude:
            rows = self.rows(exclude)
            allowed = allowed.copy()
            allowed[self._slots[rows[rows >= 0]]] = False
        return visible, allowed

    def _find(
        self, query: Query, k: int, mode: Mode, filters: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    ) -> list[Hit]:
        with one_blas_thread():
            slots, fused, scores = self._scored(query, k, mode, filters)
        return self._hits(slots, fused, scores, k)

    def _scored(
        self, query: Query, k: int, mode: Mode, filters: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    ) -> tuple[Numbers, Vectors, dict[str, Vectors]]:
        """Candidates, their final scores, and what each retriever that was asked gives them."""
        visible, allowed = filters
        depth = k if mode in ("bm25", "dense") else max(k, CANDIDATES)
        lexical = np.zeros(0, np.float32)
        nominated = [np.empty(0, np.int64)]
        if mode != "dense":
            lexical = self._lexical.scores(query.terms, visible)
            nominated.append(best_slots(np.where(allowed, lexical, 0), depth))
        if mode != "bm25":
            nominated.append(self._dense.search(query.dense, depth, allowed))
        slots = np.unique(np.concatenate(nominated))
        scores: dict[str, Vectors] = {}
        if not len(slots):
            return slots, np.empty(0, np.float32), scores
        if mode in ("bm25", "hybrid"):
            scores["bm25"] = lexical[slots]
        if mode in ("dense", "hybrid"):
            scores["dense"] = self._dense.scores(query.dense, slots)
        if mode in ("late", "hybrid"):
            scores["late"] = self._late(query.tokens, slots)
        fused = score_fusion(scores) if mode == "hybrid" else scores[mode]
        return slots, fused, scores

    @cached_property
    def _dense(self) -> DenseIndex:
        return DenseIndex([s.dense for s in self._segments], self.generation.space.dimension)

    def _late(self, tokens: NDArray[np.floating], slots: Numbers) -> Vectors:
        scores = np.zeros(len(slots), np.float32)
        owner = np.searchsorted(self._bases, slots, side="right") - 1
        for at in np.unique(owner):
            mine = np.flatnonzero(owner == at)
            scores[mine] = score_rows(tokens, self._segments[at].tokens, slots[mine] - self._bases[at])
        return scores

    def _hits(self, slots: Numbers, fused: Vectors, scores: Mapping[str, Vectors], k: int) -> list[Hit]:
        places = {name: ranks(values) for name, values in scores.items()}
        numbers = self._slot_numbers[slots]
        # Equal scores go by paper number, so that the answer does not depend on how the index was built.
        order = np.lexsort((numbers, -fused))[:k]
        return [
            Hit(
                int(numbers[at]),
                float(fused[at]),
                {name: Signal(int(places[name][at]), float(scores[name][at])) for name in scores},
            )
            for at in order.tolist()
        ]


def best_slots(scores: Vectors, k: int) -> Numbers:
    """Slots of the k highest scores above 0, in no particular order; the lower slot among equals."""
    positive = np.flatnonzero(scores > 0)
    if len(positive) <= k:
        return positive
    values = scores[positive]
    cut = np.partition(values, len(values) - k)[len(values) - k]
    above, equal = positive[values > cut], positive[values == cut]
    return np.concatenate([above, equal[: k - len(above)]])


def _encode_query(encoder: Encoder, text: str, *, with_tokens: bool) -> tuple[Vectors, NDArray[np.floating]]:
    """Dense and token vectors of a query.

    Encoders that treat queries like documents say so (`queries_are_documents`): one pass then gives both.
    """
    if not with_tokens:
        return encoder.encode([text])[0], np.zeros((0, encoder.token_dimension), np.float32)
    if getattr(encoder, "queries_are_documents", False):
        dense, both = encoder.encode_both([text])
        return dense[0], both.of(0)
    return encoder.encode([text])[0], encoder.encode_tokens([text], query=True).of(0)


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
