"""The BERT encoder (Devlin et al. 2019, "BERT") written out as an OpenVINO graph, from its weights.

Inputs: `words` f32 [texts, length, width] (rows of the word embedding table, looked up by the caller, so that
the table stays in the memory-mapped file), `mask` f32 [texts, length] (1 for tokens, 0 for padding).
With learnt token weights also `shares` f32 [texts, length], what each token weighs in the mean.
Outputs: `dense` f32 [texts, width], the mean over tokens (weighted, where the model has learnt weights), of
length 1 (Reimers and Gurevych 2019, "Sentence-BERT"); `tokens` f16 [texts, length, token_dimension],
projected, of length 1.

Every layer multiplies by four large matrices. What enters each is called a site: `attend` (query, key and
value together), `mixed` (after attention), `feed` and `wide` (the two of the feed-forward part). With a
quantisation, those products run on 8-bit integers; everything else keeps the precision that the model is
compiled for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops

Array = NDArray[np.float32]

SITES = ("attend", "mixed", "feed", "wide")
_GELU_DEPTH = 0.17  # GELU never falls below minus this

_LAYER_NORM_EPSILON = 1e-12
_LENGTH_EPSILON = 1e-12
_MASKED = -10000.0


@dataclass(frozen=True)
class Shape:
    """The numbers of config.json that the graph needs."""

    layers: int = 6
    heads: int = 12
    width: int = 384


@dataclass(frozen=True)
class Site:
    """How the input of one matrix is brought to 8 bits.

    scale: [channels]; the input is divided and the matrix multiplied by it (Xiao et al. 2023, "SmoothQuant").
    largest: the value, after division, that becomes the largest integer; what lies above is clipped.
    shift: [outputs], the mean error of the integer product, which the bias takes back.
    """

    scale: Array
    largest: float
    shift: Array

    @property
    def lift(self) -> Array:
        """What makes GELU's output positive, for unsigned integers: [channels].

        A whole number of steps in each channel, so that 0, by far its commonest value, is met exactly.
        """
        step = self.scale * np.float32(self.largest / 255)
        return np.asarray(np.ceil(np.float32(_GELU_DEPTH) / step) * step, dtype=np.float32)


@dataclass(frozen=True)
class Quantisation:
    """Sites by name, "<layer>.<site>" (one that is absent is not quantised), and what remains in the end.

    last: [width], the mean error after the last layer, which the last bias takes back.
    """

    sites: Mapping[str, Site]
    last: Array


def build_graph(
    weights: Mapping[str, Array],
    projection: Array,
    shape: Shape,
    quantisation: Quantisation | None = None,
    *,
    weighted: bool = False,
) -> ov.Model:
    """The graph of one encoder.

    weights: tensors by their names in model.safetensors; they must outlive the graph, which shares their
    memory. projection: [width, token_dimension]. weighted: the mean takes `shares`; otherwise tokens weigh
    alike.
    """
    words = ops.parameter([-1, -1, shape.width], np.float32, name="words")
    mask = ops.parameter([-1, -1], np.float32, name="mask")
    layers = _Layers(weights, shape, quantisation.sites if quantisation else {}, _attention_bias(mask))
    hidden = layers.run(_embed(weights, words, mask))
    if quantisation:
        hidden = ops.add(hidden, quantisation.last)
    hidden.set_friendly_name("hidden")
    shares = ops.parameter([-1, -1], np.float32, name="shares") if weighted else mask
    dense = ops.result(_length_one(_mean(hidden, shares)), name="dense")
    projected = _length_one(ops.matmul(hidden, projection, False, False))
    tokens = ops.result(ops.convert(projected, np.float16), name="tokens")
    return ov.Model([dense, tokens], [words, mask, *([shares] if weighted else [])], "bert")


def quantise_rows(matrix: Array) -> tuple[NDArray[np.int8], Array]:
    """A matrix as integers and one step a row: matrix ~ integers * steps, symmetric, 255 levels."""
    steps = np.maximum(np.abs(matrix).max(1, keepdims=True), np.float32(1e-12)) / np.float32(127)
    return np.rint(matrix / steps).astype(np.int8), steps


def site_matrix(weights: Mapping[str, Array], layer: int, site: str) -> tuple[Array, Array]:
    """Matrix [out, in] and bias [out] that a site enters; for `attend` those of query, key and value stacked.

    Division by sqrt(head size), which attention does, is left out here.
    """
    name = f"encoder.layer.{layer}"
    if site == "attend":
        parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    else:
        inner = {"mixed": "attention.output", "feed": "intermediate", "wide": "output"}[site]
        parts = [f"{name}.{inner}.dense"]
    matrix = np.concatenate([weights[f"{part}.weight"] for part in parts])
    return matrix, np.concatenate([weights[f"{part}.bias"] for part in parts])


class _Layers:
    """The stack of layers, quantised where the quantisation has a site."""

    def __init__(
        self, weights: Mapping[str, Array], shape: Shape, sites: Mapping[str, Site], bias: ov.Node
    ) -> None:
        self.weights = weights
        self.shape = shape
        self.sites = sites
        self.bias = bias

    def run(self, hidden: ov.Node) -> ov.Node:
        """hidden is what a normalisation is applied to; so is what each step returns, but the last."""
        name = "embeddings.LayerNorm"
        for layer in range(self.shape.layers):
            base = f"encoder.layer.{layer}"
            whole, part = self.normalised(hidden, name, f"{layer}.attend")
            hidden = ops.add(self.attention(layer, part), whole)
            whole, part = self.normalised(hidden, f"{base}.attention.output.LayerNorm", f"{layer}.feed")
            hidden = ops.add(self.feed_forward(layer, part), whole)
            name = f"{base}.output.LayerNorm"
        return self.normalised(hidden, name, "")[0]

    def normalised(self, hidden: ov.Node, name: str, site: str) -> tuple[ov.Node, ov.Node]:
        """Layer normalisation (Ba et al. 2016): as it is, and divided by the scale of the site."""
        centred = ops.mvn(hidden, np.array([-1]), True, _LAYER_NORM_EPSILON, "INSIDE_SQRT")
        gain, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        whole = ops.add(ops.multiply(centred, gain), bias)
        if site not in self.sites:
            return whole, whole
        scale = self.sites[site].scale
        return whole, ops.add(ops.multiply(centred, gain / scale), bias / scale)

    def attention(self, layer: int, hidden: ov.Node) -> ov.Node:
        """Multi-head attention (Vaswani et al. 2017): softmax(Q K' / sqrt(d)) V, heads joined and mixed."""
        width, heads = self.shape.width, self.shape.heads
        size = width // heads
        matrix, bias = site_matrix(self.weights, layer, "attend")
        factor = np.ones(3 * width, np.float32)
        factor[:width] = size**-0.5
        if (mixed := self.sites.get(f"{layer}.mixed")) is not None:
            factor[2 * width :] = 1 / mixed.scale
        if (attend := self.sites.get(f"{layer}.attend")) is not None:
            bias = bias + attend.shift
        together = self.product(f"{layer}.attend", hidden, matrix * factor[:, None], bias * factor)
        split = ops.reshape(together, np.array([0, 0, 3, heads, size]), True)
        by_head = ops.split(ops.transpose(split, np.array([2, 0, 3, 1, 4])), np.array(0), 3)
        query, key, value = (ops.squeeze(part, np.array([0])) for part in by_head.outputs())
        weight = ops.softmax(ops.add(ops.matmul(query, key, False, True), self.bias), -1)
        joined = ops.transpose(ops.matmul(weight, value, False, False), np.array([0, 2, 1, 3]))
        flat = ops.reshape(joined, np.array([0, 0, width]), True)
        matrix, bias = site_matrix(self.weights, layer, "mixed")
        return self.product(f"{layer}.mixed", flat, matrix, bias + mixed.shift if mixed else bias)

    def feed_forward(self, layer: int, hidden: ov.Node) -> ov.Node:
        """GELU (Hendrycks and Gimpel 2016) between two matrices."""
        matrix, bias = site_matrix(self.weights, layer, "feed")
        if (site := self.sites.get(f"{layer}.feed")) is not None:
            bias = bias + site.shift
        wide = ops.gelu(self.product(f"{layer}.feed", hidden, matrix, bias), "ERF")
        matrix, bias = site_matrix(self.weights, layer, "wide")
        if (site := self.sites.get(f"{layer}.wide")) is not None:
            bias = bias + site.shift - matrix @ site.lift
            wide = ops.multiply(ops.add(wide, site.lift), 1 / site.scale)
        return self.product(f"{layer}.wide", wide, matrix, bias)

    def product(self, site: str, hidden: ov.Node, matrix: Array, bias: Array) -> ov.Node:
        """hidden @ matrix.T + bias, on integers where the site is quantised."""
        found = self.sites.get(site)
        if found is None:
            hidden.set_friendly_name(site)  # calibration asks for the site's input by this name
            return ops.add(ops.matmul(hidden, matrix, False, True), bias)
        integers, steps = quantise_rows(matrix * found.scale)
        high = np.float32(found.largest)
        low = np.float32(0) if site.endswith(".wide") else high * np.float32(-128 / 127)
        rounded = ops.fake_quantize(hidden, low, high, low, high, 256)
        weight = ops.multiply(ops.convert(ops.constant(integers), np.float32), ops.constant(steps))
        return ops.add(ops.matmul(rounded, weight, False, True), bias)


def _embed(weights: Mapping[str, Array], words: ov.Node, mask: ov.Node) -> ov.Node:
    """Word + position + segment embeddings, before normalisation."""
    segment = weights["embeddings.token_type_embeddings.weight"][0]
    places = weights["embeddings.position_embeddings.weight"] + segment
    length = ops.gather(ops.shape_of(mask), np.array([1]), np.array(0))
    rows = ops.slice(places, np.array([0]), length, np.array([1]), np.array([0]))
    return ops.add(words, ops.unsqueeze(rows, np.array([0])))


def _attention_bias(mask: ov.Node) -> ov.Node:
    """0 where there is a token, a large negative number where there is padding: [texts, 1, 1, length]."""
    padding = ops.subtract(np.float32(1), ops.unsqueeze(mask, np.array([1, 2])))
    return ops.multiply(padding, np.float32(_MASKED))


def _mean(hidden: ov.Node, shares: ov.Node) -> ov.Node:
    """Weighted mean over tokens, as a product with their shares: [texts, width]."""
    total = ops.squeeze(ops.matmul(ops.unsqueeze(shares, np.array([1])), hidden, False, False), np.array([1]))
    return ops.divide(total, ops.reduce_sum(shares, np.array([1]), True))


def _length_one(rows: ov.Node) -> ov.Node:
    return ops.normalize_l2(rows, np.array([-1]), _LENGTH_EPSILON, "max")
