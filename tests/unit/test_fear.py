"""FEAR: moves by the data and steps by the forces, from random atoms."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from glasswright.composition import Composition
from glasswright.curve import Curve
from glasswright.engines.native import NativeEngine
from glasswright.engines.native.relaxation import NativeRelaxation
from glasswright.experiment import Experiment
from glasswright.io.experiments import DataSet
from glasswright.library.forcefields import load_forcefield
from glasswright.native import pair_histogram
from glasswright.native.monte_carlo import MonteCarlo
from glasswright.packing import pack
from glasswright.refinement.method import State
from glasswright.refinement.methods import method_of
from glasswright.refinement.problem import Problem
from glasswright.refinement.settings import RefineSettings
from glasswright.targets import PairBins
from glasswright.workflows.refinement_job import prepare_refinement

N_ATOMS, R_MAX, N_BINS = 216, 7.5, 150
FORCEFIELD = load_forcefield("sw-si")


def packed(seed: int) -> Atoms:
    return pack("Si", n_atoms=N_ATOMS, density=2.3, seed=seed)


@cache
def amorphous() -> tuple[Atoms, float]:
    """A quickly quenched silicon at 300 K, and the energy of its minimum [eV/atom]."""
    atoms = packed(7)
    relaxation = NativeRelaxation(NativeEngine().interactions(FORCEFIELD, atoms), atoms.cell.array)
    x = relaxation.minimised(atoms.positions, 30).positions
    for seed, temperature in enumerate(np.geomspace(3000, 300, 40)):
        x = relaxation.heated(x, 100, float(temperature), seed)
    atoms.positions = x
    return atoms, relaxation.minimised(x, 500).energy / N_ATOMS


def measured() -> Experiment:
    glass, bins = amorphous()[0], PairBins.of(packed(1), R_MAX, N_BINS)
    counts = pair_histogram(glass.positions, glass.cell, np.zeros(N_ATOMS, int), 1, R_MAX, N_BINS)[0, 0] / 2
    curve = Curve(bins.r, counts / bins.ideal[0, 0], None, "g(r)", "Å", "")
    return Experiment(curve, "neutron", Composition("Si"), counted=True, name="quenched")


def problem_of(method: str, calculator: Any = None, **settings: Any) -> Problem:
    s = RefineSettings(method, minimum_distances={"Si-Si": 1.8}, r_max=R_MAX, **settings)
    return prepare_refinement(s, (DataSet("quenched", measured(), {"scale": 1.0}),), (), packed(2), calculator or FORCEFIELD).problem


def walked(problem: Problem, blocks: int) -> tuple[State, Any]:
    method = method_of(problem.settings.method)
    state, block = method.init(problem)
    for _ in range(blocks):
        state, block = method.block(problem, state)
    return state, block


def test_data_are_met_at_a_low_energy() -> None:
    state, fear = walked(problem_of("fear", moves=600, block=20), 30)
    _, rmc = walked(problem_of("rmc", moves=600, block=20), 30)
    assert state.stage == "equilibrate"
    # g(r) of one configuration of 216 atoms in bins of 0.05 Å: no two agree to better than 15 % unless made to.
    assert fear.r_chi[0] < 0.12 and fear.r_chi[0] < 1.5 * rmc.r_chi[0]
    # Moves by the data alone leave broken bonds everywhere, half an electronvolt per atom or more.
    assert fear.energy < rmc.energy - 0.5
    # Thermal energy of the vibrations aside, 39 meV at 300 K, it is as deep as a quench of this length.
    assert fear.energy < amorphous()[1] + 0.08


def test_without_dynamics_it_is_the_published_method() -> None:
    problem = problem_of("fear", moves=200, block=20, fear_dynamics=0, fear_steps=1, chi_temperature=1e-3, anneal=0.0)
    state, block = walked(problem, 10)
    assert block.temperature is None and state.moves == 200 * N_ATOMS
    _, rmc = walked(problem_of("rmc", moves=200, block=20, chi_temperature=1e-3, anneal=0.0), 10)
    assert block.energy < rmc.energy - 0.5 and block.r_chi[0] < 0.3


def test_any_calculator_serves() -> None:
    atoms = packed(2)
    problem = problem_of("fear", NativeEngine().calculator(FORCEFIELD), moves=40, block=10, fear_dynamics=3, fear_steps=2)
    before = NativeEngine().calculator(FORCEFIELD).get_potential_energy(atoms) / N_ATOMS
    _, block = walked(problem, 4)
    assert block.energy < before - 0.5
    np.testing.assert_allclose(problem.atoms.positions, atoms.positions, atol=1e-12)


@pytest.mark.parametrize("anneal", [0.0, 1.0])
def test_a_resumed_refinement_is_the_same(anneal: float, tmp_path: Any) -> None:
    problem = problem_of("fear", moves=100, block=10, anneal=anneal)
    state, _ = walked(problem, 3)
    state.save(tmp_path / "state.npz")
    again, fresh = State.load(tmp_path / "state.npz"), problem_of("fear", moves=100, block=10, anneal=anneal)
    for _ in range(2):
        state, again = method_of("fear").block(problem, state)[0], method_of("fear").block(fresh, again)[0]
    np.testing.assert_array_equal(MonteCarlo.restore(state.kernel).positions, MonteCarlo.restore(again.kernel).positions)
