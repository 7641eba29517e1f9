"""Semantic Scholar's data sets: a release of everything, then only what changed, of the papers you choose."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from fallow_ingest.errors import ServiceBroken, ServiceRefused
from fallow_ingest.services import Cursor, Page, Plan, Selection, endpoint
from fallow_ingest.services.semantic_scholar import (
    KEY_PAGE,
    KEY_VARIABLE,
    LABEL,
    api_key,
    api_origin,
)
from fallow_ingest.services.semantic_scholar.choice import Choice, choice_of
from fallow_ingest.services.semantic_scholar.loading import Loading
from fallow_ingest.services.semantic_scholar.records import CITATIONS, FULL_TEXTS, PAPERS
from fallow_ingest.services.semantic_scholar.releases import Releases, Step
from fallow_ingest.services.semantic_scholar.shelf import Shelf
from fallow_ingest.web.client import Client
from fallow_ingest.web.limiter import Origin

FOLDER_VARIABLE = "FALLOW_S2_FOLDER"

ITEMS_A_PAGE = 2_000
LINES_A_PAGE = 200_000
"""Lines after which the place is kept even if few of them were of chosen papers."""

MEGABYTES_A_SECOND = 10.0
"""Taken for plans: what a household's line brings."""

_GIGABYTES = {"papers": 45.0, "abstracts": 54.0, "citations": 255.0, "tldrs": 6.0, "s2orc_v2": 180.0}
_DESCRIBED = re.compile(r"in (\d{1,6}) ([\d.]{1,8}) ?(MB|GB) files")
_FILES = 30
_FILES_A_WEEK = 24

_DONE = "done"
_KEPT = frozenset({CITATIONS, FULL_TEXTS})
"""Data sets whose deletions are not applied: they name rows, not papers, and the library keeps texts."""


@dataclass(slots=True)
class _Place:
    """Cursor of a round.

    token: of the shelf that belongs to it; release: that it ends with; since: the release that the library
    holds, "" when everything is read; data_set, step, line: the file that is gone through, and how far;
    position: of the last item.
    """

    token: str
    release: str
    since: str
    data_set: str = ""
    step: str = ""
    line: int = 0
    position: int = 0


class DatasetService:
    """Papers with abstracts, tldrs, full texts and citations, out of files of hundreds of gigabytes.

    One file at a time is on disk; what a paper is told in several data sets waits on a shelf beside it, as
    does the state of the chosen papers for the differences of the next release. Both are in
    $FALLOW_S2_FOLDER, or else beside the limiter's files.
    """

    name: ClassVar[str] = "s2-dataset"
    label: ClassVar[str] = f"{LABEL} (data sets)"
    selects: ClassVar[frozenset[str]] = frozenset(
        {"ids", "query", "categories", "venues", "since", "until", "release"}
    )
    needs: ClassVar[frozenset[str]] = frozenset({"ids", "query", "categories", "venues", "since", "until"})
    fresh_days: ClassVar[int] = 21
    id_schemes: ClassVar[tuple[str, ...]] = ("s2", "arxiv", "doi", "acl", "pmid")

    def __init__(self, *, base: str = "") -> None:
        self.base = base or endpoint("s2-dataset", "https://api.semanticscholar.org")

    @property
    def origin(self) -> Origin:
        """Semantic Scholar, at the pace that the key of this moment allows."""
        return api_origin()

    def plan(self, selection: Selection, client: Client | None, *, watermark: str = "") -> Plan:
        """Files and bytes of the data sets; asked once, as the release describes them."""
        choice = choice_of(selection)
        described: dict[str, str] = {}
        if client:
            releases = Releases(self.base, self.origin, client, Path())
            release, described = releases.described(selection.release or "latest")
            if watermark == release:
                return Plan(1, self.origin.interval, 0, exact=True, note=f"nothing newer than {release}")
        files, gigabytes = 0, 0.0
        for name in choice.data_sets:
            count, size = _size(name, described.get(name, ""))
            files, gigabytes = files + count, gigabytes + size
        note = (
            f"about {gigabytes:,.0f} GB pass through this machine, one file at a time; what you chose is kept"
        )
        if watermark:
            files = len(choice.data_sets) * _FILES_A_WEEK
            note = f"what changed since {watermark}: about {files} files for each week since"
        if not api_key():
            note += "; the links are given only with a key (S2_API_KEY)"
        seconds = 0.0 if watermark else gigabytes * 1000 / MEGABYTES_A_SECOND
        asked = 1 + len(choice.data_sets)
        return Plan(asked + files, seconds + asked * self.origin.interval, note=note)

    def harvest(
        self, selection: Selection, client: Client, *, cursor: Cursor | None = None, watermark: str = ""
    ) -> Iterator[Page]:
        """Yield what is chosen of the newest (or the named) release, or how it differs from the last one.

        Raises BadInput for a choice that has no meaning, ServiceErrors, and DiskFull.
        """
        choice = choice_of(selection)
        if not api_key() and (urlsplit(self.base).hostname or "").endswith("semanticscholar.org"):
            # Not to be found out after the minute that the second question has to wait without one.
            raise ServiceRefused(
                f"{LABEL} gives its data sets only with a key",
                f"ask for one at {KEY_PAGE} and put it into {KEY_VARIABLE}",
            )
        return self._pages(selection, choice, client, cursor, watermark)

    def _pages(
        self,
        selection: Selection,
        choice: Choice,
        client: Client,
        cursor: Cursor | None,
        watermark: str,
    ) -> Iterator[Page]:
        folder = _folder(client) / _name(selection)
        with _alone(folder):
            releases = Releases(self.base, self.origin, client, folder / "files")
            shelves = _Shelves(folder)
            place = _Place(**cursor) if cursor else None  # type: ignore[arg-type]
            path = shelves.of(place) if place else None
            if place is None or path is None:
                # Without its shelf a round cannot go on: another machine, or somebody freed the room.
                place = _begun(releases, selection, shelves, watermark)
                path = shelves.begin(place)
            if place.since != place.release:
                with closing(Shelf(path)) as shelf:
                    yield from _round(releases, choice, shelf, place)
                shelves.finish(path)
            yield Page((), {}, last=True, watermark=place.release)


