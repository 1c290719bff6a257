"""Pairs are the same, to the last one, however the cell, the limit, the bins and the threads are chosen."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glasswright.native import neighbour_pairs, pair_histogram


@st.composite
def systems(draw):
    """Positions, cell and types: flat, skewed and left-handed cells, atoms outside of them, some in clumps."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 40))
    skew = draw(st.sampled_from([0.0, 1.0, 4.0]))
    cell = np.diag(rng.uniform(2, 9, 3)) + skew * np.tril(rng.uniform(-2, 2, (3, 3)), -1)
    cell = cell[rng.permutation(3)] @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
    spread = draw(st.sampled_from([0.1, 1.0, 3.0]))
    return (rng.random((n, 3)) - 0.5) * spread @ cell, cell, rng.integers(0, 3, n)


def images(positions, cell, r_max):
    """First, second, shift and distance of every pair of images, by trying all shifts."""
    inverse = np.linalg.inv(cell)
    reach = np.ceil(r_max * np.linalg.norm(inverse, axis=0) + np.ptp(positions @ inverse, axis=0)).astype(int)
    shifts = np.array(list(itertools.product(*(range(-k, k + 1) for k in reach))))
    vectors = positions[None, :, None] + shifts @ cell - positions[:, None, None]
    distances = np.linalg.norm(vectors, axis=3)
    i, j, k = np.nonzero(distances < r_max)
    real = (i != j) | shifts[k].any(axis=1)
    return i[real], j[real], shifts[k[real]], distances[i, j, k][real]


@settings(max_examples=60, deadline=None)
@given(system=systems(), r_max=st.floats(0.5, 9.0), bins=st.sampled_from([1, 7, 200, 30_000]), threads=st.integers(1, 3))
def test_every_pair_in_any_cell(system, r_max, bins, threads):
    positions, cell, types = system
    i, j, _, distances = images(positions, cell, r_max)
    counts = pair_histogram(positions, cell, types, 3, r_max, bins, threads)
    edges = np.linspace(0, r_max, bins + 1)
    for a, b in itertools.product(range(3), repeat=2):
        chosen = np.sort(distances[(types[i] == a) & (types[j] == b)])
        below = np.concatenate([[0], np.cumsum(counts[a, b])])
        # Digits of a distance depend on how it is written; no bin may be wrong by more than that.
        assert np.all((np.searchsorted(chosen, edges - 1e-12) <= below) & (below <= np.searchsorted(chosen, edges + 1e-12)))


@settings(max_examples=60, deadline=None)
@given(system=systems(), seed=st.integers(0, 2**32 - 1), threads=st.integers(1, 3))
def test_neighbours_in_any_cell(system, seed, threads):
    positions, cell, types = system
    rng = np.random.default_rng(seed)
    cutoffs = rng.uniform(0, 8, (3, 3)) * (rng.random((3, 3)) < 0.7)
    cutoffs = np.maximum(cutoffs, cutoffs.T)
    cutoffs[0, 0] = 5.0
    pairs = neighbour_pairs(positions, cell, types, cutoffs, threads)
    i, j, shifts, distances = images(positions, cell, cutoffs.max())
    near = distances < cutoffs[types[i], types[j]]
    expected = set(zip(i[near].tolist(), j[near].tolist(), map(tuple, shifts[near].tolist()), strict=True))
    assert set(zip(pairs.first.tolist(), pairs.second.tolist(), map(tuple, pairs.shifts.tolist()), strict=True)) == expected
    assert pairs.first.size == len(expected) and np.all(np.diff(pairs.first) >= 0)
    assert np.allclose(pairs.vectors, positions[pairs.second] + pairs.shifts @ cell - positions[pairs.first], atol=1e-12)


@pytest.mark.parametrize("bins", [12, 48, 6000])
def test_distances_on_the_edges_of_bins_are_counted_exactly(bins):
    """A lattice whose distances are exact in binary: many lie on an edge, and on the limit itself, which is outside."""
    lattice = np.array(list(itertools.product(np.arange(16) * 0.5, repeat=3)))
    counts = pair_histogram(lattice, np.eye(3) * 8.0, np.zeros(len(lattice)), 1, 6.0, bins)[0, 0]
    grid = np.array(list(itertools.product(range(-12, 13), repeat=3)))
    squares = (grid**2).sum(axis=1)
    squares = squares[(squares > 0) & (squares < 144)]
    bin_of = (np.sqrt(0.25 * squares) * (bins / 6.0)).astype(int)
    assert np.array_equal(counts, len(lattice) * np.bincount(bin_of, minlength=bins))


@pytest.mark.parametrize("cutoff", [0.5, 2.5, np.nextafter(2.5, 3)])
def test_a_pair_at_the_cutoff_is_no_pair(cutoff):
    lattice = np.array(list(itertools.product(np.arange(16) * 0.5, repeat=3)))
    pairs = neighbour_pairs(lattice, np.eye(3) * 8.0, np.zeros(len(lattice)), [[cutoff]])
    grid = np.array(list(itertools.product(range(-10, 11), repeat=3))) * 0.5
    lengths = np.sqrt((grid**2).sum(axis=1))
    assert pairs.first.size == len(lattice) * np.count_nonzero((lengths > 0) & (lengths < cutoff))


@settings(max_examples=20, deadline=None)
@given(system=systems())
def test_shifts_between_atoms_moved_into_the_cell(system):
    positions, cell, types = system
    cutoffs = np.full((3, 3), 4.0)
    pairs = neighbour_pairs(positions, cell, types, cutoffs, inside=True)
    wraps = np.floor(positions @ np.linalg.inv(cell)).astype(int)
    moved = positions - wraps @ cell
    assert np.allclose(pairs.vectors, moved[pairs.second] + pairs.shifts @ cell - moved[pairs.first], atol=1e-9)
    assert np.array_equal(pairs.vectors, neighbour_pairs(positions, cell, types, cutoffs).vectors)


def test_threads_change_nothing():
    rng = np.random.default_rng(5)
    cell = np.diag([21.0, 24.0, 30.0]) + np.tril(rng.uniform(-5, 5, (3, 3)), -1)
    positions, types = rng.random((900, 3)) @ cell, rng.integers(0, 2, 900)
    one, three = (neighbour_pairs(positions, cell, types, np.full((2, 2), 6.0), threads) for threads in (1, 3))
    assert all(np.array_equal(getattr(one, name), getattr(three, name)) for name in ("first", "second", "shifts", "vectors"))
    assert np.array_equal(pair_histogram(positions, cell, types, 2, 6.0, 77, 1), pair_histogram(positions, cell, types, 2, 6.0, 77, 3))
