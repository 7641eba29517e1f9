"""Which statements say the same thing: sentence vectors and shared content words, strict on purpose."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

_WORD = re.compile(r"[a-z][a-z0-9-]*")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STOP = _words(
    "highlight avenue avenues issue issues open question questions potential number limitation "
    "limitations drawback drawbacks shortcoming shortcomings weakness address addressed list three four "
    "five important remain remains answer suggest suggests suggested topic topics step steps area areas "
    "challenge challenges aspect aspects several point points left following experiment experiments "
    "analysis future work works main final section a an the of to in on for with by from at as and or "
    "but not no is are was were be been being it its this that these those we our us they their them "
    "which who what how why whether when where there here than then so such also more most much many "
    "some any all each both other another can could may might will would should must do does did have "
    "has had if into over under between using use used based only very well still even further however "
    "new different various approach approaches method methods model models system systems paper study "
    "studies algorithm algorithms technique techniques proposed present result results problem problems "
    "task tasks one two first second better good able make additional interesting direction directions "
    "possible currently current improve improved improving improvement explore exploring investigate "
    "investigating investigation consider considering applying apply applied extend extending extension "
    "extended studying develop developing like plan via e g i et al way ways case cases need needs lead "
    "often without because due itself framework performance research "
)
_SUFFIX = re.compile(
    r"(?:ational|ization|isation|izing|ising|ations?|ically|ments?|ness|ities|ity|ings?|ed|es|s|ly|al|ic)$"
)
COSINE_LEAST = 0.64
"""Below this two statements are never the same."""
LIKENESS_LEAST = 0.70
"""Of cosine + OVERLAP_WEIGHT * (overlap - OVERLAP_EXPECTED)."""
OVERLAP_WEIGHT = 0.30
OVERLAP_EXPECTED = 0.35
OVERLAP_LEAST = 0.20
SAME_CENTRE = 0.80
"""Cosine from which two groups are one."""
_BLOCK = 1024

Floats = npt.NDArray[np.float32]


def content_stems(core: str) -> frozenset[str]:
    """Crude stems of the words that carry the content of a statement's core.

    >>> sorted(content_stems("extend the parser to other languages"))
    ['language', 'parser']
    """
    return frozenset(
        stem(word) for word in _WORD.findall(core.lower()) if word not in _STOP and len(word) > 2
    )


def stem(word: str) -> str:
    """The word without a common English ending, at least four letters long."""
    cut = _SUFFIX.sub("", word)
    if word.endswith("s") and not word.endswith("ss") and len(word) > 4 and cut == word[:-2]:
        cut = word[:-1]
    return cut if len(cut) >= 4 else word


def overlaps(stems: Sequence[frozenset[str]]) -> sparse.csr_matrix:
    """Rows for weighted overlap: sparse float32 [n, vocabulary], entries sqrt(idf), rows of length one."""
    vocabulary: dict[str, int] = {}
    frequency: dict[str, int] = {}
    for row in stems:
        for word in row:
            vocabulary.setdefault(word, len(vocabulary))
            frequency[word] = frequency.get(word, 0) + 1
    indices: list[int] = []
    values: list[float] = []
    starts = [0]
    for row in stems:
        words = sorted(row)
        weights = np.array([np.log1p(len(stems) / frequency[word]) for word in words], np.float32)
        norm = float(np.sqrt((weights**2).sum())) or 1.0
        indices.extend(vocabulary[word] for word in words)
        values.extend((weights / norm).tolist())
        starts.append(len(indices))
    return sparse.csr_matrix(
        (np.array(values, np.float32), np.array(indices, np.int64), np.array(starts, np.int64)),
        shape=(len(stems), max(1, len(vocabulary))),
    )


def likeness_graph(vectors: Floats, words: sparse.csr_matrix) -> sparse.csr_matrix:
    """Likeness of every pair that says the same thing: symmetric sparse float32 [n, n], no diagonal.

    vectors: float32 [n, d] of length one; words: of `overlaps`. Computed block by block: memory grows with
    the pairs kept, not with n squared.
    """
    count = len(vectors)
    rows: list[npt.NDArray[np.int64]] = []
    columns: list[npt.NDArray[np.int64]] = []
    values: list[Floats] = []
    for start in range(0, count, _BLOCK):
        cosine = vectors[start : start + _BLOCK] @ vectors.T
        row, column = np.nonzero(cosine >= COSINE_LEAST)
        keep = column > row + start
        row, column = row[keep], column[keep]
        near = cosine[row, column]
        overlap = (
            np.asarray(words[row + start].multiply(words[column]).sum(axis=1)).ravel().astype(np.float32)
        )
        like = near + OVERLAP_WEIGHT * (overlap - OVERLAP_EXPECTED)
        keep = (like >= LIKENESS_LEAST) & (overlap >= OVERLAP_LEAST)
        rows.append(row[keep] + start)
        columns.append(column[keep])
        values.append(like[keep])
    row, column = (
        np.concatenate(rows or [np.zeros(0, np.int64)]),
        np.concatenate(columns or [np.zeros(0, np.int64)]),
    )
    value = np.concatenate(values or [np.zeros(0, np.float32)])
    upper = sparse.csr_matrix((value, (row, column)), shape=(count, count), dtype=np.float32)
    return (upper + upper.T).tocsr()


def stars(graph: sparse.csr_matrix, papers: npt.NDArray[np.int64]) -> list[list[int]]:
    """Groups of rows in which everything is like one centre and like half of the rest (centre first).

    Star clustering (Aslam, Pelekhov and Rus, 2004), strict variant: greedy by the number of distinct papers
    among the unassigned neighbours. papers: int64 [n], the paper of each row.
    Only groups over two papers or more.
    """
    count = graph.shape[0]
    free = np.ones(count, bool)
    strength = np.asarray(graph.sum(axis=1)).ravel()
    groups = []
    for centre in np.argsort(-strength, kind="stable"):
        if not free[centre] or strength[centre] <= 0:
            continue
        begin, end = graph.indptr[centre], graph.indptr[centre + 1]
        near = graph.indices[begin:end]
        order = np.argsort(-graph.data[begin:end], kind="stable")
        members = [int(centre)]
        for row in (int(r) for r in near[order] if free[r]):
            neighbours = set(graph.indices[graph.indptr[row] : graph.indptr[row + 1]].tolist())
            if sum(member in neighbours for member in members) * 2 >= len(members):
                members.append(row)
        if len({int(papers[member]) for member in members}) >= 2:
            groups.append(members)
            free[members] = False
    return groups


def joined(groups: list[list[int]], vectors: Floats) -> list[list[int]]:
    """Groups whose centres all but coincide, made one; the larger group's centre stays first.

    vectors: float32 [n, d] of length one.
    """
    if len(groups) < 2:
        return groups
    ordered = sorted(groups, key=lambda group: (-len(group), group))
    centres = np.array([vectors[group].mean(axis=0) for group in ordered])
    centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-6)
    into: list[list[int]] = []
    heads: list[int] = []
    for row, group in enumerate(ordered):
        near = centres[heads] @ centres[row] if heads else np.zeros(0, np.float32)
        best = int(np.argmax(near)) if len(near) else -1
        if best >= 0 and near[best] >= SAME_CENTRE:
            into[best].extend(group)
        else:
            heads.append(row)
            into.append(list(group))
    return into
