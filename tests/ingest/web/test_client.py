"""The client against a server with bad manners."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from protocols.server import (
    EVERYWHERE,
    Asked,
    BadDay,
    FakeClock,
    Reply,
    cut_short,
    serving,
    too_many,
    unavailable_for_a_while,
    web_page,
)

from fallow_ingest.errors import ServiceBroken, ServiceRefused, ServiceThrottled
from fallow_ingest.web.client import Client, Patience
from fallow_ingest.web.exchange import Answer, BadAnswer, Request, json_of, object_of, xml_of
from fallow_ingest.web.limiter import Limiter, Origin

HERE = Origin("here", "Here", 1.0, ("127.0.0.1",))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def client(tmp_path: Path, clock: FakeClock) -> Client:
    return Client(Limiter(clock, folder=tmp_path / "limits"), patience=Patience(tries=4))


def answering(*replies: Reply) -> Callable[[Asked], Reply]:
    """Each reply once, then the last for ever."""
    left = list(replies)
    return lambda _asked: left.pop(0) if len(left) > 1 else left[0]


GOOD = Reply(body=b'{"answer": 42}')


def test_a_good_answer_is_parsed(client: Client) -> None:
    with serving(answering(GOOD)) as server:
        request = Request(HERE, f"{server.url}/x", params=[("q", "a b%20"), ("q", "ü")])
        assert client.ask(request, object_of) == {"answer": 42}
        assert server.asked[0].query == (("q", "a b%20"), ("q", "ü"))
        assert server.asked[0].headers["user-agent"].startswith("fallow/")


@pytest.mark.parametrize("fault", EVERYWHERE, ids=lambda f: f.__name__)
def test_one_bad_answer_heals(fault: Callable[[Reply], Reply], client: Client, clock: FakeClock) -> None:
    with serving(answering(fault(GOOD), GOOD)) as server:
        assert client.ask(Request(HERE, server.url), object_of) == {"answer": 42}
        assert len(server.asked) == 2
    assert 2 <= sum(clock.slept) <= 60


def test_retry_after_is_obeyed(client: Client, clock: FakeClock) -> None:
    with serving(answering(unavailable_for_a_while(GOOD), GOOD)) as server:
        client.ask(Request(HERE, server.url), object_of)
    assert clock.slept == [7.0]


def test_a_throttle_that_lasts_is_told_as_one(client: Client) -> None:
    with serving(answering(too_many(GOOD))) as server, pytest.raises(ServiceThrottled, match="too many"):
        client.ask(Request(HERE, server.url), object_of)


def test_a_broken_service_is_told_as_broken(client: Client) -> None:
    with serving(answering(web_page(GOOD))) as server, pytest.raises(ServiceBroken, match="web page"):
        client.ask(Request(HERE, server.url), object_of)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_what_will_not_heal_fails_at_once(status: int, client: Client, clock: FakeClock) -> None:
    with serving(answering(Reply(status, b'{"error": "no"}'))) as server:
        with pytest.raises(ServiceRefused, match=f"HTTP {status}"):
            client.ask(Request(HERE, server.url), object_of)
        assert len(server.asked) == 1
    assert not clock.slept


def test_nobody_there_is_told_soon(client: Client, clock: FakeClock) -> None:
    with serving(answering(GOOD)) as server:
        url = server.url
    with pytest.raises(ServiceBroken, match="cannot be reached"):
        client.ask(Request(HERE, url), object_of)
    assert sum(clock.slept) < 20
    assert client.requests == client.patience.unreached


def test_silence_ends(client: Client) -> None:
    with serving(answering(replace(GOOD, stall=5.0), GOOD)) as server:
        assert client.ask(Request(HERE, server.url, silence=0.2), object_of) == {"answer": 42}


def test_answers_are_bounded_also_when_packed(client: Client) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    reply = Reply(body=bomb, headers={"Content-Encoding": "gzip"})
    with serving(answering(reply)) as server, pytest.raises(ServiceBroken, match="sent over"):
        client.ask(Request(HERE, server.url, largest=1_000_000), object_of)


def test_redirects_are_followed_inside_the_house_only(client: Client) -> None:
    with serving(answering(Reply(301, headers={"Location": "/new?a=1"}), GOOD)) as server:
        assert client.ask(Request(HERE, server.url, secret={"x-api-key": "k"}), object_of) == {"answer": 42}
        assert server.asked[1].path == "/new"
        assert server.asked[1].headers["x-api-key"] == "k"
    for place in ("http://169.254.169.254/", "file:///etc/passwd", "http://example.org/"):
        reply = Reply(302, headers={"Location": place})
        with serving(answering(reply)) as server, pytest.raises(ServiceRefused, match="does not belong"):
            client.ask(Request(HERE, server.url), object_of)


def test_keys_do_not_follow_to_another_host(client: Client) -> None:
    with serving(answering(GOOD)) as other:
        away = Reply(302, headers={"Location": f"{other.url}/there"})
        with serving(answering(away)) as server:
            client.ask(Request(HERE, server.url, secret={"x-api-key": "k"}), object_of)
        assert "x-api-key" not in other.asked[0].headers


def test_downloads_go_on_inside_the_file(client: Client, tmp_path: Path) -> None:
    content = bytes(range(256)) * 4000

    def respond(asked: Asked) -> Reply:
        told = asked.headers.get("range")
        if told is None:
            return cut_short(Reply(body=content, content_type="application/gzip"))
        start = int(told.removeprefix("bytes=").rstrip("-"))
        headers = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        return Reply(206, content[start:], headers=headers)

    with serving(respond) as server:
        client.download(Request(HERE, server.url), tmp_path / "f" / "file.gz")
        assert len(server.asked) == 2
    assert (tmp_path / "f" / "file.gz").read_bytes() == content
    assert not list((tmp_path / "f").glob("*.part"))


def test_downloads_start_anew_where_ranges_are_ignored(client: Client, tmp_path: Path) -> None:
    whole = Reply(body=b"x" * 100_000)
    with serving(answering(cut_short(whole), whole)) as server:
        client.download(Request(HERE, server.url), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == whole.body


@pytest.mark.parametrize("seed", range(5))
def test_downloads_survive_bad_days(seed: int, client: Client, tmp_path: Path) -> None:
    whole = Reply(body=bytes(range(256)) * 500)
    faults = [f for f in EVERYWHERE if f.__name__ not in ("half_with_right_length", "web_page", "nothing")]
    with serving(lambda _asked: whole, BadDay(seed, faults, share=0.5, row=2)) as server:
        client.download(Request(HERE, server.url), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == whole.body


@pytest.mark.parametrize(
    ("parse", "body"),
    [
        (json_of, b"\xff\xfe{"),
        (json_of, b"[" * 100_000),
        (object_of, b"[]"),
        (xml_of, b'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><x>&b;</x>'),
        (xml_of, b"<x>" * 50_000),
        (xml_of, b'<?xml version="1.0" encoding="klingon"?><x/>'),
        (xml_of, b"<!DOCTYPE html><html></html>"),
    ],
)
def test_hostile_bodies_are_bad_answers(parse: Callable[[Answer], object], body: bytes) -> None:
    with pytest.raises(BadAnswer):
        parse(Answer("u", 200, {}, body))
