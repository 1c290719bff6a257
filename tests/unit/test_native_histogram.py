"""The compiled pair search against brute force in NumPy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glasswright.errors import InputError, MissingDependency
from glasswright.native import core, neighbour_pairs, pair_histogram

CELLS = {
    "cubic": np.diag([7.0, 7.0, 7.0]),
    "flat": np.diag([3.0, 9.0, 14.0]),
    "triclinic": np.array([[6.0, 0, 0], [-2.5, 5.5, 0], [1.7, 2.9, 8.0]]),
    "very skewed": np.array([[5.0, 0, 0], [11.0, 5.0, 0], [-7.0, 13.0, 6.0]]),
    "left-handed": np.array([[0, 6.0, 0], [5.0, 0, 0], [1.0, 2.0, 8.0]]),
}


def brute_force(positions, cell, r_max):
    """All (i, j, shift, vector) with 0 < distance < r_max over enough images, atom meets its own images included."""
    heights = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    spread = np.ptp(positions @ np.linalg.inv(cell), axis=0)
    reach = np.ceil(r_max / heights + spread).astype(int)
    rows = []
    for shift in itertools.product(*(range(-n, n + 1) for n in reach)):
        vectors = positions[None, :, :] + np.array(shift) @ cell - positions[:, None, :]
        distances = np.linalg.norm(vectors, axis=2)
        i, j = np.nonzero(distances < r_max)
        rows += [(a, b, shift, distances[a, b]) for a, b in zip(i, j, strict=True) if not (a == b and shift == (0, 0, 0))]
    return rows


def same_counts(counts, distances, r_max):
    """Histogram counts equal those of a list of distances, but for distances within 1e-9 of an edge."""
    edges = np.linspace(0, r_max, counts.size + 1)
    inside, outside = (np.searchsorted(np.sort(distances), edges + shift) for shift in (-1e-9, 1e-9))
    cumulative = np.concatenate([[0], np.cumsum(counts)])
    return np.all((inside <= cumulative) & (cumulative <= outside))


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("r_max", [2.0, 6.5, 15.1])
def test_histogram_equals_brute_force(name, r_max):
    rng = np.random.default_rng(3)
    cell = CELLS[name]
    positions = (rng.random((15, 3)) * 3 - 1) @ cell  # not wrapped on purpose
    types = rng.integers(0, 3, 15)
    counts = pair_histogram(positions, cell, types, 3, r_max, 40)
    rows = brute_force(positions, cell, r_max)
    assert counts.sum() == len(rows)
    for a, b in itertools.product(range(3), repeat=2):
        distances = [d for i, j, _, d in rows if (types[i], types[j]) == (a, b)]
        assert same_counts(counts[a, b], distances, r_max)


@pytest.mark.parametrize("name", CELLS)
def test_neighbours_equal_brute_force(name):
    rng = np.random.default_rng(4)
    cell = CELLS[name]
    positions = (rng.random((12, 3)) * 3 - 1) @ cell
    types = rng.integers(0, 2, 12)
    cutoffs = np.array([[2.0, 7.5], [7.5, 0.0]])
    pairs = neighbour_pairs(positions, cell, types, cutoffs)
    found = set(zip(pairs.first, pairs.second, map(tuple, pairs.shifts), strict=True))
    expected = {(i, j, s) for i, j, s, d in brute_force(positions, cell, 7.5) if d < cutoffs[types[i], types[j]]}
    assert found == expected and len(pairs.first) == len(expected)
    assert np.all(np.diff(pairs.first) >= 0)
    assert np.allclose(pairs.vectors, positions[pairs.second] + pairs.shifts @ cell - positions[pairs.first], atol=1e-12)


def test_one_atom_sees_its_own_images():
    counts = pair_histogram(np.zeros((1, 3)), np.eye(3) * 2.0, [0], 1, 3.0, 3)
    assert counts[0, 0].tolist() == [0, 0, 18]  # 6 at 2 Å, 12 at 2.83 Å


def test_a_large_sparse_box_needs_no_large_grid():
    assert pair_histogram(np.zeros((2, 3)), np.eye(3) * 1e7, [0, 0], 1, 1.0, 2).sum() == 2


@pytest.mark.parametrize(
    ("positions", "cell", "types", "r_max", "bins"),
    [
        ([[np.nan, 0, 0]], np.eye(3), [0], 1.0, 5),
        ([[np.inf, 0, 0]], np.eye(3), [0], 1.0, 5),
        ([[0.0, 0, 0]], np.zeros((3, 3)), [0], 1.0, 5),
        ([[0.0, 0, 0]], [[1, 0, 0], [2, 0, 0], [0, 0, 1]], [0], 1.0, 5),
        ([[0.0, 0, 0]], np.full((3, 3), np.nan), [0], 1.0, 5),
        ([[0.0, 0, 0]], np.eye(3), [1], 1.0, 5),
        ([[0.0, 0, 0]], np.eye(3), [0, 0], 1.0, 5),
        ([[0.0, 0]], np.eye(3), [0], 1.0, 5),
        ([[0.0, 0, 0]], np.eye(3), [0], -1.0, 5),
        ([[0.0, 0, 0]], np.eye(3), [0], np.inf, 5),
        ([[0.0, 0, 0]], np.eye(3), [0], 1e6, 5),
        ([[0.0, 0, 0]], np.eye(3), [0], 1.0, 0),
        ([[0.0, 0, 0]], np.eye(3), [0], 1.0, -1),
    ],
)
def test_bad_input_is_refused(positions, cell, types, r_max, bins):
    with pytest.raises(InputError):
        pair_histogram(positions, cell, types, 1, r_max, bins)


def test_no_atoms_gives_no_pairs():
    assert pair_histogram(np.zeros((0, 3)), np.eye(3), [], 1, 2.0, 4).sum() == 0
    assert neighbour_pairs(np.zeros((0, 3)), np.eye(3), [], [[1.0]]).first.size == 0


def _system(seed):
    rng = np.random.default_rng(seed)
    cell = np.diag(rng.uniform(3, 8, 3)) + np.tril(rng.uniform(-3, 3, (3, 3)), -1)
    return rng, rng.random((10, 3)) @ cell, cell, rng.integers(0, 2, 10)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_invariant_under_rotation_permutation_shift_and_choice_of_cell(seed):
    rng, positions, cell, types = _system(seed)
    r_max, bins = 9.0, 30
    distances = neighbour_pairs(positions, cell, types, np.full((2, 2), r_max)).distances

    def check(new_positions, new_cell, new_types, copies=1):
        counts = pair_histogram(new_positions, new_cell, new_types, 2, r_max, bins).sum(axis=(0, 1))
        assert same_counts(counts, np.repeat(distances, copies), r_max)

    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    order = rng.permutation(10)
    check(positions @ rotation, cell @ rotation, types)
    check(positions[order], cell, types[order])
    check(positions + rng.normal(size=3) * 30, cell, types)
    skew = np.array([[1, 0, 0], [rng.integers(-2, 3), 1, 0], [rng.integers(-2, 3), rng.integers(-2, 3), 1]])
    check(positions, skew @ cell, types)  # the same lattice, other cell vectors
    doubled = np.concatenate([positions, positions + cell[1]])
    check(doubled, cell * np.array([[1], [2], [1]]), np.tile(types, 2), copies=2)


def test_a_missing_build_says_what_to_install(monkeypatch):
    def absent(*_):
        raise ImportError("No module named '_cpu'")

    monkeypatch.setattr("glasswright.native.builds.import_module", absent)
    core.cache_clear()
    with pytest.raises(MissingDependency, match=r"g\+\+.*pip install \."):
        pair_histogram(np.zeros((1, 3)), np.eye(3), [0], 1, 1.0, 1)
