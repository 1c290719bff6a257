"""A network is the same in every cell that describes it, turned, moved and renumbered; counting directions is exact."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import make_supercell
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from glasswright import analysis
from glasswright.analysis.network.bonds import Bonds, bonds_of
from glasswright.analysis.network.clusters import components
from glasswright.analysis.network.dihedrals import reverse
from reference import crystals, networks
from reference.networks import CUTOFFS, reach

MAKERS = (
    crystals.alpha_quartz,
    crystals.coesite,
    crystals.stishovite,
    crystals.silicon_disulfide,
    crystals.graphite,
    networks.anatase,
    networks.corundum,
    networks.carnegieite,
    networks.cuprite,
)
integers = st.integers(-2, 2)


def described_again(atoms, matrix, seed):
    """The same crystal in another cell, turned, moved and renumbered, its atoms in any image."""
    rng = np.random.default_rng(seed)
    other = make_supercell(atoms, matrix, wrap=bool(seed % 2))
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    other.set_cell(other.cell @ q, scale_atoms=False)
    other.positions = other.positions @ q + rng.normal(size=3) * 5
    other.positions += rng.integers(-2, 3, other.positions.shape) @ other.cell
    return other[rng.permutation(len(other))]


def answers(atoms):
    """Every figure that belongs to the crystal and not to its cell."""
    found = {("shells", e): {k: v.value for k, v in c.items()} for e, c in analysis.environments(atoms, CUTOFFS).items()}
    for chain, curve in analysis.dihedral_angles(atoms, CUTOFFS, 60.0).items():
        found["dihedral", chain] = {"mean": curve.metadata["mean"], "deviation": curve.metadata["deviation"], "per atom": curve.metadata["number"] / len(atoms)}
    found["constraints"] = {"total": analysis.mean_field_constraints(atoms, CUTOFFS).total.value}
    elements = sorted(set(atoms.symbols))
    found["directions"] = {"most": analysis.clusters(atoms, elements, (), CUTOFFS).spanning.value}
    if len(elements) > 1 and "Cu" not in elements:
        found["linkages"] = {k: v.value for k, v in analysis.linkages(atoms, CUTOFFS).items()}
        for pair, sharing in analysis.polyhedra_sharing(atoms, CUTOFFS).items():
            found["sharing", pair] = {k: getattr(sharing, k).value for k in ("corner", "edge", "face", "per_polyhedron")}
        for pair, bridges in analysis.connectivity(atoms, CUTOFFS).items():
            found["bridges", pair] = {"share": bridges.share.value, "random": bridges.random.value}
        for former, units in analysis.qn_environments(atoms, CUTOFFS).items():
            found["units", former] = {k: v.value for k, v in units.items()}
    return found


@settings(deadline=None, max_examples=40)
@given(make=st.sampled_from(MAKERS), matrix=st.lists(st.lists(integers, min_size=3, max_size=3), min_size=3, max_size=3), seed=st.integers(0, 99))
def test_the_network_does_not_depend_on_its_description(make, matrix, seed):
    matrix = np.array(matrix)
    assume(1 <= abs(round(np.linalg.det(matrix))) <= 6)
    atoms = make()
    expected, found = answers(atoms), answers(described_again(atoms, matrix, seed))
    assert found.keys() == expected.keys()
    for what, cases in expected.items():
        assert found[what] == pytest.approx(cases, abs=1e-6), what


@settings(deadline=None, max_examples=150)
@given(st.integers(1, 12), st.integers(0, 14), st.integers(0, 10**6))
def test_components_and_directions_of_any_periodic_graph(n, n_bonds, seed):
    """Against a walk atom by atom; the winding vectors of random graphs point anywhere."""
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, n, (2, n_bonds))
    shifts = rng.integers(-1, 2, (n_bonds, 3)) * rng.integers(0, 2, 3)
    kept = (a != b) | shifts.any(axis=1)
    first, second, shifts = np.concatenate([a[kept], b[kept]]), np.concatenate([b[kept], a[kept]]), np.concatenate([shifts[kept], -shifts[kept]])
    order = np.lexsort((rng.random(len(first)), first))
    bonds = Bonds(("X",), np.zeros(n, dtype=int), first[order], second[order], shifts[order], np.zeros((len(first), 3)))
    label, dimension = components(bonds)
    expected = dict(reach(n, bonds.first, bonds.second, bonds.shifts))
    assert {frozenset(np.flatnonzero(label == i).tolist()): d for i, d in enumerate(dimension.tolist())} == expected


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6))
def test_every_bond_has_its_reverse(seed):
    rng = np.random.default_rng(seed)
    atoms = crystals.graphite()
    atoms.set_cell(atoms.cell + rng.normal(0, 0.3, (3, 3)), scale_atoms=True)
    bonds = bonds_of(atoms, {("C", "C"): 3.5})  # some atoms are bonded to several images of one other, and to their own
    back = reverse(bonds)
    assert np.array_equal(back[back], np.arange(len(back)))
    assert np.allclose(bonds.vectors[back], -bonds.vectors)
    assert np.array_equal(bonds.first[back], bonds.second)
