"""How many threads arithmetic may use.

OpenBLAS splits a product over every core and lets its threads spin until the next one. For the many small
products of late interaction that is slower than one thread, and on a busy machine ten times slower, so our
own two-level scheme is used instead: a few Python threads, each with products of one thread.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import lru_cache
from threading import Lock
from types import TracebackType
from typing import Any

from threadpoolctl import ThreadpoolController

MOST_THREADS = 4


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(maxsize=1)
def pool() -> ThreadPoolExecutor:
    """The threads that scoring shares, at most MOST_THREADS."""
    return ThreadPoolExecutor(min(MOST_THREADS, usable_cores()), thread_name_prefix="fallow-scoring")


def one_blas_thread() -> AbstractContextManager[Any]:
    """Matrix products run on the calling thread only, for as long as somebody is inside."""
    return _limits()


class _Limits(AbstractContextManager["_Limits"]):
    """One limit shared by all threads: set when the first enters, lifted when the last leaves."""

    def __init__(self) -> None:
        self._controller = ThreadpoolController()
        self._lock = Lock()
        self._inside = 0
        self._limit: AbstractContextManager[Any] | None = None

    def __enter__(self) -> _Limits:
        with self._lock:
            if not self._inside:
                self._limit = self._controller.limit(limits=1, user_api="blas")
                self._limit.__enter__()
            self._inside += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside and self._limit is not None:
                self._limit.__exit__(None, None, None)
                self._limit = None


@lru_cache(maxsize=1)
def _limits() -> _Limits:
    return _Limits()
