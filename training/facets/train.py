"""Train the roles of sentences in abstracts; writes index/fallow_index/facets/roles.npz.

    python training/facets/train.py --data ../shared/data [--penalty 0.001] [--out FILE]

A linear-chain conditional random field, fitted by L-BFGS on the exact likelihood. Same data, same weights.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import logsumexp

from fallow_index.facets import ROLES
from fallow_index.facets.features import BUCKETS, feature_rows
from fallow_index.facets.roles import RoleClassifier, read_role_classifier, role_weights_file

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

OUT = Path(__file__).parents[2] / "index" / "fallow_index" / "facets" / "roles.npz"
SIZE = len(ROLES)


@dataclass(frozen=True, eq=False)
class Abstracts:
    """Labelled abstracts laid end to end: rows [sentences, BUCKETS], roles [sentences], lengths [abstracts].

    padded[a, t] is the sentence at place t of abstract a, -1 past its end.
    """

    rows: sparse.csr_matrix
    roles: Integers
    padded: Integers

    @classmethod
    def of(cls, labelled: Sequence[tuple[list[str], list[str]]]) -> Abstracts:
        """From (sentences, roles) of each abstract."""
        lengths = [len(sentences) for sentences, _ in labelled]
        padded = np.full((len(lengths), max(lengths)), -1, np.int64)
        start = 0
        for at, length in enumerate(lengths):
            padded[at, :length] = np.arange(start, start + length)
            start += length
        rows = sparse.vstack([feature_rows(sentences) for sentences, _ in labelled], format="csr")
        roles = np.array([ROLES.index(role) for _, labels in labelled for role in labels], np.int64)  # type: ignore[arg-type]
        return cls(rows.astype(np.float64), roles, padded)


def read_abstracts(path: Path) -> Iterator[tuple[list[str], list[str]]]:
    """(sentences, roles) of each labelled abstract."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["sentences"]:
                yield row["sentences"], row["labels"]


def fit(data: Abstracts, penalty: float, iterations: int) -> RoleClassifier:
    """Maximum likelihood with an L2 penalty on every parameter but the biases."""

    def parts(flat: Floats) -> tuple[Floats, Floats, Floats]:
        cut = BUCKETS * SIZE
        return (
            flat[:cut].reshape(BUCKETS, SIZE),
            flat[cut : cut + SIZE],
            flat[cut + SIZE :].reshape(SIZE, SIZE),
        )

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights, bias, follows = parts(flat)
        value, to_emissions, to_follows = negative_likelihood(data, data.rows @ weights + bias, follows)
        scale = 1 / len(data.roles)
        gradient = np.concatenate(
            [
                (scale * (data.rows.T @ to_emissions) + penalty * weights).ravel(),
                scale * to_emissions.sum(axis=0),
                (scale * to_follows + penalty * follows).ravel(),
            ]
        )
        return scale * value + penalty / 2 * float((weights**2).sum() + (follows**2).sum()), gradient

    start = np.zeros(BUCKETS * SIZE + SIZE + SIZE * SIZE)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": iterations})
    weights, bias, follows = (part.astype(np.float32) for part in parts(found.x))
    return RoleClassifier(weights, bias, follows)


def negative_likelihood(data: Abstracts, emissions: Floats, follows: Floats) -> tuple[float, Floats, Floats]:
    """Minus the log-likelihood of all abstracts, and its gradients by emissions and by `follows`.

    Forward and backward sums over all abstracts at once (Rabiner 1989), a step a place in the abstract.
    """
    padded, here = data.padded, data.padded >= 0
    count, longest = padded.shape
    scores = np.where(here[:, :, None], emissions[padded], 0)
    forward = np.zeros((longest, count, SIZE))
    forward[0] = scores[:, 0]
    for t in range(1, longest):
        step = logsumexp(forward[t - 1][:, :, None] + follows, axis=1) + scores[:, t]
        forward[t] = np.where(here[:, t, None], step, forward[t - 1])
    backward = np.zeros((longest, count, SIZE))
    for t in range(longest - 2, -1, -1):
        step = logsumexp(follows + (scores[:, t + 1] + backward[t + 1])[:, None, :], axis=2)
        backward[t] = np.where(here[:, t + 1, None], step, backward[t + 1])
    whole = logsumexp(forward[-1], axis=1)
    marginal = np.exp(forward + backward - whole[None, :, None]).transpose(1, 0, 2)[here]
    to_emissions = np.zeros_like(emissions)
    to_emissions[padded[here]] = marginal
    to_emissions[np.arange(len(data.roles)), data.roles] -= 1
    to_follows = np.zeros((SIZE, SIZE))
    gold = 0.0
    for t in range(1, longest):
        both = here[:, t]
        pair = (
            forward[t - 1][both][:, :, None]
            + follows
            + (scores[both, t] + backward[t][both])[:, None, :]
            - whole[both][:, None, None]
        )
        to_follows += np.exp(pair).sum(axis=0)
        before, after = data.roles[padded[both, t - 1]], data.roles[padded[both, t]]
        np.subtract.at(to_follows, (before, after), 1)
        gold += float(follows[before, after].sum())
    gold += float(emissions[np.arange(len(data.roles)), data.roles].sum())
    return float(whole.sum()) - gold, to_emissions, to_follows


def figures(classifier: RoleClassifier, labelled: Sequence[tuple[list[str], list[str]]]) -> dict[str, float]:
    """Share of sentences with the right role, micro as published (F1 of single labels), and F1 a role."""
    pairs = [
        (gold, found)
        for sentences, labels in labelled
        for gold, found in zip(labels, classifier.classify(sentences), strict=True)
    ]
    values = {"accuracy": sum(gold == found for gold, found in pairs) / len(pairs)}
    for role in ROLES:
        right = sum(gold == found == role for gold, found in pairs)
        values[role] = 2 * right / max(sum((gold == role) + (found == role) for gold, found in pairs), 1)
    return {name: round(value, 4) for name, value in values.items()}


def main() -> None:
    """Train, write the weights, print figures of both parts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--penalty", type=float, default=1e-3)
    parser.add_argument("--iterations", type=int, default=40)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    train = list(read_abstracts(options.data / "labels" / "csabstruct.train.jsonl.gz"))
    dev = list(read_abstracts(options.data / "labels" / "csabstruct.dev.jsonl.gz"))
    classifier = fit(Abstracts.of(train), options.penalty, options.iterations)
    options.out.write_bytes(role_weights_file(classifier))
    stored = read_role_classifier(options.out.read_bytes())
    print(f"{options.out}: {options.out.stat().st_size:,} bytes")
    print("train", figures(stored, train))
    print("dev", figures(stored, dev))


if __name__ == "__main__":
    main()
