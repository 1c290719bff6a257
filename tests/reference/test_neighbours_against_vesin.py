"""Neighbour lists against a second program, over cells, cutoffs and rotations."""

from __future__ import annotations

import numpy as np
import pytest

from glasswright.native import neighbour_pairs, pair_histogram

vesin = pytest.importorskip("vesin", reason="vesin is the second program of this test")


@pytest.mark.parametrize("cutoff", [1.5, 4.0, 9.0])
@pytest.mark.parametrize("seed", range(6))
def test_same_pairs_as_vesin(seed, cutoff):
    rng = np.random.default_rng(seed)
    cell = np.diag(rng.uniform(4, 12, 3)) + np.tril(rng.uniform(-4, 4, (3, 3)), -1)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    cell = cell @ rotation
    positions = rng.random((60, 3)) @ cell
    pairs = neighbour_pairs(positions, cell, np.zeros(60, dtype=int), [[cutoff]])
    i, j, shifts = vesin.NeighborList(cutoff=cutoff, full_list=True).compute(points=positions, box=cell, periodic=True, quantities="ijS")
    theirs = set(zip(i.tolist(), j.tolist(), map(tuple, shifts.tolist()), strict=True))
    ours = set(zip(pairs.first.tolist(), pairs.second.tolist(), map(tuple, pairs.shifts.tolist()), strict=True))
    assert ours == theirs


def test_same_histogram_as_vesin_in_a_box_of_many_cells():
    rng = np.random.default_rng(9)
    cell = np.diag([33.0, 29.0, 36.0]) + np.tril(rng.uniform(-6, 6, (3, 3)), -1)
    positions = rng.random((2400, 3)) @ cell
    (lengths,) = vesin.NeighborList(cutoff=7.0, full_list=True).compute(points=positions, box=cell, periodic=True, quantities="d")
    counts = pair_histogram(positions, cell, np.zeros(2400), 1, 7.0, 350)[0, 0]
    assert counts.sum() == lengths.size
    assert np.abs(counts - np.histogram(lengths, 350, (0, 7.0))[0]).sum() <= 2  # a distance on an edge may round either way
