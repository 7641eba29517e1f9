"""The map in the catalog: tables map_run, topics and paper_topics."""

from __future__ import annotations

from difflib import get_close_matches

import orjson

from fallow.topics.model import MapRun, Place, Topic, TopicTree
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import UnknownName


def save_topics(catalog: Catalog, tree: TopicTree) -> None:
    """Put a tree in place of the stored one, in one transaction; readers see the old tree until it is whole.

    Raises LibraryBusy or DiskFull.
    """
    with catalog.writing() as connection:
        for table in ("niches", "paper_topics", "topics", "map_run"):
            connection.execute(f"DELETE FROM {table}")
        run = tree.run
        connection.execute(
            "INSERT INTO map_run (one, seed, as_of, built_at, next_id, notes) VALUES (1, ?, ?, ?, ?, ?)",
            (run.seed, run.as_of, run.built_at, run.next_id, orjson.dumps(list(tree.notes)).decode()),
        )
        connection.execute(
            "INSERT OR REPLACE INTO settings VALUES ('map.fingerprint', ?)",
            (orjson.dumps(run.fingerprint).decode(),),
        )
        # Directions come first in a tree, so that parents exist before their children.
        connection.executemany(
            "INSERT INTO topics VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    t.id,
                    k,
                    t.level,
                    t.parent,
                    t.label,
                    orjson.dumps(list(t.terms)).decode(),
                    t.size,
                    t.x,
                    t.y,
                    t.radius,
                )
                for k, t in enumerate(tree.topics)
            ],
        )
        connection.executemany(
            "INSERT INTO paper_topics VALUES (?, ?, ?, ?, ?, '')",
            [(paper, p.direction, p.subfield, p.x, p.y) for paper, p in tree.places.items()],
        )
        connection.executemany(
            "INSERT INTO paper_topics VALUES (?, NULL, NULL, NULL, NULL, ?)", list(tree.outliers.items())
        )


def load_topics(catalog: Catalog) -> TopicTree:
    """The stored tree; an empty one with a note where no map was built yet."""
    connection = catalog.connection
    run = connection.execute("SELECT seed, as_of, built_at, next_id, notes FROM map_run").fetchone()
    if run is None:
        return TopicTree(notes=("No map was built yet: run `fallow build`.",))
    topics = tuple(
        Topic(
            row["topic"],
            row["level"],
            row["parent"],
            row["label"],
            tuple(orjson.loads(row["terms"])),
            row["size"],
            row["x"],
            row["y"],
            row["radius"],
        )
        for row in connection.execute("SELECT * FROM topics ORDER BY position")
    )
    places: dict[int, Place] = {}
    outliers: dict[int, str] = {}
    for paper, topic, subtopic, x, y, reason in connection.execute(
        "SELECT paper, topic, subtopic, x, y, reason FROM paper_topics ORDER BY paper"
    ):
        if topic is None:
            outliers[paper] = reason
        else:
            places[paper] = Place(topic, subtopic, x, y)
    return TopicTree(
        topics,
        places,
        outliers,
        tuple(orjson.loads(run["notes"])),
        MapRun(
            run["seed"],
            run["as_of"],
            run["built_at"],
            run["next_id"],
            str(catalog.get_setting("map.fingerprint") or ""),
        ),
    )


def has_topics(catalog: Catalog) -> bool:
    """Whether a map was built."""
    return catalog.connection.execute("SELECT 1 FROM map_run").fetchone() is not None


def papers_of_topic(catalog: Catalog, name: str) -> list[int]:
    """Numbers of the papers of a topic, given by its id or its label (in any case), ascending.

    A direction holds the papers of its subfields. Raises UnknownName naming the topics that come nearest.
    """
    topics = {str(row[0]): row[1] for row in catalog.connection.execute("SELECT topic, label FROM topics")}
    wanted = name.strip().casefold()
    ids = [key for key, label in topics.items() if wanted in (key, label.casefold())]
    if not ids:
        labels = {label.casefold(): f"{label} ({key})" for key, label in topics.items()}
        near = get_close_matches(wanted, labels, n=5, cutoff=0.0)
        raise UnknownName(
            f"The map of the library has no topic '{name}'",
            f"`fallow map` lists them; nearest: {', '.join(labels[label] for label in near)}"
            if near
            else "run `fallow build` to make a map",
        )
    rows = catalog.connection.execute(
        "SELECT DISTINCT paper FROM json_each(?) j CROSS JOIN paper_topics t "
        "ON t.topic = j.value OR t.subtopic = j.value ORDER BY paper",
        (orjson.dumps([int(key) for key in ids]).decode(),),
    )
    return [row[0] for row in rows]
