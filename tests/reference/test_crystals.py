"""The crystals are what they say: density, distances and coordination numbers."""

from __future__ import annotations

import pytest

from glasswright import analysis
from reference import crystals

# density [g/cm3], bond lengths [Å]: of the papers
KNOWN = {
    "alpha_quartz": (2.646, 1.605, 1.614),
    "alpha_cristobalite": (2.332, 1.603, 1.603),
    "beta_cristobalite": (2.175, 1.550, 1.550),
    "tridymite": (2.183, 1.546, 1.555),
    "coesite": (2.921, 1.595, 1.619),
    "keatite": (2.503, 1.570, 1.612),
    "sodalite": (1.735, 1.585, 1.585),
    "stishovite": (4.281, 1.757, 1.813),
    "silicon_disulfide": (2.052, 2.140, 2.140),
    "diamond": (3.516, 1.545, 1.545),
    "graphite": (2.261, 1.423, 1.423),
    "bcc_iron": (7.875, 2.482, 2.482),
}


@pytest.mark.parametrize("name", KNOWN)
def test_density_and_bond_lengths(name):
    atoms = getattr(crystals, name)()
    density, shortest, longest = KNOWN[name]
    assert analysis.density(atoms) == pytest.approx(density, abs=0.002)
    lengths = analysis.neighbours(atoms, crystals.BONDS).distances
    assert (lengths.min(), lengths.max()) == pytest.approx((shortest, longest), abs=0.001)


@pytest.mark.parametrize("make", crystals.SILICA)
def test_silica_has_four_and_two_neighbours(make):
    counts = analysis.coordination(make(), {("Si", "O"): 2.0})
    assert set(counts["Si", "O"]) == {4}
    assert set(counts["O", "Si"]) == {2}


@pytest.mark.parametrize(
    ("name", "centre", "neighbour", "number"),
    [
        ("stishovite", "Si", "O", 6),
        ("stishovite", "O", "Si", 3),
        ("silicon_disulfide", "Si", "S", 4),
        ("diamond", "C", "C", 4),
        ("graphite", "C", "C", 3),
        ("bcc_iron", "Fe", "Fe", 8),
    ],
)
def test_coordination(name, centre, neighbour, number):
    assert set(analysis.coordination(getattr(crystals, name)(), crystals.BONDS)[centre, neighbour]) == {number}
