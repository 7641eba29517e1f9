"""DBLP's publication search as it answers: numbers as text, one hit or many, and a page for robots."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from protocols.scenarios import Scenario
from protocols.server import EVERYWHERE, Asked, Reply

from fallow_ingest.services import Selection

DATE = "Tue, 05 Jan 2027 10:00:00 GMT"
MOST_HITS = 1000

Info = dict[str, Any]


def info(number: int, **changes: object) -> Info:
    """An invented publication."""
    made: Info = {
        "authors": {
            "author": [
                {"@pid": "1/1", "text": "Ada Ash 0001"}, {"@pid": f"2/{number}", "text": f"Bo Birch{number}"},
            ]
        },
        "title": f"Toys &amp; their voices, part {number}.", "venue": "TOYS", "pages": "1-9",
        "year": str(2015 + number % 12), "type": "Conference and Workshop Papers", "access": "open",
        "key": f"conf/toys/Ash{number}", "doi": f"10.1234/TOYS.{number}",
        "ee": f"https://doi.org/10.1234/TOYS.{number}", "url": f"https://dblp.org/rec/conf/toys/Ash{number}",
    }  # fmt: skip
    return made | changes


def proceedings(count: int) -> list[Info]:
    """Publications with a volume, a preprint, one of a single author and one without a title among them."""
    made = [info(number) for number in range(count)]
    made[0] |= {"type": "Editorship"}
    made[1] |= {
        "key": "journals/corr/abs-1601-00001", "type": "Informal and Other Publications", "venue": "CoRR",
        "ee": ["https://arxiv.org/abs/1601.00001", "https://doi.org/10.48550/arXiv.1601.00001"],
        "volume": "abs/1601.00001",
    }  # fmt: skip
    del made[1]["doi"]
    made[2] |= {"authors": {"author": {"@pid": "1/1", "text": "Ada Ash 0001"}}, "venue": ["TOYS", "LNCS"]}
    made[3] |= {"title": ""}
    return made


class World:
    """DBLP with these publications. total: what it says it has in all, unless asked for a year."""

    def __init__(self, records: Sequence[Info], *, total: int | None = None) -> None:
        self.records = list(records)
        self.total = total

    def __call__(self, asked: Asked) -> Reply:
        if asked.path != "/search/publ/api" or asked.one("format") != "json":
            return Reply(404, b"<html>404 Not Found</html>", "text/html")
        most, first, completions = (int(asked.one(name, "0")) for name in ("h", "f", "c"))
        if most > MOST_HITS or completions > 1000:
            return _answer({"@code": "400", "text": "Bad request: h and c are at most 1000"}, None)
        found = [r for r in self.records if _matches(r, asked.one("q"))]
        total = self.total if self.total is not None and "year:" not in asked.one("q") else len(found)
        page = found[first : first + most]
        hits: dict[str, object] = {
            "@total": str(total), "@computed": str(len(page)), "@sent": str(len(page)), "@first": str(first),
        }  # fmt: skip
        entries = [{"@score": "5", "@id": str(n), "info": r, "url": f"URL#{n}"} for n, r in enumerate(page)]
        if entries:
            hits["hit"] = entries[0] if len(entries) == 1 else entries
        return _answer({"@code": "200", "text": "OK"}, hits)


def _matches(record: Info, question: str) -> bool:
    everything = json.dumps(record).lower()
    for word in question.lower().split():
        filtered = re.fullmatch(r"(author|venue|year):(.+):", word)
        if filtered is None:
            if not any(piece.rstrip("$") in everything for piece in word.split("|")):
                return False
            continue
        name, value = filtered[1], filtered[2].replace("_", " ")
        where = json.dumps(record["authors" if name == "author" else name]).lower()
        if value not in where:
            return False
    return True


def _answer(status: dict[str, str], hits: dict[str, object] | None) -> Reply:
    result: dict[str, object] = {"query": "", "status": status, "time": {"@unit": "msecs", "text": "2.93"}}
    if hits is not None:
        result |= {"completions": {"@total": "1", "@computed": "0", "@sent": "0"}, "hits": hits}
    return Reply(200, json.dumps({"result": result}).encode(), headers={"Date": DATE})


# Bad days ----------------------------------------------------------------------------------------


def page_for_robots(_reply: Reply) -> Reply:
    return Reply(
        200, b"<!DOCTYPE html><html><title>Making sure you're not a bot!</title></html>", "text/html"
    )


def fewer_than_due(reply: Reply) -> Reply:
    """An answer that looks whole and has no hits though there are some."""
    try:
        hits = json.loads(reply.body)["result"]["hits"]
    except (ValueError, KeyError):
        return reply
    hits.pop("hit", None)
    hits["@sent"] = hits["@computed"] = "0"
    return replace(reply, body=json.dumps({"result": {"status": {"@code": "200"}, "hits": hits}}).encode())


FAULTS = (*EVERYWHERE, page_for_robots, fewer_than_due)

SCENARIOS = [
    Scenario(
        "dblp-person",
        "dblp",
        lambda: World(proceedings(40)),
        Selection(authors=("Ada Ash",), since=20170101),
        31,
        FAULTS,
    ),
    Scenario(
        "dblp-venue",
        "dblp",
        lambda: World(proceedings(40)),
        Selection(query="voices", venues=("TOYS",), since=20150601, until=20240101),
        31,
        FAULTS,
    ),
]
