"""The one client that asks services: paced, patient within bounds, and never silent about a failure."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin, urlsplit

from fallow_ingest.errors import (
    AnswerTooLarge,
    DiskFull,
    ServiceBroken,
    ServiceError,
    ServiceRefused,
    ServiceThrottled,
)
from fallow_ingest.web.clock import Clock, SystemClock
from fallow_ingest.web.exchange import Answer, BadAnswer, Fatal, Request, retry_after
from fallow_ingest.web.limiter import Limiter, Origin

if TYPE_CHECKING:
    import requests

Parsed = TypeVar("Parsed")

Judge = Callable[[Answer], ServiceError | None]
"""Looks at an answer that was not accepted: the error that ends the matter, or None to judge by status."""

CONTACT_VARIABLE = "FALLOW_CONTACT"
_PIECE = 2**16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_PASSING = frozenset({408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524})
"""Statuses that another try may heal."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a request is tried. base: seconds before the second try, doubling after.

    unreached: tries where nobody answers at all, which mostly means that this machine has no network.
    """

    tries: int = 6
    unreached: int = 3
    base: float = 4.0
    longest: float = 60.0


class Client:
    """Asks services. One client is used by one thread; all processes share its limiter's files."""

    def __init__(
        self,
        limiter: Limiter | None = None,
        *,
        clock: Clock | None = None,
        patience: Patience | None = None,
        connect_seconds: float = 20.0,
    ) -> None:
        self.clock = clock or (limiter.clock if limiter else SystemClock())
        self.limiter = limiter or Limiter(self.clock)
        self.patience = patience or Patience()
        self.requests = 0
        self._connect_seconds = connect_seconds
        self._session: requests.Session | None = None
        self._random = random.Random()

    def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            self._session.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def ask(self, request: Request, parse: Callable[[Answer], Parsed], judge: Judge | None = None) -> Parsed:
        """Ask until the answer can be parsed, with pauses, as long as patience lasts.

        parse raises BadAnswer for an answer to be asked for again, Fatal for one that settles the matter.
        Raises ServiceThrottled, BudgetExhausted, ServiceRefused or ServiceBroken.
        """
        failure: ServiceError | None = None
        for attempt in range(self.patience.tries):
            with self.limiter.turn(request.origin, credits=request.credits):
                self.requests += 1
                try:
                    answer = self._exchange(request)
                    failure = self._judged(request, answer, judge, attempt)
                    if failure is None:
                        return parse(answer)
                except BadAnswer as error:
                    failure = self._broken(request, error.what)
                    if error.unreached and attempt + 1 >= self.patience.unreached:
                        raise failure from error
                    self._pause(request.origin, attempt, error.what)
                except Fatal as error:
                    raise error.error from error
        assert failure is not None
        raise failure

    def download(self, request: Request, path: Path) -> Answer:
        """Fetch a file, going on inside it after every interruption; it appears under its name when whole.

        request.largest bounds its size, request.seconds each try. Raises as `ask`, and DiskFull.
        """
        partial = path.with_name(f"{path.name}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        failure: ServiceError | None = None
        attempt = 0
        while attempt < self.patience.tries:
            before = partial.stat().st_size if partial.exists() else 0
            with self.limiter.turn(request.origin, credits=request.credits):
                self.requests += 1
                try:
                    answer = self._fetch_into(request, partial, before)
                    failure = self._judged(request, answer, None, attempt)
                    if failure is None:
                        partial.replace(path)
                        return answer
                except BadAnswer as error:
                    failure = self._broken(request, error.what)
                    self._pause(request.origin, attempt, error.what)
                except Fatal as error:
                    raise error.error from error
                except OSError as error:
                    raise DiskFull(f"{partial} cannot be written ({error})", "free some room") from error
            # Whatever brought us further was no failed try.
            grown = partial.exists() and partial.stat().st_size > before
            attempt = 0 if grown else attempt + 1
        assert failure is not None
        raise failure

    # Judging ------------------------------------------------------------------------------------

    def _judged(
        self, request: Request, answer: Answer, judge: Judge | None, attempt: int
    ) -> ServiceError | None:
        """None for an answer; the error to end with when tries run out; raises what cannot heal."""
        if answer.status in request.accepted:
            return None
        if judge is not None and (settled := judge(answer)) is not None:
            if isinstance(settled, ServiceThrottled) and settled.until is not None:
                self.limiter.cool_down(request.origin, settled.until, settled.what)
            raise Fatal(settled)
        until = retry_after(answer.headers, self.clock.now())
        if answer.status == 429 or (answer.status in _PASSING and until is not None):
            if until is not None:
                self.limiter.cool_down(request.origin, until, f"HTTP {answer.status}, Retry-After")
            else:
                self._pause(request.origin, attempt, f"HTTP {answer.status}")
            return ServiceThrottled(
                f"{request.origin.label} answered 'too many requests' {attempt + 1} times",
                "run the same command again later: it goes on where it stopped",
                self.limiter.free_at(request.origin),
            )
        if answer.status in _PASSING:
            self._pause(request.origin, attempt, f"HTTP {answer.status}")
            return self._broken(request, f"answered HTTP {answer.status}")
        said = answer.body[:300].decode("utf-8", "replace").strip()
        raise Fatal(
            ServiceRefused(
                f"{request.origin.label} refused {request.url} with HTTP {answer.status}"
                f"{f' ({said})' if said and '<' not in said else ''}",
                _remedy(answer.status),
            )
        )

    def _broken(self, request: Request, what: str) -> ServiceBroken:
        return ServiceBroken(
            f"{request.origin.label} {what} ({request.url})",
            "check the network or run the same command again later: it goes on where it stopped",
        )

    def _pause(self, origin: Origin, attempt: int, reason: str) -> None:
        """Let the whole machine leave the origin alone for a while, longer each time, never quite regular."""
        seconds = min(self.patience.longest, self.patience.base * 2**attempt)
        seconds *= self._random.uniform(0.75, 1.25)
        self.limiter.cool_down(origin, self.clock.now() + seconds, reason)

    # Exchanging ---------------------------------------------------------------------------------

    def _exchange(self, request: Request) -> Answer:
        with self._opened(request, {}) as (answer, pieces):
            body = bytearray()
            for piece in pieces:
                body += piece
                if len(body) > request.largest:
                    raise Fatal(
                        AnswerTooLarge(
                            f"{request.origin.label} sent over {request.largest:,} bytes ({request.url})",
                            "ask for less at a time",
                        )
                    )
            return Answer(answer.url, answer.status, answer.headers, bytes(body))

    def _fetch_into(self, request: Request, partial: Path, before: int) -> Answer:
        headers = {"Accept-Encoding": "identity"}
        if before:
            headers["Range"] = f"bytes={before}-"
        with self._opened(request, headers) as (answer, pieces):
            if answer.status == 416 and before:
                # What is here is not a beginning of what is there now.
                partial.unlink()
                raise BadAnswer("has another file now than the one that was begun")
            if answer.status not in (200, 206):
                return Answer(answer.url, answer.status, answer.headers, b"".join(_first(pieces, 4096)))
            resumed = answer.status == 206 and _starts_at(answer, before)
            with partial.open("ab" if resumed else "wb") as file:
                size = before if resumed else 0
                for piece in pieces:
                    size += len(piece)
                    if size > request.largest:
                        raise Fatal(
                            ServiceRefused(
                                f"{request.url} is larger than {request.largest:,} bytes", "leave it out"
                            )
                        )
                    file.write(piece)
            return Answer(answer.url, 200, answer.headers)

    @contextmanager
    def _opened(self, request: Request, headers: dict[str, str]) -> Iterator[tuple[Answer, Iterator[bytes]]]:
        """The answer's head and its body in pieces, after redirects. Raises BadAnswer and Fatal."""
        import requests
        import urllib3

        try:
            with self._followed(request, headers) as response:
                head = Answer(
                    response.url,
                    response.status_code,
                    {name.lower(): value for name, value in response.headers.items()},
                )
                yield head, self._pieces(request, response)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise BadAnswer(_told(error), unreached=_unreached(error)) from error

    def _pieces(self, request: Request, response: requests.Response) -> Iterator[bytes]:
        import time

        # Real seconds, whatever the client's clock: a body that trickles must not last for ever.
        ends = time.monotonic() + request.seconds
        while piece := response.raw.read1(_PIECE, decode_content=True):
            yield piece
            if time.monotonic() > ends:
                raise BadAnswer(f"had not sent the whole answer after {request.seconds:.0f} s")

    @contextmanager
    def _followed(self, request: Request, extra: dict[str, str]) -> Iterator[requests.Response]:
        url, params = request.url, list(request.params)
        home = urlsplit(url)
        for _ in range(_MOST_REDIRECTS + 1):
            same = urlsplit(url)[:2] == home[:2]
            response = self._connected().request(
                "POST" if request.form or request.body is not None else "GET",
                url,
                params=None if request.form else params,
                data=params if request.form else None,
                json=request.body,
                headers={**request.headers, **extra, **(request.secret if same else {})},
                timeout=(self._connect_seconds, request.silence),
                stream=True,
                allow_redirects=False,
            )
            with response:
                if response.status_code not in _REDIRECTS or "location" not in response.headers:
                    yield response
                    return
                url, params = urljoin(response.url, response.headers["location"]), []
            _check_host(request.origin, home.hostname, url)
        raise BadAnswer("redirects in a circle")

    def _connected(self) -> requests.Session:
        if self._session is None:
            import requests

            self._session = requests.Session()
            self._session.headers["User-Agent"] = user_agent()
        return self._session


def user_agent() -> str:
    """Who we say we are; with the address of $FALLOW_CONTACT, which services ask for."""
    contact = os.environ.get(CONTACT_VARIABLE, "")
    about = f" (mailto:{contact})" if contact.isprintable() and "@" in contact else ""
    return f"fallow/{version('fallow')}{about}"


def _check_host(origin: Origin, home: str | None, url: str) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    known = host == home or any(host == name or host.endswith(f".{name}") for name in origin.hosts)
    if parts.scheme not in ("http", "https") or not known:
        raise Fatal(
            ServiceRefused(
                f"{origin.label} sends us on to {parts.scheme}://{host}, which does not belong to it",
                "nothing was fetched from there",
            )
        )


def _starts_at(answer: Answer, start: int) -> bool:
    return answer.headers.get("content-range", "").startswith(f"bytes {start}-")


def _first(pieces: Iterator[bytes], most: int) -> Iterator[bytes]:
    seen = 0
    for piece in pieces:
        yield piece
        seen += len(piece)
        if seen >= most:
            return


def _unreached(error: Exception) -> bool:
    """Whether no connection came about; one that was cut is a service that is there."""
    import requests
    import urllib3

    cause = error.args[0] if error.args else None
    refused = isinstance(cause, urllib3.exceptions.MaxRetryError)
    return isinstance(error, requests.ConnectionError) and refused


def _told(error: Exception) -> str:
    import requests
    import urllib3

    if isinstance(error, requests.ConnectTimeout):
        return "cannot be reached in time"
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return "stopped answering"
    if isinstance(error, urllib3.exceptions.IncompleteRead | urllib3.exceptions.ProtocolError):
        return "cut the connection before the end of the answer"
    if isinstance(error, requests.ConnectionError):
        return "cannot be reached"
    return f"sent an answer that cannot be read ({type(error).__name__})"


def _remedy(status: int) -> str:
    return {
        401: "check the key",
        403: "check the key, or wait: some services block for a while",
        404: "check the id or address",
    }.get(status, "check what was asked for")
