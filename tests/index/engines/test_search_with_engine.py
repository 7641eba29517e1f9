"""A search of a library whose dense and late stages an engine does; which engine a library uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hashing_encoder import HashingEncoder
from invented_papers import invented_paper
from opened_engines import Opener

from fallow_index.build import build_index
from fallow_index.engines.chosen import Choice, engine_for, fill, refuse_unusable, remember, remembered
from fallow_index.engines.sync import synchronise
from fallow_index.search import Mode, Searcher
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import EngineError, UnknownName
from fallow_ingest.records import Paper

Add = Callable[[Sequence[Paper]], None]
TEXT = "contrastive retrieval of proteins with sparse attention"
EMBEDDED = Choice("qdrant-edge")


@pytest.fixture
def wide() -> HashingEncoder:
    """Token vectors of a length that every engine can compress."""
    return HashingEncoder(dimension=32, token_dimension=32)


@pytest.mark.parametrize("mode", ["hybrid", "dense", "late"])
def test_it_finds_what_the_index_itself_finds(
    opener: Opener, catalog: Catalog, add: Add, wide: HashingEncoder, mode: Mode
) -> None:
    add([invented_paper(at) for at in range(60)])
    build_index(catalog, encoder=wide)
    with Searcher.open(catalog.library, encoder=wide) as index:
        engine = opener.open(index.generation.space)
        assert synchronise(engine, index, catalog).sent == 60
        own = index.search(TEXT, 10, mode=mode, as_of=20_150_101, exclude=[3])
    with Searcher.open(catalog.library, encoder=wide, engine=engine) as asked:
        found = asked.search(TEXT, 10, mode=mode, as_of=20_150_101, exclude=[3])
        like = asked.search_like(5, 10, mode=mode)
    assert len(found) == len(own) == len(like) == 10
    scores = {hit.number: hit.signals for hit in own}
    both = [hit for hit in found if hit.number in scores]
    assert len(both) >= 7
    for hit in both:
        assert hit.signals.keys() == scores[hit.number].keys()
        for name, signal in hit.signals.items():
            assert signal.score == pytest.approx(scores[hit.number][name].score, abs=2 * opener.rounding)


def test_a_library_remembers_its_engine(catalog: Catalog) -> None:
    assert remembered(catalog) == Choice("local")
    choice = Choice("qdrant", url="http://localhost:6333", collection="toys", generation=3)
    remember(catalog, choice)
    assert remembered(catalog) == choice
    assert choice.said(name="qdrant") == choice
    assert choice.said(collection="others").generation == 0
    assert choice.said(name="local") == Choice("local")


def test_an_engine_in_step_is_filled_with_what_is_new(
    catalog: Catalog, add: Add, wide: HashingEncoder
) -> None:
    pytest.importorskip("qdrant_edge", reason="the extra 'qdrant' is not installed")
    add([invented_paper(at) for at in range(20)])
    build_index(catalog, encoder=wide)
    done = fill(catalog, EMBEDDED)
    assert done is not None
    assert (done.sent, done.deleted, done.held) == (20, 0, 20)
    add([invented_paper(20)])
    build_index(catalog, encoder=wide)
    with pytest.raises(EngineError, match="fallow build --engine qdrant-edge"):
        engine_for(catalog, remembered(catalog))
    done = fill(catalog, remembered(catalog))
    assert done is not None
    assert (done.sent, done.deleted, done.held) == (1, 0, 21)
    engine = engine_for(catalog, remembered(catalog))
    assert engine is not None
    assert engine.count() == 21
    engine.close()


def test_another_encoder_fills_the_engine_anew(catalog: Catalog, add: Add, wide: HashingEncoder) -> None:
    pytest.importorskip("qdrant_edge", reason="the extra 'qdrant' is not installed")
    add([invented_paper(at) for at in range(5)])
    build_index(catalog, encoder=wide)
    fill(catalog, EMBEDDED)
    build_index(catalog, encoder=HashingEncoder(dimension=32, token_dimension=32, salt="other"))
    done = fill(catalog, EMBEDDED)
    assert done is not None
    assert (done.sent, done.held) == (5, 5)


def test_an_engine_never_filled_answers_nothing(catalog: Catalog, add: Add, wide: HashingEncoder) -> None:
    pytest.importorskip("qdrant_edge", reason="the extra 'qdrant' is not installed")
    add([invented_paper(1)])
    build_index(catalog, encoder=wide)
    with pytest.raises(EngineError, match="nothing yet"):
        engine_for(catalog, EMBEDDED)


def test_what_cannot_work_is_refused_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FALLOW_COLBERT_PYTHON", raising=False)
    with pytest.raises(UnknownName, match="local"):
        refuse_unusable(Choice("solr"), tmp_path)
    with pytest.raises(EngineError, match="FALLOW_COLBERT_PYTHON"):
        refuse_unusable(Choice("colbert-ai"), tmp_path)
    with pytest.raises(EngineError, match="no Python at"):
        refuse_unusable(Choice("colbert-ai", python="/nowhere/python"), tmp_path)
    refuse_unusable(Choice("local"), tmp_path)
