"""The encoder of sentences: statements, needs and claims are compared by it, whatever encoder the index has.

The statement classifier was trained on its vectors, and what an index is searched with is chosen for whole
papers: the default one, taught by citations, is no better on sentences.
"""

from __future__ import annotations

from functools import cache

from fallow_index.encoders import ENCODERS, Encoder

SENTENCE_ENCODER = "minilm"


@cache
def sentence_encoder() -> Encoder:
    """The encoder of sentences, loaded once. Raises EncoderError."""
    return ENCODERS.create(SENTENCE_ENCODER)
