"""The default encoder: MiniLM with what citations taught it (training/prior_work, docs/encoders.md).

A low-rank adapter (Hu et al. 2021, "LoRA") is added to the matrices of the last three layers once, when the
graph is made, so that encoding costs what it costs without; the token projection is its own. Word pieces
carry weights, in the mean that is the dense vector and, those of a query, in MaxSim: rare ones count more
(as with inverse document frequency, Sparck Jones 1972) and so do the first ones, which are the title.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fallow_index.encoders.minilm import MiniLmEncoder
from fallow_index.encoders.weights import read_tensors
from fallow_ingest.errors import EncoderError

Dense = NDArray[np.float32]

ADAPTER_FILE = Path(__file__).with_name("prior_work.npz")
CALIBRATION_FILE = Path(__file__).with_name("prior_work_int8.npz")

DOWN, UP = ".down", ".up"
"""After a tensor's name: the two factors, [rank, in] and [out, rank], of what is added to it."""

DENSE_POWER, LATE_POWER = 0.25, 1.0
"""Of a word piece's rarity, in the dense vector and in MaxSim."""
RARITY_FLOOR = 0.1
TITLE_GAIN, TITLE_PIECES = 3.0, 20.0
"""Chosen on neurips dev (docs/encoders.md); gains of 1 to 6 and powers of 0.25 to 1 differ little."""


class PriorWorkEncoder(MiniLmEncoder):
    """MiniLM adapted to find the prior work of a paper: 384-dimensional dense vectors, 128-dimensional token
    vectors.

    Arguments and errors as `MiniLmEncoder`.
    """

    name = "prior-work"
    calibration_file = CALIBRATION_FILE
    weighted = True

    @cached_property
    def digest(self) -> str:
        """Of MiniLM's weights and the adapter; not of the precision."""
        return hashlib.sha256(super().digest.encode() + self._adapter_digest).hexdigest()

    @cached_property
    def tensors(self) -> Mapping[str, Dense]:
        """MiniLM's weights by name, those that the adapter changes with the change added."""
        return merged(read_tensors(self._weights.model), self._adapter)

    @cached_property
    def projection(self) -> Dense:
        """The token projection, [384, 128]."""
        return self._adapter["projection"]

    def piece_weights(self, ids: NDArray[np.integer]) -> Dense:
        """What each word piece weighs in the dense vector: [..., length] -> float32 of the same shape."""
        return piece_weights(self._adapter["rarity"][ids], DENSE_POWER)

    def query_weights(self, text: str) -> Dense:
        """What each token vector of a query weighs in MaxSim: float32 [tokens]."""
        return piece_weights(self._adapter["rarity"][self.word_pieces([text])[0]], LATE_POWER)

    @cached_property
    def _adapter(self) -> Mapping[str, Dense]:
        return read_adapter(ADAPTER_FILE)

    @cached_property
    def _adapter_digest(self) -> bytes:
        return hashlib.sha256(ADAPTER_FILE.read_bytes()).digest()


def read_adapter(path: Path) -> dict[str, Dense]:
    """The arrays of an adapter file, float32: factors of changes by tensor name, `projection` [384, 128]
    and `rarity` [vocabulary], the inverse document frequency of word pieces. Raises EncoderError for a file
    that is missing or not whole."""
    try:
        with path.open("rb") as file, np.load(file) as stored:
            return {name: stored[name].astype(np.float32) for name in stored.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise EncoderError(
            f"The encoder's file {path} cannot be read ({error})", "install fallow again"
        ) from error


def piece_weights(rarity: Dense, power: float) -> Dense:
    """Weights of the word pieces of texts: [..., length], by rarity and place, the first one first.

    (rarity + RARITY_FLOOR) ** power * (1 + TITLE_GAIN * exp(-place / TITLE_PIECES)).
    """
    first = 1 + TITLE_GAIN * np.exp(-np.arange(rarity.shape[-1]) / TITLE_PIECES)
    return np.asarray((rarity + RARITY_FLOOR) ** power * first, dtype=np.float32)


def merged(tensors: Mapping[str, Dense], adapter: Mapping[str, Dense]) -> dict[str, Dense]:
    """Tensors with the adapter's changes added: W + up @ down (Hu et al. 2021, section 4.1)."""
    changed = dict(tensors)
    for name, down in adapter.items():
        if name.endswith(DOWN):
            tensor = name.removesuffix(DOWN)
            changed[tensor] = tensors[tensor] + adapter[tensor + UP] @ down
    return changed
