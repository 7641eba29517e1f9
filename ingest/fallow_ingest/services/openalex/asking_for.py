"""What OpenAlex calls the people, venues, subjects and papers that a selection names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from urllib.parse import quote

from fallow_ingest.dates import day_text
from fallow_ingest.errors import BadInput, BudgetExhausted, ServiceRefused
from fallow_ingest.identifiers import parse_id
from fallow_ingest.services import Selection
from fallow_ingest.services.openalex.api import LIST_CREDITS, PER_PAGE, OpenAlexApi, Work
from fallow_ingest.services.openalex.records import work_id
from fallow_ingest.services.pages import items, mapping, text
from fallow_ingest.text.normalise import fold

FEW = 20
"""Ids up to which each is looked up by itself, which costs nothing; more go by the hundred for one credit."""

ARXIV_AT_ONCE = 30
"""arXiv ids in one question for pages of arXiv; two addresses each must stay below 4 KB of address."""

LONGEST_FILTER = 3_000
"""Characters of values in one address; OpenAlex promises to take addresses of 4 KB."""

FIELDS = {
    "agricultural and biological sciences": 11, "arts and humanities": 12,
    "biochemistry genetics and molecular biology": 13, "business management and accounting": 14,
    "chemical engineering": 15, "chemistry": 16, "computer science": 17, "decision sciences": 18,
    "earth and planetary sciences": 19, "economics econometrics and finance": 20, "energy": 21,
    "engineering": 22, "environmental science": 23, "immunology and microbiology": 24,
    "materials science": 25, "mathematics": 26, "medicine": 27, "neuroscience": 28, "nursing": 29,
    "pharmacology toxicology and pharmaceutics": 30, "physics and astronomy": 31, "psychology": 32,
    "social sciences": 33, "veterinary": 34, "dentistry": 35, "health professions": 36,
}  # fmt: skip
"""OpenAlex's fields (the two-digit codes of ASJC), by their folded names."""

_LEVELS = {
    "topic": "topics.id", "subfield": "primary_topic.subfield.id", "field": "primary_topic.field.id",
    "domain": "primary_topic.domain.id",
}  # fmt: skip
_CODE = re.compile(r"(?:https://openalex\.org/)?(?:(domain|field|subfield)s/)?(\d{1,4})", re.ASCII)
_LEVEL_BY_DIGITS = {1: "domain", 2: "field", 4: "subfield"}


def filters_of(selection: Selection, since: int | None, api: OpenAlexApi | None) -> list[str]:
    """The filter's parts for all of the selection but ids and citations.

    api: asked what names stand for (at no cost); without it a name raises LookupError. Raises ServiceRefused
    for a name that OpenAlex does not have, BadInput for what cannot be told in one filter.
    """
    parts = _subjects(selection.categories, api)
    if selection.authors:
        numbers = [n for name in selection.authors for n in _of_kind("authors", "A", "orcid", name, api)]
        parts.append(f"authorships.author.id:{_either(numbers)}")
    if selection.venues:
        numbers = [n for name in selection.venues for n in _of_kind("sources", "S", "issn", name, api)]
        parts.append(f"locations.source.id:{_either(numbers)}")
    if since is not None:
        parts.append(f"from_publication_date:{day_text(since)}")
    if selection.until is not None:
        parts.append(f"to_publication_date:{day_text(selection.until)}")
    return parts


def _either(values: Sequence[str]) -> str:
    values = list(dict.fromkeys(values))
    if len(values) > PER_PAGE:
        raise BadInput(f"OpenAlex takes {PER_PAGE} values at once, not {len(values)}", "ask in several runs")
    return "|".join(values)


def _subjects(categories: Sequence[str], api: OpenAlexApi | None) -> list[str]:
    found: dict[str, list[str]] = {}
    for category in categories:
        level, values = _subject(category.strip(), api)
        found.setdefault(level, []).extend(values)
    if len(found) > 1:
        raise BadInput(
            f"OpenAlex cannot look in a {' or a '.join(found)} at once",
            "ask for each kind in a run of its own",
        )
    return [f"{_LEVELS[level]}:{_either(values)}" for level, values in found.items()]


def _subject(category: str, api: OpenAlexApi | None) -> tuple[str, list[str]]:
    """(level, ids) of a topic, subfield, field or domain given by id or by name."""
    if found := re.fullmatch(r"(?:https://openalex\.org/)?([Tt]\d{1,8})", category, re.ASCII):
        return "topic", [found[1].upper()]
    if (code := _CODE.fullmatch(category)) and (level := code[1] or _LEVEL_BY_DIGITS.get(len(code[2]), "")):
        return level, [code[2]]
    if fold(category) in FIELDS:
        return "field", [str(FIELDS[fold(category)])]
    near: list[str] = []
    for level in ("subfield", "topic"):
        same, alike = _named(api, f"{level}s", category)
        if same:
            return level, same
        near += alike
    raise ServiceRefused(
        f"OpenAlex has no field, subfield or topic named '{category[:80]}'",
        (f"it has {'; '.join(near[:5])}" if near else "its subjects are at https://openalex.org/topics")
        + "; arXiv's categories are known to oai and arxiv",
    )


