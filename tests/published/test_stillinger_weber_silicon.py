"""What is published of the Stillinger-Weber crystal, and what tetrahedra must give."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from scipy.optimize import minimize

from glasswright.forms.stillinger_weber import three_body, two_body
from glasswright.library.forcefields import load_forcefield
from glasswright.units import GPA


def energy_and_forces(positions: np.ndarray, cell: np.ndarray, name: str = "sw-si") -> tuple[float, np.ndarray]:
    bound = load_forcefield(name).bind(bulk("Si", "diamond", a=5.431, cubic=True))
    parts = [part(bound, positions, cell) for part in (two_body, three_body)]
    return sum(p.energy for p in parts), sum(p.forces for p in parts)


def test_cohesive_energy_of_the_crystal() -> None:
    atoms = bulk("Si", "diamond", a=5.431, cubic=True)
    energy, forces = energy_and_forces(atoms.positions, atoms.cell.array)
    # -4.3363 eV in the literature (doi 10.1103/PhysRevB.46.2250, table): -2 epsilon, as A and B were chosen so that the pair
    # potential is -epsilon at its minimum, and each atom has two bonds. 3e-4 eV is what its digits of A and B and of a leave.
    assert energy / 8 == pytest.approx(-4.3363, abs=5e-4)
    assert energy / 8 == pytest.approx(-2 * 2.1683, abs=1e-4)
    assert np.abs(forces).max() < 1e-10


def test_angles_of_the_crystal_cost_nothing() -> None:
    atoms = bulk("Si", "diamond", a=5.431, cubic=True)
    bound = load_forcefield("sw-vink").bind(atoms)
    assert three_body(bound, atoms.positions, atoms.cell.array).energy == pytest.approx(0.0, abs=1e-12)


def relaxed_energy(strain: np.ndarray) -> float:
    """Energy of eight atoms under a strain, their positions relaxed [eV]."""
    atoms = bulk("Si", "diamond", a=5.4310, cubic=True)
    cell = atoms.cell.array @ (np.eye(3) + strain)
    start = atoms.positions @ (np.eye(3) + strain)
    found = minimize(
        lambda x: (lambda e, f: (e, -f.ravel()))(*energy_and_forces(x.reshape(-1, 3), cell)),
        start.ravel(), jac=True, method="BFGS", options={"gtol": 1e-8},
    )  # fmt: skip
    return float(found.fun)


def curvature(strain: np.ndarray, h: float = 2e-3) -> float:
    """Second derivative of the energy density [GPa]."""
    volume = 5.4310**3
    return (relaxed_energy(h * strain) - 2 * relaxed_energy(0 * strain) + relaxed_energy(-h * strain)) / h**2 / volume * GPA


def test_elastic_constants_of_the_crystal() -> None:
    """C11 151.4, C12 76.4, C44 56.4 GPa: E. R. Cowley, Phys. Rev. Lett. 60, 2379 (1988), doi 10.1103/PhysRevLett.60.2379, at rest and relaxed."""
    one = np.diag([1.0, 0, 0])
    shear = np.array([[0, 0.5, 0], [0.5, 0, 0], [0, 0, 0]])
    c11 = curvature(one)
    assert c11 == pytest.approx(151.4, abs=0.3)
    # (C11 - C12)/2 from a strain that keeps the volume; the published digits, and the fourth order of these strains.
    assert c11 - curvature(np.diag([1.0, -1.0, 0])) / 2 == pytest.approx(76.4, abs=0.3)
    assert curvature(shear) == pytest.approx(56.4, abs=0.3)
