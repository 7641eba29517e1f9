"""Queries and judgements of `fallow eval retrieval`: files in, ids resolved.

Files are JSON lines. Queries: {qid, text | docid, facet?, as_of_year?, exclude? (ids)}; docid means that
paper's title and abstract, itself excluded, and with a facet what its abstract says of that only. Judgements:
{qid, docid, rel?}, rel 1 when not given, grades above 1 for nDCG. Ids are looked up in the catalog.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from fallow.evaluation.measures import Judgements
from fallow_index.facets import Facet, checked_facet
from fallow_ingest.catalog import Catalog
from fallow_ingest.dates import parse_as_of
from fallow_ingest.errors import BadInput, SourceMissing

LONGEST_LINE = 4_000_000
"""Bytes of one line that are read; a query of this length is no query."""


@dataclass(frozen=True, slots=True)
class RetrievalQuery:
    """One query with its ids resolved. text or paper is given; excluded holds paper numbers.

    facet: only with a paper.
    """

    qid: str
    text: str
    paper: int | None
    as_of: int | None
    excluded: tuple[int, ...]
    facet: Facet | None = None


@dataclass(frozen=True, slots=True)
class RetrievalTask:
    """Queries with their judgements. unknown_papers: judged ids that the library does not hold.

    Such ids count as relevant papers that cannot be found: leaving them out would flatter the library. Their
    judgements have negative numbers. What is judged of a query's own paper is left out: no search returns it.
    """

    queries: tuple[RetrievalQuery, ...]
    judgements: Mapping[str, Judgements]
    unknown_papers: tuple[str, ...]


def read_task(queries: Path, judgements: Path, catalog: Catalog) -> RetrievalTask:
    """Read both files and resolve their ids.

    Queries without a relevant paper are left out. Raises SourceMissing, or BadInput naming file and line.
    """
    judged, unknown = _judgements(judgements, catalog)
    asked: dict[str, RetrievalQuery] = {}
    for place, line in _lines(queries):
        query = _query(line, place, catalog)
        if query.qid in asked:
            raise BadInput(f"{place}: the qid '{query.qid}' is taken by an earlier line", "give each its own")
        asked[query.qid] = query
        if query.paper is not None:
            judged.get(query.qid, {}).pop(query.paper, None)
    kept = tuple(
        query for query in asked.values() if any(grade > 0 for grade in judged.get(query.qid, {}).values())
    )
    if not kept:
        raise BadInput(
            f"No query of {queries} has a relevant paper in {judgements}", "use the same qid in both files"
        )
    return RetrievalTask(kept, judged, tuple(unknown))


def _judgements(path: Path, catalog: Catalog) -> tuple[dict[str, dict[int, float]], dict[str, int]]:
    """qid -> paper number -> grade, and the negative numbers given to ids that the library does not hold."""
    judged: dict[str, dict[int, float]] = {}
    unknown: dict[str, int] = {}
    for place, line in _lines(path):
        qid, docid = _text(line, "qid", place), _text(line, "docid", place)
        grade = line.get("rel", 1)
        if isinstance(grade, bool) or not isinstance(grade, int | float) or not math.isfinite(grade):
            raise BadInput(
                f"{place}: 'rel' is not a number", "write 0 for irrelevant, 1 or more for relevant"
            )
        number = catalog.number_of(docid)
        if number is None:
            number = unknown.setdefault(docid, -1 - len(unknown))
        grades = judged.setdefault(qid, {})
        if grades.setdefault(number, float(grade)) != grade:
            raise BadInput(
                f"{place}: '{docid}' is judged {grade} for '{qid}', {grades[number]:g} in an earlier line",
                "keep one of them",
            )
    if not judged:
        raise BadInput(f"{path} holds no judgement", "write lines like {qid, docid, rel}")
    return judged, unknown


def _query(line: Mapping[str, Any], place: str, catalog: Catalog) -> RetrievalQuery:
    qid = _text(line, "qid", place)
    year = line.get("as_of_year")
    if year is not None and (isinstance(year, bool) or not isinstance(year, int)):
        raise BadInput(f"{place}: 'as_of_year' is not a year", "write it as a whole number, such as 2021")
    exclude = line.get("exclude") or []
    if not isinstance(exclude, list) or not all(isinstance(paper, str) for paper in exclude):
        raise BadInput(f"{place}: 'exclude' is not a list of ids", 'write it as ["arxiv:1706.03762"]')
    numbers = [catalog.number_of(paper) for paper in exclude]
    as_of = None if year is None else parse_as_of(f"{year:04}")
    excluded = tuple(number for number in numbers if number is not None)
    facet = _facet(line, place)
    if line.get("docid") is not None:
        docid = _text(line, "docid", place)
        number = catalog.number_of(docid)
        if number is None:
            raise BadInput(f"{place}: the library has no paper '{docid}'", "ingest it or leave the query out")
        return RetrievalQuery(qid, "", number, as_of, excluded, facet)
    if facet is not None:
        raise BadInput(f"{place}: 'facet' without 'docid'", "a facet is one side of a paper of the library")
    return RetrievalQuery(qid, _text(line, "text", place), None, as_of, excluded)


def _facet(line: Mapping[str, Any], place: str) -> Facet | None:
    if line.get("facet") is None:
        return None
    try:
        return checked_facet(_text(line, "facet", place))
    except BadInput as error:
        raise BadInput(f"{place}: {error.what}", error.remedy) from error


def _lines(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(place, object) of every line that is not blank."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise SourceMissing(f"{path} cannot be opened", "check the path") from error
    with file:
        number = 0
        while line := file.readline(LONGEST_LINE):
            number += 1
            place = f"{path}, line {number}"
            if len(line) >= LONGEST_LINE:
                raise BadInput(f"{place} is longer than {LONGEST_LINE:,} bytes", "shorten the text")
            if not line.strip():
                continue
            try:
                value = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise BadInput(f"{place} is not JSON ({error})", "write one object a line") from error
            if not isinstance(value, dict):
                raise BadInput(f"{place} is not a JSON object", "write one object a line")
            yield place, value


def _text(line: Mapping[str, Any], key: str, place: str) -> str:
    value = line.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{place} has no '{key}'", "give it as text")
    return value
