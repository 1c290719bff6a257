"""What every engine's calculator promises, for every kind of interaction."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from ase import Atoms
from scipy.spatial.transform import Rotation

from contracts.cases import CELLS, MODELS, NEEDS, NO_LAMMPS, model, named, sample
from glasswright.engines import calculator, engine_names, get_engine
from glasswright.errors import InputError
from glasswright.library.forcefields import load_forcefield
from glasswright.units import GPA
from reference.ewald import Evaluation
from reference.make_melts import read_melt
from reference.pair_sum import evaluate

# PPPM differentiates its forces otherwise than its energy: they agree to its force error. Steps of wolf and of cut short ranges show at this level.
DERIVATIVE = {"bks": 1e-4, "bks/dsf": 3e-4, "bks/wolf": 3e-4, "shik": 1e-6, "sw-si": 1e-6}
Energy = Callable[[Atoms], float]


@pytest.fixture(params=MODELS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


CASES = [(engine, name) for engine in engine_names() for name in MODELS if engine != "jax" or name == "bks"]  # JAX compiles each for seconds


@pytest.fixture(params=[pytest.param(case, id="-".join(case), marks=NEEDS.get(case[0], ())) for case in CASES])
def case(request: pytest.FixtureRequest) -> tuple[str, Atoms]:
    """A model and a skewed melt that carries a calculator for it."""
    engine, name = request.param
    atoms = sample(name, "triclinic")
    atoms.calc = calculator(model(name), engine)
    return name, atoms


@cache
def exact(name: str, cell: str) -> Evaluation:
    return evaluate(sample(name, cell), model(name))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("engine", "precision"), [("native", "mixed"), ("native", "double"), pytest.param("lammps", "double", marks=NO_LAMMPS)])
def test_equals_the_plain_numpy_sum(engine: str, cell: str, name: str, precision: str) -> None:
    atoms, expected = sample(name, cell), exact(name, cell)
    atoms.calc = named(engine, model(name), precision=precision).calculator(model(name))
    # One table per pair spreads the step in the force of a cut short range over 0.002 Å in LAMMPS; native tables have an edge there.
    tolerance = 5e-4 if engine == "lammps" and name in ("bks/dsf", "bks/wolf") else 1e-5
    error = np.sqrt(np.mean((atoms.get_forces() - expected.forces) ** 2) / np.mean(expected.forces**2))
    assert error < tolerance
    assert abs(atoms.get_potential_energy() - expected.energy) / len(atoms) < 1e-5
    assert np.abs(atoms.get_stress() - expected.voigt).max() * GPA < 5e-3


def energy_of(atoms: Atoms, like: Atoms) -> float:
    atoms.calc = like.calc
    return float(atoms.get_potential_energy())


def slope(energy: Callable[[float], float], h: float) -> float:
    """Derivative at 0 by differences of fourth order."""
    return (8 * (energy(h) - energy(-h)) - (energy(2 * h) - energy(-2 * h))) / (12 * h)


def test_forces_are_minus_the_slope_of_the_energy(case: tuple[str, Atoms]) -> None:
    name, atoms = case
    forces, rms = atoms.get_forces(), float(np.sqrt(np.mean(atoms.get_forces() ** 2)))

    def moved(atom: int, axis: int) -> Callable[[float], float]:
        def energy(x: float) -> float:
            other = atoms.copy()
            other.positions[atom, axis] += x
            return energy_of(other, atoms)

        return energy

    for atom, axis in ((0, 0), (50, 1), (100, 2)):
        assert abs(slope(moved(atom, axis), 2e-4) + forces[atom, axis]) < DERIVATIVE[name] * rms


def test_stress_is_the_slope_of_the_energy_under_strain(case: tuple[str, Atoms]) -> None:
    _, atoms = case
    stress = atoms.get_stress(voigt=False)
    scale = np.abs(stress).max()

    def strained(i: int, j: int) -> Callable[[float], float]:
        def energy(x: float) -> float:
            strain = np.eye(3)
            strain[i, j] += x / 2
            strain[j, i] += x / 2
            other = atoms.copy()
            other.set_cell(atoms.cell.array @ strain, scale_atoms=True)
            return energy_of(other, atoms)

        return energy

    for i, j in ((0, 0), (1, 2), (0, 1)):
        assert abs(slope(strained(i, j), 2e-5) / atoms.get_volume() - stress[i, j]) < 1e-3 * scale


def test_rotated_and_mirrored_atoms_feel_the_same(case: tuple[str, Atoms]) -> None:
    _, atoms = case
    energy, forces, stress = atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress(voigt=False)
    rms = np.sqrt(np.mean(forces**2))
    for turn in (Rotation.random(random_state=3).as_matrix(), np.diag([1.0, -1.0, 1.0])):
        other = atoms.copy()
        other.set_cell(atoms.cell.array @ turn, scale_atoms=True)
        assert energy_of(other, atoms) == pytest.approx(energy, abs=1e-8)
        assert np.abs(other.get_forces() - forces @ turn).max() < 1e-8 * rms
        assert np.abs(other.get_stress(voigt=False) - turn.T @ stress @ turn).max() < 1e-9


def test_energy_is_extensive_and_wrapping_changes_nothing(case: tuple[str, Atoms]) -> None:
    name, atoms = case
    energy, forces = atoms.get_potential_energy(), atoms.get_forces()
    double = atoms.repeat((1, 2, 1))
    # With PPPM the mesh does not divide as the atoms do.
    tolerance = 2e-5 if name == "bks" else 1e-9
    assert abs(energy_of(double, atoms) / 2 - energy) < tolerance * len(atoms)
    moved = atoms.copy()
    moved.positions += 3 * atoms.cell[0] - atoms.cell[2]
    assert energy_of(moved, atoms) == pytest.approx(energy, abs=1e-8)
    assert np.abs(moved.get_forces() - forces).max() < 1e-8


def test_cutoff_longer_than_the_cell(case: tuple[str, Atoms]) -> None:
    name, like = case
    crystal = sample(name, "small")
    one, many = energy_of(crystal, like), energy_of(crystal.repeat(3), like)
    # The mesh does not divide as the atoms do, and in a crystal its errors add up.
    assert abs(many / 27 - one) / len(crystal) < (5e-5 if name == "bks" else 2e-9)


def test_results_follow_new_species_and_cells(case: tuple[str, Atoms]) -> None:
    name, atoms = case
    fresh = calculator(model(name), atoms.calc.engine.name)
    first = atoms.get_potential_energy()
    swapped = atoms[::-1]
    assert energy_of(swapped, atoms) == pytest.approx(first, abs=1e-7 if name != "bks" else 1e-6)
    square = sample(name, "cubic")
    here = energy_of(square, atoms)
    square.calc = fresh
    assert here == pytest.approx(square.get_potential_energy(), abs=1e-8)


def test_bad_requests_are_refused_with_the_reason() -> None:
    forcefield, atoms = load_forcefield("bks"), read_melt("silica")
    with pytest.raises(InputError, match="no engine 'gromacs'"):
        get_engine("gromacs", forcefield)
    atoms.calc = calculator(forcefield)
    atoms.pbc = [True, True, False]
    with pytest.raises(InputError, match="no periodic cell"):
        atoms.get_potential_energy()
    atoms.pbc = True
    atoms.positions[0, 0] = np.nan
    with pytest.raises(InputError, match="not numbers"):
        atoms.get_potential_energy()
    with pytest.raises(InputError, match="does not start"):
        get_engine("lammps", forcefield, command="no-such-program -x")[0].calculator(forcefield).get_potential_energy(read_melt("silica"))
    with pytest.raises(InputError, match="external LAMMPS"):
        get_engine("native", forcefield, command="mpirun -n 2 lmp")


def test_auto_takes_the_native_engine_where_it_can_and_says_why_not() -> None:
    forcefield = load_forcefield("shik")
    assert get_engine("auto", forcefield)[0].name == "native"
    engine, reason = get_engine("auto", forcefield, read_melt("silica"))
    assert engine.name == "lammps"
    assert "21.0 Å" in reason  # twice the cutoff, and room to shrink
    assert get_engine("auto", forcefield, command="mpirun -n 2 lmp")[0].name == "lammps"
