"""Everything that training reads again and again: hidden states, lexical matrices, hard negatives.

    python training/prior_work/prepare.py PAPERS.jsonl.gz CITATIONS.tsv.gz --work DIR

The first three layers of MiniLM are not trained, so what they give is computed once (half precision; 2.6 GB
for core) and a training step only runs the last three. Needs torch and transformers (the extra `torch`),
scipy.
"""

from __future__ import annotations

import argparse
import collections
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
import torch
from citations import Citations, read_citations
from numpy.typing import NDArray
from tokenizers import Tokenizer
from transformers import AutoModel

from fallow_index.encoders.minilm import MiniLmEncoder
from fallow_index.encoders.weights import find_weights

LENGTH = 160
"""Word pieces read of a paper while training; 256 are read when encoding."""
FROZEN = 3
HARD = 60
RANKS = slice(10, 160)
"""Where hard negatives come from: below the very best, many of which are prior work that was not cited."""
K1, B, QUERY_POWER = 2.0, 0.75, 0.75
LEAST_DOCUMENTS = 2

HIDDEN_FILE, OFFSETS_FILE, HARD_FILE = "hidden.npy", "offsets.npy", "hard.npy"
RARITY_FILE = "rarity.npy"
DENSE_FILE, DOCUMENTS_FILE, QUERIES_FILE = "dense.npy", "lexical_documents.npz", "lexical_queries.npz"


def main() -> None:
    """Read the options, compute, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("papers", type=Path)
    parser.add_argument("citations", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=20261120)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    data = read_citations(options.papers, options.citations)
    dense = MiniLmEncoder().encode(data.texts)
    np.save(options.work / DENSE_FILE, dense)
    documents, queries = lexical_matrices(data.texts)
    sparse.save_npz(options.work / DOCUMENTS_FILE, documents)
    sparse.save_npz(options.work / QUERIES_FILE, queries)
    np.save(options.work / RARITY_FILE, rarity(data.texts))
    hard = hard_negatives(data, dense, documents, queries, np.random.default_rng(options.seed))
    np.save(options.work / HARD_FILE, hard)
    write_hidden(options.work, data.texts)


def lexical_matrices(texts: Sequence[str]) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """BM25 as a product: documents [n, terms] and queries [n, terms], one row a text."""
    counted = [collections.Counter(re.findall(r"\w+", text.lower())) for text in texts]
    frequency = collections.Counter(term for counts in counted for term in counts)
    kept = [term for term, papers in frequency.items() if LEAST_DOCUMENTS <= papers < len(texts) / 4]
    columns = {term: at for at, term in enumerate(kept)}
    lengths = np.array([sum(counts.values()) for counts in counted])
    norms = K1 * (1 - B + B * lengths / lengths.mean())
    rows, places, document, query = [], [], [], []
    for row, counts in enumerate(counted):
        for term, count in counts.items():
            if term in columns:
                rows.append(row)
                places.append(columns[term])
                rarity = np.log1p((len(texts) - frequency[term] + 0.5) / (frequency[term] + 0.5))
                document.append(rarity * count * (K1 + 1) / (count + norms[row]))
                query.append(count**QUERY_POWER)
    shape = (len(texts), len(kept))
    return (
        sparse.csr_matrix((np.array(document, np.float32), (rows, places)), shape),
        sparse.csr_matrix((np.array(query, np.float32), (rows, places)), shape),
    )


def rarity(texts: Sequence[str]) -> NDArray[np.float32]:
    """Inverse document frequency of every word piece: log(1 + (N - n + .5) / (n + .5)), [vocabulary]."""
    encoder = MiniLmEncoder()
    frequency = np.zeros(len(encoder.words))
    for start in range(0, len(texts), 2000):
        for ids in encoder.word_pieces(texts[start : start + 2000]):
            frequency[np.unique(ids)] += 1
    return np.log1p((len(texts) - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)


def hard_negatives(
    data: Citations,
    dense: NDArray[np.float32],
    documents: sparse.csr_matrix,
    queries: sparse.csr_matrix,
    rng: np.random.Generator,
) -> NDArray[np.int32]:
    """HARD papers for every citing paper that words and vectors find near and that are unrelated by citation:
    int32 [papers, HARD], -1 for papers that cite nothing."""
    related = data.related()
    found = np.full((len(data.texts), HARD), -1, np.int32)
    for citing in np.unique(data.pairs[:, 0]).tolist():
        lexical = np.asarray((queries[citing] @ documents.T).todense())[0]
        similar = dense @ dense[citing]
        fused = (lexical - lexical.mean()) / lexical.std() / 4 + (similar - similar.mean()) / similar.std()
        fused[(data.years > data.years[citing])] = -np.inf
        fused[citing] = -np.inf
        near = [row for row in np.argsort(-fused)[: RANKS.stop].tolist() if row not in related[citing]]
        pool = near[RANKS]
        if len(pool) >= HARD:
            found[citing] = rng.choice(pool, HARD, replace=False)
    return found


def write_hidden(work: Path, texts: Sequence[str]) -> None:
    """What layer FROZEN gives of every text, float16, laid end to end, and the offsets."""
    weights = find_weights()
    tokenizer = Tokenizer.from_file(str(weights.tokenizer))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LENGTH)
    pieces = [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts))]
    lengths = np.array([len(ids) for ids in pieces])
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    np.save(work / OFFSETS_FILE, offsets)
    model = AutoModel.from_pretrained(weights.model.parent).eval()
    hidden = np.lib.format.open_memmap(work / HIDDEN_FILE, "w+", np.float16, (int(offsets[-1]), 384))
    order = np.argsort(-lengths)
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        for start in range(0, len(order), 32):
            rows = order[start : start + 32]
            states = _frozen_layers(model, [pieces[row] for row in rows])
            for at, row in enumerate(rows):
                hidden[offsets[row] : offsets[row + 1]] = states[at, : lengths[row]]
    hidden.flush()


def _frozen_layers(model: torch.nn.Module, pieces: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    longest = max(map(len, pieces))
    ids = torch.tensor([[*some, *[0] * (longest - len(some))] for some in pieces])
    mask = torch.tensor([[1.0] * len(some) + [0.0] * (longest - len(some)) for some in pieces])
    states = model.embeddings(ids)
    bias = ((1 - mask) * -1e4)[:, None, None, :].to(torch.bfloat16)
    for layer in model.encoder.layer[:FROZEN]:
        out = layer(states, attention_mask=bias)
        states = out[0] if isinstance(out, tuple) else out
    return states.float().numpy()


if __name__ == "__main__":
    main()
