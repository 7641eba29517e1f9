"""Documents a second of our encoder against SentenceTransformer.encode, same texts, same cores, same run.

    python benchmarks/encoding.py ../shared/data/core/papers.jsonl.gz --peer-python /path/to/venv/bin/python

The peer runs in the interpreter given by --peer-python (with sentence-transformers installed), so that torch
stays out of ours: as it comes (fp32, what the ratios are to) and asked for bf16, because a chip with AMX
gives that to everybody. Every runner is a process of its own, kept to the first N cores for each N of
--threads (the tokenizer counts too). Rounds alternate: peer, peer bf16, fp32, bf16, int8, peer, ...; only one
computes at a time. Speeds are medians over rounds, ratios the median of the ratios within a round; CPU
seconds tell what a busy machine hides. Drift: cosine to our own fp32, the share of the ten nearest neighbours
kept (among --drift texts), and, for known-item search, how well a title finds its own abstract among them
(MRR@10). Without --peer-python only ours are run. The machine (cores, instruction sets, load) is part of the
report.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

PEER, PEER_HALF = "sentence-transformers", "sentence-transformers bf16"
PEER_SCRIPT = """
import json, os, sys, time
folder, threads, kept, half = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4] == "bf16"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from transformers.utils.logging import disable_progress_bar
disable_progress_bar()
torch.set_num_threads(threads)
kinds = {"dtype": torch.bfloat16} if half else {}
model = SentenceTransformer(folder, device="cpu", model_kwargs=kinds)
for line in sys.stdin:
    texts = json.loads(line)
    began, cpu = time.perf_counter(), time.process_time()
    vectors = model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    np.save(kept, np.asarray(vectors, dtype=np.float32))
    print(json.dumps([seconds, cpu]), flush=True)
"""
INSTRUCTION_SETS = (
    "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16", "amx_int8"
)  # fmt: skip
"""What of a CPU's flags decides the speed of matrix products."""


def main() -> None:
    options = parsed()
    if options.work:
        work(*options.work)
        return
    from fallow_index.encoders.minilm import PRECISIONS

    papers = read_papers(options.papers, max(options.texts, options.drift), options.seed)
    texts = [f"{paper['title']}. {paper['abstract']}" for paper in papers]
    report: dict[str, object] = {"machine": machine(), "texts": options.texts, "rounds": options.rounds}
    show_machine(report["machine"])
    for threads in options.threads:
        peers = [PEER, PEER_HALF] if options.peer_python else []
        figures = speed_figures([*peers, *PRECISIONS], texts[: options.texts], threads, options)
        report[f"threads {threads}"] = figures
        show(f"{options.texts} texts, median of {options.rounds} rounds, {threads} threads", figures)
    if options.drift:
        report["drift"] = drift(options.encoder, PRECISIONS, papers[: options.drift])
        show(f"drift over {options.drift} texts", report["drift"])
    print(json.dumps(report))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1), encoding="utf-8")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("papers", type=Path, nargs="?", help="jsonl.gz with title and abstract")
    parser.add_argument("--peer-python", help="interpreter that has sentence-transformers")
    parser.add_argument("--encoder", default="minilm", help="which of the registry, made in every precision")
    parser.add_argument("--texts", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--drift", type=int, default=2000, help="abstracts for the drift; 0 leaves it out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)  # the process of one of our precisions
    options = parser.parse_args()
    if options.papers is None and not options.work:
        parser.error("give the file of papers")
    return options


def machine() -> dict[str, object]:
    """CPU, instruction sets, cores and load: without them a speed says nothing."""
    from fallow_index.encoders.compiled import cpu_capabilities

    told = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    fields = dict(line.split(":", 1) for line in told.split("\n\n")[0].splitlines() if ":" in line)
    fields = {name.strip(): value.strip() for name, value in fields.items()}
    flags = set(fields.get("flags", "").split())
    return {
        "cpu": fields.get("model name", "unknown"),
        "family and model": f"{fields.get('cpu family', '?')}/{fields.get('model', '?')}",
        "cores": os.cpu_count(),
        "instruction sets": [name for name in INSTRUCTION_SETS if name in flags],
        "openvino": list(cpu_capabilities()),
        "load before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def show_machine(found: object) -> None:
    print(" | ".join(f"{name}: {value}" for name, value in dict(found).items()))


def read_papers(path: Path, count: int, seed: int) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        papers = [json.loads(line) for line in lines]
    drawn = np.random.default_rng(seed).choice(len(papers), min(count, len(papers)), replace=False)
    return [papers[number] for number in drawn]


# Speed --------------------------------------------------------------------------------------------


def speed_figures(
    names: list[str], texts: list[str], threads: int, options: argparse.Namespace
) -> dict[str, dict[str, float]]:
    """Speeds of every runner on so many cores, and how well the peer's vectors agree with ours."""
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        kept = {name: Path(folder) / f"{at}.npy" for at, name in enumerate(names)}
        runners = {name: stack.enter_context(runner(name, threads, kept[name], options)) for name in names}
        for number in range(options.rounds + 1):
            for name, process in runners.items():
                took = asked(process, texts)
                if number:  # the first round warms up
                    runs[name].append(took)
        found = {name: speeds(took, runs.get(PEER), len(texts)) for name, took in runs.items()}
        exact = np.load(kept["fp32"])
        for name in names:
            found[name]["cosine_to_our_fp32_least"] = float((np.load(kept[name]) * exact).sum(1).min())
    return found


@contextlib.contextmanager
def runner(
    name: str, threads: int, kept: Path, options: argparse.Namespace
) -> Iterator[subprocess.Popen[str]]:
    """A process that answers a line of texts with the seconds and CPU seconds that they took."""
    from fallow_index.encoders.weights import find_weights

    if name in (PEER, PEER_HALF):
        model = str(find_weights().model.parent)
        half = "bf16" if name == PEER_HALF else "fp32"
        command = [options.peer_python, "-c", PEER_SCRIPT, model, str(threads), str(kept), half]
    else:
        told = [options.encoder, name, str(threads), str(kept)]
        command = [sys.executable, __file__, "--work", *told]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "RAYON_NUM_THREADS": str(threads)}
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment | {"TOKENIZERS_PARALLELISM": "true"},
    )
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait()


