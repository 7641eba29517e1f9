"""Learn the projection of MiniLM's token vectors from 384 to 128 dimensions, and write minilm_tokens.npz.

Principal components without centring (the eigenvectors of the second moment of length-1 token vectors): of
all orthonormal projections the one that keeps most of the dot products that late interaction sums.

    python training/token_projection.py ../shared/data/arxiv_cs/snapshot.jsonl.gz

reads `--texts` abstracts (default 6,000), takes some minutes on two cores and is deterministic. Only the
384 x 128 matrix is stored: nothing of the text.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import openvino as ov
from reading import read_abstracts

from fallow_index.encoders.bert_graph import Shape, build_graph
from fallow_index.encoders.minilm import PROJECTION_FILE, MiniLmEncoder

DIMENSION = 128


def main() -> None:
    """Read the options, learn, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("papers", type=Path, help="jsonl.gz with title and abstract")
    parser.add_argument("--texts", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=20261120)
    parser.add_argument("--precision", default="bf16")
    parser.add_argument("--out", type=Path, default=PROJECTION_FILE)
    options = parser.parse_args()
    encoder = MiniLmEncoder(precision=options.precision)
    moment = second_moment(encoder, read_abstracts(options.papers, options.texts, options.seed))
    values, vectors = np.linalg.eigh(moment)
    kept = vectors[:, ::-1][:, :DIMENSION]
    kept = kept * np.sign(kept[np.abs(kept).argmax(0), np.arange(DIMENSION)])  # the sign is free: fix it
    np.savez(options.out, projection=kept.astype(np.float16))
    share = values[::-1][:DIMENSION].sum() / values.sum()
    print(f"{options.out}: {options.out.stat().st_size:,} bytes, {share:.1%} of the second moment kept")


def second_moment(encoder: MiniLmEncoder, texts: list[str]) -> np.ndarray:
    """Sum of v v' over the token vectors of `texts`, float64 [width, width]."""
    shape = Shape()
    graph = build_graph(encoder.tensors, np.eye(shape.width, dtype=np.float32), shape)
    hint = "bf16" if encoder.precision == "bf16" else "f32"
    compiled = ov.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": hint})
    moment = np.zeros((shape.width, shape.width))
    for batch in encoder.batches(encoder.word_pieces(texts)):
        vectors = compiled(batch.inputs(encoder.words))[1][batch.mask > 0].astype(np.float32)
        moment += vectors.T @ vectors
    return moment


if __name__ == "__main__":
    main()
