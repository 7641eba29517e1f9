"""arXiv's OAI-PMH server: its argument checks, error texts, sets, token and page rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlencode
from xml.sax.saxutils import escape, quoteattr

from protocols.arxiv_papers import NOW, PREPRINTS, Preprint, crowd
from protocols.arxiv_query import QueryApi
from protocols.scenarios import Scenario
from protocols.server import EVERYWHERE, Asked, Reply

from fallow_ingest.services import Selection
from fallow_ingest.services.arxiv.oai_records import OaiError

TODAY = NOW.date()
FORMATS = ("oai_dc", "arXiv", "arXivOld", "arXivRaw")
ALIASES = (("cs.NA", "math.NA"), ("cs.IT", "math.IT"), ("math-ph", "math.MP"), ("eess.SY", "cs.SY"))
GROUPS = ("physics", "math", "q-bio", "cs", "q-fin", "stat", "eess", "econ")

NO_MATCH = "The combination of the values of the from, until, set and metadataPrefix arguments results in an "
NO_MATCH += "empty list."
STANDARD = {
    "badArgument": "The request includes illegal arguments, is missing required arguments, "
    "includes a repeated argument, or values for arguments have an illegal syntax.",
    "badResumptionToken": "The value of the resumptionToken argument is invalid or expired.",
    "badVerb": "Value of the verb argument is not a legal OAI-PMH verb, the verb argument is missing, "
    "or the verb argument is repeated.",
    "cannotDisseminateFormat": "The metadata format identified by the value given for the metadataPrefix "
    "argument is not supported by the item or by the repository.",
    "idDoesNotExist": "The value of the identifier argument is unknown or illegal in this repository.",
    "noRecordsMatch": NO_MATCH,
}


def set_spec(category: str) -> str:
    archive, _, subject = category.partition(".")
    group = archive if archive in GROUPS and archive != "physics" else "physics"
    return ":".join(part for part in (group, archive, subject) if part)


class _Refusal(Exception):
    def __init__(self, code: str, reason: str = "") -> None:
        super().__init__(code)
        self.error = OaiError(code, f"{STANDARD[code]}{f' Reason: {reason}' if reason else ''}")


@dataclass(frozen=True, slots=True)
class OaiServer:
    """page: records a page; preprints: in no particular order; today: by the server's clock."""

    page: int = 3
    preprints: Sequence[Preprint] = PREPRINTS
    today: date = TODAY

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == "/api/query":
            return QueryApi(preprints=self.preprints)(asked)
        if asked.path != "/oai":
            return Reply(404, b"<!DOCTYPE html><html>not found</html>", "text/html")
        pairs = asked.query if asked.method == "GET" else tuple(parse_qsl(asked.body.decode()))
        given = dict(pairs)
        try:
            if len(given) != len(pairs):
                raise _Refusal("badArgument", "repeated argument")
            return self._page(given, self._answer(given))
        except _Refusal as refusal:
            error = refusal.error
            shown = {} if error.code in ("badVerb", "badArgument", "badResumptionToken") else given
            return self._page(shown, f"<error code='{error.code}'>{escape(error.text)}</error>")

    def _answer(self, given: dict[str, str]) -> str:
        verb = given.get("verb", "")
        if verb == "GetRecord":
            return self._get(given)
        if verb == "ListRecords":
            return self._list(given)
        raise _Refusal("badVerb")

    def _get(self, given: dict[str, str]) -> str:
        if set(given) != {"verb", "identifier", "metadataPrefix"}:
            raise _Refusal("badArgument")
        if given["metadataPrefix"] not in FORMATS:
            raise _Refusal("cannotDisseminateFormat")
        found = re.fullmatch(r"oai:arXiv\.org:(.+?)(?:v\d+)?", given["identifier"])
        preprint = next((p for p in self.preprints if found and p.id == found[1]), None)
        if preprint is None:
            raise _Refusal("idDoesNotExist")
        return f"<GetRecord>{self._record(preprint)}</GetRecord>"

    def _list(self, given: dict[str, str]) -> str:
        skip = 0
        if token := given.get("resumptionToken"):
            if set(given) != {"verb", "resumptionToken"}:
                raise _Refusal("badArgument", "token is exclusive")
            known = parse_qs(unquote(token))
            if known.get("verb") != ["ListRecords"] or "skip" not in known:
                raise _Refusal("badResumptionToken", "Token decoding failed or format is invalid.")
            skip = int(known.pop("skip")[0])
            given = {name: values[0] for name, values in known.items()}
        self._check(given)
        start, end = given.get("from", "2005-09-16"), given.get("until", self.today.isoformat())
        chosen = sorted(
            (
                p
                for p in self.preprints
                if start <= p.stamped <= end and self._in_set(p, given.get("set", ""))
            ),
            key=lambda p: (p.stamped, p.id),
        )
        page = chosen[skip : skip + self.page]
        if not page:
            raise _Refusal("noRecordsMatch")
        rest = ""
        if len(chosen) > skip + self.page:
            rest = self._token(given, page, skip)
        elif token:
            rest = "<resumptionToken/>"
        return f"<ListRecords>{''.join(map(self._record, page))}{rest}</ListRecords>"

    def _check(self, given: dict[str, str]) -> None:
        if set(given) - {"verb", "metadataPrefix", "from", "until", "set"} or "metadataPrefix" not in given:
            raise _Refusal("badArgument")
        if given["metadataPrefix"] not in FORMATS:
            raise _Refusal("cannotDisseminateFormat")
        for name in ("from", "until"):
            if name in given and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", given[name]):
                raise _Refusal("badArgument", f"{name} date format must be YYYY-MM-DD")
        if given.get("from", "2005-09-16") < "2005-09-16":
            raise _Refusal("badArgument", "start date too early")
        if given.get("until", "") > self.today.isoformat():
            raise _Refusal("badArgument", "until date too late")
        if given.get("from", "") > given.get("until", self.today.isoformat()):
            raise _Refusal("badArgument", "until date must be greater than or equal to from date")
        if "set" in given and (given["set"].split(":")[0] not in GROUPS or "." in given["set"]):
            raise _Refusal("badArgument", "Set does not exist")

    def _token(self, given: dict[str, str], page: list[Preprint], skip: int) -> str:
        if page[0].stamped == page[-1].stamped == given.get("from"):
            skip += len(page)
        else:
            shown = sum(p.stamped == page[-1].stamped for p in page)
            skip = shown + (skip if given.get("from") == page[-1].stamped else 0)
            given = given | {"from": page[-1].stamped}
        asked = {n: given[n] for n in ("verb", "metadataPrefix", "from", "until", "set") if n in given}
        text = quote(urlencode({"verb": "ListRecords", **asked, "skip": skip}))
        tomorrow = date.fromordinal(self.today.toordinal() + 1)
        return f"<resumptionToken expirationDate='{tomorrow}T00:00:00Z'>{text}</resumptionToken>"

    def _sets(self, preprint: Preprint) -> list[str]:
        names = list(preprint.categories)
        for pair in ALIASES:
            if set(pair) & set(names):
                names += [name for name in pair if name not in names]
        return [set_spec(name) for name in names if name != "cmp-lg"]

    def _in_set(self, preprint: Preprint, wanted: str) -> bool:
        """By the categories that the paper has itself; the aliases are only in the header."""
        names = map(set_spec, preprint.categories)
        return not wanted or any(f"{name}:".startswith(f"{wanted}:") for name in names)

    def _record(self, preprint: Preprint) -> str:
        sets = "".join(f"<setSpec>{name}</setSpec>" for name in self._sets(preprint))
        header = f"<identifier>oai:arXiv.org:{preprint.id}</identifier>"
        header += f"<datestamp>{preprint.stamped}</datestamp>{sets}"
        if preprint.deleted:
            return f'<record><header status="deleted">{header}</header></record>'
        return f"<record><header>{header}</header><metadata>{_raw(preprint)}</metadata></record>"

    def _page(self, given: dict[str, str], body: str) -> Reply:
        shown = " ".join(f"{name}={quoteattr(value)}" for name, value in given.items())
        moment = f"{self.today}T08:00:00Z"
        text = f"""<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">
    <responseDate>{moment}</responseDate>
    <request {shown}>http://oaipmh.arxiv.org/oai</request>


    {body}
</OAI-PMH>"""
        return Reply(200, text.encode(), "text/xml")


