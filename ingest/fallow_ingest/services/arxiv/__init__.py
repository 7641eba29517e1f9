"""arXiv's ways of handing out papers: OAI-PMH, the query API, the daily feeds, and the files themselves."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from fallow_ingest.identifiers import arxiv_id, parse_id
from fallow_ingest.sources import Skipped
from fallow_ingest.web.exchange import BadAnswer
from fallow_ingest.web.limiter import Origin

ARXIV = Origin("arxiv", "arXiv", 3.0, ("arxiv.org",))
"""OAI-PMH, the query API and the feeds together: one connection and one request every three seconds, over
all machines of one person (arXiv's terms of use for its APIs)."""

ARXIV_FILES = Origin("arxiv-files", "arXiv's files", 1.0, ("arxiv.org",))
"""Sources and PDFs: arXiv's page on bulk data finds four a second on its mirror reasonable; we take one."""

TIMES_BEFORE_BELIEVED = 5
"""An answer that looks incomplete is asked for again; coming this often all the same, it is how it is."""

_VERSION = re.compile(r"v([1-9]\d{0,3})(?:\.pdf)?$", re.ASCII)


class Wanted(NamedTuple):
    """A paper asked for by id. version: "v2", or "" for the newest."""

    value: str
    version: str

    @property
    def asked(self) -> str:
        """The id as arXiv is asked for it."""
        return self.value + self.version


def wanted_of(text: str) -> Wanted | None:
    """The arXiv paper that the id names, with its version where it names one; None when it names none.

    >>> wanted_of("https://arxiv.org/abs/1706.03762v5"), wanted_of("math.GT/0309136"), wanted_of("P18-1001")
    (Wanted(value='1706.03762', version='v5'), Wanted(value='math/0309136', version=''), None)
    """
    found = parse_id(text)
    if found is None or found.scheme != "arxiv" or re.search(r"[./]0*$", found.value):
        return None
    version = _VERSION.search(text.strip())
    return Wanted(found.value, f"v{version[1]}" if version else "")


def not_arxiv(position: int, text: str) -> Skipped:
    """The account of an id that arXiv cannot be asked for."""
    return Skipped(position, "not an arXiv id", text[:100], "nothing was asked")


def paper_key(text: str) -> str:
    """The key of the record that any spelling of an arXiv id names; "" when it is none.

    >>> paper_key("oai:arXiv.org:hep-th/9901001"), paper_key("http://arxiv.org/abs/2503.05378v2")
    ('arxiv:hep-th/9901001', 'arxiv:2503.05378')
    """
    bare = re.sub(
        r"^(?:oai:arxiv\.org:|https?://[a-z.]*arxiv\.org/abs/)", "", text.strip(), flags=re.IGNORECASE
    )
    value = arxiv_id(bare[:100])
    return f"arxiv:{value}" if value else ""


def month_of(value: str) -> str:
    """The month (YYYY-MM) in which an arXiv id was given: that of the first version.

    >>> month_of("1706.03762"), month_of("hep-th/9901001"), month_of("math/0309136")
    ('2017-06', '1999-01', '2003-09')
    """
    digits = value.rsplit("/", 1)[-1]
    return f"{'19' if digits[:2] >= '91' else '20'}{digits[:2]}-{digits[2:4]}"


class Doubt:
    """Answers of one request that look incomplete: refused until they have come the same way often enough."""

    MOST: Final = TIMES_BEFORE_BELIEVED

    def __init__(self) -> None:
        self._times: dict[object, int] = {}

    def refuse(self, what: str, look: object) -> None:
        """Raise BadAnswer, unless an answer of the same look came often enough to be believed."""
        self._times[look] = self._times.get(look, 0) + 1
        if self._times[look] < self.MOST:
            raise BadAnswer(what)