def work(encoder_name: str, precision: str, threads: str, kept: str) -> None:
    """The other end of `runner` for our own encoder."""
    from fallow_index.encoders import ENCODERS

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(threads)])
    encoder = ENCODERS.create(encoder_name, precision=precision, threads=int(threads))
    for line in sys.stdin:
        texts = json.loads(line)
        began, cpu = time.perf_counter(), time.process_time()
        vectors = encoder.encode(texts)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        np.save(kept, vectors)
        print(json.dumps([seconds, cpu]), flush=True)


def asked(process: subprocess.Popen[str], texts: list[str]) -> tuple[float, float]:
    process.stdin.write(json.dumps(texts) + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        sys.exit("A runner ended; its message is above.")
    seconds, cpu = json.loads(answer)
    return seconds, cpu


def speeds(
    kept: list[tuple[float, float]], peer: list[tuple[float, float]] | None, texts: int
) -> dict[str, float]:
    figures = {
        "documents_per_second": texts / float(np.median([seconds for seconds, _ in kept])),
        "documents_per_cpu_second": texts / float(np.median([cpu for _, cpu in kept])),
    }
    if peer:
        pairs = list(zip(peer, kept, strict=True))
        figures["ratio"] = float(np.median([theirs[0] / ours[0] for theirs, ours in pairs]))
        figures["ratio_cpu"] = float(np.median([theirs[1] / ours[1] for theirs, ours in pairs]))
    return figures


# Drift --------------------------------------------------------------------------------------------


def drift(
    encoder_name: str, precisions: tuple[str, ...], papers: list[dict[str, str]]
) -> dict[str, dict[str, float]]:
    """Cosine, top-10 overlap and known-item MRR@10 of every precision."""
    from fallow_index.encoders import ENCODERS

    texts = [f"{paper['title']}. {paper['abstract']}" for paper in papers]
    abstracts, titles = [paper["abstract"] for paper in papers], [paper["title"] for paper in papers[:500]]
    exact = ENCODERS.create(encoder_name, precision="fp32").encode(texts)
    found = {}
    for name in precisions:
        encoder = ENCODERS.create(encoder_name, precision=name)
        vectors = exact if name == "fp32" else encoder.encode(texts)
        cosine = (vectors * exact).sum(1)
        found[name] = {
            "cosine_mean": float(cosine.mean()),
            "cosine_min": float(cosine.min()),
            "top10_overlap": overlap(exact, vectors),
            "known_item_mrr10": known_item(encoder.encode(titles), encoder.encode(abstracts)),
        }
    return found


def overlap(exact: np.ndarray, vectors: np.ndarray, k: int = 10) -> float:
    """Share of the k nearest neighbours of `exact` that `vectors` keeps, mean over all."""

    def nearest(rows: np.ndarray) -> np.ndarray:
        scores = rows @ rows.T
        np.fill_diagonal(scores, -2)
        return np.argpartition(-scores, k, axis=1)[:, :k]

    pairs = zip(nearest(exact), nearest(vectors), strict=True)
    return float(np.mean([len(set(a) & set(b)) / k for a, b in pairs]))


def known_item(queries: np.ndarray, documents: np.ndarray) -> float:
    """MRR@10 of query i finding document i."""
    scores = queries @ documents.T
    ranks = (scores > scores[np.arange(len(queries)), np.arange(len(queries))][:, None]).sum(1) + 1
    return float(np.mean(np.where(ranks <= 10, 1 / ranks, 0)))


def show(title: str, report: dict[str, dict[str, float]]) -> None:
    print(title)
    columns = list(dict.fromkeys(column for figures in report.values() for column in figures))
    rows = [["", *columns]]
    for name, figures in report.items():
        rows.append([name, *(f"{figures[column]:.5g}" if column in figures else "" for column in columns)])
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))


if __name__ == "__main__":
    main()
