"""Places on the map: directions apart, subfields as discs around their direction, papers as a sunflower in
the disc.

The square is 0..1000 on both axes. Everything follows from the seed and the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SQUARE = 1000.0
_GOLDEN_ANGLE = np.pi * (3.0 - np.sqrt(5.0))


@dataclass(frozen=True, slots=True)
class Discs:
    """Centres float [k, 2] and radii float [k] of k topics."""

    centres: Floats
    radii: Floats


def lay_out(
    between: Floats, sizes: Ints, direction_of: Ints, *, seed: int = 0, start: Floats | None = None
) -> tuple[Discs, Discs]:
    """(discs of directions, discs of subfields).

    between: float [k, k], weight between subfields. sizes: papers of each. direction_of: int [k]. start:
    float [k, 2] places of an earlier map (nan where there is none), so that the map a person knows does not
    turn around.
    """
    k = sizes.size
    if k == 0:
        empty = Discs(np.zeros((0, 2)), np.zeros(0))
        return empty, empty
    weight = np.asarray(between, dtype=np.float64).copy()
    np.fill_diagonal(weight, 0.0)
    radii = np.sqrt(sizes / max(1, sizes.sum()))
    if start is not None and np.isfinite(start).all(axis=1).mean() > 0.5:
        places = _as_before(start, radii, direction_of)
    else:
        places = _continents(weight, radii, direction_of, np.random.default_rng(seed))
    low, high = (places - radii[:, None]).min(axis=0), (places + radii[:, None]).max(axis=0)
    scale = SQUARE / max(float((high - low).max()), 1e-9)
    return _around((places - low) * scale, radii * scale, direction_of)


def _as_before(start: Floats, radii: Floats, direction_of: Ints) -> Floats:
    """Known places, new topics in the middle of their direction, overlaps pushed apart."""
    places = start / SQUARE
    old = np.isfinite(start).all(axis=1)
    for k in np.flatnonzero(~old):
        siblings = old & (direction_of == direction_of[k])
        places[k] = places[siblings if siblings.any() else old].mean(axis=0)
    spread = np.sqrt(float((places[old].max(axis=0) - places[old].min(axis=0)).prod()) or 1.0)
    # The old map filled the square; its discs were smaller than the unit radii by the same factor.
    places = places * max(2.2 * float(np.sqrt((radii**2).sum())) / max(spread, 1e-9), 1.0)
    return _push_apart(places, radii * 1.06, 400)


def _continents(weight: Floats, radii: Floats, direction_of: Ints, rng: np.random.Generator) -> Floats:
    """Each direction packed as a disc of its own, the discs placed, then turned so that related borders
    face."""
    directions = int(direction_of.max()) + 1
    local = np.zeros((radii.size, 2))
    extent = np.zeros(directions)
    for d in range(directions):
        own = np.flatnonzero(direction_of == d)
        points = _springs(weight[np.ix_(own, own)], rng.normal(0, 1, (own.size, 2)), 200)
        points = (
            points
            / max(1e-9, float(np.abs(points).max(initial=0.0)))
            * float(np.sqrt((radii[own] ** 2).sum()))
        )
        points = _push_apart(points, radii[own] * 1.06, 400, inward=0.02)
        points -= (points * radii[own, None] ** 2).sum(axis=0) / (radii[own] ** 2).sum()
        local[own] = points
        extent[d] = float((np.sqrt((points**2).sum(axis=1)) + radii[own]).max())
    member = np.zeros((directions, radii.size))
    member[direction_of, np.arange(radii.size)] = 1.0
    above = member @ weight @ member.T
    np.fill_diagonal(above, 0.0)
    centres = _springs(above, rng.normal(0, 1, (directions, 2)), 300)
    centres = centres / max(1e-9, float(np.abs(centres).max())) * float(np.sqrt((extent**2).sum()))
    centres = _push_apart(centres, extent * 1.08, 600, inward=0.02)
    places = centres[direction_of] + local
    for d in range(directions):
        own, others = np.flatnonzero(direction_of == d), np.flatnonzero(direction_of != d)
        places[own] = centres[d] + _turned(
            local[own], centres[d], places[others], weight[np.ix_(own, others)]
        )
    return places


def _turned(local: Floats, centre: Floats, others: Floats, weight: Floats, turns: int = 36) -> Floats:
    """The rotation of `local` that brings its points nearest to the points outside they are linked with."""
    best, least = local, np.inf
    for angle in np.linspace(0.0, 2 * np.pi, turns, endpoint=False):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        points = local @ turn.T
        apart = (centre + points)[:, None, :] - others[None, :, :]
        strain = float((weight * np.sqrt((apart**2).sum(axis=2))).sum())
        if strain < least - 1e-12:
            best, least = points, strain
    return best


def _around(centres: Floats, radii: Floats, direction_of: Ints) -> tuple[Discs, Discs]:
    """Directions as the discs around their subfields."""
    directions = int(direction_of.max()) + 1
    middle, reach = np.zeros((directions, 2)), np.zeros(directions)
    for d in range(directions):
        own = direction_of == d
        middle[d] = (centres[own] * radii[own, None] ** 2).sum(axis=0) / (radii[own] ** 2).sum()
        reach[d] = float((np.sqrt(((centres[own] - middle[d]) ** 2).sum(axis=1)) + radii[own]).max())
    return Discs(middle, reach), Discs(centres, radii)


def sunflower(centre: Floats, radius: float, count: int) -> Floats:
    """`count` points, evenly spread over a disc, the first in the middle (Vogel 1979): float [count, 2]."""
    rank = np.arange(count)
    distance = radius * np.sqrt((rank + 0.5) / max(1, count))
    angle = rank * _GOLDEN_ANGLE
    return np.asarray(centre + np.stack([distance * np.cos(angle), distance * np.sin(angle)], axis=1))


def _springs(weight: Floats, start: Floats, rounds: int) -> Floats:
    """Forces of Fruchterman & Reingold (1991) with a cooling step, and a little gravity for what is not
    linked."""
    places = start.astype(np.float64).copy()
    n = places.shape[0]
    if n < 2:
        return places * 0.0
    strength = np.sqrt(weight / max(float(weight.max()), 1e-12))
    ideal = 1.0 / np.sqrt(n)
    for step in range(rounds):
        apart = places[:, None, :] - places[None, :, :]
        distance = np.maximum(np.sqrt((apart**2).sum(axis=2)), 1e-6)
        force = ideal**2 / distance**2 - strength * distance / ideal
        np.fill_diagonal(force, 0.0)
        move = (apart * force[:, :, None]).sum(axis=1) - 0.5 * places
        length = np.maximum(np.sqrt((move**2).sum(axis=1, keepdims=True)), 1e-9)
        places += move / length * np.minimum(length, 0.2 * (1.0 - step / rounds))
    return places


def _push_apart(start: Floats, radii: Floats, rounds: int, inward: float = 0.0) -> Floats:
    """Discs that overlap push each other away, half of the overlap each, until none does.

    inward: share of the way to the middle that every disc moves in the first two thirds of the rounds.
    """
    places = start.astype(np.float64).copy()
    n = places.shape[0]
    room = radii[:, None] + radii[None, :]
    for step in range(rounds):
        if step < rounds * 2 / 3:
            places -= inward * (places - places.mean(axis=0))
        apart = places[:, None, :] - places[None, :, :]
        distance = np.sqrt((apart**2).sum(axis=2))
        overlap = np.maximum(room - distance, 0.0)
        np.fill_diagonal(overlap, 0.0)
        if float(overlap.max(initial=0.0)) < 1e-4 and (inward == 0.0 or step >= rounds * 2 / 3):
            break
        # Two discs on one spot have no direction to leave in: give them one that depends on their order.
        angle = (np.arange(n)[:, None] - np.arange(n)[None, :]) * _GOLDEN_ANGLE
        away = np.where(
            distance[:, :, None] > 1e-9,
            apart / np.maximum(distance, 1e-9)[:, :, None],
            np.stack([np.cos(angle), np.sin(angle)], axis=2),
        )
        places += 0.5 * (away * overlap[:, :, None]).sum(axis=1)
    return places


def central_first(adjacency: Any, labels: Ints) -> Floats:
    """Weight of each paper inside its own topic: float [n]; the paper with the most stands in the middle."""
    rows = np.repeat(np.arange(labels.size), np.diff(adjacency.indptr))
    same = (labels[rows] == labels[adjacency.indices]) & (labels[rows] >= 0)
    weight = np.bincount(rows[same], weights=adjacency.data[same], minlength=labels.size)
    return np.asarray(weight, dtype=np.float64)
