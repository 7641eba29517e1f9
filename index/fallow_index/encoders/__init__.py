"""Encoders: texts in, vectors out, whichever runtime does the arithmetic.

An encoder gives two views of a text: one dense vector (what it is about as a whole) and one vector per word
piece (for late interaction, Khattab and Zaharia 2020, "ColBERT"). Encoders are found by name through the
entry point group `fallow.encoders`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from fallow_ingest.errors import UnknownName
from fallow_ingest.registry import Registry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class TokenVectors:
    """Token vectors of many texts, laid end to end.

    vectors: float16 [total, token_dimension], each row of length 1.
    offsets: int64 [texts + 1]; the rows of text i are offsets[i]:offsets[i + 1].
    """

    vectors: NDArray[np.float16]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def of(self, text: int) -> NDArray[np.float16]:
        """The token vectors of one text, float16 [tokens, token_dimension]."""
        return self.vectors[self.offsets[text] : self.offsets[text + 1]]


@runtime_checkable
class Encoder(Protocol):
    """What an index asks of an encoder.

    digest names the vector space: an index is only searched with vectors of the digest it was built with.
    """

    @property
    def name(self) -> str:
        """What `create_encoder` finds it by: its name in the registry, or a model's folder or hub name."""

    @property
    def digest(self) -> str:
        """Hex digest of everything that defines the vector space."""

    @property
    def dimension(self) -> int:
        """Length of a dense vector."""

    @property
    def token_dimension(self) -> int:
        """Length of a token vector."""

    @property
    def max_tokens(self) -> int:
        """Word pieces read of a text, markers included; the rest is cut off."""

    def encode(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """Dense vectors, float32 [texts, dimension], each of length 1. Any text is accepted, also an empty
        one. `query` for texts that search, otherwise for texts that are searched."""

    def encode_tokens(self, texts: Sequence[str], *, query: bool = False) -> TokenVectors:
        """Token vectors; `query` as for `encode`."""

    def encode_both(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], TokenVectors]:
        """`encode` and `encode_tokens` of documents at the price of one pass."""


ENCODERS: Registry[Encoder] = Registry("encoder", "fallow.encoders")
"""Encoders by name; build.DEFAULT_ENCODER is what a new library gets."""

MODEL_RUNTIME = "sentence-transformers"
"""The encoder that runs models of people's own."""


def create_encoder(name: str) -> Encoder:
    """The encoder of that name in the registry, else the model of that folder or hub name.

    Raises UnknownName, listing what there is, for a name that can be neither; EncoderError for a model that
    is missing or not whole.
    """
    if name not in ENCODERS.names():
        from fallow_index.encoders.sentence_transformer_files import looks_like_model

        if looks_like_model(name):
            return ENCODERS.create(MODEL_RUNTIME, model=name)
    try:
        return ENCODERS.create(name)
    except UnknownName as error:
        remedy = f"{error.remedy}, or give a model's folder or its hub name (organisation/model)"
        raise UnknownName(error.what, remedy) from error
