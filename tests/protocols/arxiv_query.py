"""arXiv's query API: parameters and their errors, the query's adaptor and grammar, Atom in its order."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import parse_qs
from xml.sax.saxutils import escape, quoteattr

from protocols.arxiv_papers import NOW, PREPRINTS, Preprint, crowd
from protocols.scenarios import Scenario
from protocols.server import EVERYWHERE, Asked, Reply

from fallow_ingest.services import Selection

WINDOW = 10_000
_ID = re.compile(r"(?:\d{4}\.\d{4,5}|[a-z]+(?:-[a-z]{2,})?(?:\.[a-zA-Z-]{2,})?/\d{7})(?:v[1-9]\d*)?")
_TOKEN = re.compile(
    r"\s*(?:(?P<mark>[()])|(?P<op>ANDNOT|AND|OR)\b|(?P<field>[A-Za-z]+):(?P<open>\()?"
    r'(?:"(?P<phrase>[^"]*)"|\[(?P<range>[^\]]*)\]|(?P<word>[^\s()"]+))?|"(?P<bare>[^"]*)"|(?P<loose>[^\s()"]+))'
)
FIELDS = frozenset(
    ["ti", "au", "abs", "co", "jr", "cat", "rn", "id", "all", "doi", "submittedDate", "lastUpdatedDate"]
)


class _Refusal(Exception):
    """An error of the API, with the message it sends."""


@dataclass(frozen=True, slots=True)
class QueryApi:
    """preprints: the index; most: papers a page, as a mirror may have it; window: start + max_results."""

    preprints: Sequence[Preprint] = PREPRINTS
    most: int = 2_000
    window: int = WINDOW

    def __call__(self, asked: Asked) -> Reply:
        if asked.path != "/api/query":
            return Reply(404, b"<!DOCTYPE html><html>not found</html>", "text/html")
        given = dict(asked.query)
        if asked.method == "POST":
            given |= {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        try:
            return self._answer(given)
        except _Refusal as refusal:
            return error_reply(str(refusal))

    def _answer(self, given: dict[str, str]) -> Reply:
        query, ids = given.get("search_query", ""), [i for i in given.get("id_list", "").split(",") if i]
        start, size = _number(given, "start", 0), _number(given, "max_results", 10)
        if not query and not ids:
            raise _Refusal("search_query or id_list must be given")
        for text in ids:
            if not _ID.fullmatch(text):
                raise _Refusal(f"incorrect id format for {text}")
        if given.get("sortBy", "relevance") not in ("relevance", "lastUpdatedDate", "submittedDate"):
            raise _Refusal("sortBy must be in: relevance, lastUpdatedDate, submittedDate")
        if not size or 1 + round(start / size) > int(self.window / size):
            return Reply(500, b"<html>Internal Server Error</html>", "text/html")
        chosen = [(p, p.version) for p in self.preprints] if not ids else self._listed(ids)
        if query:
            chosen = [(p, v) for p, v in chosen if _matches(_parsed(query), p)]
        if given.get("sortBy") == "submittedDate":
            chosen.sort(key=lambda pair: pair[0].versions[0], reverse=given.get("sortOrder") != "ascending")
        shown = f"search_query={adapted(query)}&id_list={','.join(ids)}&start={start}&max_results={size}"
        size = min(size, self.most)
        return feed_reply(shown, chosen[start : start + size], len(chosen), start, size)

    def _listed(self, ids: list[str]) -> list[tuple[Preprint, int]]:
        """The papers of the ids, unknown ones missing without a word, in no order to rely on."""
        found = []
        for text in ids:
            value, _, version = text.partition("v")
            number = int(version) if version else 0
            found += [
                (p, number or p.version) for p in self.preprints if p.id == value and number <= p.version
            ]
        return found[::-1]


def _number(given: dict[str, str], name: str, default: int) -> int:
    try:
        number = int(given.get(name, default))
    except ValueError as error:
        raise _Refusal(f"{name} must be an integer") from error
    if number < 0:
        raise _Refusal(f"{name} must be non-negative")
    return number


Node = tuple[object, ...]


def _parsed(query: str) -> Node:
    """The query by the strict grammar."""
    node, rest = _expression(_tokens(query), query)
    if rest:
        raise _Refusal(f"Invalid query string: '{query}'")
    return node


def adapted(query: str) -> str:
    """The query as the feed's title shows it: what was missing is there."""
    text = ""
    for token in _tokens(query):
        if token[0] != "term":
            shown = str(token[-1])
        elif token[1] == "submittedDate":
            shown = f"submittedDate:[{token[2]}]"
        else:
            shown = f'{token[1]}:"{token[2]}"' if token[3] else f"{token[1]}:{token[2]}"
        text += shown if shown == ")" or text.endswith("(") or not text else f" {shown}"
    return text


