"""benchmarks/gpu.py on the CPU: its arithmetic, its report, and that it says what it left out."""

from __future__ import annotations

import gzip
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from tiny_models import HIDDEN, INNER, LAYERS, dense, stanford

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("sentence_transformers") is None, reason="the extra `torch` is not installed"
    ),
    pytest.mark.filterwarnings("default"),
]
SCRIPT = Path(__file__).parents[3] / "benchmarks" / "gpu.py"


@pytest.fixture
def gpu(cache: None) -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmarks_gpu", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_operations_are_those_of_the_matrices_and_of_attention(gpu: ModuleType, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(dense(tmp_path / "model")), device="cpu")
    matrices = LAYERS * (4 * HIDDEN * HIDDEN + 2 * HIDDEN * INNER)
    found = gpu.operations(model, np.array([3, 5]))
    assert found == 2 * matrices * 8 + 4 * LAYERS * HIDDEN * (9 + 25)


def test_the_report(
    gpu: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    papers = tmp_path / "papers.jsonl.gz"
    with gzip.open(papers, "wt", encoding="utf-8") as lines:
        for at in range(5):
            lines.write(json.dumps({"title": f"goat {at}", "abstract": "the soil of the field " * at}) + "\n")
    monkeypatch.setattr(gpu, "REDUCED", {"texts": 6, "vectors": 300, "product": 16})
    told = [str(papers), "--device", "cpu", "--model", str(stanford(tmp_path / "model", {"doc_maxlen": 30}))]
    told += ["--rounds", "1", "--dimension", "8", "--queries", "4", "--json", str(tmp_path / "found.json")]
    monkeypatch.setattr(sys, "argv", ["gpu.py", *told, "--peak-tflops", "2"])
    gpu.main()
    assert "REDUCED: no CUDA device, 6 texts and 300 vectors on cpu" in capsys.readouterr().out
    report = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert report["reduced"]
    assert report["chip"]["peak bf16 TFLOP/s"] == 2
    for precision in ("fp32", "bf16"):
        figures = report["encoding"][precision]
        assert figures["documents/s"] > 0
        assert figures["share of the data sheet"] == pytest.approx(figures["useful TFLOP/s"] / 2)
    assert report["search"]["cpu"]["top-10 overlap"] == 1
    assert report["search"]["gpu"] == {"left out": "needs CUDA and faiss-gpu"}


def test_a_chip_is_known_by_the_first_name_that_fits(gpu: ModuleType) -> None:
    def peak(name: str) -> float | None:
        return next((rate for part, rate in gpu.PEAK_TFLOPS.items() if part in name), None)

    assert peak("NVIDIA H100 PCIe") == 756
    assert peak("NVIDIA A100-SXM4-80GB") == 312
    assert peak("NVIDIA L40S") == 362
    assert peak("Somebody's chip") is None