def _of_kind(kind: str, letter: str, other: str, name: str, api: OpenAlexApi | None) -> list[str]:
    """Ids of an author or source given by its id, its ORCID or ISSN, or its exact name."""
    name = name.strip()
    if found := re.fullmatch(rf"(?:https://openalex\.org/)?({letter}\d{{1,12}})", name, re.IGNORECASE):
        return [found[1].upper()]
    if re.fullmatch(r"(?:https://orcid\.org/)?(?:\d{4}-){1,3}\d{3}[\dXx]", name, re.ASCII):
        if api is None:
            raise LookupError(name)
        entity = api.entity(kind, f"{other}:{name.rsplit('/', 1)[-1]}")
        if entity is not None:
            return [text(entity.get("id")).rsplit("/", 1)[-1]]
        near: list[str] = []
    else:
        same, near = _named(api, kind, name)
        if same:
            return same
    raise ServiceRefused(
        f"OpenAlex has nobody and nothing named '{name[:80]}' among its {kind}",
        f"it has {'; '.join(near)}" if near else f"give an id ({letter}123) or an {other.upper()}",
    )


def _named(api: OpenAlexApi | None, kind: str, name: str) -> tuple[list[str], list[str]]:
    if api is None:
        raise LookupError(name)
    return api.named(kind, name)


# Papers by id ------------------------------------------------------------------------------------


def addresses_of(given: str) -> list[str]:
    """What OpenAlex may know the paper by: "W123", "doi:...", "pmid:...", best first; [] for other ids.

    >>> addresses_of("arxiv:1706.03762v5"), addresses_of("openalex:W12"), addresses_of("s2:3")
    (['doi:10.48550/arxiv.1706.03762'], ['W12'], [])
    """
    if number := work_id(given.strip().removeprefix("openalex:")):
        return [number]
    found = parse_id(given)
    if found is None:
        return []
    if found.scheme in ("doi", "pmid"):
        return [f"{found.scheme}:{found.value.lower()}"]
    if found.scheme == "arxiv":
        return [f"doi:10.48550/arxiv.{found.value.lower()}"]
    if found.scheme == "acl":
        return [f"doi:{prefix}/v1/{found.value.lower()}" for prefix in ("10.18653", "10.3115")]
    return []


def works_by_id(api: OpenAlexApi, ids: Sequence[str], fields: str, *, many: bool) -> dict[str, Work]:
    """id as given -> its work, for those that OpenAlex has.

    One by one they cost nothing but a request each. many: a hundred of them go together for one credit (ten
    thousand ids in minutes instead of an hour and a half, for a tenth of a day's budget without a key), as
    long as there is budget; what is not found that way, merged works above all, is looked up one by one.
    """
    found: dict[str, Work] = {}
    wanted = {given: addresses_of(given) for given in ids}
    if many and api.affords(LIST_CREDITS):
        # When the budget turns out to be spent, each id is still looked up below, for nothing.
        with suppress(BudgetExhausted):
            found |= _batched(api, {g: a for g, a in wanted.items() if a}, fields)
    for given, addresses in wanted.items():
        for address in addresses:
            if given not in found and (work := api.work(address, fields)) is not None:
                found[given] = work
    return found


def _batched(api: OpenAlexApi, wanted: dict[str, list[str]], fields: str) -> dict[str, Work]:
    known: dict[str, Work] = {}
    values: dict[str, list[str]] = {"openalex": [], "doi": [], "pmid": []}
    for addresses in wanted.values():
        scheme, value = _scheme_of(addresses[0])
        if not re.search(r"[,|\s\"!<>]", value):  # they mean something in a filter
            values[scheme].append(value)
    for scheme, listed in values.items():
        for together in _within_address(listed):
            chosen = [("filter", f"{scheme}:{_either(together)}"), ("select", fields)]
            for work in api.batch(chosen):
                for address in _addresses_in(work):
                    known.setdefault(address, work)
    return {given: known[a] for given, addresses in wanted.items() for a in addresses[:1] if a in known}


def _within_address(values: Sequence[str]) -> Iterator[list[str]]:
    """The values in groups that fit into one address."""
    group: list[str] = []
    length = 0
    for value in dict.fromkeys(values):
        size = len(quote(value, safe="")) + 3
        if group and length + size > LONGEST_FILTER:
            yield group
            group, length = [], 0
        group.append(value)
        length += size
    if group:
        yield group


def _scheme_of(address: str) -> tuple[str, str]:
    scheme, colon, value = address.partition(":")
    return (scheme, value) if colon else ("openalex", address)


def _addresses_in(work: Work) -> list[str]:
    doi = text(work.get("doi")).lower().removeprefix("https://doi.org/")
    pmid = text(mapping(work.get("ids")).get("pmid")).rstrip("/").rsplit("/", 1)[-1]
    return [work_id(work.get("id")), f"doi:{doi}", f"pmid:{pmid}"]


def is_arxiv(given: str) -> bool:
    """Whether the id is arXiv's, which OpenAlex may know as a page only."""
    found = parse_id(given)
    return found is not None and found.scheme == "arxiv"


def works_on_arxiv(api: OpenAlexApi, ids: Sequence[str], fields: str) -> dict[str, Work]:
    """arXiv id as given -> the work that has arXiv's page of it among its places; for a credit for thirty.

    So are found the papers that OpenAlex has merged with their published versions.
    """
    arxiv = [(given, parsed.value) for given in ids if is_arxiv(given) and (parsed := parse_id(given))]
    found: dict[str, Work] = {}
    for start in range(0, len(arxiv), ARXIV_AT_ONCE):
        group = arxiv[start : start + ARXIV_AT_ONCE]
        pages = [address for _, value in group for address in _pages(value)]
        chosen = [("filter", f"locations.landing_page_url:{'|'.join(pages)}"), ("select", fields)]
        places: dict[str, Work] = {}
        for work in api.batch(chosen):
            for location in items(work.get("locations")):
                places.setdefault(text(mapping(location).get("landing_page_url")), work)
        found |= {g: places[p] for g, value in group for p in _pages(value) if p in places}
    return found


def _pages(arxiv: str) -> list[str]:
    return [f"{scheme}://arxiv.org/abs/{arxiv}" for scheme in ("http", "https")]