def _tokens(query: str) -> list[Node]:
    """The query in parts, with `all:` before bare words and OR where an operator is missing."""
    tokens: list[Node] = []
    at = 0
    text = re.sub(r"\s+", " ", query.replace("AND NOT", "ANDNOT")).strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found or found.end() == at:
            raise _Refusal(f"Invalid query string: '{query}'")
        at = found.end()
        if found["mark"]:
            tokens.append((found["mark"],))
        elif found["op"]:
            tokens.append(("op", found["op"]))
        elif found["field"]:
            if found["field"] not in FIELDS or found["open"]:
                raise _Refusal(f"Invalid query string: '{query}'")
            value = found["phrase"] or found["range"] or found["word"]
            if value is None:
                raise _Refusal(f"Invalid query string: '{query}'")
            tokens.append(("term", found["field"], value, found["phrase"] is not None))
        else:
            tokens.append(("term", "all", found["bare"] or found["loose"], found["bare"] is not None))
        if len(tokens) > 1 and tokens[-1][0] in ("term", "(") and tokens[-2][0] in ("term", ")"):
            tokens.insert(-1, ("op", "OR"))
    return tokens


def _expression(tokens: list[Node], query: str) -> tuple[Node, list[Node]]:
    node, tokens = _operand(tokens, query)
    while tokens and tokens[0] != (")",):
        operator = tokens[0][-1]
        right, tokens = _operand(tokens[1:], query)
        node = (operator, node, right)
    return node, tokens


def _operand(tokens: list[Node], query: str) -> tuple[Node, list[Node]]:
    if tokens and tokens[0] == ("(",):
        node, tokens = _expression(tokens[1:], query)
        if tokens and tokens[0] == (")",):
            return node, tokens[1:]
    elif tokens and tokens[0][0] == "term":
        return tokens[0], tokens[1:]
    raise _Refusal(f"Invalid query string: '{query}'")


def _matches(node: Node, preprint: Preprint) -> bool:
    if node[0] == "term":
        return _holds(str(node[1]), str(node[2]), bool(node[3]), preprint)
    left, right = (_matches(part, preprint) for part in node[1:] if isinstance(part, tuple))
    return {"AND": left and right, "OR": left or right, "ANDNOT": left and not right}[str(node[0])]


def _holds(field: str, value: str, phrase: bool, preprint: Preprint) -> bool:
    if field in ("submittedDate", "lastUpdatedDate"):
        first, last = value.split(" TO ")
        return (
            _minute(first, "000101010000")
            <= f"{preprint.versions[0]:%Y%m%d%H%M}"
            <= _minute(last, "999912312359")
        )
    if field == "cat":
        pattern = re.escape(value).replace(r"\*", ".*")
        return any(re.fullmatch(pattern, name) for name in preprint.categories)
    texts = {
        "ti": preprint.title,
        "au": " ; ".join(preprint.authors),
        "abs": preprint.abstract,
        "co": preprint.comments,
        "all": f"{preprint.title} {preprint.abstract} {' ; '.join(preprint.authors)}",
    }
    text = texts.get(field, "").lower()
    return value.lower() in text if phrase else all(word in text for word in value.lower().split())


def _minute(text: str, padding: str) -> str:
    return text[:12] + padding[len(text) : 12]


def error_reply(message: str, status: int = 400) -> Reply:
    """An error as the API sends it: an entry titled Error."""
    anchor = message.replace(" ", "_")
    body = f"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns="http://www.w3.org/2005/Atom">
  <id>https://arxiv.org/</id><title>arXiv Search Results</title><updated>{NOW:%Y-%m-%dT%H:%M:%SZ}</updated>
  <opensearch:itemsPerPage>1</opensearch:itemsPerPage><opensearch:totalResults>1</opensearch:totalResults>
  <opensearch:startIndex>0</opensearch:startIndex>
  <entry><id>https://arxiv.org/api/errors#{escape(anchor)}</id><title>Error</title>
  <summary>{escape(message)}</summary><author><name>arXiv api core</name></author></entry>
