"""Abstracts for the training scripts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np


def read_abstracts(path: Path, count: int, seed: int) -> list[str]:
    """`count` texts (title and abstract) drawn from a jsonl.gz, the same ones for the same seed."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        papers = [json.loads(line) for line in lines]
    drawn = np.random.default_rng(seed).choice(len(papers), min(count, len(papers)), replace=False)
    return [paper_text(papers[number]) for number in sorted(drawn)]


def paper_text(paper: dict[str, str]) -> str:
    """Title and abstract in one line."""
    return " ".join(f"{paper['title']}. {paper['abstract']}".split())
