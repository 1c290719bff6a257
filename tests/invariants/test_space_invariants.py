"""Order and space do not change with what is not structure: rotation, translation, order of atoms, the choice of the cell, repetition."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from glasswright.analysis import bond_order, cavities, fingerprints, persistence_diagrams, tetrahedrality, voronoi_cells
from glasswright.errors import InputError
from glasswright.native.homology import persistence_pairs

RADII = {"Si": 0.5, "O": 1.2}
seeds = st.integers(0, 10_000)


def disordered(random: np.random.Generator) -> Atoms:
    n = 3 * int(random.integers(1, 8))
    cell = np.eye(3) * (n / 0.07) ** (1 / 3) + random.normal(0, 0.6, (3, 3))
    return Atoms(["Si", "O", "O"] * (n // 3), scaled_positions=random.random((n, 3)), cell=cell, pbc=True)


def per_atom(atoms):
    cells, order = voronoi_cells(atoms, RADII), bond_order(atoms, "voronoi", (4, 6))
    columns = [cells.volumes, cells.surfaces, order.q[4], order.q[6], order.w[6], order.q_average[6]]
    return np.column_stack([*columns, fingerprints(atoms, 4.0, max_degree=2).values])


def distributions(atoms):
    """What belongs to the whole structure, sorted; the finite classes of a torus are those of its repetition less a few."""
    found = cavities(atoms, RADII, 0.4)
    q = tetrahedrality(atoms, [("Si", "O")])["Si", "O"]
    return [np.sort(q), np.sort(found.volumes), np.sort(found.surfaces), np.sort(found.directions)] + [
        np.sort(x) for d in persistence_diagrams(atoms, RADII) for x in (d.births[d.lifetimes > 1e-4], d.deaths[d.lifetimes > 1e-4], d.essential)
    ]


def same(first, second):
    for a, b in zip(first, second, strict=True):
        assert a == pytest.approx(b, rel=1e-4, abs=1e-5)  # atoms are nudged by 1e-8 of their spacing, small w_l and thin cells feel it


@settings(max_examples=8, deadline=None)
@given(seeds)
def test_rotation_translation_and_order(seed):
    random = np.random.default_rng(seed)
    atoms = disordered(random)
    order = random.permutation(len(atoms))
    moved = atoms[order]
    turn = Rotation.random(random_state=seed).as_matrix()
    moved.set_cell(np.array(atoms.cell) @ turn.T)
    moved.positions = moved.positions @ turn.T + random.normal(0, 5, 3)
    assert per_atom(moved) == pytest.approx(per_atom(atoms)[order], rel=1e-4, abs=1e-5)
    same(distributions(moved), distributions(atoms))


@settings(max_examples=8, deadline=None)
@given(seeds)
def test_another_cell_of_the_same_lattice(seed):
    random = np.random.default_rng(seed)
    atoms = disordered(random)
    other = atoms.copy()
    skew = np.eye(3, dtype=int)
    skew[1, 0], skew[2, 0], skew[2, 1] = random.integers(-2, 3, 3)
    other.set_cell(skew @ np.array(atoms.cell))
    assert per_atom(other) == pytest.approx(per_atom(atoms), rel=1e-4, abs=1e-5)
    same(distributions(other), distributions(atoms))


@settings(max_examples=5, deadline=None)
@given(seeds)
def test_repetition(seed):
    random = np.random.default_rng(seed)
    atoms = disordered(random)
    large = atoms.repeat((2, 1, 1))
    assert per_atom(large) == pytest.approx(np.tile(per_atom(atoms), (2, 1)), rel=1e-4, abs=1e-5)
    assert cavities(large, RADII, 0.4).fraction == pytest.approx(cavities(atoms, RADII, 0.4).fraction, rel=1e-6)
    # Classes of the torus itself are few; all others occur in every copy.
    for small, big in zip(persistence_diagrams(atoms, RADII), persistence_diagrams(large, RADII), strict=True):
        assert abs(len(big.births) + len(big.essential) - 2 * (len(small.births) + len(small.essential))) <= 12


@settings(max_examples=8, deadline=None)
@given(seeds)
def test_euler_and_the_torus(seed):
    atoms = disordered(np.random.default_rng(seed))
    for radii in (None, RADII):
        assert [len(d.essential) for d in persistence_diagrams(atoms, radii)] == [1, 3, 3, 1]
    assert voronoi_cells(atoms, RADII).volumes.sum() == pytest.approx(atoms.cell.volume, rel=1e-11)


integers = st.lists(st.integers(-3, 12), max_size=14)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(-1, 4), max_size=6), integers, integers)
def test_whatever_is_reduced_is_a_complex_or_refused(dimensions, offsets, faces):
    try:
        partners = persistence_pairs(dimensions, offsets, faces)
    except InputError:
        return
    for i, j in enumerate(partners):
        assert j == -1 or (partners[j] == i and abs(dimensions[i] - dimensions[j]) == 1)
