"""The checks of `fallow doctor`, each a function that returns what it found."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from fallow_ingest.errors import FallowError, LibraryMissing

State = Literal["ok", "missing", "broken"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. "missing" is a choice that was not taken; "broken" keeps something needed from working."""

    what: str
    state: State
    found: str
    remedy: str = ""


OPTIONAL_PARTS = (
    ("reading PDFs", "pymupdf", "pip install 'fallow[pdf]'  (PyMuPDF is AGPL)"),
    ("other encoders, CUDA", "sentence_transformers", "pip install torch==2.13.0 'fallow[torch]'"),
    ("notebooks", "nbclient", "pip install 'fallow[notebooks]'"),
)

ROOM_WANTED = 1 << 30
"""Bytes of free disk below which a build of a middling library may not fit."""


def examine(library: Path) -> list[Finding]:
    """Run every check; none changes anything."""
    checks: list[Callable[[], Finding]] = [
        _python,
        _encoder,
        *(lambda part=part: _optional(*part) for part in OPTIONAL_PARTS),
        _gpu,
        _keys,
        lambda: _room(library),
        lambda: _catalog(library),
        lambda: _index(library),
    ]
    return [*(check() for check in checks), *_engines(library), *_services(library)]


def _engines(library: Path) -> list[Finding]:
    """Which engines would work here, and which one the library uses; none is opened, no network touched."""
    from fallow_index.engines import ENGINES, lacking
    from fallow_index.engines.chosen import Choice, remembered
    from fallow_ingest.catalog import Catalog

    try:
        with Catalog.open(library) as catalog:
            choice = remembered(catalog)
    except FallowError:
        choice = Choice()  # told by the check of the library itself
    findings: list[Finding] = []
    for name in ENGINES.names():
        error = lacking(name, choice.said(name=name).place(library))
        used = " (this library's)" if name == choice.name else ""
        state: State = "ok" if error is None else "broken" if used else "missing"
        told = ("works" if error is None else error.what) + used
        findings.append(Finding(f"engine {name}", state, told, error.remedy if error else ""))
    return findings


def _services(library: Path) -> list[Finding]:
    """How each service that fed the library answered last; no network is touched."""
    from fallow_ingest.catalog import Catalog
    from fallow_ingest.health import services_health
    from fallow_ingest.web.outcomes import Stale

    try:
        with Catalog.open(library) as catalog:
            healths = services_health(catalog)
    except FallowError:
        return []  # told by the check of the library itself
    findings: list[Finding] = []
    for health in healths:
        told = health.told().removeprefix(f"{health.service}: ")
        detail = getattr(health.outcome, "detail", "")
        if health.sound:
            findings.append(Finding(health.service, "ok", told))
        elif isinstance(health.outcome, Stale):
            findings.append(
                Finding(health.service, "ok", told, "run its `fallow ingest` again for what is new")
            )
        else:
            remedy = detail or "run its `fallow ingest` again: it goes on"
            findings.append(Finding(health.service, "missing", told, remedy))
    return findings


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", "ok", f"{version} on {sys.platform}")


def _encoder() -> Finding:
    from fallow_index.encoders.weights import find_weights

    try:
        weights = find_weights()
    except FallowError as error:
        return Finding("encoder weights", "broken", error.what, error.remedy)
    return Finding("encoder weights", "ok", f"all-MiniLM-L6-v2, digest checked ({weights.model.parent})")


def _optional(what: str, module: str, remedy: str) -> Finding:
    if find_spec(module) is None:
        return Finding(what, "missing", f"{module} is not installed", remedy)
    return Finding(what, "ok", f"{module} is installed")


def _gpu() -> Finding:
    if shutil.which("nvidia-smi") is None:
        return Finding("GPU", "missing", "none found; everything runs on the CPU")
    return Finding("GPU", "ok", "an NVIDIA driver is present", "pip install 'fallow[torch,gpu]' to use it")


KEYS = {
    "S2_API_KEY": "Semantic Scholar: a request a second instead of the shared pool",
    "OPENALEX_API_KEY": "OpenAlex: ten times the daily budget",
    "OPENREVIEW_TOKEN": "OpenReview: more requests an hour",
    "FALLOW_CONTACT": "your address, which Crossref and others ask for in return for better service",
}
"""Environment variables that services know; none is needed."""


def _keys() -> Finding:
    held = [name for name in KEYS if os.environ.get(name)]
    lacking = [f"{name} ({use})" for name, use in KEYS.items() if name not in held]
    if held:
        return Finding("keys of services", "ok", f"set: {', '.join(held)}")
    return Finding(
        "keys of services", "missing", "none set; none is needed", f"worth having: {'; '.join(lacking)}"
    )


def _room(library: Path) -> Finding:
    place = library
    while not place.exists():
        place = place.absolute().parent
    free = shutil.disk_usage(place).free
    told = f"{free / (1 << 30):.1f} GiB free at {place.absolute()}"
    if free < ROOM_WANTED:
        return Finding("disk", "broken", told, "free some room, or name another --library")
    return Finding("disk", "ok", told)


def _catalog(library: Path) -> Finding:
    from fallow_ingest.catalog import Catalog

    try:
        with Catalog.open(library) as catalog:
            papers = catalog.count()
            citations = catalog.connection.execute("SELECT count(*) FROM citations").fetchone()[0]
            quick = catalog.connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            last = catalog.connection.execute(
                "SELECT source, coalesce(ended_at, started_at) AS at, state FROM ingest_runs "
                "ORDER BY run DESC LIMIT 1"
            ).fetchone()
    except LibraryMissing as error:
        return Finding("library", "missing", error.what, error.remedy)
    except FallowError as error:
        return Finding("library", "broken", error.what, error.remedy)
    if quick != "ok":
        return Finding(
            "library", "broken", f"catalog.sqlite fails its check: {quick}", "restore it from a copy"
        )
    told = f"{papers:,} papers, {citations:,} citations in {library}"
    if last:
        told += f"; last ingest {last['source']} {last['at']} ({last['state']})"
        if last["state"] in ("running", "broken"):
            return Finding("library", "ok", told, "run that `fallow ingest` again: it goes on")
    return Finding("library", "ok", told)


def _index(library: Path) -> Finding:
    from fallow_index.search import Searcher

    try:
        with Searcher.open(library) as searcher:
            return Finding("index", "ok", f"{len(searcher.numbers):,} papers indexed")
    except LibraryMissing as error:
        return Finding("index", "missing", error.what, error.remedy)
    except FallowError as error:
        state: State = "missing" if type(error).__name__ == "IndexMissing" else "broken"
        return Finding("index", state, error.what, error.remedy)
