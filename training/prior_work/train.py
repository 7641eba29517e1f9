"""Teach MiniLM what citing authors take for prior work, and write prior_work.npz.

    python training/prior_work/train.py PAPERS.jsonl.gz CITATIONS.tsv.gz --work DIR

after prepare.py has filled DIR. Pairs of a citing and a cited paper; every other paper of a batch is a
negative unless it is related to the citing one by a citation or much nearer to it than the cited one (then
it is likely prior work that was not cited). Batches are drawn from two clusters of citing papers, so that
negatives are hard. Three cross-entropies are summed: of dense similarities, of MaxSim (Khattab and Zaharia
2020) and of both joined with BM25, so that the vectors learn what words alone do not say (Gao et al. 2021,
"Complementing lexical retrieval with semantic residual embedding").

Deterministic for a seed on one machine. Some 3.6 s a step on one busy core, 25 minutes in all.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
import scipy.sparse as sparse
import torch
from adapter import AdaptedLayers, read_parameters, write_adapter
from citations import Citations, read_citations
from numpy.typing import NDArray
from prepare import DENSE_FILE, DOCUMENTS_FILE, HARD_FILE, QUERIES_FILE
from torch import Tensor, nn
from torch.nn import functional

from fallow_index.encoders.prior_work import ADAPTER_FILE

RANK = 32
CLUSTERS = 64
MARGIN = 0.1
"""A negative this much nearer than the positive (cosine of the stock vectors) is taken for prior work."""
QUERY_TOKENS = 40
"""Tokens of a query drawn for MaxSim in a step."""
HEAD_RATE = 5.0
"""Heads learn this many times faster than the layers."""
DEV_PAIRS = 480


@dataclass(frozen=True)
class Stage:
    """rate: peak learning rate; pairs: of a batch; hard: hard negatives for each pair; steps."""

    rate: float
    pairs: int
    hard: int
    steps: int


STAGES = (Stage(2e-4, 48, 1, 410),)
"""Chosen on neurips dev and on DEV_YEARS; what else was tried: docs/encoders.md."""
WARM_STEPS = 40
LEAST_RATE = 0.02


def main() -> None:
    """Read the options, train, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("papers", type=Path)
    parser.add_argument("citations", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", type=Path, help="parameters saved by an earlier run (.pt)")
    parser.add_argument("--scale", type=float, default=1.0, help="how much of the change is written")
    parser.add_argument("--out", type=Path, default=ADAPTER_FILE)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    data = read_citations(options.papers, options.citations)
    model = AdaptedLayers(options.work, RANK)
    task = Task(data, options.work, model, np.random.default_rng(options.seed))
    if options.resume:
        names = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
        read_parameters(model, torch.load(options.resume, weights_only=True), names)
    print("before:", task.dev_losses(), flush=True)
    for stage in STAGES:
        run(stage, task)
        print("dev:", task.dev_losses(), flush=True)
    torch.save(
        {name: value for name, value in model.named_parameters() if value.requires_grad},
        options.work / "trained.pt",
    )
    write_adapter(model, options.out, options.scale)
    print(f"{options.out}: {options.out.stat().st_size:,} bytes")


def run(stage: Stage, task: Task) -> None:
    """One stage: AdamW (Loshchilov and Hutter 2019), linear warm-up, cosine decay."""
    layers = [p for name, p in task.model.named_parameters() if name.endswith((".down", ".up"))]
    heads = [task.model.projection, task.scales]
    groups = [{"params": layers, "lr": stage.rate}, {"params": heads, "lr": stage.rate * HEAD_RATE}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.0, betas=(0.9, 0.98))
    peaks = [group["lr"] for group in optimiser.param_groups]
    started = time.monotonic()
    for step in range(stage.steps):
        decay = max(LEAST_RATE, (1 + math.cos(math.pi * step / stage.steps)) / 2)
        for group, peak in zip(optimiser.param_groups, peaks, strict=True):
            group["lr"] = peak * min(1, (step + 1) / WARM_STEPS) * decay
        losses = task.losses(task.batch(stage.pairs), stage.hard)
        optimiser.zero_grad()
        torch.stack(losses).sum().backward()
        nn.utils.clip_grad_norm_([*layers, *heads], 1.0)
        optimiser.step()
        if step % 20 == 19:
            told = " ".join(f"{loss.item():.3f}" for loss in losses)
            print(f"{step + 1}/{stage.steps} {told} {time.monotonic() - started:.0f} s", flush=True)


class Task:
    """Batches of pairs and their losses."""

    def __init__(self, data: Citations, work: Path, model: AdaptedLayers, rng: np.random.Generator) -> None:
        self.model = model
        self.scales = nn.Parameter(torch.tensor([math.log(20.0), math.log(40.0), 0.0]))
        self._data = data
        self._rng = rng
        self._training, self._dev = data.training(), data.dev()
        self._related = data.related()
        self._stock: NDArray[np.float32] = np.load(work / DENSE_FILE)
        self._hard = np.load(work / HARD_FILE)
        self._documents = sparse.load_npz(work / DOCUMENTS_FILE)
        self._queries = sparse.load_npz(work / QUERIES_FILE)
        self._clusters = faiss.Kmeans(self._stock.shape[1], CLUSTERS, niter=8, seed=1, spherical=True)
        self._clusters.train(self._stock[np.unique(self._training[:, 0])])
        cluster = self._cluster_of(self._training)
        self._members = [np.flatnonzero(cluster == at) for at in range(CLUSTERS)]

    def batch(self, pairs: int) -> NDArray[np.int64]:
        """Pairs of two clusters, one for each citing paper: [at most pairs, 2]."""
        sizes = np.array([len(rows) for rows in self._members])
        drawn = self._rng.choice(CLUSTERS, 2, replace=False, p=sizes / sizes.sum())
        rows = [
            self._rng.choice(self._members[at], min(pairs // 2, sizes[at]), replace=False) for at in drawn
        ]
        return _one_each(self._training[np.concatenate(rows)])

    def losses(self, pairs: NDArray[np.int64], hard: int) -> list[Tensor]:
        """Cross-entropies of dense similarity, MaxSim and both with BM25."""
        citing, cited = pairs[:, 0], pairs[:, 1]
        hard_ones = self._hard[citing][:, self._rng.permutation(self._hard.shape[1])[:hard]].ravel()
        candidates = np.unique(np.concatenate([cited, hard_ones[hard_ones >= 0]]))
        papers, places = np.unique(np.concatenate([citing, candidates]), return_inverse=True)
        asked, answering = places[: len(citing)], places[len(citing) :]
        target = np.searchsorted(candidates, cited)
        dense, tokens, mask = self.model.vectors(papers)
        similar = dense[asked] @ dense[answering].T
        late = self._max_sim(tokens[asked], mask[asked], tokens[answering], mask[answering])
        words = torch.tensor(np.asarray((self._queries[citing] @ self._documents[candidates].T).todense()))
        words = (words - words.mean(1, keepdim=True)) / (words.std(1, keepdim=True) + 1e-6)
        of_dense, of_late, of_words = self.scales.exp()
        joined = 0.6 * (of_dense * similar + 0.5 * of_late * late + of_words * words)
        ignored = torch.tensor(self._ignored(citing, candidates, target))
        return [
            functional.cross_entropy(logits.masked_fill(ignored, -1e4), torch.tensor(target))
            for logits in (of_dense * similar, of_late * late, joined)
        ]

    def dev_losses(self) -> list[float]:
        """Mean losses over DEV_PAIRS pairs of the years kept for choosing, in batches of like papers."""
        rows = np.random.default_rng(5).permutation(len(self._dev))[:DEV_PAIRS]
        pairs = self._dev[rows]
        pairs = pairs[np.argsort(self._cluster_of(pairs), kind="stable")]
        self.model.eval()
        with torch.no_grad():
            found = [
                torch.stack(self.losses(_one_each(pairs[start : start + 48]), 0))
                for start in range(0, len(pairs), 48)
            ]
        self.model.train()
        return [round(loss, 4) for loss in torch.stack(found).mean(0).tolist()]

    def _cluster_of(self, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        found: NDArray[np.int64] = self._clusters.index.search(self._stock[pairs[:, 0]], 1)[1][:, 0]
        return found

    def _ignored(
        self, citing: NDArray[np.int64], candidates: NDArray[np.int64], target: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Which candidates of which citing paper are no negatives: bool [citing, candidates]."""
        similar = self._stock[citing] @ self._stock[candidates].T
        rows = np.arange(len(citing))
        ignored = similar > similar[rows, target][:, None] + MARGIN
        for row, paper in enumerate(citing.tolist()):
            ignored[row] |= np.isin(candidates, [paper, *self._related[paper]])
        ignored[rows, target] = False
        return ignored

    def _max_sim(self, query: Tensor, asked: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
        """Mean MaxSim of every query with every candidate, [queries, candidates]."""
        if self.model.training and query.shape[1] > QUERY_TOKENS:
            drawn = torch.multinomial(asked + 1e-6, QUERY_TOKENS)
            query = torch.gather(query, 1, drawn[:, :, None].expand(-1, -1, query.shape[2]))
            asked = torch.gather(asked, 1, drawn)
        flat = query.reshape(-1, query.shape[2]).to(torch.bfloat16)
        products = flat @ tokens.reshape(-1, tokens.shape[2]).T.to(torch.bfloat16)
        products = products.view(len(flat), *mask.shape).masked_fill(~mask.bool()[None], -1.0)
        best = products.amax(2).float().view(*asked.shape, len(tokens))
        return (best * asked[:, :, None]).sum(1) / asked.sum(1, keepdim=True)


def _one_each(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first pair of each citing paper, in order."""
    first = np.sort(np.unique(pairs[:, 0], return_index=True)[1])
    return pairs[first]


if __name__ == "__main__":
    main()
