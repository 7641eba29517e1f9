"""What a GPU gives: documents a second, share of the chip's bf16 rate, search latency with FAISS on the GPU.

python benchmarks/gpu.py ../shared/data/core/papers.jsonl.gz --json gpu.json python benchmarks/gpu.py PAPERS
--model FOLDER_OR_HUB_NAME --peak-tflops 989 --texts 50000 --vectors 2000000

Needs the extra `torch`, and faiss-gpu for the search on the GPU. Without CUDA everything runs on the CPU,
much reduced and marked so: then only that it works is told, not how fast. Encoding: the sentence-transformers
runtime on titles with abstracts, dense and token vectors in one pass, in each precision; medians of --rounds
after one to warm up. The arithmetic counted is what the texts need, without padding: 2 operations for every
weight of a matrix and token, and 4 x layers x length x width a token for attention (Kaplan et al. 2020,
without their causal half). Its share is told of the chip's data sheet (--peak-tflops, else a table by name)
and of what a large bf16 product reaches on this very chip. Search: one query and 32 at a time against
--vectors dense vectors, exact inner products, and what half precision on the GPU costs in top-10 overlap.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fallow_index.encoders.sentence_transformer import SentenceTransformerEncoder

PEAK_TFLOPS = {
    "B200": 2250, "H200": 989, "H100 PCIe": 756, "H100": 989, "A100": 312, "L40S": 362, "L4": 121, "A10": 125,
    "RTX 4090": 165, "V100": 125, "T4": 65,
}  # fmt: skip
"""bf16 (fp16 before Ampere) rates without sparsity, of the makers' data sheets; the first name that fits."""
REDUCED = {"texts": 64, "vectors": 20_000, "product": 512}
"""Sizes without CUDA."""


def main() -> None:
    options = parsed()
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    reduced = not device.startswith("cuda")
    if reduced:
        options.texts = min(options.texts, REDUCED["texts"])
        options.vectors = min(options.vectors, REDUCED["vectors"])
        print(f"REDUCED: no CUDA device, {options.texts} texts and {options.vectors} vectors on {device}")
    texts = read_texts(options.papers, options.texts, options.seed)
    report: dict[str, Any] = {"reduced": reduced, "chip": chip(device, options.peak_tflops)}
    print(report["chip"])
    report["encoding"] = {
        precision: encoding(options.model, device, precision, texts, report["chip"], options.rounds)
        for precision in (["fp32", "bf16"] if reduced or torch.cuda.is_bf16_supported() else ["fp32", "fp16"])
    }
    for precision, figures in report["encoding"].items():
        print(precision, figures)
    report["search"] = searching(options.vectors, options.dimension, device, options.queries, options.seed)
    for name, figures in report["search"].items():
        print(name, figures)
    print(json.dumps(report))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1), encoding="utf-8")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("papers", type=Path, help="jsonl.gz with title and abstract")
    parser.add_argument("--model", help="folder or hub name; without it the weights of the default encoder")
    parser.add_argument("--device", help="such as cuda:1 or cpu")
    parser.add_argument("--peak-tflops", type=float, help="the chip's bf16 rate")
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--queries", type=int, default=256)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    return parser.parse_args()


def read_texts(path: Path, count: int, seed: int) -> list[str]:
    """Titles with abstracts, drawn; again from the start when the file holds too few."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        papers = [json.loads(line) for line in lines]
    order = np.random.default_rng(seed).permutation(len(papers))
    return [f"{papers[at]['title']}. {papers[at]['abstract']}" for at in np.resize(order, count)]


def median_seconds(work: Callable[[], object], rounds: int, device: str) -> float:
    """Median over rounds, the first left out, the device's queue emptied."""
    took = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        work()
        if device.startswith("cuda"):
            torch.cuda.synchronize(device)
        took.append(time.perf_counter() - began)
    return statistics.median(took[1:])


# The chip -----------------------------------------------------------------------------------------


def chip(device: str, peak_tflops: float | None) -> dict[str, Any]:
    """Name, memory, the bf16 rate of the data sheet (None when unknown) and the one that a product
    reaches."""
    cuda = device.startswith("cuda")
    name = torch.cuda.get_device_name(device) if cuda else "CPU"
    known = next((rate for part, rate in PEAK_TFLOPS.items() if part in name), None)
    return {
        "name": name,
        "memory GiB": round(torch.cuda.get_device_properties(device).total_memory / 2**30, 1)
        if cuda
        else None,
        "peak bf16 TFLOP/s": peak_tflops or known,
        "product bf16 TFLOP/s": product_tflops(device, 8192 if cuda else REDUCED["product"]),
        "torch": torch.__version__,
    }


