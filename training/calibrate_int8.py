"""Choose how the inputs of an encoder's matrices are brought to 8 bits, and write its calibration file.

For every site (see bert_graph.py) and its matrix W, tries scales s and clipping points c and keeps the pair
whose integer product is nearest to the exact one on real activations: min |Q(x / s; c) Q(W s)' - x W'|^2,
each output weighed by what it means to the next step and freed of its mean error, which goes into the bias
instead. Scales follow Xiao et al. 2023 ("SmoothQuant"): s = max|x|^a / max|W|^(1 - a) for a channel, and for
outliers alone s = max(1, max|x| / t).

    python training/calibrate_int8.py ../shared/data/arxiv_cs/snapshot.jsonl.gz --encoder prior-work

reads `--texts` abstracts (default 192), takes about two minutes on two cores and is deterministic. Only the
scales and clipping points are stored: nothing of the text.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from reading import read_abstracts

from fallow_index.encoders.bert_graph import (
    SITES,
    Array,
    Quantisation,
    Shape,
    Site,
    build_graph,
    quantise_rows,
    site_matrix,
)
from fallow_index.encoders.minilm import MiniLmEncoder, read_calibration
from fallow_index.encoders.prior_work import PriorWorkEncoder

ENCODERS = {encoder.name: encoder for encoder in (MiniLmEncoder, PriorWorkEncoder)}
ROWS = 2048
CLIPS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
POWERS = (0.4, 0.5, 0.6, 0.7, 0.8)


def main() -> None:
    """Read the options, learn, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("papers", type=Path, help="jsonl.gz with title and abstract")
    parser.add_argument("--texts", type=int, default=192)
    parser.add_argument("--seed", type=int, default=20261120)
    parser.add_argument("--encoder", choices=sorted(ENCODERS), default=PriorWorkEncoder.name)
    parser.add_argument("--out", type=Path, help="default: the encoder's own file")
    options = parser.parse_args()
    encoder = ENCODERS[options.encoder](precision="fp32")
    out = options.out or encoder.calibration_file
    texts = read_abstracts(options.papers, options.texts, options.seed)
    inputs, inner = activations(encoder, texts, np.random.default_rng(options.seed))
    chosen = {}
    for name, rows in inputs.items():
        layer, site = name.split(".")
        matrix, _ = site_matrix(encoder.tensors, int(layer), site)
        weighing = importance(encoder.tensors, int(layer), site, rows)
        best, error, plain = choose(rows, matrix, weighing, inner, unsigned=site == "wide")
        print(f"{name:10} largest {best.largest:7.3f}  relative error {error:.5f} (untreated {plain:.5f})")
        chosen[f"{name}.scale"] = best.scale.astype(np.float16)
        chosen[f"{name}.shift"] = best.shift.astype(np.float16)
        chosen[f"{name}.largest"] = np.float32(best.largest)
    chosen["last.shift"] = np.zeros(encoder.dimension, np.float16)
    np.savez_compressed(out, **chosen)
    error = mean_hidden(encoder, texts, None) - mean_hidden(encoder, texts, read_calibration(out))
    chosen["last.shift"] = error.astype(np.float16)
    np.savez_compressed(out, **chosen)
    print(f"{out}: {out.stat().st_size:,} bytes")


