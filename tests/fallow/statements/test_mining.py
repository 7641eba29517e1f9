"""Papers are invented; sentence vectors are hashed, so that what is tested is the route, not the encoder."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from fallow.statements import mine_statements, statements_of
from fallow.statements import miner as miner_module
from fallow.statements.classifier import layout_of, load_classifier, read_classifier
from fallow.statements.features import HASH_BITS, Sample, feature_rows
from fallow_index.encoders import TokenVectors
from fallow_ingest.catalog import Catalog
from fallow_ingest.errors import EncoderError
from fallow_ingest.records import Paper, Section
from fallow_ingest.text.sections import section_kind


class HashedEncoder:
    """Vectors from a hash of the text, length 384."""

    name, digest, dimension, token_dimension, max_tokens = "hashed", "00", 384, 1, 256

    def __init__(self) -> None:
        self.texts = 0

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += len(texts)
        rows = np.zeros((len(texts), 384), np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split() or [""]:
                rows[row, int(hashlib.md5(word.encode()).hexdigest(), 16) % 384] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def encode_tokens(self, texts: Sequence[str], *, query: bool = False) -> TokenVectors:
        raise NotImplementedError

    def encode_both(self, texts: Sequence[str]) -> tuple[np.ndarray, TokenVectors]:
        raise NotImplementedError


def section(heading: str, text: str) -> Section:
    return Section(heading, text, section_kind(heading))


def a_paper(key: str = "arxiv:2001.00001", **changes: object) -> Paper:
    fields: dict[str, object] = {
        "title": f"A tagger for whales {key}",
        "abstract": "We tag whale songs. However, existing taggers cannot handle songs under water.",
        "authors": ("A. Roe",),
        "year": 2020,
        "date": "2020-01-05",
        "sections": (
            section("1 Introduction", "Whales sing. Nobody knows why the songs change."),
            section(
                "5 Limitations",
                "Our tagger is limited to songs of one species. It needs expensive underwater microphones.",
            ),
            section("6 Future work", "In future work, we plan to extend the tagger to other species."),
            section("Acknowledgements", "We thank the crew, who suffered from the limitations of our boat."),
            section("References", "[1] A. Roe. Limitations of whale taggers. 2019."),
        ),
    }
    return Paper(key=key, **(fields | changes))  # type: ignore[arg-type]


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(tmp_path / "library", create=True) as opened:
        yield opened


def test_statements_are_verbatim_with_their_place(catalog: Catalog) -> None:
    catalog.add([a_paper()], "test")
    counts = mine_statements(catalog, HashedEncoder())
    found = statements_of(catalog)
    assert counts.papers == 1
    assert counts.statements == len(found) == sum(counts.by_kind.values()) == sum(counts.by_owner.values())
    texts = {stored.number: stored.text for stored in catalog.sections(1)}
    for one in found:
        whole = catalog.paper(1).abstract if one.section is None else texts[one.section]
        assert whole[one.start : one.end] == one.text
        assert 0 <= one.score <= 1
    own = [one.text for one in found if one.kind == "limitation" and one.owner == "own"]
    assert "Our tagger is limited to songs of one species." in own
    planned = [one.text for one in found if one.kind == "future_work"]
    assert planned == ["In future work, we plan to extend the tagger to other species."]
    assert not any("boat" in one.text or "[1]" in one.text for one in found)


def test_filters(catalog: Catalog) -> None:
    catalog.add([a_paper(), a_paper("arxiv:2201.00002", year=2022, date="2022-01-01")], "test")
    mine_statements(catalog, HashedEncoder())
    assert {one.paper for one in statements_of(catalog, as_of=20210101)} == {1}
    assert {one.paper for one in statements_of(catalog, paper=2)} == {2}
    assert {one.kind for one in statements_of(catalog, kind="future_work")} == {"future_work"}
    assert {one.owner for one in statements_of(catalog, owner="own")} == {"own"}
    assert len(statements_of(catalog, limit=1)) == 1


def test_what_was_mined_is_not_mined_again(catalog: Catalog) -> None:
    encoder = HashedEncoder()
    catalog.add([a_paper()], "test")
    mine_statements(catalog, encoder)
    ids, asked = [one.id for one in statements_of(catalog)], encoder.texts
    again = mine_statements(catalog, encoder)
    assert (again.papers, again.skipped, again.statements) == (0, 1, 0)
    assert encoder.texts == asked
    assert [one.id for one in statements_of(catalog)] == ids
    catalog.add([a_paper("arxiv:2201.00002")], "test")
    assert mine_statements(catalog, encoder).papers == 1


def test_a_kill_between_batches_loses_nothing(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog.add([a_paper(f"arxiv:2001.0000{n}") for n in range(1, 7)], "test")
    monkeypatch.setattr(miner_module, "BATCH_PAPERS", 2)

    def killed(stage: str, done: int, total: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mine_statements(catalog, HashedEncoder(), report=killed)
    assert {one.paper for one in statements_of(catalog)} == {1, 2, 3, 4}
    rest = mine_statements(catalog, HashedEncoder())
    assert (rest.papers, rest.skipped) == (2, 4)


def test_our_own_summaries_are_mined_by_the_same_route_and_marked(catalog: Catalog) -> None:
    sections = (
        section(
            "Limitations", "Sampling takes a thousand network evaluations. Colours drift in large images."
        ),
        section("Future work", "Fewer steps may suffice."),
        section("Limits of earlier work", "Adversarial training is unstable (A rival)."),
    )
    catalog.add(
        [a_paper(text_origin="fallow", abstract="A diffusion model draws fish.", sections=sections)], "sample"
    )
    mine_statements(catalog, HashedEncoder())
    found = {one.text: (one.kind, one.owner, one.origin) for one in statements_of(catalog)}
    assert found == {
        "Sampling takes a thousand network evaluations.": ("limitation", "own", "fallow"),
        "Colours drift in large images.": ("limitation", "own", "fallow"),
        "Fewer steps may suffice.": ("future_work", "own", "fallow"),
        "Adversarial training is unstable (A rival).": ("limitation", "prior", "fallow"),
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Our method is limited to",
        "0.1 0.2 0.3 & 0.4 \\\\ limited 12 14 fails 99",
        "a" * 2_000_000,
        "limited to " * 200_000,
        "\x00\x01 fails \ud7ff",
        "Unsere Methode versagt leider. 我们的方法有局限性。",
        "• fails\n• cannot\n• future work",
        "((((((((((((((((((((" * 1000,
    ],
)
def test_broken_text_is_survived(catalog: Catalog, text: str) -> None:
    catalog.add([a_paper(abstract=text[:50_000], sections=(section("Limitations", text),))], "test")
    mine_statements(catalog, HashedEncoder())
    for one in statements_of(catalog):
        assert len(one.text) <= 2_000


def test_the_weights_fit_the_features_and_the_limit() -> None:
    classifier = load_classifier()
    rows = feature_rows(
        [Sample("Our parser fails on speech.", section="limitations")], np.ones((1, 384), np.float32)
    )
    probability = classifier.probabilities(rows)
    assert probability.shape == (1, len(classifier.heads))
    assert ((probability >= 0) & (probability <= 1)).all()
    assert classifier.ngrams.shape[1] == 1 << HASH_BITS
    weights = Path(miner_module.__file__).with_name("weights.npz")
    assert weights.stat().st_size < 2_000_000
    assert len(layout_of()) == len(set(layout_of()))


def test_damaged_weights_are_told() -> None:
    with pytest.raises(EncoderError, match="weights cannot be read"):
        read_classifier(b"PK\x03\x04 nothing")
