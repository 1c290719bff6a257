"""What is published of crystals of Tersoff silicon, of nine metals, and of how the Munetoh force field was put together."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from scipy.optimize import minimize_scalar

from glasswright.library.forcefields import load_forcefield
from glasswright.units import GPA
from reference.many_body_sum import energy

SILICON = {"tersoff-si": (5.432, (142.5, 75.4, 69.0)), "tersoff-si-1988": (5.431, (121.7, 85.8, 10.3))}
"""Lattice constant [Å], and C11, C12, C44 at rest and relaxed [GPa]: parametrisations T3 and T2 in the tables of
H. Balamane, T. Halicioglu and W. A. Tiller, Phys. Rev. B 46, 2250 (1992), doi 10.1103/PhysRevB.46.2250."""
METALS = {
    "Ni": (3.523, 4.435), "Cu": (3.615, 3.544), "Rh": (3.803, 5.752), "Pd": (3.887, 3.936), "Ag": (4.085, 2.960),
    "Ir": (3.839, 6.930), "Pt": (3.924, 5.853), "Au": (4.079, 3.779), "Al": (4.050, 3.339),
}  # fmt: skip
"""Lattice constant [Å] and cohesive energy [eV] that Cleri and Rosato fitted, doi 10.1103/PhysRevB.48.22."""


def deformed(atoms: Atoms, strain: np.ndarray) -> Atoms:
    other = atoms.copy()
    other.set_cell(atoms.cell.array @ (np.eye(3) + strain), scale_atoms=True)
    return other


def at_rest(atoms: Atoms, name: str) -> tuple[float, float]:
    """Factor on the lattice constant, and energy per atom [eV]."""
    found = minimize_scalar(lambda s: energy(deformed(atoms, (s - 1) * np.eye(3)), load_forcefield(name)), bounds=(0.97, 1.03), options={"xatol": 1e-6})
    return float(found.x), float(found.fun) / len(atoms)


def curvature(atoms: Atoms, name: str, strain: np.ndarray, inner: bool = False, h: float = 4e-3) -> float:
    """Second derivative of the energy density [GPa]; ``inner``: where the two atoms of a cell slide along z under the strain."""

    def relaxed(size: float) -> float:
        cell = deformed(atoms, size * strain)
        if not inner:
            return energy(cell, load_forcefield(name))

        def slid(by: float) -> float:
            other = cell.copy()
            other.positions[1, 2] += by
            return energy(other, load_forcefield(name))

        # A parabola through three points, where the largest slide is about the strain times a quarter of the lattice constant.
        left, middle, right = (slid(k * h) for k in (-1, 0, 1))
        return middle - (right - left) ** 2 / (8 * (left + right - 2 * middle))

    return (relaxed(h) - 2 * relaxed(0.0) + relaxed(-h)) / h**2 / atoms.get_volume() * GPA


@pytest.mark.parametrize("name", SILICON)
def test_tersoff_silicon(name: str) -> None:
    edge, (c11, c12, c44) = SILICON[name]
    atoms = bulk("Si", "diamond", a=edge)
    factor, lowest = at_rest(atoms, name)
    assert factor * edge == pytest.approx(edge, abs=1.5e-3)  # the last digit, and rounding of the parameters
    assert lowest == pytest.approx(-4.63, abs=1e-3)
    found = curvature(atoms, name, np.diag([1.0, 0, 0]))
    assert found == pytest.approx(c11, abs=0.5)  # published digits and the fourth order of these strains
    assert found - curvature(atoms, name, np.diag([1.0, -1.0, 0])) / 2 == pytest.approx(c12, abs=0.5)
    shear = np.array([[0, 0.5, 0], [0.5, 0, 0], [0, 0, 0]])
    assert curvature(atoms, name, shear, inner=True) == pytest.approx(c44, abs=0.5)


@pytest.mark.parametrize("metal", METALS)
def test_metals_are_at_rest_where_they_were_fitted(metal: str) -> None:
    edge, cohesive = METALS[metal]
    factor, lowest = at_rest(bulk(metal, "fcc", a=edge), "cleri-rosato")
    assert factor == pytest.approx(1.0, abs=1e-4)
    assert lowest == pytest.approx(-cohesive, abs=3e-3)  # the four digits of A and xi


def test_stiffness_of_copper() -> None:
    """It was fitted to 0 K: C11 176.2, C12 124.9, C44 81.8 GPa, W. C. Overton and J. Gaffney, Phys. Rev. 98, 969 (1955), doi 10.1103/PhysRev.98.969."""
    atoms = bulk("Cu", "fcc", a=3.615)
    c11 = curvature(atoms, "cleri-rosato", np.diag([1.0, 0, 0]), h=1e-3)
    assert c11 == pytest.approx(176.2, rel=0.02)
    assert c11 - curvature(atoms, "cleri-rosato", np.diag([1.0, -1.0, 0]), h=1e-3) / 2 == pytest.approx(124.9, rel=0.02)
    assert curvature(atoms, "cleri-rosato", np.array([[0, 0.5, 0], [0.5, 0, 0], [0, 0, 0]]), h=1e-3) == pytest.approx(81.8, rel=0.02)


def test_munetoh_mixes_as_tersoff_does() -> None:
    """Geometric means of A and B (times chi) and arithmetic means of the lambdas, doi 10.1103/PhysRevB.39.5566, to the digits given."""
    pairs = load_forcefield("munetoh").pairs
    silicon, mixed, oxygen = (pairs[key].parameters for key in (("Si", "Si"), ("O", "Si"), ("O", "O")))
    assert mixed["A"] == pytest.approx(np.sqrt(silicon["A"] * oxygen["A"]), abs=1e-3)
    assert mixed["B"] == pytest.approx(1.17945 * np.sqrt(silicon["B"] * oxygen["B"]), abs=2e-3)
    for name in ("lambda1", "lambda2"):
        assert mixed[name] == pytest.approx((silicon[name] + oxygen[name]) / 2, abs=2e-5)
    alone, later = load_forcefield("munetoh"), load_forcefield("tersoff-si")
    crystal = bulk("Si", "diamond", a=5.432)
    assert energy(crystal, alone) == pytest.approx(energy(crystal, later), abs=2e-3)  # its silicon is that of 1989 with a shorter cutoff
