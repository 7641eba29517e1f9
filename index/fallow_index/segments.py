"""A segment: everything the index knows of some papers, in files that never change once written.

A segment holds for its rows 0..n-1 the content keys, dense vectors, compressed token vectors and postings. It
knows neither paper numbers nor dates: those belong to a generation, so they can change without rewriting it.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fallow_index.arrays import REBUILD, ArrayWriter, FileSum, map_array, save_array
from fallow_index.encoders import Encoder
from fallow_index.postings import Postings, merge_postings
from fallow_index.token_codec import TokenQuantiser
from fallow_index.token_pooling import POOL, without_repeats
from fallow_index.token_store import TokenStore, merge_tokens
from fallow_ingest.errors import IndexDamaged

Keys = NDArray[np.uint8]

KEYS_FILE, DENSE_FILE = "keys.npy", "dense.npy"
KEY_BYTES = 16
_ENCODE_AT_ONCE = 256
"""Texts given to the encoder at once: enough to sort by length, little enough to hold their token vectors."""
_COPY_ROWS = 1 << 14


@dataclass(frozen=True, slots=True)
class Content:
    """What of a paper goes into the index. key: content_key of its content hash."""

    key: bytes
    title: str
    abstract: str


@dataclass(frozen=True)
class VectorSpace:
    """Which encoder made vectors, their lengths, and how many token vectors were averaged into one.

    The digest decides whether two are the same; the encoder's name only says where to find it.
    """

    encoder: str = field(compare=False)
    digest: str
    dimension: int
    token_dimension: int
    pool: int = POOL

    @classmethod
    def of(cls, encoder: Encoder) -> VectorSpace:
        """The space of an encoder's vectors."""
        return cls(encoder.name, encoder.digest, encoder.dimension, encoder.token_dimension)


@dataclass(frozen=True, eq=False)
class Segment:
    """An open segment; every array is memory-mapped.

    keys: uint8 [n, 16]; dense: float16 [n, dimension], which changes products in the fourth digit (older
    builds wrote float32).
    """

    folder: Path
    keys: Keys
    dense: NDArray[np.floating]
    tokens: TokenStore
    postings: Postings

    def __len__(self) -> int:
        return len(self.keys)

    @classmethod
    def open(cls, folder: Path, space: VectorSpace) -> Segment:
        """Open a folder's files. Raises IndexDamaged when one is missing, cut or does not fit the others."""
        keys = map_array(folder / KEYS_FILE, np.uint8, (KEY_BYTES,))
        dense = map_array(folder / DENSE_FILE, np.float16, (space.dimension,), earlier=np.float32)
        if len(dense) != len(keys):
            raise IndexDamaged(f"{folder / DENSE_FILE} has {len(dense)} rows for {len(keys)} papers", REBUILD)
        tokens = TokenStore.open(folder, len(keys), space.token_dimension)
        return cls(folder, keys, dense, tokens, Postings.open(folder, len(keys)))


def content_key(content_hash: str) -> bytes:
    """Sixteen bytes for a content hash of whatever form."""
    return hashlib.blake2b(content_hash.encode(), digest_size=KEY_BYTES).digest()


def text_of(title: str, abstract: str) -> str:
    """What the encoder reads of a paper."""
    return f"{title}. {abstract}" if abstract else title


def encode_segment(
    folder: Path,
    contents: Sequence[Content],
    encoder: Encoder,
    known: Sequence[TokenQuantiser] = (),
) -> dict[str, FileSum]:
    """Encode papers into a new folder; returns the checksums of its files. known: as TokenStore.of."""
    dense, kept, lengths = [], [], [np.zeros(1, np.int64)]
    for start in range(0, len(contents), _ENCODE_AT_ONCE):
        texts = [text_of(c.title, c.abstract) for c in contents[start : start + _ENCODE_AT_ONCE]]
        vectors, tokens = encoder.encode_both(texts)
        some, offsets = without_repeats(tokens.vectors, tokens.offsets)
        dense.append(vectors)
        kept.append(some.astype(np.float16))
        lengths.append(np.diff(offsets))
    keys = np.frombuffer(b"".join(c.key for c in contents), np.uint8).reshape(-1, KEY_BYTES)
    store = TokenStore.of(np.concatenate(kept), np.cumsum(np.concatenate(lengths)), known)
    postings = Postings.of((c.title, c.abstract) for c in contents)
    return write_segment(folder, keys, np.concatenate(dense), store, postings)


def write_segment(
    folder: Path, keys: Keys, dense: NDArray[np.floating], tokens: TokenStore, postings: Postings
) -> dict[str, FileSum]:
    """Write what is known of some papers as a new folder; returns the checksums of its files.

    keys: uint8 [n, 16]; dense: [n, dimension]; tokens: without repeats.
    """
    folder.mkdir(parents=True)
    sums = {
        KEYS_FILE: save_array(folder / KEYS_FILE, keys),
        DENSE_FILE: save_array(folder / DENSE_FILE, dense.astype(np.float16)),
    }
    return sums | tokens.write(folder) | postings.write(folder)


def merge_segments(
    folder: Path,
    parts: Sequence[tuple[Segment, NDArray[np.int64]]],
    space: VectorSpace,
    postings: Sequence[tuple[Postings, NDArray[np.int64]]],
) -> dict[str, FileSum]:
    """Write the chosen rows (ascending) of several segments as one new segment, in their order.

    postings: those of the same rows, in the same order; a segment's own, or new ones.
    """
    folder.mkdir(parents=True)
    rows = sum(len(chosen) for _, chosen in parts)
    with ArrayWriter(folder / KEYS_FILE, np.uint8, rows, (KEY_BYTES,)) as keys:
        for segment, chosen in parts:
            keys.append(segment.keys[chosen])
    with ArrayWriter(folder / DENSE_FILE, np.float16, rows, (space.dimension,)) as dense:
        for segment, chosen in parts:
            for start in range(0, len(chosen), _COPY_ROWS):
                dense.append(segment.dense[chosen[start : start + _COPY_ROWS]])
    sums = {KEYS_FILE: keys.sum, DENSE_FILE: dense.sum}
    sums |= merge_tokens(folder, [(s.tokens, chosen) for s, chosen in parts], space.token_dimension)
    return sums | merge_postings(folder, postings)


def link_file(source: Path, target: Path) -> None:
    """The same file under a second name; a copy where the file system has no hard links."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)
