"""Documents a second of our encoder against SentenceTransformer.encode, same weights, same texts, same run.

    python benchmarks/encoding.py ../shared/data/core/papers.jsonl.gz --peer-python /path/to/venv/bin/python

The peer runs in the interpreter given by --peer-python (with sentence-transformers installed), so that torch
stays out of ours. Rounds alternate: peer, fp32, bf16, int8, peer, ...; only one of them computes at a time.
Speeds are medians over rounds, ratios the median of the ratios within a round; CPU seconds tell what a busy
machine hides. Drift: cosine to our own fp32, the share of the ten nearest neighbours kept (among --drift
texts), and, for known-item search, how well a title finds its own abstract among them (MRR@10). Without
--peer-python only ours are run.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

PEER = """
import json, os, sys, time
import numpy as np
from sentence_transformers import SentenceTransformer
import torch
torch.set_num_threads(int(sys.argv[2]))
model = SentenceTransformer(sys.argv[1], device="cpu")
for line in sys.stdin:
    texts = json.loads(line)
    began, cpu = time.perf_counter(), time.process_time()
    vectors = model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    np.save(sys.argv[3], vectors)
    print(json.dumps([seconds, cpu]), flush=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("papers", type=Path, help="jsonl.gz with title and abstract")
    parser.add_argument("--peer-python", help="interpreter that has sentence-transformers")
    parser.add_argument("--texts", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument(
        "--drift", type=int, default=2000, help="abstracts for the drift columns; 0 leaves them out"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()

    from fallow_index.encoders.minilm import PRECISIONS, MiniLmEncoder

    papers = read_papers(options.papers, max(options.texts, options.drift), options.seed)
    texts = [f"{paper['title']}. {paper['abstract']}" for paper in papers]
    encoders = {precision: MiniLmEncoder(precision, threads=options.threads) for precision in PRECISIONS}
    runs = {name: [] for name in (["sentence-transformers"] if options.peer_python else []) + list(encoders)}
    peer = start_peer(options.peer_python, options.threads) if options.peer_python else None
    for number in range(options.rounds + 1):
        for name, kept in runs.items():
            took = run_peer(peer, texts[: options.texts]) if name not in encoders else None
            took = took or run_ours(encoders[name], texts[: options.texts])
            if number:  # the first round warms up
                kept.append(took)
    report = {
        name: speeds(kept, runs.get("sentence-transformers"), options.texts) for name, kept in runs.items()
    }
    if peer:
        agreement = (np.load(peer_vectors()) * encoders["fp32"].encode(texts[: options.texts])).sum(1)
        report["sentence-transformers"]["cosine_to_ours_fp32_min"] = float(agreement.min())
        peer.stdin.close()
        peer.wait()
    if options.drift:
        add_drift(report, encoders, papers[: options.drift])
    show(report, options)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))


def read_papers(path: Path, count: int, seed: int) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        papers = [json.loads(line) for line in lines]
    drawn = np.random.default_rng(seed).choice(len(papers), min(count, len(papers)), replace=False)
    return [papers[number] for number in drawn]


def peer_vectors() -> Path:
    return Path(tempfile.gettempdir()) / f"fallow-peer-{os.getpid()}.npy"


def start_peer(python: str, threads: int) -> subprocess.Popen[str]:
    from fallow_index.encoders.weights import find_weights

    folder = str(find_weights().model.parent)
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "true"}
    command = [python, "-c", PEER, folder, str(threads), str(peer_vectors())]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )


def run_peer(peer: subprocess.Popen[str], texts: list[str]) -> tuple[float, float]:
    peer.stdin.write(json.dumps(texts) + "\n")
    peer.stdin.flush()
    answer = peer.stdout.readline()
    if not answer:
        sys.exit("The peer's interpreter ended; its message is above.")
    seconds, cpu = json.loads(answer)
    return seconds, cpu


def run_ours(encoder, texts: list[str]) -> tuple[float, float]:
    began, cpu = time.perf_counter(), time.process_time()
    encoder.encode(texts)
    return time.perf_counter() - began, time.process_time() - cpu


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


def add_drift(report: dict[str, dict[str, float]], encoders: dict, papers: list[dict[str, str]]) -> None:
    """Cosine, top-10 overlap and known-item MRR@10 of every precision."""
    texts = [f"{paper['title']}. {paper['abstract']}" for paper in papers]
    abstracts, titles = [paper["abstract"] for paper in papers], [paper["title"] for paper in papers[:500]]
    exact = encoders["fp32"].encode(texts)
    for name, encoder in encoders.items():
        vectors = exact if name == "fp32" else encoder.encode(texts)
        cosine = (vectors * exact).sum(1)
        report[name] |= {
            "cosine_mean": float(cosine.mean()),
            "cosine_min": float(cosine.min()),
            "top10_overlap": overlap(exact, vectors),
            "known_item_mrr10": known_item(encoder.encode(titles), encoder.encode(abstracts)),
        }


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


def show(report: dict[str, dict[str, float]], options: argparse.Namespace) -> None:
    print(f"{options.texts} texts, median of {options.rounds} rounds, {options.threads} threads")
    columns = list(dict.fromkeys(column for figures in report.values() for column in figures))
    rows = [["", *columns]]
    for name, figures in report.items():
        rows.append([name, *(f"{figures[column]:.5g}" if column in figures else "" for column in columns)])
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
    print(json.dumps(report))


if __name__ == "__main__":
    main()
