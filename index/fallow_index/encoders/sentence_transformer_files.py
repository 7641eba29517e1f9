"""A model's folder, found and examined before anything of it is loaded.

A model is a folder, or a name on the Hugging Face hub whose files are fetched once. Four layouts are read:
dense models of sentence-transformers, and ColBERT models as Stanford, PyLate and sentence-transformers write
them. What sentence-transformers would mend silently (a projection drawn at random, another activation,
weights as pickle) is refused here. Nothing imports torch.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError, safe_open

from fallow_index.encoders.multi_vector_rules import METADATA_FILE, StanfordRules
from fallow_index.encoders.weights import cache_folder, write_cached
from fallow_ingest.errors import EncoderError

Layout = Literal["dense", "stanford", "pylate", "native"]

GIVE_ANOTHER = "give the folder of a whole sentence-transformers or ColBERT model"
SAVE_AGAIN = (
    "where you trust it, load it with sentence-transformers and `save_pretrained` it: that writes safetensors"
)
PROJECTION = "linear.weight"

_RULES = "fallow sentence-transformers 1"
"""Part of every digest: changes when this runtime makes other vectors of the same files."""
_DEFINING = re.compile(
    r".*\.safetensors(\.index\.json)?|(config|modules|config_sentence_transformers|sentence_\w+_config|tokenizer|"
    r"tokenizer_config|special_tokens_map|added_tokens|vocab|(pre)?processor_config)\.json|vocab\.txt|merges\.txt|"
    r".*\.model|artifact\.metadata|chat_template\.jinja"
)
"""Names of the files that define a vector space."""
_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
_FETCHED = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja", METADATA_FILE)
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+(@[\w.-]+)?")
_PYLATE_KEYS = {"query_prefix", "document_prefix", "do_query_expansion", "attend_to_expansion_tokens"}
_PYLATE_DENSE = "pylate.models.Dense.Dense"


@dataclass(frozen=True)
class ModelFiles:
    """A model folder in which nothing is amiss.

    transformer: the folder of the transformer itself, often `folder`. digest: hex sha256 over the names and
    the contents of every file that defines the vector space.
    """

    folder: Path
    transformer: Path
    layout: Layout
    digest: str

    @property
    def multi_vector(self) -> bool:
        """Whether it is a ColBERT model."""
        return self.layout != "dense"


def looks_like_model(name: str) -> bool:
    """Whether a name can only mean a folder or a model on the hub, not an encoder of the registry."""
    return "/" in name or "\\" in name or name.startswith("~") or Path(name).is_dir()


def locate(model: str) -> tuple[str, Path]:
    """The lasting name of a model and its folder; a hub name is fetched, and pinned to the commit it stood
    for.

    Raises EncoderError when there is no such folder or the hub does not give it.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return str(folder.resolve()), folder.resolve()
    if not _HUB_NAME.fullmatch(model):
        raise EncoderError(f"The encoder's folder {model} is not there", GIVE_ANOTHER)
    fetched = _fetch(model)
    commit = f"@{fetched.name}" if re.fullmatch("[0-9a-f]{40}", fetched.name) else ""
    return model.partition("@")[0] + commit if commit else model, fetched


def _fetch(name: str) -> Path:
    from huggingface_hub import snapshot_download

    repository, _, revision = name.partition("@")
    try:
        return Path(
            snapshot_download(
                repository,
                revision=revision or None,
                allow_patterns=list(_FETCHED),
                ignore_patterns=["onnx/*", "openvino/*"],
            )
        )
    except Exception as error:  # the client's errors have no base of their own
        raise EncoderError(
            f"The model '{name}' is not on this machine and the Hugging Face hub does not give it "
            f"({reason_of(error)})",
            "fetch it where there is a network and give its folder",
        ) from error


