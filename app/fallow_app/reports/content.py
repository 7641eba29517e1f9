"""What a report says, gathered from the library before anything is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fallow.ideas import Idea, IdeaState, list_ideas
from fallow.needs import Need, load_needs
from fallow.niches import Niche
from fallow.topics import TopicTree
from fallow_app.questions import built_topics, niches_as_of
from fallow_ingest.catalog import Catalog, StoredPaper
from fallow_ingest.health import services_health

NICHES, NEEDS, IDEAS, NEWEST = 10, 12, 10, 12
SHOWN_STATES: tuple[IdeaState, ...] = ("checked", "saved", "running", "written")


@dataclass(frozen=True, slots=True)
class Health:
    """What the library was fed, so that a reader knows what it cannot know.

    harvests: (source, when, state, records skipped) of the last run of each source and place. services: how
    each service on the network answered last, in words, and whether nothing of it is missing.
    """

    papers: int
    with_abstract: int
    with_sections: int
    undated: int
    our_summaries: int
    citations: int
    references_waiting: int
    harvests: tuple[tuple[str, str, str, int], ...]
    services: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class ReportContent:
    """Everything a report shows; papers holds every paper that is mentioned.

    newest: papers public since `since` (all, newest first, when since is None), at most NEWEST of
    newest_count.
    """

    made_at: str
    library: Path
    since: int | None
    health: Health
    years: dict[int, int]
    tree: TopicTree
    niches: tuple[Niche, ...]
    niche_scores: dict[int, float]
    needs: tuple[Need, ...]
    ideas: tuple[Idea, ...]
    newest: tuple[StoredPaper, ...]
    newest_count: int
    papers: dict[int, StoredPaper]


def gather(catalog: Catalog, *, since: int | None = None) -> ReportContent:
    """Read a report's content from a built library.

    since: yyyymmdd; the report then tells how many papers became public after it and which.
    Raises IndexMissing or NotEnoughEvidence when the library was not built.
    """
    tree = built_topics(catalog)
    niches = niches_as_of(catalog, None).niches
    needs = tuple(load_needs(catalog)[:NEEDS])
    ideas = tuple(list_ideas(catalog, states=SHOWN_STATES)[:IDEAS])
    newest, newest_count = _newest(catalog, since)
    mentioned = _mentioned(niches[:NICHES], needs, ideas)
    return ReportContent(
        made_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        library=catalog.library,
        since=since,
        health=read_health(catalog),
        years=_papers_by_year(catalog),
        tree=tree,
        niches=niches[:NICHES],
        niche_scores={niche.topic: niche.score for niche in niches},
        needs=needs,
        ideas=ideas,
        newest=newest,
        newest_count=newest_count,
        papers=catalog.papers_by_number(mentioned),
    )


def _mentioned(niches: Iterable[Niche], needs: Iterable[Need], ideas: Iterable[Idea]) -> set[int]:
    mentioned = {number for niche in niches for number in niche.papers}
    mentioned |= {need.quote.paper for need in needs}
    mentioned |= {row.quote.paper for idea in ideas for row in idea.evidence}
    return mentioned


def read_health(catalog: Catalog) -> Health:
    """Count what the library holds and what its last harvests left out."""
    connection = catalog.connection
    counts = connection.execute(
        "SELECT count(*), sum(abstract <> ''), sum(public_by = 99999999), sum(text_origin = 'fallow') "
        "FROM papers"
    ).fetchone()
    sections = connection.execute("SELECT count(DISTINCT paper) FROM sections").fetchone()[0]
    citations = connection.execute("SELECT count(*) FROM citations").fetchone()[0]
    harvests = connection.execute(
        "SELECT source, location, coalesce(ended_at, started_at) AS at, state, "
        "(SELECT coalesce(sum(value), 0) FROM json_each(counts, '$.skipped')) AS skipped "
        "FROM ingest_runs WHERE run IN (SELECT max(run) FROM ingest_runs GROUP BY source, location) "
        "ORDER BY at"
    ).fetchall()
    return Health(
        papers=counts[0],
        with_abstract=counts[1] or 0,
        with_sections=sections,
        undated=counts[2] or 0,
        our_summaries=counts[3] or 0,
        citations=citations,
        references_waiting=catalog.references_waiting(),
        harvests=tuple((row["source"], row["at"], row["state"], int(row["skipped"])) for row in harvests),
        services=tuple((health.told(), health.sound) for health in services_health(catalog)),
    )


def _papers_by_year(catalog: Catalog) -> dict[int, int]:
    rows = catalog.connection.execute("SELECT year FROM papers WHERE year IS NOT NULL")
    return dict(sorted(Counter(row[0] for row in rows).items()))


def _newest(catalog: Catalog, since: int | None) -> tuple[tuple[StoredPaper, ...], int]:
    if since is None:
        return (), 0
    rows = catalog.connection.execute(
        "SELECT number FROM papers WHERE public_by >= ? AND public_by < 99999999 "
        "ORDER BY public_by DESC, number DESC",
        (since,),
    ).fetchall()
    numbers = [row[0] for row in rows]
    papers = catalog.papers_by_number(numbers[:NEWEST])
    return tuple(papers[number] for number in numbers[:NEWEST]), len(numbers)
