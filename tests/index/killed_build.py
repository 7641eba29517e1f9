"""Build the index of a library, killed at the n-th time that something reaches the disk.

Run as: python killed_build.py LIBRARY N PIECE [IVF_FROM]. N = 0 is never killed; IVF_FROM: papers from which
there is an inverted file. Prints how many texts were encoded.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from hashing_encoder import HashingEncoder

from fallow_index import build, dense_ivf
from fallow_ingest.catalog import Catalog


def main(library: str, kill_at: int, piece: int, ivf_from: int) -> None:
    done = 0
    real_fsync = os.fsync

    def fsync(handle: int) -> None:
        nonlocal done
        done += 1
        if done == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        real_fsync(handle)

    os.fsync = fsync
    build.PIECE = piece
    dense_ivf.IVF_FROM = ivf_from
    encoder = HashingEncoder()
    with Catalog.open(Path(library)) as catalog:
        build.build_index(catalog, encoder=encoder)
    print(encoder.texts_seen, done)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int((*sys.argv, 50_000)[4]))
