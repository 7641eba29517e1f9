"""How many threads arithmetic may use.

OpenBLAS splits a product over every core and lets its threads spin until the next one. For the many small
products of late interaction that is slower than one thread, and on a busy machine ten times slower, so our
own two-level scheme is used instead: a few Python threads, each with products of one thread.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

MOST_THREADS = 4
_GET, _SET = "scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"
_lock = Lock()
_users = 0
_before = 0


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(maxsize=1)
def pool() -> ThreadPoolExecutor:
    """The threads that scoring shares, at most MOST_THREADS."""
    return ThreadPoolExecutor(min(MOST_THREADS, usable_cores()), thread_name_prefix="fallow-scoring")


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Matrix products run on the calling thread only, for as long as anybody is inside.

    Where NumPy was built with another library than its wheels carry, nothing changes but speed.
    """
    global _users, _before
    blas = _openblas()
    if blas is None:
        yield
        return
    with _lock:
        if not _users:
            _before = getattr(blas, _GET)()
            getattr(blas, _SET)(1)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                getattr(blas, _SET)(_before)


@lru_cache(maxsize=1)
def _openblas() -> Any | None:
    """The OpenBLAS that NumPy's wheel brought, or None."""
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        for path in sorted(folder.glob("*openblas64_*")):
            library = ctypes.CDLL(str(path))
            if hasattr(library, _GET) and hasattr(library, _SET):
                return library
    return None
