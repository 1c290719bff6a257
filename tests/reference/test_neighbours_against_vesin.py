"""Neighbour lists against a second program, over cells, cutoffs and rotations."""

from __future__ import annotations

import numpy as np
import pytest

from glasswright.native import neighbour_pairs

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
