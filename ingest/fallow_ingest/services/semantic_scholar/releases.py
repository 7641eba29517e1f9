"""The Datasets API: which releases there are, which files each data set has, and fetching them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from fallow_ingest.errors import ServiceBroken, ServiceRefused, SourceBroken
from fallow_ingest.services.semantic_scholar import LABEL, api_request, judge, told
from fallow_ingest.sources import ignore_bytes
from fallow_ingest.sources.files import GZIP_MAGIC
from fallow_ingest.sources.lines import Line, read_lines
from fallow_ingest.web.client import Client
from fallow_ingest.web.exchange import Answer, BadAnswer, Fatal, Request, json_of, object_of
from fallow_ingest.web.limiter import Origin

FILES = Origin("semantic-scholar-files", f"{LABEL}'s file store", 0.1, ("amazonaws.com",))

LARGEST_FILE = 200 * 10**9
LONGEST_DOWNLOAD = 24 * 3600.0
"""Seconds of one try; every try goes on inside the file."""

FETCHES = 4
"""How often a file is fetched whose link has expired or whose content ends too early."""

Change = Literal["load", "update", "delete"]

_RELEASE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_BASENAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,150}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Step:
    """One file to go through.

    release: the one that is reached with it; url: a link that will expire; span: the releases between which
    the differences were asked for that it is from.
    """

    data_set: str
    release: str
    change: Change
    name: str
    url: str
    span: tuple[str, str] = ("", "")

    @property
    def id(self) -> str:
        """The same for the same file, whatever its link."""
        return f"{self.data_set}/{self.release}/{self.change}/{self.name}"


class Releases:
    """Asks the Datasets API. base: address above /datasets/v1; folder: where files are fetched to."""

    def __init__(self, base: str, origin: Origin, client: Client, folder: Path) -> None:
        self._base = base
        self._origin = origin
        self._client = client
        self._folder = folder

    def described(self, release: str = "latest") -> tuple[str, dict[str, str]]:
        """(id of the release, data set -> what they say of it); needs no key. Raises ServiceRefused."""

        def parse(answer: Answer) -> tuple[str, dict[str, str]]:
            if answer.status != 200:
                raise Fatal(
                    ServiceRefused(f"{LABEL} has no release {release[:40]} ({told(answer)})", "leave it out")
                )
            found = object_of(answer)
            name, sets = found.get("release_id"), found.get("datasets")
            if not isinstance(name, str) or not _RELEASE.fullmatch(name) or not isinstance(sets, list):
                raise BadAnswer("described a release without its id and data sets")
            entries = (entry for entry in sets if isinstance(entry, Mapping))
            return name, {str(e.get("name")): str(e.get("description", "")) for e in entries}

        return self._client.ask(self._request(f"release/{release}"), parse, judge)

    def files(self, release: str, data_set: str) -> list[Step]:
        """The files of a whole data set."""

        def parse(answer: Answer) -> list[Step]:
            if answer.status != 200:
                raise Fatal(ServiceRefused(f"{LABEL} has no {data_set} in {release} ({told(answer)})"))
            files = object_of(answer).get("files")
            if not isinstance(files, list) or not files:
                raise BadAnswer(f"named no files of {data_set}")
            return [self._step(data_set, release, "load", url) for url in files]

        return self._client.ask(self._request(f"release/{release}/dataset/{data_set}"), parse, judge)

    def changes(self, start: str, end: str, data_set: str) -> list[Step] | None:
        """The files that lead from one release to another: of each release between them first updates, then
        deletions. None when there is no way from that start any more."""

        def parse(answer: Answer) -> list[Step] | None:
            if answer.status != 200:
                json_of(answer)  # a web page is no word of theirs
                return None
            diffs = object_of(answer).get("diffs")
            if not isinstance(diffs, list):
                raise BadAnswer("sent differences without a list of them")
            return self._chained(start, end, data_set, diffs)

        path = f"diffs/{start}/to/{end}/{data_set}"
        return self._client.ask(self._request(path), parse, judge)

    def lines(self, step: Step, after: int) -> Iterator[Line]:
        """The file's lines after that number; the file is fetched, again if need be, until it was whole."""
        path = self._folder / step.id.replace("/", "_")
        for _ in range(FETCHES):
            step = self._fetched(step, path)
            try:
                for line in read_lines(path, ignore_bytes, after=after):
                    after = line.number
                    yield line
            except SourceBroken:
                # Whole as a transfer, and not as gzip: the lines before the damage are good.
                path.unlink(missing_ok=True)
                continue
            return
        raise ServiceBroken(
            f"{LABEL} sent {step.id} damaged {FETCHES} times", "run the same command again later"
        )

    def remove(self, step: Step) -> None:
        """Free the room that a file took."""
        (self._folder / step.id.replace("/", "_")).unlink(missing_ok=True)

    def remove_others(self, step: Step | None) -> None:
        """Free the room of what earlier runs left, except for that file, whole or in part."""
        kept = step.id.replace("/", "_") if step else None
        for path in self._folder.glob("*"):
            if kept is None or path.name not in (kept, f"{kept}.part"):
                path.unlink(missing_ok=True)

    # --------------------------------------------------------------------------------------------

    def _request(self, path: str) -> Request:
        return api_request(
            self._origin, f"{self._base}/datasets/v1/{path}", accepted=(200, 400, 404, 410, 422)
        )

    def _step(self, data_set: str, release: str, change: Change, url: object) -> Step:
        parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
        name = parts.path.rsplit("/", 1)[-1]
        host, home = parts.hostname or "", urlsplit(self._base).hostname
        if not _BASENAME.fullmatch(name):
            raise BadAnswer("named a file without a name")
        if host != home and not (parts.scheme == "https" and host.endswith(".amazonaws.com")):
            raise Fatal(
                ServiceRefused(
                    f"{LABEL} names a file at {parts.scheme}://{host[:100]}, which does not belong to it",
                    "nothing was fetched from there",
                )
            )
        return Step(data_set, release, change, name, str(url))

    def _chained(self, start: str, end: str, data_set: str, diffs: list[object]) -> list[Step] | None:
        steps: list[Step] = []
        at = start
        for diff in diffs:
            if not isinstance(diff, Mapping) or diff.get("from_release") != at:
                return None
            at = str(diff.get("to_release"))
            if not _RELEASE.fullmatch(at):
                return None
            for change, files in (("update", "update_files"), ("delete", "delete_files")):
                urls = diff.get(files)
                if not isinstance(urls, list):
                    raise BadAnswer(f"sent differences without {files}")
                kind: Change = "update" if change == "update" else "delete"
                found = (self._step(data_set, at, kind, url) for url in urls)
                steps += [replace(step, span=(start, end)) for step in found]
        return steps if at == end else None

    def _fetched(self, step: Step, path: Path) -> Step:
        """Have the file at its path; the step with the link that worked."""
        for attempt in range(FETCHES):
            if not path.exists():
                try:
                    self._client.download(_file_request(step), path)
                except ServiceRefused:
                    if attempt == FETCHES - 1:
                        raise
                    step = self._renewed(step)
                    continue
            with path.open("rb") as file:
                if file.read(2) == GZIP_MAGIC:
                    return step
            path.unlink()
        raise ServiceBroken(
            f"{LABEL} sent {step.id} not as gzip {FETCHES} times", "run the same command again later"
        )

    def _renewed(self, step: Step) -> Step:
        """The same file with a fresh link: links expire after some days."""
        if step.change == "load":
            found = self.files(step.release, step.data_set)
        else:
            found = self.changes(*step.span, step.data_set) or []
        for other in found:
            if other.id == step.id:
                return other
        raise ServiceBroken(f"{LABEL} does not name {step.id} any more", "run the same command again")


def _file_request(step: Step) -> Request:
    return Request(FILES, step.url, largest=LARGEST_FILE, seconds=LONGEST_DOWNLOAD)
