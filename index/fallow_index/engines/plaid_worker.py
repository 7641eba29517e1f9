"""Stanford's PLAID in a Python of its own: a process that builds and searches, told what to do line by line.

Run by file name in an environment that has colbert-ai (it wants an older transformers than ours), so it
imports nothing of fallow. Requests come as JSON lines on standard input and name .npy files; each is answered
by one JSON line. What colbert-ai prints goes to standard error. The process ends with its standard input.

build    folder, vectors [tokens, d], offsets [papers + 1], nbits, iterations: a PLAID index in `folder`
open     folder: the index that `search` asks
search   query [m, d], k, cells, threshold, documents, allowed (bool [papers]) or only (int32 [n]), or neither
threads  count: of torch and FAISS
"""

from __future__ import annotations

import json
import os
import queue
import random
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

SEED = 12345


class StoredVectors:
    """Stands where colbert-ai has an encoder: its passages are the numbers of rows, already encoded."""

    def __init__(self, vectors: Any, offsets: Any, half: bool) -> None:
        self._vectors = vectors
        self._offsets = offsets
        self._half = half

    def encode_passages(self, passages: Sequence[int]) -> tuple[Any, list[int]]:
        """The vectors of some rows, end to end, and how many each has."""
        import torch

        parts = [self._vectors[self._offsets[row] : self._offsets[row + 1]] for row in passages]
        packed = torch.from_numpy(np.concatenate(parts))
        return packed.half() if self._half else packed.float(), [len(part) for part in parts]


class Worker:
    """The index that is open, and what can be asked of it."""

    def __init__(self) -> None:
        self._scorer: Any = None
        self._config: Any = None

    def build(
        self, folder: str, vectors: str, offsets: str, nbits: int, iterations: int
    ) -> dict[str, object]:
        """Write a PLAID index of all rows; each row must have a vector. Goes on where a killed one ended."""
        import torch
        from colbert.data.collection import Collection
        from colbert.indexing.collection_indexer import CollectionIndexer
        from colbert.indexing.index_saver import IndexSaver
        from colbert.infra import ColBERTConfig

        random.seed(SEED)
        torch.manual_seed(SEED)
        Path(folder).mkdir(parents=True, exist_ok=True)
        rows = np.load(vectors, mmap_mode="r")
        ends = np.load(offsets)
        on_gpu = torch.cuda.device_count() > 0
        # Its constructor would load a checkpoint; the vectors are here already.
        indexer = CollectionIndexer.__new__(CollectionIndexer)
        indexer.verbose = 1
        indexer.config = ColBERTConfig(
            index_path=folder, dim=rows.shape[1], nbits=nbits, kmeans_niters=iterations, resume=True
        )
        indexer.rank, indexer.nranks, indexer.use_gpu = 0, 1, on_gpu
        indexer.collection = Collection.cast(list(range(len(ends) - 1)))
        indexer.encoder = StoredVectors(rows, ends, on_gpu)
        indexer.saver = IndexSaver(indexer.config)
        indexer.run([[None]])
        return {"partitions": indexer.num_partitions, "vectors": int(ends[-1])}

    def open(self, folder: str) -> dict[str, object]:
        """Load an index; a first time on a machine without a GPU this compiles four C++ files."""
        import torch
        from colbert.infra import ColBERTConfig
        from colbert.modeling.colbert import ColBERT
        from colbert.search.index_storage import IndexScorer

        on_gpu = torch.cuda.device_count() > 0
        ColBERT.try_load_torch_extensions(on_gpu)
        self._config = ColBERTConfig.load_from_index(folder)
        self._scorer = IndexScorer(folder, on_gpu)
        return {"papers": len(self._scorer.doclens), "gpu": on_gpu}

    def search(
        self,
        query: str,
        k: int,
        cells: int,
        threshold: float,
        documents: int,
        allowed: str = "",
        only: str = "",
    ) -> dict[str, object]:
        """Rows and sums of best dot products, best first."""
        import torch

        vectors = torch.from_numpy(np.load(query).astype(np.float32))[None]
        if self._scorer.use_gpu:
            vectors = vectors.cuda()
        self._config.configure(
            ncells=cells, centroid_score_threshold=threshold, ndocs=documents, query_maxlen=vectors.shape[1]
        )
        keep = None
        if allowed:
            mask = torch.from_numpy(np.load(allowed))

            def keep(rows: Any) -> Any:
                return rows[mask.to(rows.device)[rows.long()]]

        chosen = np.load(only).tolist() if only else None
        rows, scores = self._scorer.rank(self._config, vectors, filter_fn=keep, pids=chosen)
        return {"rows": rows[:k], "scores": scores[:k]}

    def threads(self, count: int) -> dict[str, object]:
        """Bound the threads of a search or build."""
        import faiss
        import torch

        torch.set_num_threads(count)
        faiss.omp_set_num_threads(count)
        return {"threads": count}


def _lines(requests: queue.Queue[str]) -> None:
    """Hand on each line; when whoever started us is gone, so are we, whatever is under way."""
    for line in sys.stdin:
        requests.put(line)
    os._exit(0)


def main() -> None:
    """Answer requests until standard input ends."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        requests: queue.Queue[str] = queue.Queue()
        threading.Thread(target=_lines, args=(requests,), daemon=True).start()
        worker = Worker()
        while True:
            request = json.loads(requests.get())
            work = getattr(worker, request.pop("do"))
            try:
                answer = {"done": work(**request)}
            except Exception as error:
                lines = str(error).strip().splitlines() or [""]
                answer = {"error": f"{type(error).__name__}: {lines[0]}"[:500]}
            answers.write(json.dumps(answer) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