def reason_of(error: Exception) -> str:
    """The first line of somebody else's message, bounded."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def examine(folder: Path) -> ModelFiles:
    """What a model's folder holds. Raises EncoderError when it is no model, half of one, or asks to run
    code."""
    modules = _modules(folder)
    places = [folder / module["path"] for module in modules] or [folder]
    config = _json(places[0] / "config.json")
    if not modules and config is None:
        raise EncoderError(
            f"The folder {folder} holds no model (no modules.json, no config.json)", GIVE_ANOTHER
        )
    settings = _object(folder / "config_sentence_transformers.json")
    layout = _layout(folder, settings, modules, config if isinstance(config, dict) else {})
    for place in dict.fromkeys([folder, *places]):
        _check_safetensors(place)
    _check_parts(folder, modules, places[0])
    if layout == "stanford":
        _check_stanford(folder, config if isinstance(config, dict) else {})
    if layout == "pylate" and not any(_kind(module) == "Dense" for module in modules):
        raise _no_projection(folder)
    return ModelFiles(folder, places[0], layout, _digest(folder, places))


def _layout(
    folder: Path, settings: Mapping[str, Any], modules: Sequence[Mapping[str, Any]], config: Mapping[str, Any]
) -> Layout:
    declared = settings.get("model_type")
    if declared == "MultiVectorEncoder":
        return "native"
    if declared == "ColBERT" or (modules and _PYLATE_KEYS & settings.keys()):
        return "pylate"
    if declared not in (None, "SentenceTransformer"):
        raise EncoderError(
            f"The model in {folder} is a {declared}, which gives no vectors of texts to search by",
            GIVE_ANOTHER,
        )
    if modules:
        return "dense"
    if "HF_ColBERT" in (config.get("architectures") or ()):
        return "stanford"
    raise EncoderError(
        f"The model in {folder} does not say how vectors are made of its outputs (no modules.json)",
        "save it with sentence-transformers, which writes the pooling down, and give that folder",
    )


def _modules(folder: Path) -> list[dict[str, str]]:
    """The parts that modules.json lists, none of which leads out of the folder or brings code of its own."""
    found = _json(folder / "modules.json")
    if found is None:
        return []
    try:
        modules = [{"type": str(entry["type"]), "path": str(entry["path"])} for entry in found]
    except (TypeError, KeyError) as error:
        raise _unreadable(folder / "modules.json") from error
    for module in modules:
        if not (module["type"].startswith("sentence_transformers.") or module["type"] == _PYLATE_DENSE):
            raise code_of_its_own(folder, module["type"])
        if not (folder / module["path"]).resolve().is_relative_to(folder.resolve()):
            raise _unreadable(folder / "modules.json")
    return modules


def _kind(module: Mapping[str, str]) -> str:
    return module["type"].rpartition(".")[2]


def _check_parts(folder: Path, modules: Sequence[Mapping[str, str]], transformer: Path) -> None:
    """Every part has its weights, the transformer a tokenizer, and every activation is torch's own."""
    if (transformer / "adapter_config.json").exists():
        raise EncoderError(
            f"The model in {folder} is an adapter without its base model",
            "merge it into the model it was made for, save that and give its folder",
        )
    with_weights = [transformer] if not modules else []
    for module in modules:
        place = folder / module["path"]
        if _kind(module) in ("Transformer", "Dense"):
            with_weights.append(place)
        if _kind(module) == "Dense":
            activation = str(_object(place / "config.json").get("activation_function", "torch."))
            if not activation.startswith("torch."):
                raise code_of_its_own(folder, activation)
    for place in with_weights:
        if not any(place.glob("*.safetensors")):
            raise EncoderError(f"The model's part {place} has no weights (model.safetensors)", GIVE_ANOTHER)
    if (not modules or _kind(modules[0]) == "Transformer") and not any(
        any(transformer.glob(name)) for name in _TOKENIZERS
    ):
        raise EncoderError(
            f"The model in {transformer} has no tokenizer ({', '.join(_TOKENIZERS)})", GIVE_ANOTHER
        )


