"""The last layers of MiniLM with a low-rank adapter, the heads over them, and what is kept of both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from prepare import FROZEN, HIDDEN_FILE, OFFSETS_FILE, RARITY_FILE
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModel

from fallow_index.encoders.minilm import MiniLmEncoder
from fallow_index.encoders.prior_work import DOWN, UP
from fallow_index.encoders.weights import find_weights

MICRO_BATCH = 36
"""Papers that go through the layers together, sorted by length."""


class LowRank(nn.Module):
    """A linear map with a trained change of low rank (Hu et al. 2021, "LoRA"); the change begins at 0."""

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__()
        self.linear = linear
        self.down = nn.Parameter(torch.randn(rank, linear.in_features) / math.sqrt(linear.in_features))
        self.up = nn.Parameter(torch.zeros(linear.out_features, rank))

    def forward(self, values: Tensor) -> Tensor:
        """values [..., in] -> [..., out]."""
        return self.linear(values) + functional.linear(functional.linear(values, self.down), self.up)


class AdaptedLayers(nn.Module):
    """Dense and pooled token vectors of papers, from their stored hidden states.

    work: the folder of prepare.py. rank: of every change.
    """

    def __init__(self, work: Path, rank: int) -> None:
        super().__init__()
        self.hidden = np.load(work / HIDDEN_FILE, mmap_mode="r")
        self.offsets = np.load(work / OFFSETS_FILE)
        self.rarity = np.load(work / RARITY_FILE)
        model = AutoModel.from_pretrained(
            find_weights().model.parent,
            attn_implementation="eager",  # its gradient is three times faster on a CPU
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
        self.layers = model.encoder.layer[FROZEN:]
        for parameter in self.parameters():
            parameter.requires_grad = False
        for layer in self.layers:
            attention = layer.attention.self
            for name in ("query", "key", "value"):
                setattr(attention, name, LowRank(getattr(attention, name), rank))
            for module in (layer.attention.output, layer.intermediate, layer.output):
                module.dense = LowRank(module.dense, rank)
        self.projection = nn.Parameter(torch.tensor(MiniLmEncoder().projection))

    def vectors(self, papers: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
        """Dense vectors [n, 384], token vectors averaged in pairs [n, length, 128], and of which of these
        there are tokens [n, length]."""
        lengths = self.offsets[papers + 1] - self.offsets[papers]
        order = np.argsort(-lengths)
        dense: list[Tensor] = [torch.empty(0)] * len(papers)
        tokens, masks = list(dense), list(dense)
        for start in range(0, len(papers), MICRO_BATCH):
            rows = order[start : start + MICRO_BATCH]
            for at, (one, some, mask) in enumerate(zip(*self._heads(papers[rows]), strict=True)):
                dense[rows[at]], tokens[rows[at]], masks[rows[at]] = one, some, mask
        longest = max(len(some) for some in tokens)
        return (
            torch.stack(dense),
            torch.stack([functional.pad(some, (0, 0, 0, longest - len(some))) for some in tokens]),
            torch.stack([functional.pad(some, (0, longest - len(some))) for some in masks]),
        )

    def _heads(self, papers: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
        states, mask = self._run(papers)
        dense = functional.normalize((mask[:, :, None] * states).sum(1), dim=-1)
        projected = states.to(torch.bfloat16) @ self.projection.to(torch.bfloat16)
        tokens = functional.normalize(projected, dim=-1).float() * mask[:, :, None]
        pairs = tokens.view(len(tokens), -1, 2, tokens.shape[-1]).sum(2)
        return dense, functional.normalize(pairs, dim=-1), mask.view(len(mask), -1, 2).amax(2)

    def _run(self, papers: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        lengths = self.offsets[papers + 1] - self.offsets[papers]
        longest = int(lengths.max() + lengths.max() % 2)  # even, so that tokens pair up
        states = torch.zeros(len(papers), longest, 384)
        mask = (torch.arange(longest) < torch.tensor(lengths)[:, None]).float()
        for at, paper in enumerate(papers):
            stored = slice(self.offsets[paper], self.offsets[paper + 1])
            states[at, : lengths[at]] = torch.from_numpy(self.hidden[stored].astype(np.float32))
        bias = ((1 - mask) * -1e4)[:, None, None, :].to(torch.bfloat16)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            for layer in self.layers:
                out = layer(states, attention_mask=bias)
                states = out[0] if isinstance(out, tuple) else out
        return states.float(), mask


def write_adapter(model: AdaptedLayers, path: Path, scale: float = 1.0) -> None:
    """Write what fallow_index.encoders.prior_work reads; scale: how much of every change is kept."""
    kept: dict[str, NDArray[np.generic]] = {}
    for name, module in model.layers.named_modules():
        if isinstance(module, LowRank):
            layer, rest = name.split(".", 1)
            tensor = f"encoder.layer.{FROZEN + int(layer)}.{rest}.weight"
            kept[tensor + DOWN] = module.down.detach().numpy().astype(np.float16)
            kept[tensor + UP] = (scale * module.up.detach()).numpy().astype(np.float16)
    kept["projection"] = model.projection.detach().numpy().astype(np.float16)
    kept["rarity"] = model.rarity.astype(np.float16)
    np.savez(path, **kept)


def read_parameters(model: AdaptedLayers, stored: dict[str, Tensor], names: Sequence[str]) -> None:
    """Go on from saved parameters. Raises KeyError when one of `names` is missing."""
    for name, parameter in model.named_parameters():
        if name in names:
            parameter.data.copy_(stored[name])
