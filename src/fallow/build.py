"""`fallow build`: everything that is made from the papers, each stage from those before it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from fallow.gaps import take_survey
from fallow.needs import group_needs
from fallow.niches import survey_niches
from fallow.sentences import sentence_encoder
from fallow.statements import mine_statements
from fallow.topics import build_topics
from fallow_index.build import build_index
from fallow_index.citation_graph import CitationGraph
from fallow_index.search import Searcher
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import NotEnoughEvidence
from fallow_ingest.progress import ReportProgress, ignore_progress

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class BuildAccount:
    """What a build made, and the seconds each stage took.

    reviewed: those of the statements that reviewers say, not authors. notes say what the library was too
    small or too poor to tell.
    """

    papers: int
    indexed: int
    citations: int
    directions: int
    subfields: int
    niches: int
    statements: int
    reviewed: int
    needs: int
    seconds: dict[str, float]
    notes: tuple[str, ...]


def build_library(
    catalog: Catalog, *, encoder_name: str | None = None, report: ReportProgress = ignore_progress
) -> BuildAccount:
    """Encode what is new, then renew index, topics, statements, needs, niches and the survey of gaps.

    Killed at any moment, the same call goes on with what is left. Raises NotEnoughEvidence for an empty
    library, EncoderError, LibraryBusy or DiskFull.
    """
    if not catalog.count():
        raise NotEnoughEvidence(
            f"The library {catalog.library} holds no papers", "read some with `fallow ingest SOURCE FILE`"
        )
    seconds: dict[str, float] = {}

    def timed(stage: str, work: Callable[[], Result]) -> Result:
        started = time.perf_counter()
        result = work()
        seconds[stage] = round(time.perf_counter() - started, 3)
        return result

    with catalog.exclusive():
        catalog.resolve_references()
        generation = timed("index", lambda: build_index(catalog, encoder_name=encoder_name, report=report))
        with Searcher.open(catalog.library) as searcher:
            graph = timed("citations", lambda: CitationGraph.load(catalog))
            tree = timed("topics", lambda: build_topics(catalog, searcher, graph, report=report))
            mined = timed("statements", lambda: mine_statements(catalog, sentence_encoder(), report=report))
            needs = timed("needs", lambda: group_needs(catalog, sentence_encoder(), report=report))
            report("scoring niches", 0, 0)
            survey = timed("niches", lambda: survey_niches(catalog, tree, graph, save=True))
            timed("gaps", lambda: take_survey(catalog, report=report))
    return BuildAccount(
        papers=catalog.count(),
        indexed=generation.papers,
        citations=int(graph.references.nnz),
        directions=sum(topic.level == 0 for topic in tree.topics),
        subfields=sum(topic.level == 1 for topic in tree.topics),
        niches=len(survey.niches),
        statements=mined.statements,
        reviewed=mined.reviewed,
        needs=len(needs),
        seconds=seconds,
        notes=tuple(dict.fromkeys((*tree.notes, *survey.notes))),
    )
