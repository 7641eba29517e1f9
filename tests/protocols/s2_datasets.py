"""The Semantic Scholar Datasets API over three invented releases, with its file store on the same host."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from protocols.scenarios import Scenario
from protocols.server import EVERYWHERE, Asked, Reply

from fallow_ingest.services import Selection

FIRST, SECOND, THIRD = "2030-01-01", "2030-01-08", "2030-01-15"
RELEASES = (FIRST, SECOND, THIRD)
EXPIRED = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>ExpiredToken</Code>'
    b"<Message>The provided token has expired.</Message></Error>"
)
STORED = "binary/octet-stream"
DESCRIBED = {
    "papers": "The core attributes of a paper.\n200M records in 30 1.5GB files.",
    "abstracts": "Paper abstract text, where available.\n100M records in 30 1.8GB files.",
    "tldrs": "A short summary.\n58M records in 30 200MB files.",
    "citations": "Instances of citation.\n2.4B records in 30 8.5GB files.",
    "s2orc_v2": "Full-body paper text.\n16M records in 30 6GB files.",
}

Lines = Sequence[Mapping[str, object] | bytes]
Diff = Mapping[str, tuple[Lines, Lines]]
"""Data set -> (updated, deleted)."""


def paper(number: int, title: str, fields: str = "Computer Science", **more: object) -> dict[str, object]:
    ids = {"ACL": None, "DBLP": None, "ArXiv": None, "MAG": None, "CorpusId": str(number), "DOI": None}
    return {
        "corpusid": number,
        "externalids": ids | {"ArXiv": more.pop("arxiv", None)},
        "url": f"https://www.semanticscholar.org/paper/{number:040x}",
        "title": title,
        "authors": [{"authorId": "5", "name": "Ada Ash"}],
        "venue": "Toys",
        "year": 2020,
        "citationcount": 3,
        "s2fieldsofstudy": [{"category": fields, "source": "s2-fos-model"}],
        "publicationdate": None,
        **more,
    }


def abstract(number: int, text: str) -> dict[str, object]:
    return {"corpusid": number, "openaccessinfo": {"externalids": {}, "license": None}, "abstract": text}


def citation(number: int, citing: int, cited: int | None, *contexts: str) -> dict[str, object]:
    intents = [["background"], *([None] * (len(contexts) - 1))] if contexts else None
    return {
        "citationid": number,
        "citingcorpusid": citing,
        "citedcorpusid": cited,
        "isinfluential": number % 2 == 0,
        "contexts": list(contexts) or None,
        "intents": intents,
    }


def body(number: int, title: str) -> dict[str, object]:
    text = "Limitations\nOur toys break, as those of Birch (2019) do."
    start = text.index("Our")
    spans = {
        "section_header": json.dumps([{"start": 0, "end": 11, "attributes": {"n": "5"}}]),
        "paragraph": json.dumps([{"start": start, "end": len(text)}]),
        "bib_ref": json.dumps([{"start": text.index("Birch"), "end": 45, "attributes": {"ref_id": "b0"}}]),
    }
    entry = "B. Birch. 2019. Older toys. In Proceedings of Toys."
    said = {"id": "b0", "matched_paper_id": 2}
    marks = {"bib_entry": json.dumps([{"start": 0, "end": len(entry), "attributes": said}])}
    return {
        "corpusid": number,
        "openaccessinfo": {"externalids": {"ArXiv": None}},
        "title": title,
        "authors": ["Ada Ash"],
        "body": {"text": text, "annotations": spans},
        "bibliography": {"text": entry, "annotations": marks},
    }


LOADS: dict[str, tuple[Lines, ...]] = {
    "papers": (
        (
            paper(1, "Toys at play", arxiv="2001.00001"),
            paper(2, "Older toys", year=2019, arxiv="1901.00002"),
            b'{"corpusid":3,"title":"half a line, "Computer Science"',
            paper(4, "Frogs", "Biology"),
        ),
        (paper(5, "Toys in space", arxiv="2001.00005"), paper(6, "Toys without a preprint")),
    ),
    "abstracts": (
        (
            abstract(1, "We play."),
            abstract(4, "They leap."),
            abstract(5, "We float."),
            abstract(99, "Nobody."),
        ),
    ),
    "tldrs": (({"corpusid": 5, "model": "tldr@v2.0.0", "text": "Toys float."},),),
    "citations": (
        (
            citation(11, 1, 2, "Toys are old [2].", "We use them [2]."),
            citation(12, 5, 1, "Toys play [1]."),
            citation(13, 5, None),
            citation(14, 5, 4, "Frogs leap [4]."),
            citation(15, 99, 1),
        ),
    ),
    "s2orc_v2": ((body(1, "Toys at play"),),),
}

DIFFS: dict[str, Diff] = {
    SECOND: {
        "papers": (
            (
                paper(7, "New toys", arxiv="2101.00007"),
                paper(8, "Soon gone"),
                paper(1, "Toys at play, again"),
            ),
            ({"corpusid": 6}, {"corpusid": 8}, {"corpusid": 4}),
        ),
        "abstracts": ((abstract(7, "We are new."),), ({"corpusid": 5},)),
        "tldrs": ((), ({"corpusid": 5},)),
        "citations": ((citation(16, 7, 1, "Toys play [1]."),), ({"citationid": 12},)),
    },
    THIRD: {
        "papers": ((paper(8, "Back again"), paper(7, "New toys, renamed", arxiv="2101.00007")), ()),
        "abstracts": ((abstract(8, "We are back."),), ()),
        "tldrs": ((), ()),
        "citations": ((), ()),
    },
}


@dataclass
class World:
    """The service at the day of its newest release. oldest: first release that differences lead from."""

    latest: str = FIRST
    oldest: str = FIRST
    key: str = ""
    loads: Mapping[str, tuple[Lines, ...]] = field(default_factory=lambda: LOADS)

    def __call__(self, asked: Asked) -> Reply:
        steps = asked.path.strip("/").split("/")
        if steps[0] == "store":
            return self._stored(asked, steps)
        if steps[:2] != ["datasets", "v1"]:
            return said({"message": "Missing Authentication Token"}, 403)
        closed = "dataset" in steps or steps[2] == "diffs"
        if closed and self.key and asked.headers.get("x-api-key") != self.key:
            return said({"message": "Forbidden"}, 403)
        home = f"http://{asked.headers['host']}/store"
        if steps[2] == "release":
            return self._release(home, *steps[3:])
        return self._diffs(home, steps[3], steps[5], steps[6])

    def _release(self, home: str, *steps: str) -> Reply:
        if not steps:
            return said(RELEASES[: RELEASES.index(self.latest) + 1])
        release = self.latest if steps[0] == "latest" else steps[0]
        if release not in RELEASES[: RELEASES.index(self.latest) + 1]:
            return said({"message": f"Release {release} not found"}, 404)
        if len(steps) == 1:
            sets = [{"name": name, "description": text, "README": ""} for name, text in DESCRIBED.items()]
            return said({"release_id": release, "README": "", "datasets": sets})
        name = steps[2]
        if name not in self.loads:
            return said({"message": f"Dataset {name} not found"}, 404)
        files = [f"{home}/{release}/{name}/20300103_{n}" for n in range(len(self.loads[name]))]
        return said({"name": name, "description": DESCRIBED[name], "README": "", "files": signed(files)})

    def _diffs(self, home: str, start: str, end: str, name: str) -> Reply:
        end = self.latest if end == "latest" else end
        if start not in RELEASES or start < self.oldest or name not in DIFFS[SECOND]:
            return said({"message": f"No diffs of {name} from {start}"}, 400)
        diffs = []
        for before, after in pairwise(RELEASES):
            if start <= before and after <= end:
                lists = {
                    f"{kind}_files": signed([f"{home}/{kind}s/{after}/{name}/20300103_0.gz"])
                    for kind in ("update", "delete")
                }
                diffs.append({"from_release": before, "to_release": after, **lists})
        return said({"dataset": name, "start_release": start, "end_release": end, "diffs": diffs})

    def _stored(self, asked: Asked, steps: list[str]) -> Reply:
        if asked.one("X-Amz-Signature") != "good":
            return Reply(403, EXPIRED, "application/xml")
        if steps[1] in ("updates", "deletes"):
            lines = DIFFS[steps[2]][steps[3]][steps[1] == "deletes"]
        else:
            lines = self.loads[steps[2]][int(steps[3].rsplit("_", 1)[1])]
        texts = (line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
        content = gzip.compress(b"".join(text + b"\n" for text in texts), mtime=0)
        if found := re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", "")):
            start = int(found[1])
            if start >= len(content):
                return Reply(416, b"", "application/xml")
            place = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
            return Reply(206, content[start:], STORED, place)
        return Reply(200, content, STORED)


def signed(urls: list[str]) -> list[str]:
    return [f"{url}?X-Amz-Expires=604800&X-Amz-Signature=good" for url in urls]


def said(value: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(value).encode())


def link_expired(reply: Reply) -> Reply:
    """The file store refuses a link that was good some days ago."""
    return Reply(403, EXPIRED, "application/xml") if reply.content_type == STORED else reply


def hurried(_reply: Reply) -> Reply:
    return said({"message": "Too Many Requests", "code": "429"}, 429)


def ends_early(reply: Reply) -> Reply:
    """A file that is whole as a transfer and damaged as gzip."""
    return replace(reply, body=reply.body[: len(reply.body) - 6]) if reply.content_type == STORED else reply


FAULTS = (*EVERYWHERE, link_expired, hurried, ends_early)

SCENARIOS = [
    Scenario(
        "s2-dataset of a field",
        "s2-dataset",
        World,
        Selection(categories=("Computer Science", "abstracts", "tldrs", "citations")),
        4,
        FAULTS,
    ),
    Scenario(
        "s2-dataset by id",
        "s2-dataset",
        World,
        Selection(ids=("s2:1", "arxiv:2001.00005"), categories=("abstracts", "s2orc_v2")),
        2,
        FAULTS,
    ),
]
