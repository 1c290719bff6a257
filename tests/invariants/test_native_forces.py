"""What must hold for forces of the compiled core whatever the atoms do."""

from __future__ import annotations

import numpy as np
import pytest

from glasswright.engines.native.tables import pair_tables
from glasswright.library.forcefields import load_forcefield
from glasswright.native import core
from reference.make_melts import read_melt


@pytest.fixture(scope="module")
def silica():
    """A melt of 144 atoms with a cutoff that fits into it, as positions, cell, bound force field."""
    atoms = read_melt("silica")
    bound = load_forcefield("bks").with_coulomb("dsf", cutoff=6.0).bind(atoms)
    return atoms.positions.copy(), np.array(atoms.cell), bound


def forces(bound, double_precision=False, **options):
    return core().Forces(bound.types, pairs=pair_tables(bound, double_precision=double_precision).term(), **options)


SHEAR = np.array([[1.0, 0, 0], [0.12, 1.05, 0], [-0.08, 0.1, 1.1]])


@pytest.mark.parametrize("shape", [np.eye(3), SHEAR], ids=["cubic", "triclinic"])
def test_forces_are_the_slope_of_the_energy(silica, shape):
    positions, cell, bound = silica
    positions, cell = positions @ shape, cell @ shape
    evaluator = forces(bound, double_precision=True)
    here, step = evaluator.evaluate(positions, cell), 1e-5
    for atom, axis in ((0, 0), (50, 1), (143, 2)):
        ends = []
        for sign in (1, -1):
            moved = positions.copy()
            moved[atom, axis] += sign * step
            ends.append(evaluator.evaluate(moved, cell)["energy"])
        # The slope of a pair force changes where cutoffs are crossed; second order in the step otherwise.
        assert (ends[1] - ends[0]) / (2 * step) == pytest.approx(here["forces"][atom, axis], abs=2e-5)


@pytest.mark.parametrize("shape", [np.eye(3), SHEAR], ids=["cubic", "triclinic"])
def test_virial_is_the_slope_in_strain(silica, shape):
    positions, cell, bound = silica
    positions, cell = positions @ shape, cell @ shape
    evaluator = forces(bound, double_precision=True)
    here, step = evaluator.evaluate(positions, cell)["virial"], 1e-6
    for k, (row, column) in enumerate(((0, 0), (1, 1), (2, 2), (2, 1), (2, 0), (1, 0))):
        ends = []
        for sign in (1, -1):
            strain = np.eye(3)
            strain[row, column] += sign * step
            ends.append(evaluator.evaluate(positions @ strain, cell @ strain)["energy"])
        # BKS is cut at 5.5 Å with a jump of the force, so that pairs that cross give an error of first order in the step.
        assert (ends[1] - ends[0]) / (2 * step) == pytest.approx(here[k], abs=2e-3)


def test_the_list_is_never_late(silica):
    """Small and large moves and changes of the cell: as exact with one list kept as with a new one every time."""
    _, cell, bound = silica
    random = np.random.default_rng(3)
    atoms = read_melt("silica") * (2, 2, 2)
    bound = load_forcefield("bks").with_coulomb("dsf").bind(atoms)
    positions, cell = atoms.positions.copy(), np.array(atoms.cell)
    kept = forces(bound, double_precision=True, skin=0.6)
    for step in range(60):
        if step % 4 == 3:
            positions[random.integers(len(positions))] += random.normal(size=3) * random.choice([0.2, 0.5, 3.0, 30.0])
        strain = np.eye(3) + np.tril(random.normal(size=(3, 3))) * random.choice([1e-5, 3e-4])
        positions, cell = positions @ strain, cell @ strain
        positions += random.uniform(-1, 1, size=positions.shape) * 0.02
        fresh = forces(bound, double_precision=True, skin=2.0)
        there, here = fresh.evaluate(positions, cell), kept.evaluate(positions, cell)
        scale = np.sqrt(np.mean(there["forces"] ** 2))
        assert np.abs(here["forces"] - there["forces"]).max() < 1e-10 * max(scale, 1)
    assert 5 < kept.rebuilds < 55