class _Shelves:
    """The shelf of the last whole round, and beside it that of a full load which is not done.

    So a trial (--limit), or another library that begins, costs nobody the shelf that differences build on.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._whole = folder / "shelf.sqlite"

    def release(self) -> str:
        """The release that the last whole round ended with, "" without one."""
        return self._noted(self._whole, "release")

    def of(self, place: _Place) -> Path | None:
        """The shelf of a round that was begun; None when it is gone."""
        for path in (self._loading(place), self._whole):
            if self._noted(path, "token") == place.token:
                return path
        return None

    def begin(self, place: _Place) -> Path:
        """The shelf for a new round: the last one for differences, an empty one for a full load."""
        path = self._whole
        if not place.since:
            for old in self._folder.glob("shelf-*"):
                old.unlink()
            path = self._loading(place)
        if place.token:
            with closing(Shelf(path)) as shelf:
                shelf.note("token", place.token)
        return path

    def finish(self, path: Path) -> None:
        """Let the shelf of a whole round be the one that differences build on."""
        if path != self._whole:
            path.replace(self._whole)

    def _loading(self, place: _Place) -> Path:
        return self._folder / f"shelf-{place.token}.sqlite"

    @staticmethod
    def _noted(path: Path, name: str) -> str:
        if not path.exists():
            return ""
        with closing(Shelf(path)) as shelf:
            return shelf.noted(name)


def _begun(releases: Releases, selection: Selection, shelves: _Shelves, watermark: str) -> _Place:
    """A new round: what changed since the watermark where a shelf still knows it, else everything."""
    release, _ = releases.described(selection.release or "latest")
    if watermark and (release == watermark or (release < watermark and not selection.release)):
        return _Place("", watermark, watermark)
    since = watermark if watermark and watermark <= shelves.release() and watermark < release else ""
    return _Place(secrets.token_hex(4), release, since)


def _round(releases: Releases, choice: Choice, shelf: Shelf, place: _Place) -> Iterator[Page]:
    """Go through the data sets from the place on."""
    names = [*choice.data_sets, _DONE]
    while (data_set := place.data_set or names[0]) != _DONE:
        place.data_set = data_set
        loading = Loading(shelf, choice, data_set, place.release, place.position)
        steps = _steps(releases, place, loading)
        while steps:
            yield from _file(releases, steps[0], loading, shelf, place)
            steps.pop(0)
            place.step, place.line = steps[0].id if steps else _DONE, 0
            yield _page(loading, shelf, place)
        place.data_set, place.step = names[names.index(data_set) + 1], ""
        yield _page(loading, shelf, place)
    releases.remove_others(None)
    shelf.sweep(PAPERS)
    shelf.note("release", place.release)


def _steps(releases: Releases, place: _Place, loading: Loading) -> list[Step]:
    """The files of the data set that are still to be gone through."""
    steps: list[Step] | None = None
    if place.since:
        steps = releases.changes(place.since, place.release, place.data_set)
        if steps is None and not place.step:
            loading.skip(f"no differences since {place.since}: read anew", place.data_set)
    if steps is None:
        steps = releases.files(place.release, place.data_set)
    if place.step == _DONE:
        return []
    names = [step.id for step in steps]
    if place.step in names:
        steps = steps[names.index(place.step) :]
    else:
        place.line = 0
    return [step for step in steps if step.change != "delete" or step.data_set not in _KEPT]


def _file(releases: Releases, step: Step, loading: Loading, shelf: Shelf, place: _Place) -> Iterator[Page]:
    """Go through one file; what it leaves unsaid at its end is for the caller's page."""
    place.step = step.id
    releases.remove_others(step)
    for count, line in enumerate(releases.lines(step, place.line), 1):
        loading.take(step, line)
        if len(loading.items) >= ITEMS_A_PAGE or count % LINES_A_PAGE == 0:
            place.line = line.number
            yield _page(loading, shelf, place)


def _page(loading: Loading, shelf: Shelf, place: _Place) -> Page:
    # The shelf first: read again after a kill, a line puts there what it put before.
    shelf.commit()
    items, loading.items = tuple(loading.items), []
    place.position = loading.position
    return Page(items, asdict(place))


def _size(data_set: str, described: str) -> tuple[int, float]:
    """(files, gigabytes) of a data set, as its description says ("100M records in 30 1.8GB files.")."""
    found = _DESCRIBED.search(described)
    if not found:
        return _FILES, _GIGABYTES[data_set]
    return int(found[1]), int(found[1]) * float(found[2]) / (1000 if found[3] == "MB" else 1)


def _folder(client: Client) -> Path:
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else client.limiter.folder.parent / "semantic-scholar"


def _name(selection: Selection) -> str:
    """The folder of a selection, whatever its release."""
    return blake2b(replace(selection, release="").canonical().encode(), digest_size=8).hexdigest()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time uses a shelf."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise ServiceBroken(
            "Another fallow process is loading the same data sets", "wait for it to end"
        ) from error
    try:
        yield
    finally:
        lock.release()
