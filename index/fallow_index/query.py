"""A query as the retrievers see it: terms for the postings, one vector, token vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fallow_index.encoders import Encoder
from fallow_ingest.errors import BadInput
from fallow_ingest.text.normalise import fold

LONGEST_QUERY = 20_000
"""Characters of a query that are read: 256 word pieces reach the encoder, all terms of these the postings."""


@dataclass(frozen=True, eq=False)
class Query:
    """A query as the retrievers see it.

    terms: term -> weight (lexical.query_terms); dense: float32 [d]; tokens: [m, token_dimension];
    weights: [m] of the tokens, None for equal ones. What no retriever of a search needs is empty.
    """

    terms: Mapping[str, float]
    dense: NDArray[np.float32]
    tokens: NDArray[np.floating]
    weights: NDArray[np.float32] | None = None


def readable(text: str) -> str:
    """The part of a query that is read. Raises BadInput when it holds neither letters nor digits."""
    text = text[:LONGEST_QUERY]
    if not fold(text):
        raise BadInput("The query holds no letters or digits", "describe in words what to look for")
    return text


def encode_query(
    encoder: Encoder, text: str, *, with_tokens: bool
) -> tuple[NDArray[np.float32], NDArray[np.floating]]:
    """Dense and token vectors of a query; no token vectors unless asked for.

    Encoders that treat queries like documents say so (`queries_are_documents`): one pass then gives both.
    """
    if not with_tokens:
        return encoder.encode([text], query=True)[0], np.zeros((0, encoder.token_dimension), np.float32)
    if getattr(encoder, "queries_are_documents", False):
        dense, both = encoder.encode_both([text])
        return dense[0], both.of(0)
    return encoder.encode([text], query=True)[0], encoder.encode_tokens([text], query=True).of(0)


def token_weights(encoder: Encoder, text: str) -> NDArray[np.float32] | None:
    """What the tokens of a query weigh, where the encoder knows (`query_weights`): float32 [tokens]."""
    weigh = getattr(encoder, "query_weights", None)
    return None if weigh is None else weigh(text)
