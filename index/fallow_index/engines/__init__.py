"""Engines: where the vectors of a library are kept and searched, by name.

An engine holds for each paper one dense vector, its token vectors, the day it was public by and the key of
its content, and ranks papers by late interaction with filters inside the search. The words of a paper stay
in the local index whatever the engine. Engines are found through the entry point group `fallow.engines`.

Scores are ours whatever the engine counts: inner products for dense vectors, and for token vectors the mean
over the query's tokens of the best product (late_interaction.max_sim).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fallow_index.late_interaction import shares_of
from fallow_index.segments import KEY_BYTES, Keys, VectorSpace
from fallow_ingest.errors import EncoderError, EngineError, FallowError
from fallow_ingest.registry import Registry

CANDIDATES = 200
"""How many papers the dense search of an engine nominates for MaxSim, unless told otherwise."""

Numbers = NDArray[np.int64]
Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine keeps one library; an engine ignores what does not concern it.

    folder: the library's; url and collection: on a server; python: the interpreter that runs the engine.
    """

    folder: Path
    url: str = ""
    collection: str = ""
    python: str = ""


@dataclass(frozen=True, eq=False)
class Held:
    """What an engine holds. numbers: int64 [n], ascending; keys: uint8 [n, 16]; public_by: int32 [n]."""

    numbers: Numbers
    keys: Keys
    public_by: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.numbers)

    @classmethod
    def nothing(cls) -> Held:
        """What an empty engine holds."""
        return cls(np.empty(0, np.int64), np.empty((0, KEY_BYTES), np.uint8), np.empty(0, np.int32))


@dataclass(frozen=True, eq=False)
class Papers:
    """Papers on their way into an engine.

    held: whose they are; names: their ids in the library, for whoever looks at the engine with other tools;
    dense: float32 [n, d]; tokens: float32 [t, token_d], those of paper i at offsets[i]:offsets[i + 1], pooled
    as the vector space says. A paper may have no token vectors.
    """

    held: Held
    names: tuple[str, ...]
    dense: NDArray[np.float32]
    tokens: NDArray[np.float32]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.held)

    def part(self, start: int, stop: int) -> Papers:
        """Papers start to stop - 1."""
        rows = slice(start, stop)
        held = Held(self.held.numbers[rows], self.held.keys[rows], self.held.public_by[rows])
        offsets = self.offsets[start : min(stop, len(self)) + 1]
        tokens = self.tokens[offsets[0] : offsets[-1]]
        return Papers(held, self.names[rows], self.dense[rows], tokens, offsets - offsets[0])


@dataclass(frozen=True, eq=False)
class Ranking:
    """Papers found, best first. numbers: int64 [k]; dense, late: float32 [k], inner product and MaxSim."""

    numbers: Numbers
    dense: Scores
    late: Scores

    def __len__(self) -> int:
        return len(self.numbers)

    @classmethod
    def best(cls, numbers: Numbers, dense: Scores, late: Scores, k: int) -> Ranking:
        """The k best of some candidates: by MaxSim, then by inner product, then the lower number."""
        order = np.lexsort((numbers, -dense, -late))[:k]
        return cls(numbers[order], dense[order], late[order])

    @classmethod
    def nothing(cls) -> Ranking:
        """No papers."""
        return cls(np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.float32))


@runtime_checkable
class Engine(Protocol):
    """A store of vectors that is open. Made by `ENGINES.create(name, place=Place, space=VectorSpace)`.

    Opening makes the store where there is none; one that holds another space is refused with EncoderError,
    or emptied when `replace=True` was said. What does not answer, or not as it should, raises an error of
    fallow_ingest.errors. A store has one writer at a time.
    """

    name: str

    def held(self) -> Held:
        """Everything it holds: what a synchronisation compares."""

    def upsert(self, papers: Papers) -> None:
        """Add papers, or replace those of the same number. What returned survives a kill."""

    def delete(self, numbers: Numbers) -> None:
        """Forget papers; numbers that it does not hold are ignored."""

    def settle(self) -> None:
        """After the last change: whatever makes searches answer, and answer fast."""

    def count(self) -> int:
        """How many papers it holds."""

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
        """The k best papers for a query by MaxSim; papers without token vectors score 0.

        dense: [d]; tokens: [m, token_d], m may be 0: then the inner product decides; weights: of the tokens,
        as `max_sim`. as_of: only papers public by that day (yyyymmdd). exclude, within: paper numbers. All
        three act inside the search: k papers come whenever that many are left. candidates: how many papers
        get their MaxSim (k if k is more); an engine whose candidates are all that pass the filters is exact
        up to its own rounding.
        """

    def close(self) -> None:
        """Let go of files, processes and connections."""


ENGINES: Registry[Engine] = Registry("engine", "fallow.engines")
"""Engines by name; `local` is the default. A class also answers `lacking(place)`, see below."""
DEFAULT_ENGINE = "local"


def lacking(name: str, place: Place) -> FallowError | None:
    """What keeps an engine from working here, with the command that mends it; None when nothing does.

    Touches neither network nor store. Raises UnknownName.
    """
    found: FallowError | None = ENGINES.find(name).lacking(place)
    return found


def weighted(
    tokens: NDArray[np.floating], weights: NDArray[np.floating] | None
) -> tuple[NDArray[np.float32], float]:
    """Query tokens for an engine that sums best products, and what the sum is to be divided by.

    A weight moves into its token: the best product of w q is w times that of q. The heaviest keep their
    length, those without weight go. Tokens float32 [m', d].

    >>> weighted(np.eye(3), np.array([0.0, 1.0, 2.0]))[1]
    1.5
    """
    shares = shares_of(weights, len(tokens))
    kept = np.flatnonzero(shares)
    if not len(kept):
        return np.empty((0, tokens.shape[1]), np.float32), 1.0
    relative = shares[kept] / shares.max()
    return np.asarray(tokens[kept], np.float32) * relative[:, np.newaxis], float(relative.sum())


def other_space(what: str, held: str, space: VectorSpace) -> EncoderError:
    """The refusal of a store whose vectors another encoder made."""
    return EncoderError(
        f"{what} holds vectors of {held or 'an unknown encoder'}, the index has those of {told(space)}",
        "run `fallow build`, which fills it anew",
    )


def told(space: VectorSpace) -> str:
    """A vector space in a few words; different for different spaces.

    >>> told(VectorSpace("minilm", "0123456789abcdef", 384, 128, 2))
    'minilm 0123456789ab (384, 128/2)'
    """
    size = f"({space.dimension}, {space.token_dimension}/{space.pool})"
    return f"{space.encoder} {space.digest[:12]} {size}"


def not_installed(name: str, module: str, extra: str) -> EngineError:
    """The error for an engine whose library is absent."""
    return EngineError(f"The engine '{name}' needs {module}, which is not installed",
                       f"pip install 'fallow[{extra}]'")  # fmt: skip
