"""Compiling an OpenVINO graph for this CPU, once: later processes read what the first one made."""

from __future__ import annotations

import atexit
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import openvino as ov

from fallow_index.encoders.weights import cache_folder, write_cached

_DIGEST_BYTES = 32


_made: dict[tuple[str, str, int], ov.CompiledModel] = {}


@cache
def _core() -> ov.Core:
    return ov.Core()


@atexit.register
def _release() -> None:
    """Let go before the interpreter does: OpenVINO's threads must end while its library is still whole."""
    _made.clear()
    _core.cache_clear()


def cpu_capabilities() -> frozenset[str]:
    """What the CPU plugin can compute in, such as FP32, BF16, INT8."""
    return frozenset(_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


def compiled_graph(
    graph: Callable[[], ov.Model], mark: str, precision: str, threads: int
) -> ov.CompiledModel:
    """The graph compiled for `threads` streams of one thread each.

    mark identifies the graph. A process compiles it once; the next finds it in the user's cache, under
    a name made of mark, OpenVINO's version and this CPU. A cached file whose own digest does not hold is made
    again. Do not keep the answer beyond a call: at exit this module is the one to let it go.
    """
    key = (mark, precision, threads)
    if key not in _made:
        _made[key] = _from_cache(graph, mark, precision, threads)
    return _made[key]


def _from_cache(graph: Callable[[], ov.Model], mark: str, precision: str, threads: int) -> ov.CompiledModel:
    settings = {
        "INFERENCE_PRECISION_HINT": "f32" if precision == "fp32" else "bf16",
        "NUM_STREAMS": threads,
        "INFERENCE_NUM_THREADS": threads,
    }
    cpu = _core().get_property("CPU", "FULL_DEVICE_NAME")
    machine = f"{mark} {precision} {ov.get_version()} {cpu} {sorted(cpu_capabilities())}"
    path = cache_folder() / f"{hashlib.sha256(machine.encode()).hexdigest()[:24]}.compiled"
    if (stored := _read_checked(path)) is not None:
        try:
            return _core().import_model(stored, "CPU", settings)
        except RuntimeError:
            path.unlink(missing_ok=True)  # of a build of OpenVINO that its version does not tell apart
    compiled = _core().compile_model(graph(), "CPU", settings)
    exported = compiled.export_model().getvalue()
    write_cached(path, hashlib.sha256(exported).digest() + exported)
    return compiled


def _read_checked(path: Path) -> bytes | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, stored = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    return stored if hashlib.sha256(stored).digest() == digest else None
