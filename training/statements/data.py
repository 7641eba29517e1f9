"""Readers of the label sets (see README.md of this folder): what each gives to which head."""

from __future__ import annotations

import gzip
import hashlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fallow.statements.features import Sample
from fallow_ingest.records import SectionKind
from fallow_ingest.text.sections import section_kind

IGNORANCE = (
    "incomplete_evidence",
    "important_consideration",
    "probable_understanding",
    "future_work",
    "problem_complication",
    "full_unknown",
    "difficult_task",
)
ROLES = ("background", "result")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sentence and the heads it has an opinion on: head -> (truth, weight)."""

    sample: Sample
    group: str
    truth: dict[str, tuple[bool, float]] = field(default_factory=dict)


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Objects of a .jsonl or .jsonl.gz file."""
    with path.open("rb") as raw, gzip.open(raw) if path.suffix == ".gz" else raw as stream:
        for line in stream:
            yield json.loads(line)


def held_out(group: str, part: int = 0, parts: int = 5) -> bool:
    """Whether a paper falls into one of `parts` folds, the same on every machine."""
    return int(hashlib.md5(group.encode(), usedforsecurity=False).hexdigest(), 16) % parts == part


def challenges(labels: Path, part: str) -> list[Labelled]:
    """Problem and direction (Lahav et al., 2022), biomedical."""
    return [
        Labelled(
            Sample(row["text"], row["prev_sentence"], row["next_sentence"]),
            row["paper_id"],
            {head: (row[head] == "1.0", 1.0) for head in ("problem", "direction")},
        )
        for row in lines(labels / f"challenges_directions.{part}.jsonl")
    ]


def ignorance(labels: Path) -> list[Labelled]:
    """Kinds of stated ignorance (Boguslav et al., 2021), biomedical."""
    found = []
    for row in lines(labels / "ignorance.train.jsonl.gz"):
        truth = {"ignorance:any": (bool(row["cats"]), 1.0)}
        truth |= {f"ignorance:{kind}": (kind in row["cats"], 1.0) for kind in IGNORANCE}
        found.append(Labelled(Sample(row["text"]), row["pmcid"], truth))
    return found


def conclusions(labels: Path) -> list[Labelled]:
    """Future-work sentences against other conclusion sentences of ACL papers."""
    found = [
        Labelled(Sample(row["text"]), row["id"], {"conclusion:future_work": (True, 1.0)})
        for row in lines(labels / "future_work.dev.jsonl.gz")
    ]
    for row in lines(labels / "conclusion_sentences.silver.jsonl.gz"):
        votes = row["silver_9b69"] + row["silver_d829"] + row["silver_4e24"]
        if votes in (0, 3):
            truth = {"conclusion:future_work": (votes == 3, 1.0)}
            found.append(Labelled(Sample(row["text"]), row["id"].removesuffix(".txt"), truth))
    return found


def roles(labels: Path, part: str) -> list[Labelled]:
    """Roles of the sentences of computer-science abstracts (Cohan et al., 2019)."""
    found = []
    for number, row in enumerate(lines(labels / f"csabstruct.{part}.jsonl.gz")):
        for sentence, role in zip(row["sentences"], row["labels"], strict=True):
            truth = {f"role:{name}": (role == name, 1.0) for name in ROLES}
            found.append(Labelled(Sample(sentence), f"{part}{number}", truth))
    return found


LEDGER_KINDS = {"L": "limitation", "F": "future_work", "Q": "open_question", "N": "negative_result"}


def ledger_truth(kind: str, weight: float) -> dict[str, tuple[bool, float]]:
    """Truth for every ledger head; kind: one of LEDGER_KINDS' values, or ""."""
    truth = {f"ledger:{name}": (name == kind, weight) for name in LEDGER_KINDS.values()}
    return {"ledger:any": (kind != "", weight)} | truth


def sentence_key(text: str) -> str:
    """What stands for a sentence in labels.tsv: the texts themselves are not ours to publish."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class OwnLabel:
    """One line of labels.tsv: key of the sentence, paper, kind ("" for none), owner ("" for none)."""

    key: str
    paper: str
    kind: str
    owner: str


def own_labels(path: Path) -> dict[str, OwnLabel]:
    """Our own reading of candidate sentences, by sentence key."""
    rows = [
        line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    owners = {"o": "own", "p": "prior", "f": "field", "-": ""}
    return {
        key: OwnLabel(key, paper, LEDGER_KINDS.get(kind, ""), owners[owner])
        for key, paper, kind, owner in rows
    }


def fulltexts(folder: Path) -> Iterator[tuple[str, list[tuple[SectionKind, str, str]]]]:
    """(paper, [(kind, heading, text)]) of the two full-text files; the abstract is the first section."""
    for row in lines(folder / "acl.jsonl.gz"):
        sections: list[tuple[SectionKind, str, str]] = [("abstract", "", row.get("abstract") or "")]
        sections += [
            (section_kind(s["heading"]), s["heading"], " ".join(s["sentences"])) for s in row["sections"]
        ]
        yield f"acl:{row['acl_id']}", sections
    for row in lines(folder / "pmlr.jsonl.gz"):
        sections = [("abstract", "", row.get("abstract") or "")]
        sections += [
            (section_kind(s["heading"]), s["heading"], s["text"])
            for s in row["fulltext"]["sections"]
            if s["heading"].lower() != "abstract"
        ]
        yield f"pmlr:{row['id']}", sections


def sample_library(folder: Path) -> Iterator[tuple[str, SectionKind, str, str]]:
    """(paper, section kind, kind letter, sentence) of our own summaries."""
    names: tuple[tuple[str, SectionKind, str], ...] = (
        ("limitations", "limitations", "L"),
        ("future_work", "future_work", "F"),
        ("limits_of_earlier_work", "related_work", "L"),
    )  # fmt: skip
    for path in sorted(folder.glob("*.toml")):
        for paper in tomllib.loads(path.read_text(encoding="utf-8")).get("paper", []):
            for name, kind, letter in names:
                for entry in paper.get(name, []):
                    yield paper["id"], kind, letter, entry["text"] if isinstance(entry, dict) else entry