def _check_safetensors(place: Path) -> None:
    """Every safetensors file of a folder is whole, every shard there, and pickle is not the only choice."""
    files = sorted(place.glob("*.safetensors"))
    if not files and (pickled := sorted(place.glob("pytorch_model*.bin"))):
        raise EncoderError(
            f"The weights {pickled[0]} are a pickle, which can run code when it is read", SAVE_AGAIN
        )
    for index in place.glob("*.safetensors.index.json"):
        shards = _object(index).get("weight_map")
        for shard in sorted(set(shards.values())) if isinstance(shards, dict) else ():
            if not (place / shard).is_file():
                raise EncoderError(f"The model's file {place / shard} is missing", "fetch the model again")
    for file in files:
        tensor_shapes(file)


def tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a safetensors file's tensors. Raises EncoderError when the file is cut or
    damaged."""
    try:
        with safe_open(path, framework="numpy") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise EncoderError(
            f"The model's file {path} is not a whole safetensors file ({reason_of(error)})",
            "fetch the model again",
        ) from error


def _check_stanford(folder: Path, config: Mapping[str, Any]) -> None:
    """The projection is there and fits both the transformer and what artifact.metadata says."""
    shapes = {
        name: shape for path in folder.glob("*.safetensors") for name, shape in tensor_shapes(path).items()
    }
    projection = shapes.get(PROJECTION)
    if projection is None or len(projection) != 2:
        raise _no_projection(folder)
    told = (StanfordRules.read(folder).dimension or projection[0], config.get("hidden_size", projection[1]))
    if told != projection:
        raise EncoderError(
            f"The projection of the model in {folder} is {projection[0]} x {projection[1]}, "
            f"but its settings say {told[0]} x {told[1]}",
            "fetch the model again",
        )


def _no_projection(folder: Path) -> EncoderError:
    return EncoderError(
        f"The ColBERT model in {folder} has no projection of its token vectors ({PROJECTION})",
        "fetch the model again, all of its files",
    )


def code_of_its_own(folder: Path, what: str) -> EncoderError:
    """The refusal to run what a model brings."""
    return EncoderError(
        f"The model in {folder} asks to run code of its own ({what}), which fallow never does",
        "choose a model that sentence-transformers knows by itself",
    )


def _json(path: Path) -> Any:
    """The content of a JSON file, None when there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _unreadable(path) from error


def _object(path: Path) -> dict[str, Any]:
    found = _json(path)
    if not isinstance(found, dict | None):
        raise _unreadable(path)
    return found or {}


def _unreadable(path: Path) -> EncoderError:
    return EncoderError(f"The model's file {path} cannot be read", "fetch the model again")


# The digest ---------------------------------------------------------------------------------------


def _digest(folder: Path, places: Sequence[Path]) -> str:
    found = hashlib.sha256(_RULES.encode())
    for path in sorted(_defining(folder, places)):
        found.update(f"\n{path.relative_to(folder).as_posix()} {_file_digest(path)}".encode())
    return found.hexdigest()


def _defining(folder: Path, places: Sequence[Path]) -> Iterator[Path]:
    for place in {folder, *places}:
        if place.is_dir():
            yield from (path for path in place.iterdir() if _DEFINING.fullmatch(path.name) and path.is_file())


def _file_digest(path: Path) -> str:
    """sha256 of a file, read only when its size or its time of change is another than last time."""
    state, place = path.stat(), str(path.resolve())
    mark = [place, state.st_size, state.st_mtime_ns]
    notes = (
        cache_folder() / f"{hashlib.sha256(place.encode('utf-8', 'replace')).hexdigest()[:16]}.digest.json"
    )
    try:
        known = json.loads(notes.read_bytes())
        if known[:3] == mark:
            return str(known[3])
    except (OSError, ValueError, TypeError):
        pass  # a note that is absent or broken only means that the file is read again
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    write_cached(notes, json.dumps([*mark, digest]).encode())
    return digest
