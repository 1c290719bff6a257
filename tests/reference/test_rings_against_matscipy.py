"""Primitive rings against matscipy, which looks for them through a matrix of all distances in the box."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.io import read

from glasswright import analysis

matscipy_rings = pytest.importorskip("matscipy.rings", reason="matscipy is not installed")
GLASSES = Path(__file__).resolve().parents[2] / "gallery" / "glasses"


@pytest.mark.parametrize("name", ["silica-shik-10Kps-1", "sodium-silicate-teter-10Kps-1"])
def test_primitive_rings_of_glasses(name):
    atoms = read(GLASSES / f"{name}.extxyz.gz")
    del atoms[atoms.numbers == 11]  # matscipy takes one cutoff for all pairs
    cutoff = 2.0  # short of O-O in a shared edge
    found = matscipy_rings.ring_statistics(atoms, cutoff, maxlength=20)
    expected = {n // 2: int(number) for n, number in enumerate(found) if number}
    assert np.all(found[1::2] == 0)
    # It stops short of its longest, and cannot tell a way round the box from a ring: compared up to 9, half the box.
    ours = analysis.rings(atoms, "primitive", 9, {("Si", "O"): cutoff})
    assert ours == {size: n for size, n in expected.items() if size <= 9}
    assert len(ours) > 5
