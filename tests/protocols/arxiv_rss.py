"""arXiv's daily feeds: one announcement day as RSS, its types and order, ETags and errors."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from protocols.arxiv_papers import Preprint, at, crowd
from protocols.scenarios import Scenario
from protocols.server import EVERYWHERE, Asked, Reply

from fallow_ingest.services import Selection
from fallow_ingest.services.arxiv.taxonomy import CATEGORIES

ARCHIVES = frozenset(name.split(".")[0] for name in CATEGORIES)
MOST = 2_000


@dataclass(frozen=True, slots=True)
class Announced:
    """One paper of the day. type: new, cross, replace or replace-cross."""

    preprint: Preprint
    type: str = "new"


TODAY = (
    Announced(Preprint("2701.00001", "The newest toy", (at("2027-01-14T15:00:00"),), ("cs.CL",), "")),
    Announced(
        Preprint("2701.00002", "A toy from next door", (at("2027-01-13T15:00:00"),), ("cs.LG", "cs.CL"), ""),
        "cross",
    ),
    Announced(
        Preprint(
            "2611.00001",
            "Toy number 1, again",
            (at("2026-11-03T10:01:30"), at("2027-01-13T10:00:00")),
            ("cs.CL", "cs.AI"),
            "",
            doi="10.1234/toys.2",
            journal="J. Toys 2",
        ),
        "replace",
    ),
    Announced(
        Preprint("hep-th/9901001", "Strings", (at("1999-01-02T00:00:00"),) * 3, ("hep-th", "cs.LG"), ""),
        "replace-cross",
    ),
)


@dataclass(frozen=True, slots=True)
class FeedServer:
    """announced: of the day; day: as RSS writes it; most: items of a feed; tags: whether it has ETags."""

    announced: Sequence[Announced] = TODAY
    day: str = "Fri, 15 Jan 2027 00:00:00 -0500"
    most: int = MOST
    tags: bool = True

    def __call__(self, asked: Asked) -> Reply:
        found = re.fullmatch(r"/rss/(.+)", asked.path)
        if not found:
            return Reply(404, b"<!DOCTYPE html><html>not found</html>", "text/html")
        names = found[1].split("+")
        for name in names:
            archive, _, subject = name.lower().partition(".")
            if archive not in ARCHIVES or (subject and name.lower() not in map(str.lower, CATEGORIES)):
                return self._refusal(found[1], name)
        items = [a for a in self.announced if any(_in(c, n) for c in a.preprint.categories for n in names)]
        body = self._feed(found[1], "".join(self._item(a) for a in items[: self.most]))
        if not self.tags:
            return Reply(200, body, "application/rss+xml")
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        if asked.headers.get("if-none-match") == etag:
            return Reply(304, b"", "application/rss+xml", {"ETag": etag})
        return Reply(200, body, "application/rss+xml", {"ETag": etag, "Cache-Control": "max-age=3600"})

    def _feed(self, spec: str, items: str, title: str = "", description: str = "") -> bytes:
        return f"""<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0">
  <channel>
    <title>{escape(title or f"{spec} updates on arXiv.org")}</title><link>http://rss.arxiv.org/rss/{spec}</link>
    <description>{escape(description or f"{spec} updates on the arXiv.org e-print archive.")}</description>
    <pubDate>{self.day}</pubDate>
    <skipDays><day>Saturday</day><day>Sunday</day></skipDays>
    {items}
  </channel>
</rss>""".encode()

    def _refusal(self, spec: str, name: str) -> Reply:
        title = f"Feed error for query: {spec}"
        body = self._feed(spec, "", title, f"Bad archive '{name}'. Valid archives are: cs, math, ...")
        return Reply(400, body, "application/rss+xml")

    def _item(self, announced: Announced) -> str:
        p = announced.preprint
        categories = "".join(f"<category>{name}</category>" for name in p.categories)
        doi = f"<arxiv:DOI>{p.doi}</arxiv:DOI>" if p.doi else ""
        journal = f"<arxiv:journal_reference>{p.journal}</arxiv:journal_reference>" if p.journal else ""
        return f"""<item><title>{escape(p.title)}</title><link>https://arxiv.org/abs/{p.id}</link>
      <description>arXiv:{p.id}v{p.version} Announce Type: {announced.type} \nAbstract: {escape(p.abstract)}\
</description>
      <guid isPermaLink="false">oai:arXiv.org:{p.id}v{p.version}</guid>{categories}
      <pubDate>{self.day}</pubDate><arxiv:announce_type>{announced.type}</arxiv:announce_type>
      <dc:rights>http://creativecommons.org/licenses/by/4.0/</dc:rights>{doi}{journal}
      <dc:creator>{escape(", ".join(p.authors))}</dc:creator></item>"""


def _in(category: str, name: str) -> bool:
    return category.lower() == name.lower() or category.lower().startswith(f"{name.lower()}.")


# Without ETags: a harvest that is over before it is killed would else be followed by an empty one.
BUSY = tuple(Announced(preprint) for preprint in crowd(4))

SCENARIOS = [
    Scenario(
        "arxiv-feed: a day of two categories",
        "arxiv-feed",
        lambda: FeedServer((*TODAY, *BUSY), tags=False),
        Selection(categories=("cs.CL", "cs.LG")),
        len(TODAY) + len(BUSY),
        EVERYWHERE,
    ),
]