</feed>"""
    return Reply(status, body.encode(), "application/atom+xml; charset=utf-8")


def feed_reply(
    shown: str, chosen: Sequence[tuple[Preprint, int]], total: int, start: int, size: int
) -> Reply:
    name = base64.b64encode(hashlib.sha1(shown.encode()).digest()).decode().rstrip("=")
    body = f"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom" \
xmlns="http://www.w3.org/2005/Atom">
  <id>https://arxiv.org/api/{name}</id>
  <title>arXiv Query: {escape(shown)}</title>
  <updated>{NOW:%Y-%m-%dT%H:%M:%SZ}</updated>
  <link href={quoteattr(f"https://arxiv.org/api/query?{shown}")} type="application/atom+xml"/>
  <opensearch:itemsPerPage>{size}</opensearch:itemsPerPage>
  <opensearch:totalResults>{total}</opensearch:totalResults>
  <opensearch:startIndex>{start}</opensearch:startIndex>
  {"".join(_entry(preprint, version) for preprint, version in chosen)}
</feed>"""
    return Reply(200, body.encode(), "application/atom+xml; charset=utf-8")


def _entry(preprint: Preprint, version: int) -> str:
    address = f"arxiv.org/abs/{preprint.id}v{version}"
    category = "".join(
        f'<category term="{name}" scheme="http://arxiv.org/schemas/atom"/>'
        for name in preprint.categories[::-1]
    )
    authors = "".join(f"<author><name>{escape(name)}</name></author>" for name in preprint.authors)
    comment = f"<arxiv:comment>{escape(preprint.comments)}</arxiv:comment>" if preprint.comments else ""
    journal = f"<arxiv:journal_ref>{escape(preprint.journal)}</arxiv:journal_ref>" if preprint.journal else ""
    link = f'<link rel="related" href="https://doi.org/{preprint.doi}" title="doi"/>'
    doi = f"<arxiv:doi>{preprint.doi}</arxiv:doi>{link}" if preprint.doi else ""
    return f"""<entry><id>http://{address}</id><title>{escape(preprint.title)}</title>
    <updated>{_iso(preprint.versions[version - 1])}</updated>
    <link href="https://{address}" rel="alternate" type="text/html"/>
    <summary>  {escape(preprint.abstract)}</summary>{category}
    <published>{_iso(preprint.versions[0])}</published>{comment}
    <arxiv:primary_category term="{preprint.categories[0]}"/>{journal}{authors}{doi}</entry>"""


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def empty_page(reply: Reply) -> Reply:
    """No entries where some were due; the total tells."""
    return replace(reply, body=re.sub(rb"<entry>.*</entry>", b"", reply.body, flags=re.DOTALL))


def last_entry_lost(reply: Reply) -> Reply:
    return replace(
        reply,
        body=re.sub(rb"<entry>((?!<entry>).)*</entry>\s*</feed>", b"</feed>", reply.body, flags=re.DOTALL),
    )


FAULTS = (*EVERYWHERE, empty_page, empty_page, last_entry_lost)


def _is_asked(preprint: Preprint) -> bool:
    wanted = bool({"cs.CL", "hep-th"} & set(preprint.categories))
    return wanted and "Bo Birch" in preprint.authors and preprint.versions[0].year >= 1999


SCENARIOS = [
    Scenario(
        "arxiv: category, author and days",
        "arxiv",
        lambda: QueryApi((*PREPRINTS, *crowd(26)), most=4),
        Selection(categories=("cs.CL", "hep-th"), authors=("Bo Birch",), since=19990101),
        26 + sum(map(_is_asked, PREPRINTS)),
        FAULTS,
    ),
    Scenario(
        "arxiv: by id",
        "arxiv",
        QueryApi,
        Selection(ids=("1501.00001v2", "hep-th/9901001", "2701.99999", "P18-1001", "0704.0001")),
        3,
        FAULTS,
    ),
]
