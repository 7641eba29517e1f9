"""An invented library in which every strategy finds its evidence, and a meaning made of words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np

from fallow.gaps.survey import Saying, Survey, take_survey
from fallow.statements.reading import Found
from fallow.statements.store import replace_statements
from fallow_ingest.catalog import Catalog
from fallow_ingest.records import Paper, Section
from fallow_ingest.text.sentences import split_sentences

SLOW = "Sampling needs a thousand network evaluations for every generated melody, which makes it slow."
SLOWER = "Drawing one melody takes hundreds of denoising steps, so interactive use is out of reach."
ENGLISH = "Only English lyrics are evaluated."
ENGLISH_TOO = "All lyrics and ratings are in English."
LABELS = "Training needs expert labels of harmony, which are costly human annotations to collect."
LABELS_TOO = "The method depends on labelled harmony, and annotation by musicians is expensive."
UNSTABLE = "Training is unstable and collapses in some runs."
FAST = "Trajectory distillation draws a road layout in four steps instead of a thousand."
SELF = "Contrastive distillation learns such features without labels from plain recordings."
STEADY = "Gradient clipping makes the training of bridge inspection networks stable in every run."
EARLIER = "Earlier bridge inspection networks are unstable to train and need restarts."


def paper(
    number: int,
    title: str,
    abstract: str,
    *,
    keywords: Sequence[str] = (),
    limitations: Sequence[str] = (),
    earlier: Sequence[str] = (),
    year: int = 2022,
) -> Paper:
    """A paper of the invented library."""
    sections = []
    if limitations:
        sections.append(Section("Limitations", " ".join(limitations), "limitations"))
    if earlier:
        sections.append(Section("Limits of earlier work", " ".join(earlier), "related_work"))
    return Paper(
        key=f"test:{number}",
        title=title,
        abstract=abstract,
        authors=(f"Ada Author{number}", f"Bo Writer{number}"),
        year=year,
        date=str(year),
        keywords=tuple(keywords),
        sections=tuple(sections),
    )


def melody_papers() -> list[Paper]:
    """The subject that suffers: four independent groups on melody generation."""
    about = (
        "Melody generation is studied on the folk tunes of the TuneBench corpus. Listeners rate the results."
    )
    return [
        paper(
            1,
            "Melody generation with diffusion",
            about,
            keywords=["melody generation"],
            limitations=[SLOW, ENGLISH],
        ),
        paper(
            2,
            "Lyrics and melody generation",
            about,
            keywords=["melody generation"],
            limitations=[SLOWER, ENGLISH_TOO],
        ),
        paper(
            3,
            "Harmony in melody generation",
            about,
            keywords=["melody generation"],
            limitations=[LABELS, UNSTABLE],
        ),
        paper(
            4, "A study of melody generation", about, keywords=["melody generation"], limitations=[LABELS_TOO]
        ),
    ]


def cure_papers() -> list[Paper]:
    """The subjects where the like was cured."""
    return [
        paper(
            11,
            "Trajectory distillation for road layout planning",
            f"Road layout planning asks for many proposals. {FAST}",
            keywords=["trajectory distillation", "road layout planning"],
        ),
        paper(
            12,
            "Contrastive distillation for bird call recognition",
            f"Bird call recognition works on recordings of forests. {SELF}",
            keywords=["contrastive distillation", "bird call recognition"],
        ),
        paper(
            13,
            "Stable bridge inspection",
            f"Bridge inspection networks look at photographs of steel. {STEADY}",
            keywords=["gradient clipping", "bridge inspection"],
            earlier=[EARLIER],
        ),
    ]


def filler_papers(count: int = 24) -> list[Paper]:
    """Papers that admit nothing and cure nothing."""
    subjects = (
        "tide forecasting",
        "leaf classification",
        "rail scheduling",
        "soil mapping",
        "dye mixing",
        "glass sorting",
    )
    return [
        paper(
            100 + n,
            f"Notes on {subjects[n % 6]}, part {n // 6 + 1}",
            f"We describe {subjects[n % 6]} in a plain way. The data come from {n + 3} stations.",
            keywords=[subjects[n % 6]],
            year=2015 + n % 8,
        )
        for n in range(count)
    ]


def library(folder: Path, papers: Iterable[Paper]) -> Catalog:
    """A catalog of papers, its statements put in as a miner would."""
    catalog = Catalog.open(folder, create=True)
    catalog.add(papers, "test")
    mine(catalog)
    return catalog


def mine(catalog: Catalog) -> None:
    """Every sentence of the sections that admit something, as a statement: no model decides."""
    with catalog.writing() as connection:
        for stored in list(catalog.papers()):
            found = [
                Found(
                    section.number,
                    "limitation",
                    "prior" if section.kind == "related_work" else "own",
                    "plain",
                    section.text[start:end],
                    start,
                    end,
                    0.9,
                    "",
                )
                for section in catalog.sections(stored.number)
                for start, end in split_sentences(section.text)
            ]
            vectors = np.zeros((len(found), 4), np.float16)
            replace_statements(connection, stored.number, b"test", len(found), found, vectors)


class WordMeaning:
    """Meaning without a model: hashed words, so that texts which share words are alike."""

    def __init__(self, survey: Survey) -> None:
        self._papers = survey.papers

    def of_papers(self, numbers: Sequence[int]) -> np.ndarray:
        """Vectors of titles and abstracts."""
        return self.of_texts([f"{self._papers[n].title} {self._papers[n].abstract}" for n in numbers])

    def of_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors [n, 256]; a constant share keeps any two texts slightly alike."""
        vectors = np.full((len(texts), 256), 0.12, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"[a-z]+", text.lower()):
                vectors[row, blake2b(word.encode(), digest_size=1).digest()[0]] += 1.0
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def survey_of(catalog: Catalog) -> Survey:
    """The survey of an invented library."""
    return take_survey(catalog)


def admission(survey: Survey, key: str) -> Sequence[Saying]:
    """What papers admit of one weakness."""
    return survey.admissions.get(key, ())
