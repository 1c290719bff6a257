"""S(Q) does not depend on how a structure is written down; partials survive every change of convention."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from glasswright.analysis import convert_partials, partial_structure_factors

Q = np.arange(0.8, 5.0, 0.4)
WIDTH = 0.37
seeds = st.integers(0, 2**32 - 1)


def some_atoms(rng):
    """Sixty atoms of two elements in a cell of any shape."""
    cell = np.diag(rng.uniform(8, 14, 3)) + np.tril(rng.uniform(-5, 5, (3, 3)), -1)
    return Atoms(["Si"] * 20 + ["O"] * 40, positions=rng.random((60, 3)) @ cell, cell=cell, pbc=True)


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_the_direct_sum_sees_the_structure_not_its_description(seed):
    """Rotated, moved, atoms in another order and in other images, other vectors of the same lattice."""
    rng = np.random.default_rng(seed)
    atoms = some_atoms(rng)
    before = partial_structure_factors(atoms, Q, "direct", WIDTH)
    other = atoms[rng.permutation(60)]
    other.positions += rng.uniform(-30, 30, 3) + rng.integers(-3, 4, (60, 3)) @ other.cell.array
    change = np.eye(3, dtype=int)
    change[1, 0], change[2, 0], change[2, 1] = rng.integers(-2, 3, 3)
    turn = Rotation.random(random_state=int(rng.integers(2**31))).as_matrix()
    other.set_cell(change @ other.cell.array @ turn)
    other.positions = other.positions @ turn
    after = partial_structure_factors(other, Q, "direct", WIDTH)
    for pair, curve in before.items():
        assert np.allclose(after[pair].y, curve.y, rtol=1e-6, atol=1e-6)


@settings(max_examples=100, deadline=None)
@given(seeds, st.floats(0.02, 0.98))
def test_conventions_convert_there_and_back(seed, fraction):
    rng = np.random.default_rng(seed)
    fractions = {"Ge": fraction, "Se": 1 - fraction}
    start = {("Ge", "Ge"): rng.normal(1, 2, 5), ("Ge", "Se"): rng.normal(1, 2, 5), ("Se", "Se"): rng.normal(1, 2, 5)}
    conventions = ["ashcroft-langreth", "bhatia-thornton", "faber-ziman"]
    values, current = start, "faber-ziman"
    for target in [*rng.choice(conventions, 4), "faber-ziman"]:
        values, current = convert_partials(values, fractions, current, target), target
    for pair, expected in start.items():
        assert np.allclose(values[pair], expected, atol=1e-8)