def activations(
    encoder: MiniLmEncoder, texts: list[str], rng: np.random.Generator
) -> tuple[dict[str, Array], NDArray[np.bool_]]:
    """Inputs of every site: [about ROWS, channels], both markers of each text and a draw of its other tokens;
    and which rows are of others than markers.

    The markers weigh more than their number: attention rests on them (Clark et al. 2019, "What does BERT look
    at?").
    """
    shape = Shape()
    names = [f"{layer}.{site}" for layer in range(shape.layers) for site in SITES]
    graph = build_graph(encoder.tensors, encoder.projection, shape)
    graph.add_outputs([(name, 0) for name in names])
    compiled = ov.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    kept: dict[str, list[Array]] = {name: [] for name in names}
    is_inner: list[NDArray[np.bool_]] = []
    share = max(1, ROWS // len(texts) - 2)
    for batch in encoder.batches(encoder.word_pieces(texts)):
        outputs = compiled(batch.inputs(encoder.words))
        length = batch.mask.shape[1]
        first = np.arange(len(batch.rows)) * length
        last = first + batch.mask.sum(1).astype(np.int64) - 1
        others = np.setdiff1d(np.flatnonzero(batch.mask), [*first, *last])
        others = rng.choice(others, share * len(batch.rows), replace=False)
        at = np.concatenate([first, last, others])
        is_inner.append(np.arange(len(at)) >= 2 * len(batch.rows))
        for number, name in enumerate(names):
            values = outputs[number + 2]
            kept[name].append(values.reshape(-1, values.shape[-1])[at])
    return {name: np.concatenate(values) for name, values in kept.items()}, np.concatenate(is_inner)


def mean_hidden(encoder: MiniLmEncoder, texts: list[str], quantisation: Quantisation | None) -> Array:
    """What the last layer gives, mean over tokens and texts: [width]."""
    graph = build_graph(encoder.tensors, encoder.projection, Shape(), quantisation)
    graph.add_outputs([("hidden", 0)])
    compiled = ov.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    means = []
    for batch in encoder.batches(encoder.word_pieces(texts)):
        hidden = compiled(batch.inputs(encoder.words))[2]
        means.append((hidden * batch.mask[:, :, None]).sum(1) / batch.mask.sum(1, keepdims=True))
    return np.asarray(np.concatenate(means).mean(0), dtype=np.float32)


def importance(weights: Mapping[str, Array], layer: int, site: str, rows: Array) -> Array:
    """How much the square of an output's error matters downstream: [outputs].

    After `mixed` and `wide` comes a normalisation, whose gain says it; after `feed` the columns of the next
    matrix; in attention an error of the query meets the keys and the other way round, and one of the value
    the mixing matrix.
    """
    base = f"encoder.layer.{layer}"
    if site == "feed":
        return (site_matrix(weights, layer, "wide")[0] ** 2).sum(0)
    if site != "attend":
        return weights[f"{base}.{'attention.output' if site == 'mixed' else 'output'}.LayerNorm.weight"] ** 2
    matrix, bias = site_matrix(weights, layer, "attend")
    query, key, value = np.split(rows @ matrix.T + bias, 3, axis=1)
    onward = (site_matrix(weights, layer, "mixed")[0] ** 2).sum(0)
    blocks = [((key**2).mean(0), query), ((query**2).mean(0), key), (onward, value)]
    return np.concatenate([weight / float((weight * block.var(0)).sum()) for weight, block in blocks])


def choose(
    rows: Array, matrix: Array, weighing: Array, inner: NDArray[np.bool_], *, unsigned: bool
) -> tuple[Site, float, float]:
    """The best site, its weighed squared error relative to the exact product, and that of no scale and no
    clipping."""
    exact = rows @ matrix.T
    power = float(exact.var(0) @ weighing)
    found: list[tuple[float, Site]] = []
    for scale in scales(rows, matrix):
        integers, steps = quantise_rows(matrix * scale)
        rounded = integers * steps
        top = float(np.abs(rows / scale).max())
        for clip in CLIPS:
            site = Site(scale, top * clip, np.zeros(len(matrix), np.float32))
            lift = site.lift / scale if unsigned else np.float32(0)
            error = exact - (on_grid(rows / scale + lift, site.largest, unsigned=unsigned) - lift) @ rounded.T
            shift = error[inner].mean(0)  # markers are clipped most and would pull all others
            size = float(((error - shift) ** 2).mean(0) @ weighing)
            found.append((size / power, replace(site, shift=shift)))
    best = min(found, key=lambda pair: pair[0])
    return best[1], best[0], found[0][0]


def scales(rows: Array, matrix: Array) -> Iterator[Array]:
    """Candidate scales; the first leaves everything as it is."""
    top = np.maximum(np.abs(rows).max(0), np.float32(1e-3))
    weight = np.maximum(np.abs(matrix).max(0), np.float32(1e-6))
    yield np.ones_like(top)
    for a in POWERS:
        yield _rounded(top**a / weight ** (1 - a))
        yield _rounded(top**a)
    for quantile in (0.8, 0.95, 0.99):
        yield _rounded(np.maximum(1, top / np.quantile(top, quantile)))


def _rounded(scale: Array) -> Array:
    """Geometric mean 1, as float16 will store it."""
    return (scale / np.exp(np.log(scale).mean())).astype(np.float16).astype(np.float32)


def on_grid(values: Array, largest: float, *, unsigned: bool) -> Array:
    """Values as 8-bit integers would carry them."""
    step = np.float32(largest / (255 if unsigned else 127))
    return np.clip(np.rint(values / step), 0 if unsigned else -128, 255 if unsigned else 127) * step


if __name__ == "__main__":
    main()
