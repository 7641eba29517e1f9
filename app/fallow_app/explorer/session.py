"""The library that the explorer shows, opened once and renewed when a build has made a new index."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import streamlit

from fallow.niches import Niche
from fallow.topics import TopicTree
from fallow_app.questions import built_topics, niches_as_of
from fallow_index.search import Searcher
from fallow_ingest.catalog import Catalog


def library() -> Path:
    """The library's folder: the argument of `fallow app`, else FALLOW_LIBRARY, else ./library."""
    arguments = sys.argv[1:]
    return Path(arguments[0] if arguments else os.environ.get("FALLOW_LIBRARY", "library"))


def catalog() -> Catalog:
    """The open catalog. Raises LibraryMissing."""
    return _catalog(str(library()))


def searcher() -> Searcher:
    """The open index of the current generation. Raises IndexMissing."""
    return _searcher(str(library()), _version())


def topics() -> TopicTree:
    """The topic tree of the last build."""
    return _topics(str(library()), _version())


def niches() -> list[Niche]:
    """Every niche, best first."""
    return _niches(str(library()), _version())


def _version() -> float:
    """Changes with every build: the pointer to the current generation is swapped at its end."""
    pointer = library() / "index" / "CURRENT"
    return pointer.stat().st_mtime if pointer.exists() else 0.0


@streamlit.cache_resource(show_spinner=False)
def _catalog(folder: str) -> Catalog:
    return Catalog.open(Path(folder))


@streamlit.cache_resource(show_spinner="Opening the index ...", max_entries=2)
def _searcher(folder: str, _version: float) -> Searcher:
    return Searcher.open(Path(folder))


@streamlit.cache_resource(show_spinner=False, max_entries=2)
def _topics(folder: str, _version: float) -> TopicTree:
    return built_topics(_catalog(folder))


@streamlit.cache_resource(show_spinner=False, max_entries=2)
def _niches(folder: str, _version: float) -> list[Niche]:
    return list(niches_as_of(_catalog(folder), None).niches)