def _raw(preprint: Preprint) -> str:
    """The record in the format arXivRaw, accents as TeX, with the server's wrong acm-class."""
    versions = "".join(
        f'<version version="v{number}"><date>{moment:%a, %d %b %Y %H:%M:%S GMT}</date><size>13kb</size>'
        + ("<source_type>I</source_type>" if preprint.withdrawn and number == preprint.version else "")
        + "</version>"
        for number, moment in enumerate(preprint.versions, 1)
    )
    authors = ", ".join(preprint.authors).replace("Á", r"\'A").replace("Ú", r"{\'U}")
    optional = {
        "comments": preprint.comments,
        "acm-class": "None",
        "journal-ref": preprint.journal,
        "doi": preprint.doi,
        "license": "http://creativecommons.org/licenses/by/4.0/",
    }
    rest = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in optional.items() if value)
    return (
        f'<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{preprint.id}</id>'
        "<submitter>A. Ash</submitter>"
        f"{versions}<title>{escape(preprint.title)}</title><authors>{escape(authors)} (A Lab, Here)</authors>"
        f"<categories>{' '.join(preprint.categories)}</categories>{rest}"
        f"<abstract>  {escape(preprint.abstract)}\n</abstract></arXivRaw>"
    )


def expired(reply: Reply) -> Reply:
    """The token is not known any more; asked without one, a complaint that makes no sense."""
    text = STANDARD["badResumptionToken"]
    error = f"<error code='badResumptionToken'>{text}</error>".encode()
    body = re.sub(rb"<(ListRecords|GetRecord)>.*</\1>|<error.*</error>", error, reply.body, flags=re.DOTALL)
    return replace(reply, body=body)


def no_date(reply: Reply) -> Reply:
    return replace(reply, body=re.sub(rb"<responseDate>.*?</responseDate>", b"", reply.body))


FAULTS = (*EVERYWHERE, expired, expired, no_date)


LONGER = (*PREPRINTS, *crowd(6))
"""Enough for ten pages: a harvest that is killed twice must not be over before."""


def _holds(*categories: str) -> int:
    return sum(bool(set(p.categories) & set(categories)) for p in LONGER)


SCENARIOS = [
    Scenario(
        "oai: two sets that overlap",
        "oai",
        lambda: OaiServer(page=2, preprints=LONGER),
        Selection(categories=("cs.LG", "cs.CL")),
        _holds("cs.LG", "cs.CL"),
        FAULTS,
    ),
    Scenario(
        "oai: by id",
        "oai",
        OaiServer,
        Selection(ids=("arxiv:1501.00001v2", "hep-th/9901001", "2701.99999", "P18-1001")),
        2,
        FAULTS,
    ),
]
