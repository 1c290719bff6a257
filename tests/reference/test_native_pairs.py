"""Pairs of the compiled core against plain sums in NumPy, for every instruction set of this processor."""

from __future__ import annotations

from functools import cache
from importlib import import_module

import numpy as np
import pytest
from ase import Atoms

from glasswright.engines.native import tables
from glasswright.engines.native.tables import TYPICAL_FORCE, pair_tables
from glasswright.forcefield import BoundForceField
from glasswright.forms.prolate import ProlateSplit
from glasswright.forms.tabulate import pair_energy_force, virial_trace
from glasswright.library.forcefields import load_forcefield
from glasswright.native import core as best_core
from glasswright.native import instruction_sets
from reference.ewald import Evaluation
from reference.images import image_pairs
from reference.make_melts import MELTS, read_melt
from reference.pair_sum import evaluate

SHAPES = {
    "cubic": np.diag([2.0, 2.0, 2.0]),
    "orthorhombic": np.diag([2.5, 2.0, 2.2]),
    "triclinic": np.array([[2.4, 0, 0], [0.5, 2.3, 0], [-0.4, 0.6, 2.2]]),
}
"""Cells in units of that of the melt."""


@pytest.fixture(params=instruction_sets())
def core(request, monkeypatch):
    """The core for one instruction set, in place of the best one."""
    try:
        module = import_module(f"glasswright.native._core_{request.param}")
    except ImportError:
        pytest.skip("not built for this instruction set")
    monkeypatch.setattr(tables, "core", lambda: module)
    return module


def melt(name: str, shape: str = "cubic") -> Atoms:
    """Eight copies of a kept melt in a cell of another shape, every atom moved at random so that no two copies are alike."""
    atoms = read_melt(name) * (2, 2, 2)
    atoms.set_cell(SHAPES[shape] @ np.array(atoms.cell) / 2, scale_atoms=True)
    atoms.positions += np.random.default_rng(1).normal(scale=0.05, size=(len(atoms), 3))
    return atoms


@cache
def silica_in_numpy(shape: str) -> tuple[Atoms, BoundForceField, Evaluation]:
    atoms, forcefield = melt("silica", shape), load_forcefield("bks").with_coulomb("dsf")
    return atoms, forcefield.bind(atoms), evaluate(atoms, forcefield)


def relative(difference, forces) -> float:
    return float(np.sqrt(np.mean(difference**2) / np.mean(forces**2)))


def voigt(stress, atoms) -> np.ndarray:
    virial = -stress * atoms.get_volume()
    return virial[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]


@pytest.mark.parametrize("shape", SHAPES)
def test_silica_in_cells_of_any_shape(core, shape):
    atoms, bound, expected = silica_in_numpy(shape)
    for double_precision, tolerance in ((False, 3e-6), (True, 1e-12)):  # rounding of float32 leaves 1e-6
        term = pair_tables(bound, double_precision=double_precision).term()
        found = core.Forces(bound.types, pairs=term).evaluate(atoms.positions, np.array(atoms.cell))
        assert relative(found["forces"] - expected.forces, expected.forces) < tolerance
        assert found["energy"] == pytest.approx(expected.energy, rel=tolerance)
        assert found["virial"] == pytest.approx(voigt(expected.stress, atoms), abs=tolerance * np.abs(expected.stress).max() * atoms.get_volume() + tolerance)


@pytest.mark.parametrize("name", sorted(name for name in MELTS if name != "silica" and not name.startswith("sw-")))
def test_every_force_field(name):
    atoms, forcefield = melt(name), load_forcefield(name.rstrip("-12"))
    if forcefield.coulomb.method == "ewald":
        forcefield = forcefield.with_coulomb("wolf", cutoff=8.0)
    bound, expected = forcefield.bind(atoms), evaluate(atoms, forcefield)
    found = best_core().Forces(bound.types, pairs=pair_tables(bound).term()).evaluate(atoms.positions, np.array(atoms.cell))
    assert relative(found["forces"] - expected.forces, expected.forces) < 5e-6
    assert found["energy"] == pytest.approx(expected.energy, rel=3e-6)


def test_near_field_of_an_ewald_sum(core):
    """The trace of its virial is what ``forms`` says it is, not the sum of r times force."""
    atoms, forcefield = melt("silica"), load_forcefield("bks").with_coulomb("ewald")
    bound, split = forcefield.bind(atoms), ProlateSplit(12.5, 8.0)
    term = pair_tables(bound, split=split).term()
    found = core.Forces(bound.types, pairs=term).evaluate(atoms.positions, np.array(atoms.cell))
    i, j, vectors, r = image_pairs(atoms, 8.0)
    energy, trace, forces = 0.0, 0.0, np.zeros((len(atoms), 3))
    for a, first in enumerate(bound.species):
        for b, second in enumerate(bound.species):
            pick = (bound.types[i] == a) & (bound.types[j] == b)
            pair_energy, pair_force = pair_energy_force(bound, first, second, r[pick], split)
            energy += 0.5 * pair_energy.sum()
            trace += 0.5 * virial_trace(bound, first, second, r[pick], split).sum()
            np.add.at(forces, i[pick], -(pair_force / r[pick])[:, None] * vectors[pick])
    assert relative(found["forces"] - forces, forces) < 3e-6
    assert found["energy"] == pytest.approx(energy, rel=3e-6)
    # Atoms push and pull: the trace is a small difference of large numbers, of the size of the energy.
    assert found["virial"][:3].sum() == pytest.approx(trace, abs=3e-6 * abs(energy))


def test_the_error_of_a_table_is_what_the_forces_show():
    """Coarse cubics in single precision: the error announced is that found on a melt, within a factor of 2 below and 3 above."""
    atoms, bound, _ = silica_in_numpy("cubic")
    exact = best_core().Forces(bound.types, pairs=pair_tables(bound, double_precision=True).term()).evaluate(atoms.positions, np.array(atoms.cell))
    for per_octave in (4, 8):
        table = tables.fit(bound, per_octave, 3, False, None)
        found = best_core().Forces(bound.types, pairs=table.term()).evaluate(atoms.positions, np.array(atoms.cell))
        error = np.sqrt(np.mean(np.sum((found["forces"] - exact["forces"]) ** 2, axis=1))) / TYPICAL_FORCE
        assert error / 2 < table.error < 3 * error
