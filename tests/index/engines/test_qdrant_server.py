"""The engine `qdrant` against a server: what goes over the wire, and every way in which it may be refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from opened_engines import DAYS, DENSE, OTHER_SPACE, SPACE, TOKENS, assert_ranked, exact, papers, units
from protocols.qdrant import QdrantServer
from protocols.server import (
    Fault,
    ProtocolServer,
    Reply,
    cut_short,
    internal_error,
    nothing,
    reset,
    serving,
    unavailable,
    web_page,
)

from fallow_index.engines import Engine, Place
from fallow_ingest.errors import (
    BadInput,
    EncoderError,
    EngineError,
    FallowError,
    ServiceBroken,
    ServiceRefused,
    ServiceThrottled,
)

pytest.importorskip("qdrant_client", reason="the extra 'qdrant' is not installed")

from fallow_index.engines import qdrant as engine_module
from fallow_index.engines import qdrant_model
from fallow_index.engines.qdrant import QdrantEngine

KEY = "no-one-may-see-this"
ALL = list(range(1, 31))


@pytest.fixture
def qdrant() -> QdrantServer:
    return QdrantServer()


@pytest.fixture
def server(qdrant: QdrantServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProtocolServer]:
    monkeypatch.delenv(engine_module.KEY_VARIABLE, raising=False)
    with serving(qdrant) as server:
        yield server


@pytest.fixture
def opened(server: ProtocolServer, tmp_path: Path) -> Iterator[Callable[..., Engine]]:
    engines: list[Engine] = []

    def open_engine(space: Any = SPACE, **options: Any) -> Engine:
        engine = QdrantEngine(Place(tmp_path, url=server.url, collection="toys"), space, **options)
        engines.append(engine)
        return engine

    yield open_engine
    for engine in engines:
        engine.close()


def test_a_library_goes_there_and_is_searched(
    opened: Callable[..., Engine], server: ProtocolServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qdrant_model, "MESSAGE_BYTES", 10_000)
    monkeypatch.setattr(engine_module, "PAGE", 7)
    held = papers(ALL, tokenless=4)
    engine = opened()
    engine.upsert(held)
    assert engine.count() == 30
    np.testing.assert_array_equal(engine.held().keys, held.held.keys)
    sent = [asked for asked in server.asked if asked.method == "PUT" and asked.path.endswith("/points")]
    assert len(sent) > 2
    assert max(len(asked.body) for asked in sent) < 3 * 10_000
    dense, query = units(1, DENSE, 1)[0], units(6, TOKENS, 2)
    found = engine.search(dense, query, 30, as_of=DAYS[1], exclude=[3], within=[1, 3, 4, 6, 7])
    assert sorted(found.numbers.tolist()) == [
        number for number in (1, 4, 6, 7) if DAYS[number % 3] <= DAYS[1]
    ]
    assert_ranked(found, exact(held, query), 0.001)
    engine.delete(np.array(ALL[:5]))
    assert engine.count() == 25


def test_what_the_server_is_told_of_the_vectors(
    opened: Callable[..., Engine], server: ProtocolServer
) -> None:
    opened()
    made = next(asked for asked in server.asked if asked.method == "PUT")
    vectors = json.loads(made.body)["vectors"]
    assert (vectors["dense"]["size"], vectors["dense"]["datatype"]) == (DENSE, "float16")
    assert vectors["tokens"]["multivector_config"] == {"comparator": "max_sim"}
    assert vectors["tokens"]["hnsw_config"] == {"m": 0}
    index = next(asked for asked in server.asked if asked.path.endswith("/index"))
    assert json.loads(index.body) == {"field_name": "public_by", "field_schema": "integer"}


def test_the_key_is_sent_and_never_shown(
    qdrant: QdrantServer,
    opened: Callable[..., Engine],
    server: ProtocolServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    qdrant.key = KEY
    with pytest.raises(ServiceRefused, match="FALLOW_QDRANT_API_KEY"):
        opened()
    monkeypatch.setenv(engine_module.KEY_VARIABLE, "wrong")
    with pytest.warns(UserWarning, match="insecure"), pytest.raises(ServiceRefused) as refused:
        opened()
    assert "wrong" not in str(refused.value)
    monkeypatch.setenv(engine_module.KEY_VARIABLE, KEY)
    with pytest.warns(UserWarning, match="insecure"):
        engine = opened()
    assert engine.count() == 0
    assert KEY not in repr(vars(engine)).replace(repr(engine._client), "")  # type: ignore[attr-defined]


def test_a_collection_whose_making_was_killed_is_finished(
    qdrant: QdrantServer, opened: Callable[..., Engine]
) -> None:
    opened()
    qdrant.collections["toys"].indexed.clear()
    opened()
    assert "public_by" in qdrant.collections["toys"].indexed


def test_another_space_is_refused_and_replaced_only_on_demand(
    qdrant: QdrantServer, opened: Callable[..., Engine]
) -> None:
    opened().upsert(papers(ALL))
    with pytest.raises(EncoderError, match="toys"):
        opened(OTHER_SPACE)
    assert len(qdrant.collections["toys"].points) == 30
    assert opened(OTHER_SPACE, replace=True).count() == 0


@pytest.mark.parametrize("replace", [False, True])
def test_a_collection_of_somebody_else_is_left_alone(
    qdrant: QdrantServer, opened: Callable[..., Engine], replace: bool
) -> None:
    opened().upsert(papers(ALL))
    qdrant.collections["toys"].metadata = {"made_by": "another program"}
    with pytest.raises(EngineError, match="--engine-collection"):
        opened(replace=replace)
    assert len(qdrant.collections["toys"].points) == 30


def test_vectors_of_another_size_than_announced(qdrant: QdrantServer, opened: Callable[..., Engine]) -> None:
    engine = opened()
    qdrant.collections["toys"].params["vectors"]["dense"]["size"] = 8
    with pytest.raises(ServiceRefused, match="expected dim: 8"):
        engine.upsert(papers(ALL))
    with pytest.raises(EngineError, match="sizes"):
        opened()


def test_points_that_fallow_did_not_write(qdrant: QdrantServer, opened: Callable[..., Engine]) -> None:
    engine = opened()
    engine.upsert(papers([1, 2]))
    del qdrant.collections["toys"].points[2]["payload"]["key"]
    with pytest.raises(EngineError, match="point 2"):
        engine.held()


def test_a_collection_that_vanished(qdrant: QdrantServer, opened: Callable[..., Engine]) -> None:
    engine = opened()
    qdrant.collections.clear()
    with pytest.raises(EngineError, match="fallow build"):
        engine.search(units(1, DENSE, 1)[0], units(2, TOKENS, 2), 3)


def test_a_message_that_is_too_long_for_the_server(
    qdrant: QdrantServer, opened: Callable[..., Engine]
) -> None:
    engine = opened()
    qdrant.largest = 2000
    with pytest.raises(ServiceRefused, match="max_request_size_mb"):
        engine.upsert(papers(ALL))


def busy(_reply: Reply) -> Reply:
    return Reply(429, b'{"status": {"error": "too many"}}', headers={"Retry-After": "20"})


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (reset, ServiceBroken),
        (cut_short, ServiceBroken),
        (web_page, ServiceBroken),
        (nothing, ServiceBroken),
        (internal_error, ServiceBroken),
        (unavailable, ServiceBroken),
        (busy, ServiceThrottled),
    ],
)
def test_bad_days_are_told_in_a_sentence(
    opened: Callable[..., Engine], server: ProtocolServer, fault: Fault, error: type[FallowError]
) -> None:
    engine = opened()
    engine.upsert(papers(ALL))
    server.bad_day = fault
    query = units(1, DENSE, 1)[0], units(2, TOKENS, 2), 3
    for ask in (engine.held, engine.count, lambda: engine.search(*query), lambda: engine.upsert(papers([1]))):
        with pytest.raises(error) as raised:
            ask()
        assert "\n" not in str(raised.value)
        assert raised.value.remedy


def test_no_server_there(tmp_path: Path) -> None:
    with pytest.raises(ServiceBroken, match="cannot be reached"):
        QdrantEngine(Place(tmp_path, url="http://127.0.0.1:1"), SPACE)


@pytest.mark.parametrize("url", ["localhost:6333", "ftp://x", "http://", "http://x:port", "not an address"])
def test_what_is_no_address(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadInput, match="no address"):
        QdrantEngine(Place(tmp_path, url=url), SPACE)


def test_an_address_that_holds_a_secret_is_refused_without_showing_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="FALLOW_QDRANT_API_KEY") as refused:
        QdrantEngine(Place(tmp_path, url=f"https://me:{KEY}@example.org"), SPACE)
    assert KEY not in str(refused.value)


def test_no_server_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(engine_module.URL_VARIABLE, raising=False)
    with pytest.raises(EngineError, match="FALLOW_QDRANT_URL"):
        QdrantEngine(Place(tmp_path), SPACE)
