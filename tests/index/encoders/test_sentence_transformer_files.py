"""A model's folder is examined before anything is loaded: what is wrong or half is refused in a sentence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny_models import dense, dense_part, pylate, save_tensors, stanford, write_json

from fallow_index.encoders import sentence_transformer_files as files
from fallow_index.encoders.multi_vector_rules import StanfordRules
from fallow_index.encoders.sentence_transformer_files import examine, locate, looks_like_model
from fallow_index.encoders.weights import CACHE_VARIABLE
from fallow_ingest.errors import EncoderError

Write = Callable[[Path], Path]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("write", "layout"),
    [(dense, "dense"), (stanford, "stanford"), (pylate, "pylate")],
    ids=lambda v: str(v)[:9],
)
def test_layouts_are_told_apart(tmp_path: Path, write: Write, layout: str) -> None:
    found = examine(write(tmp_path / "model"))
    assert found.layout == layout
    assert found.multi_vector == (layout != "dense")
    assert found.transformer == tmp_path / "model"


def test_pylate_before_version_3_is_known_by_its_settings(tmp_path: Path) -> None:
    folder = pylate(tmp_path / "model")
    settings = json.loads((folder / "config_sentence_transformers.json").read_text(encoding="utf-8"))
    del settings["model_type"]
    write_json(folder / "config_sentence_transformers.json", settings)
    assert examine(folder).layout == "pylate"


def test_the_digest_is_of_what_defines_the_vectors(tmp_path: Path) -> None:
    folder = pylate(tmp_path / "model")
    digest = examine(folder).digest
    (folder / "README.md").write_text("a model", encoding="utf-8")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.safetensors").write_bytes(b"")
    assert examine(folder).digest == digest
    moved = shutil.copytree(folder, tmp_path / "elsewhere")
    assert examine(moved).digest == digest
    save_tensors(folder / "1_Dense" / "model.safetensors", {"linear.weight": np.ones((16, 32), np.float32)})
    changed = examine(folder).digest
    assert changed != digest
    (folder / "special_tokens_map.json").write_text("{}", encoding="utf-8")
    assert examine(folder).digest not in (digest, changed)


def test_a_file_is_read_again_only_when_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = dense(tmp_path / "model")
    digest = examine(folder).digest
    monkeypatch.setattr(files.hashlib, "file_digest", lambda *_: pytest.fail("read again"))
    assert examine(folder).digest == digest
    for note in (tmp_path / "cache").glob("*.digest.json"):
        note.write_bytes(b"?")
    monkeypatch.undo()
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    assert examine(folder).digest == digest


def spoil(folder: Path, how: str) -> None:
    model = folder / "model.safetensors"
    match how:
        case "nothing":
            shutil.rmtree(folder)
            folder.mkdir()
        case "cut" | "cut in the header" | "empty":
            kept = {"cut": model.stat().st_size - 7, "cut in the header": 100, "empty": 0}[how]
            model.write_bytes(model.read_bytes()[:kept])
        case "pickle":
            model.rename(folder / "pytorch_model.bin")
        case "no weights":
            model.unlink()
        case "no tokenizer":
            (folder / "tokenizer.json").unlink()
            (folder / "vocab.txt").unlink()
        case "broken settings":
            (folder / "config.json").write_text("{", encoding="utf-8")
        case "list for settings":
            write_json(folder / "config_sentence_transformers.json", [])
        case "adapter":
            write_json(folder / "adapter_config.json", {})
        case "missing shard":
            write_json(
                folder / "model.safetensors.index.json", {"weight_map": {"a": "model-00002.safetensors"}}
            )


EVERYWHERE = {
    "nothing": "holds no model",
    "cut": "not a whole safetensors file",
    "cut in the header": "not a whole safetensors file",
    "empty": "not a whole safetensors file",
    "pickle": "are a pickle, which can run code",
    "no weights": "has no weights",
    "no tokenizer": "has no tokenizer",
    "broken settings": r"config\.json cannot be read",
    "list for settings": r"config_sentence_transformers\.json cannot be read",
    "adapter": "adapter without its base model",
    "missing shard": r"model-00002\.safetensors is missing",
}


@pytest.mark.parametrize("write", [dense, stanford, pylate], ids=lambda write: write.__name__)
@pytest.mark.parametrize("how", EVERYWHERE)
def test_what_is_not_whole_is_refused(tmp_path: Path, write: Write, how: str) -> None:
    folder = write(tmp_path / "model")
    spoil(folder, how)
    with pytest.raises(EncoderError, match=EVERYWHERE[how]) as refused:
        examine(folder)
    assert refused.value.remedy


def test_a_stanford_model_without_its_projection(tmp_path: Path) -> None:
    folder = stanford(tmp_path / "model", {})
    save_tensors(folder / "model.safetensors", {"bert.a": np.ones((2, 2), np.float32)})
    with pytest.raises(EncoderError, match=r"has no projection of its token vectors \(linear\.weight\)"):
        examine(folder)


@pytest.mark.parametrize(("dim", "hidden"), [(8, 32), (16, 64)])
def test_a_projection_that_does_not_fit(tmp_path: Path, dim: int, hidden: int) -> None:
    folder = stanford(tmp_path / "model", {"dim": dim})
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    write_json(folder / "config.json", config | {"hidden_size": hidden})
    with pytest.raises(EncoderError, match=f"is 16 x 32, but its settings say {dim} x {hidden}"):
        examine(folder)


@pytest.mark.parametrize("content", ["{", "[]", '{"query_maxlen": "many"}'])
def test_metadata_that_cannot_be_read(tmp_path: Path, content: str) -> None:
    folder = stanford(tmp_path / "model", {})
    (folder / "artifact.metadata").write_text(content, encoding="utf-8")
    with pytest.raises(EncoderError, match=r"artifact\.metadata cannot be read"):
        examine(folder)


def test_what_metadata_leaves_out_is_colberts_default(tmp_path: Path) -> None:
    assert StanfordRules.read(tmp_path) == StanfordRules("[unused0]", "[unused1]", 32, 220, False, True, None)
    (tmp_path / "artifact.metadata").write_text(
        '{"config": {"doc_maxlen": 180, "dim": 128, "mask_punctuation": false, "query_maxlen": null}}',
        encoding="utf-8",
    )
    found = StanfordRules.read(tmp_path)
    assert (found.document_length, found.query_length, found.dimension) == (180, 32, 128)
    assert not found.skip_punctuation


def test_a_pylate_model_without_a_projection(tmp_path: Path) -> None:
    folder = pylate(tmp_path / "model")
    write_json(folder / "modules.json", json.loads((folder / "modules.json").read_text(encoding="utf-8"))[:1])
    with pytest.raises(EncoderError, match="has no projection"):
        examine(folder)


def test_a_projection_whose_weights_are_gone_or_a_pickle(tmp_path: Path) -> None:
    folder = pylate(tmp_path / "model")
    (folder / "1_Dense" / "model.safetensors").rename(folder / "1_Dense" / "pytorch_model.bin")
    with pytest.raises(EncoderError, match=r"1_Dense/pytorch_model\.bin are a pickle"):
        examine(folder)
    (folder / "1_Dense" / "pytorch_model.bin").unlink()
    with pytest.raises(EncoderError, match="1_Dense has no weights"):
        examine(folder)


@pytest.mark.parametrize("kind", ["modeling_evil.Model", "os.path", "pylate.models.ColBERT"])
def test_a_part_with_code_of_its_own_is_refused(tmp_path: Path, kind: str) -> None:
    folder = dense(tmp_path / "model")
    write_json(folder / "modules.json", [{"idx": 0, "name": "0", "path": "", "type": kind}])
    with pytest.raises(EncoderError, match=f"asks to run code of its own \\({kind}\\)"):
        examine(folder)


def test_an_activation_of_its_own_is_refused_not_replaced(tmp_path: Path) -> None:
    folder = pylate(tmp_path / "model")
    dense_part(folder / "1_Dense")
    settings = json.loads((folder / "1_Dense" / "config.json").read_text(encoding="utf-8"))
    write_json(folder / "1_Dense" / "config.json", settings | {"activation_function": "evil.Identity"})
    with pytest.raises(EncoderError, match=r"code of its own \(evil\.Identity\)"):
        examine(folder)


@pytest.mark.parametrize("path", ["../../etc", "/etc"])
def test_a_part_outside_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    folder = dense(tmp_path / "model")
    kind = "sentence_transformers.models.Transformer"
    write_json(folder / "modules.json", [{"idx": 0, "name": "0", "path": path, "type": kind}])
    with pytest.raises(EncoderError, match=r"modules\.json cannot be read"):
        examine(folder)


@pytest.mark.parametrize("content", [{"a": 1}, [1], [{"type": "x"}], 3])
def test_modules_that_are_no_modules(tmp_path: Path, content: object) -> None:
    folder = dense(tmp_path / "model")
    write_json(folder / "modules.json", content)
    with pytest.raises(EncoderError, match=r"modules\.json cannot be read"):
        examine(folder)


def test_a_bare_transformer_is_refused_because_its_pooling_would_be_a_guess(tmp_path: Path) -> None:
    folder = dense(tmp_path / "model")
    (folder / "modules.json").unlink()
    with pytest.raises(EncoderError, match="does not say how vectors are made"):
        examine(folder)


def test_a_cross_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="is a CrossEncoder"):
        examine(dense(tmp_path / "model", model_type="CrossEncoder"))


def test_names_that_mean_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    assert [looks_like_model(name) for name in ("here", "./x", "~/x", "a/b", "C:\\x")] == [True] * 5
    assert not looks_like_model("minilm")
    assert locate("here") == (str(tmp_path / "here"), tmp_path / "here")


@pytest.mark.parametrize("name", ["/no/such/folder", "a/b/c", "nowhere", "~/no-such-folder-of-models"])
def test_a_folder_that_is_not_there(name: str) -> None:
    with pytest.raises(EncoderError, match="is not there"):
        locate(name)


def test_without_a_network_a_hub_name_asks_for_a_folder() -> None:
    with pytest.raises(EncoderError, match="the Hugging Face hub does not give it") as refused:
        locate("fallow-tests/no-such-model")
    assert refused.value.remedy == "fetch it where there is a network and give its folder"


def test_a_hub_model_is_pinned_to_its_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str | None]] = []
    commit = "c" * 40

    def fetched(repository: str, *, revision: str | None, allow_patterns: list[str], **_: object) -> str:
        asked.append((repository, revision))
        assert not any("bin" in pattern or "py" in pattern for pattern in allow_patterns)
        return str(tmp_path / commit)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetched)
    assert locate("some/model") == (f"some/model@{commit}", tmp_path / commit)
    assert locate(f"some/model@{commit}") == (f"some/model@{commit}", tmp_path / commit)
    assert asked == [("some/model", None), ("some/model", commit)]