def test_all_pairs_in_a_cell_just_wide_enough(silica):
    """No skin is left at half the width: all pairs are listed, once."""
    positions, cell, bound = silica
    atoms = read_melt("silica")
    bound = load_forcefield("bks").with_coulomb("dsf", cutoff=cell[0, 0] / 2 - 0.01).bind(atoms)
    tight = forces(bound, double_precision=True)
    first = tight.evaluate(positions, cell)
    second = tight.evaluate(positions + 5.0, cell)
    assert tight.list_radius == np.inf and tight.rebuilds == 1 and tight.pairs == 144 * 143
    assert np.abs(first["forces"] - second["forces"]).max() < 1e-9


def test_forces_do_not_depend_on_threads_or_history(silica):
    positions, cell, bound = silica
    one, three = forces(bound), forces(bound, threads=3)
    first, other = one.evaluate(positions, cell), three.evaluate(positions, cell)
    assert np.array_equal(first["forces"], other["forces"])
    assert first["energy"] == pytest.approx(other["energy"], rel=1e-13)
    again = forces(bound, threads=3).evaluate(positions, cell)
    assert again["energy"] == other["energy"] and np.array_equal(again["virial"], other["virial"])


def test_forces_do_not_depend_on_images_or_on_the_origin(silica):
    positions, cell, bound = silica
    evaluator = forces(bound)
    here = evaluator.evaluate(positions, cell)["forces"]
    images = np.random.default_rng(0).integers(-3, 4, size=positions.shape) @ cell
    assert np.abs(evaluator.evaluate(positions + images + [1.0, 2.0, 3.0], cell)["forces"] - here).max() < 3e-5
    assert np.abs(here.sum(axis=0)).max() < 1e-3


def test_order_of_the_caller_is_kept(silica):
    positions, cell, bound = silica
    shuffle = np.random.default_rng(0).permutation(len(positions))
    here = forces(bound).evaluate(positions, cell)["forces"]
    term = pair_tables(bound).term()
    there = core().Forces(bound.types[shuffle], pairs=term).evaluate(positions[shuffle], cell)["forces"]
    assert np.abs(there - here[shuffle]).max() < 3e-5


def test_far_atoms_in_a_large_cell_are_as_exact():
    """Fixed point: a cell of 150 Å has the accuracy of a small one."""
    atoms = read_melt("silica") * (2, 2, 2)
    bound = load_forcefield("bks").with_coulomb("dsf").bind(atoms)
    wide = np.array(atoms.cell) * 1.0
    wide[0, 0] = 1500.0
    single, double = (forces(bound, p).evaluate(atoms.positions, wide)["forces"] for p in (False, True))
    assert np.sqrt(np.mean((single - double) ** 2) / np.mean(double**2)) < 5e-6


def test_refusals(silica):
    positions, cell, bound = silica
    term = pair_tables(bound).term()
    evaluator = core().Forces(bound.types, pairs=term)
    for what, bad_positions, bad_cell in (
        ("half the narrowest width", positions, cell * 0.9),
        ("volume", positions, np.diag([12.7, 12.7, 0.0])),
        ("lower triangular", positions, cell + np.triu(np.ones((3, 3)), 1)),
        ("not finite", np.where(np.arange(3) == 1, np.nan, positions), cell),
        ("same number", positions[:-1], cell),
    ):
        with pytest.raises(ValueError, match=what):
            evaluator.evaluate(bad_positions, bad_cell)
    with pytest.raises(ValueError, match="out of range"):
        core().Forces(bound.types + 1, pairs=pair_tables(bound).term())
    with pytest.raises(ValueError, match="skin"):
        core().Forces(bound.types, pairs=pair_tables(bound).term(), skin=-1.0)
