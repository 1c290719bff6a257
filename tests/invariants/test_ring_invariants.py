"""Rings do not depend on how a structure is written down, and are those of the definitions."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from glasswright import analysis
from glasswright.analysis.network.bonds import bonds_of
from glasswright.native import bond_rings
from reference.ring_search import count_rings

definitions = st.sampled_from(["guttman", "king", "primitive"])
seeds = st.integers(0, 2**32 - 1)


def disorder(rng, n, cutoff):
    """Atoms anywhere in a small, skewed cell of about one atom per 8 Å3: dead ends, triclusters, shared edges, chains round the box."""
    cell = np.diag(rng.uniform(0.6, 1.4, 3)) + np.tril(rng.normal(0, 0.7, (3, 3)), -1)
    cell *= (8 * n / np.linalg.det(cell)) ** (1 / 3)
    atoms = Atoms(rng.choice(["Si", "O", "O"], n), positions=(rng.random((n, 3)) * 3 - 1) @ cell, cell=cell, pbc=True)
    atoms.symbols[0], atoms.symbols[-1] = "Si", "O"
    return atoms, {("Si", "O"): cutoff}


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(2, 14), st.floats(1.5, 2.6), definitions)
def test_networks_by_brute_force(seed, n, cutoff, definition):
    atoms, cutoffs = disorder(np.random.default_rng(seed), n, cutoff)
    bonds = bonds_of(atoms, cutoffs)
    assume(bonds.number.max() <= 6)
    assert analysis.rings([bonds], definition, 4) == count_rings(bonds, bonds.of(["Si"]), definition, 8)


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(1, 6), st.floats(1.5, 2.4), definitions, st.booleans())
def test_any_bonds_by_brute_force(seed, n, cutoff, definition, all_count):
    """Odd rings, and atoms between nodes."""
    rng = np.random.default_rng(seed)
    atoms, _ = disorder(rng, max(n, 2), cutoff)
    bonds = bonds_of(atoms, {("Si", "O"): cutoff, ("Si", "Si"): cutoff, ("O", "O"): cutoff})
    assume(bonds.number.max() <= 6)
    counted = (rng.random(len(atoms)) < 0.7) | all_count
    found = bond_rings((bonds.first, bonds.second, bonds.shifts), counted, definition, 7)
    assert {size: through.sum() / size for size, through in found.through.items()} == count_rings(bonds, counted, definition, 7)


@settings(max_examples=40, deadline=None)
@given(seeds, definitions)
def test_a_structure_may_be_written_in_many_ways(seed, definition):
    rng = np.random.default_rng(seed)
    atoms, cutoffs = disorder(rng, 20, 2.1)
    assume(bonds_of(atoms, cutoffs).number.max() <= 7)
    expected = analysis.rings(atoms, definition, 6, cutoffs)

    skewed = atoms.copy()  # another cell of the same lattice
    change = np.eye(3, dtype=int)
    for _ in range(3):
        i, j = rng.choice(3, 2, replace=False)
        change[i] += rng.integers(-2, 3) * change[j]
    skewed.set_cell(change @ np.asarray(atoms.cell), scale_atoms=False)
    assert analysis.rings(skewed, definition, 6, cutoffs) == expected

    turned = atoms.copy()
    turn = Rotation.random(random_state=seed).as_matrix()
    turned.set_cell(atoms.cell @ turn, scale_atoms=False)
    turned.positions = (atoms.positions + rng.normal(0, 50, 3)) @ turn
    assert analysis.rings(turned, definition, 6, cutoffs) == expected

    shuffled = atoms[rng.permutation(len(atoms))]
    shuffled.positions += rng.integers(-3, 4, (len(atoms), 3)) @ np.asarray(atoms.cell)
    assert analysis.rings(shuffled, definition, 6, cutoffs) == expected

    times = tuple(int(k) for k in rng.integers(1, 4, 3))
    assert analysis.rings(atoms.repeat(times), definition, 6, cutoffs) == {size: int(np.prod(times)) * n for size, n in expected.items()}


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_guttman_is_part_of_king_and_primitive(seed):
    atoms, cutoffs = disorder(np.random.default_rng(seed), 24, 2.2)
    assume(bonds_of(atoms, cutoffs).number.max() <= 7)

    def rings(definition):
        found = analysis.ring_members(atoms, definition, 6, cutoffs)
        return {frozenset(map(frozenset, zip(r.atoms.tolist(), np.roll(r.atoms, 1).tolist(), strict=True))) for r in found}

    assert rings("guttman") <= rings("king") & rings("primitive")
