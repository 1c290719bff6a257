"""The plain Ewald sum that other tests lean on: known Madelung constants, and its own derivatives."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from reference.ewald import COULOMB, ewald


@pytest.mark.parametrize(
    ("structure", "madelung", "nearest"),
    [("rocksalt", 1.7475645946331822, 0.5), ("cesiumchloride", 1.762674773070988, np.sqrt(3) / 2), ("zincblende", 1.638055053388789, np.sqrt(3) / 4)],
)
def test_madelung_constants(structure: str, madelung: float, nearest: float) -> None:
    # Borwein et al., J. Math. Phys. 26, 2999 (1985), doi 10.1063/1.526675; double precision leaves about 1e-13.
    a = 5.64
    atoms = bulk({"cesiumchloride": "CsCl"}.get(structure, "NaCl"), structure, a=a)
    energy = ewald(atoms, np.array([1.0, -1.0])).energy
    assert energy == pytest.approx(-COULOMB * madelung / (nearest * a), rel=1e-12)


def triclinic(seed: int) -> tuple[Atoms, np.ndarray]:
    random = np.random.default_rng(seed)
    cell = np.array([[6.0, 0, 0], [1.1, 5.3, 0], [-0.7, 0.9, 6.6]])
    atoms = Atoms("H10", scaled_positions=random.random((10, 3)), cell=cell, pbc=True)
    charges = random.normal(size=10)
    return atoms, charges - charges.mean()


def test_the_splitting_parameter_does_not_matter() -> None:
    atoms, charges = triclinic(1)
    one, other = ewald(atoms, charges, alpha=0.45), ewald(atoms, charges, alpha=0.9)
    assert one.energy == pytest.approx(other.energy, abs=1e-11)
    np.testing.assert_allclose(one.forces, other.forces, atol=1e-11)
    np.testing.assert_allclose(one.stress, other.stress, atol=1e-12)


def test_forces_and_stress_are_derivatives_of_the_energy() -> None:
    atoms, charges = triclinic(2)
    exact, h = ewald(atoms, charges), 1e-4

    def energy_moved(axis: int, by: float) -> float:
        moved = atoms.copy()
        moved.positions[3, axis] += by
        return ewald(moved, charges).energy

    def energy_strained(a: int, b: int, by: float) -> float:
        strained, strain = atoms.copy(), np.eye(3)
        strain[a, b] += by / 2
        strain[b, a] += by / 2
        strained.set_cell(atoms.cell.array @ strain, scale_atoms=True)
        return ewald(strained, charges).energy

    for axis in range(3):
        assert -(energy_moved(axis, h) - energy_moved(axis, -h)) / (2 * h) == pytest.approx(exact.forces[3, axis], rel=1e-5, abs=1e-6)
        for b in range(3):
            slope = (energy_strained(axis, b, h) - energy_strained(axis, b, -h)) / (2 * h) / atoms.get_volume()
            assert slope == pytest.approx(exact.stress[axis, b], rel=1e-5, abs=1e-7)
