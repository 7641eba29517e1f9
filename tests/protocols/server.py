"""A local server that speaks a service's protocol, with its errors, limits and bad days.

A protocol is a function from a request to an answer. What goes wrong on the way is drawn from a seed, so
every bad day can be lived through again.
"""

from __future__ import annotations

import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came over the wire."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    body: bytes
    raw_query: str = ""

    def one(self, name: str, default: str = "") -> str:
        """The first value of a parameter, of the query or of a form."""
        form = parse_qs(self.body.decode("utf-8", "replace")) if self.method == "POST" else {}
        for key, value in self.query:
            if key == name:
                return value
        return form.get(name, [default])[0]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.query if key == name]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to be sent. length: the Content-Length to claim, None for the true one."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    drop: bool = False
    """Reset the connection instead of ending the answer."""
    stall: float = 0.0
    """Seconds of silence in the middle of the body."""


Respond = Callable[[Asked], Reply]
Fault = Callable[[Reply], Reply]


def reset(_reply: Reply) -> Reply:
    return Reply(drop=True)


def cut_short(reply: Reply) -> Reply:
    """Half of the body, then the connection ends."""
    return replace(reply, body=reply.body[: len(reply.body) // 2], length=len(reply.body), drop=True)


def half_with_right_length(reply: Reply) -> Reply:
    """Half of the document, in an answer that is whole as HTTP."""
    return replace(reply, body=reply.body[: len(reply.body) // 2])


def longer_than_sent(reply: Reply) -> Reply:
    """A length that promises more than comes."""
    return replace(reply, length=len(reply.body) + 1000)


def web_page(_reply: Reply) -> Reply:
    return Reply(200, b"<!DOCTYPE html><html><body>Please wait...</body></html>", "text/html")


def nothing(reply: Reply) -> Reply:
    return replace(reply, body=b"")


def too_many(_reply: Reply) -> Reply:
    return Reply(429, b"Rate exceeded.", "text/plain")


def too_many_for_a_while(_reply: Reply) -> Reply:
    return Reply(429, b"Rate exceeded.", "text/plain", {"Retry-After": "20"})


def unavailable(_reply: Reply) -> Reply:
    return Reply(503, b"first byte timeout", "text/plain")


def unavailable_for_a_while(_reply: Reply) -> Reply:
    return Reply(503, b"busy", "text/plain", {"Retry-After": "7"})


def internal_error(_reply: Reply) -> Reply:
    return Reply(500, b"<html>Internal Server Error</html>", "text/html")


def gateway_timeout(_reply: Reply) -> Reply:
    return Reply(504, b'{"message": "Endpoint request timed out"}')


EVERYWHERE: tuple[Fault, ...] = (
    reset,
    cut_short,
    half_with_right_length,
    longer_than_sent,
    web_page,
    nothing,
    too_many,
    too_many_for_a_while,
    unavailable,
    unavailable_for_a_while,
    internal_error,
    gateway_timeout,
)
"""What any service may do on a bad day; a protocol adds its own."""


class BadDay:
    """Faults drawn from a seed: each request fails with the given probability, at most `row` in a row."""

    def __init__(
        self, seed: int, faults: Sequence[Fault] = EVERYWHERE, *, share: float = 0.4, row: int = 3
    ) -> None:
        self._random = random.Random(seed)
        self._faults = tuple(faults)
        self._share = share
        self._row = row
        self._failed = 0

    def __call__(self, reply: Reply) -> Reply:
        if self._failed >= self._row or self._random.random() >= self._share:
            self._failed = 0
            return reply
        self._failed += 1
        return self._random.choice(self._faults)(reply)


class ProtocolServer:
    """Serves a protocol on a free local port. asked: every request, in order."""

    def __init__(self, respond: Respond, bad_day: Fault | None = None) -> None:
        self.respond = respond
        self.bad_day = bad_day
        self.asked: list[Asked] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def reply(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            reply = self.respond(asked)
            return self.bad_day(reply) if self.bad_day else reply

    def __enter__(self) -> ProtocolServer:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def serving(respond: Respond, bad_day: Fault | None = None) -> Iterator[ProtocolServer]:
    """A server for the length of a block."""
    with ProtocolServer(respond, bad_day) as server:
        yield server


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, _request: object, _address: object) -> None:
        """Clients that hang up are part of the test."""


def _handler(server: ProtocolServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_PUT(self) -> None:
            self._answer()

        def do_DELETE(self) -> None:
            self._answer()

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = server.reply(
                Asked(
                    self.command,
                    parts.path,
                    tuple(parse_qsl(parts.query, keep_blank_values=True)),
                    {name.lower(): value for name, value in self.headers.items()},
                    body,
                    parts.query,
                )
            )
            if reply.drop and not reply.body:
                return self._hang_up()
            self.send_response_only(reply.status)
            if "Date" not in reply.headers:
                self.send_header("Date", self.date_time_string())
            self.send_header("Content-Type", reply.content_type)
            length = len(reply.body) if reply.length is None else reply.length
            self.send_header("Content-Length", str(length))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            half = len(reply.body) // 2
            self.wfile.write(reply.body[:half])
            if reply.stall:
                self.wfile.flush()
                threading.Event().wait(reply.stall)
            self.wfile.write(reply.body[half:])
            if reply.drop:
                return self._hang_up()
            if length != len(reply.body):
                self.close_connection = True
            return None

        def _hang_up(self) -> None:
            self.wfile.flush()
            # A reset, not an orderly end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    return Handler


class FakeClock:
    """Time that passes only by sleeping."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self.time = start
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
