from __future__ import annotations

import numpy as np

from fallow.topics.layout import lay_out, sunflower


def planted(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    parent = np.repeat(np.arange(4), 6)
    weight = np.where(parent[:, None] == parent[None, :], 5.0, 0.3) * rng.random((24, 24))
    return weight + weight.T, rng.integers(5, 100, 24), parent


def test_discs_do_not_overlap_and_fit_the_square() -> None:
    _, discs = lay_out(*planted())
    apart = np.linalg.norm(discs.centres[:, None] - discs.centres[None], axis=2)
    room = discs.radii[:, None] + discs.radii[None, :]
    np.fill_diagonal(apart, np.inf)
    assert (apart > room * 0.99).all()
    assert (discs.centres - discs.radii[:, None] > -1e-6).all()
    assert (discs.centres + discs.radii[:, None] < 1000 + 1e-6).all()


def test_subfields_stand_by_their_siblings() -> None:
    weight, sizes, parent = planted()
    _, discs = lay_out(weight, sizes, parent)
    apart = np.linalg.norm(discs.centres[:, None] - discs.centres[None], axis=2)
    same = parent[:, None] == parent[None, :]
    np.fill_diagonal(same, False)
    assert apart[same].mean() < 0.7 * apart[parent[:, None] != parent[None, :]].mean()


def test_one_seed_one_map() -> None:
    first, again = lay_out(*planted(), seed=5), lay_out(*planted(), seed=5)
    assert (first[1].centres == again[1].centres).all()


def test_an_earlier_map_is_kept() -> None:
    weight, sizes, parent = planted()
    _, before = lay_out(weight, sizes, parent, seed=0)
    start = before.centres.copy()
    start[3] = np.nan
    _, after = lay_out(weight, sizes, parent, seed=9, start=start)
    kept = np.delete(np.arange(24), 3)
    for axis in (0, 1):
        assert np.corrcoef(after.centres[kept, axis], before.centres[kept, axis])[0, 1] > 0.95


def test_no_topics_and_one_topic() -> None:
    empty = lay_out(np.zeros((0, 0)), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    assert empty[0].centres.shape == (0, 2)
    _, one = lay_out(np.ones((1, 1)), np.array([7]), np.array([0]))
    assert np.isfinite(one.centres).all()


def test_sunflower_stays_in_its_disc() -> None:
    points = sunflower(np.array([10.0, 20.0]), 5.0, 200)
    assert (np.linalg.norm(points - [10, 20], axis=1) <= 5.0).all()
    assert len({tuple(p) for p in points.round(6)}) == 200