def product_tflops(device: str, size: int) -> float:
    """The rate of a product of two square bf16 matrices."""
    left, right = (torch.ones(size, size, dtype=torch.bfloat16, device=device) for _ in range(2))
    return 2 * size**3 / median_seconds(lambda: left @ right, 10, device) / 1e12


# Encoding -----------------------------------------------------------------------------------------


def encoding(
    model: str | None, device: str, precision: str, texts: list[str], found: dict[str, Any], rounds: int
) -> dict[str, Any]:
    """Documents and useful operations a second."""
    encoder = SentenceTransformerEncoder(model, device=device, precision=precision)
    lengths = token_lengths(encoder, texts)
    seconds = median_seconds(lambda: encoder.encode_both(texts), rounds, device)
    rate = operations(encoder.runner.model, lengths) / seconds / 1e12
    peak = found["peak bf16 TFLOP/s"]
    return {
        "documents/s": len(texts) / seconds,
        "tokens/s": float(lengths.sum()) / seconds,
        "dense only documents/s": len(texts) / median_seconds(lambda: encoder.encode(texts), rounds, device),
        "useful TFLOP/s": rate,
        "share of the data sheet": rate / peak if peak else None,
        "share of a large product": rate / found["product bf16 TFLOP/s"],
    }


def token_lengths(encoder: SentenceTransformerEncoder, texts: list[str]) -> np.ndarray:
    """Tokens that the transformer reads of every text, int64 [texts]."""
    runner, found = encoder.runner, []
    for start in range(0, len(texts), 256):
        part = texts[start : start + 256]
        features = runner.model.preprocess(part, prompt=runner.prompt("document"), task="document")
        found.append(features["attention_mask"].sum(1).numpy())
    return np.concatenate(found).astype(np.int64)


def operations(model: Any, lengths: np.ndarray) -> float:
    """Floating point operations of one pass over texts of these lengths, padding not counted."""
    tables = {id(part.weight) for part in model.modules() if isinstance(part, torch.nn.Embedding)}
    weights = sum(
        weight.numel()
        for name, weight in model.named_parameters()
        if weight.ndim == 2 and id(weight) not in tables and "pooler." not in name
    )
    settings = model.transformers_model.config
    attention = 4 * settings.num_hidden_layers * settings.hidden_size
    return float(2 * weights * lengths.sum() + attention * (lengths.astype(np.float64) ** 2).sum())


# Search -------------------------------------------------------------------------------------------


def searching(count: int, dimension: int, device: str, queries: int, seed: int) -> dict[str, Any]:
    """Latency of exact search on the CPU and, where FAISS has one, on the GPU, in full and in half
    precision."""
    import faiss

    random = np.random.default_rng(seed)
    vectors = unit(random.standard_normal((count, dimension), dtype=np.float32))
    asked = unit(random.standard_normal((queries, dimension), dtype=np.float32))
    flat = faiss.IndexFlatIP(dimension)
    flat.add(vectors)
    _, exact = flat.search(asked, 10)
    report = {"vectors": {"count": count, "dimension": dimension}, "cpu": latencies(flat, asked, exact)}
    if not device.startswith("cuda") or not getattr(faiss, "get_num_gpus", lambda: 0)():
        report["gpu"] = {"left out": "needs CUDA and faiss-gpu"}
        return report
    resources = faiss.StandardGpuResources()
    for half in (False, True):
        settings = faiss.GpuClonerOptions()
        settings.useFloat16 = half
        on_gpu = faiss.index_cpu_to_gpu(resources, torch.device(device).index or 0, flat, settings)
        report["gpu half precision" if half else "gpu"] = latencies(on_gpu, asked, exact)
    return report


def latencies(index: Any, asked: np.ndarray, exact: np.ndarray) -> dict[str, float]:
    """Milliseconds for one query and for 32, and the share of the exact ten that is found."""
    index.search(asked[:1], 10)  # warms up
    found, single = [], []
    for at in range(len(asked)):
        began = time.perf_counter()
        found.append(index.search(asked[at : at + 1], 10)[1][0])
        single.append(1e3 * (time.perf_counter() - began))
    began = time.perf_counter()
    index.search(asked[:32], 10)
    batch = 1e3 * (time.perf_counter() - began)
    kept = [len(set(a.tolist()) & set(b.tolist())) / 10 for a, b in zip(found, exact, strict=True)]
    return {
        "one query p50 ms": float(np.percentile(single, 50)),
        "one query p95 ms": float(np.percentile(single, 95)),
        "32 queries ms": batch,
        "top-10 overlap": float(np.mean(kept)),
    }


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows brought to length 1."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


if __name__ == "__main__":
    main()
