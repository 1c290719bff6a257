"""Refinement by the gradient: what it goes down in, how, and where it ends."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase.calculators.lj import LennardJones

import glasswright as gw
from glasswright import units
from glasswright.composition import Composition
from glasswright.curve import Curve
from glasswright.errors import InputError
from glasswright.experiment import Experiment
from glasswright.io.experiments import DataSet
from glasswright.native.monte_carlo import MonteCarlo
from glasswright.refinement.descent import Adam, lbfgs
from glasswright.refinement.langevin import Bath, Motion, Pace, langevin, stiffest
from glasswright.refinement.method import Conditions, State
from glasswright.refinement.methods import method_of
from glasswright.refinement.objective import Objective, Value
from glasswright.refinement.problem import Problem
from glasswright.refinement.sampling import fitted, new_kernel, r_chi
from glasswright.refinement.settings import RefineSettings
from glasswright.targets.constraints import Coordination
from glasswright.workflows.refinement_job import prepare_refinement

from .test_fear import N_ATOMS, amorphous, packed, problem_of
from .test_refine import Q, network

Floats = Any


@cache
def curves() -> tuple[DataSet, ...]:
    """Neutrons and X-rays of a shaken network, and a g(r) on bins."""
    glass = network()
    of_q = {kind: Experiment(gw.analysis.structure_factor(glass, Q, radiation=kind), kind, Composition("SiO2"), 2.17) for kind in ("neutron", "xray")}
    r = np.arange(0.025, 6.0, 0.05)
    counted = Experiment(Curve(r, 1 - np.exp(-((r / 2) ** 6)), None, "g(r)", "Å", ""), "neutron", Composition("SiO2"), counted=True)
    return *(DataSet(name, curve) for name, curve in of_q.items()), DataSet("counted", counted, {"scale": 1.0, "weight": 0.3})


@cache
def joint() -> Problem:
    return prepare_refinement(RefineSettings("gradient", coulomb="dsf", n_atoms=192, density=2.17), curves()).problem


def conditions(problem: Problem) -> Conditions:
    return Conditions(1000.0, 0.01, 0.7, 0.01, *fitted(problem, new_kernel(problem).histogram))


def test_the_objective_is_the_exponent_of_the_acceptance() -> None:
    problem = joint()
    now, kernel = conditions(problem), new_kernel(problem)
    found = Objective(problem, now)(problem.atoms.positions)
    assert problem.energy is not None
    kt, energy = units.BOLTZMANN * now.temperature, problem.energy.evaluate(problem.atoms.positions)[0]
    squares = [w * r**2 for w, r in zip(problem.weights, r_chi(problem, kernel.histogram, now), strict=True)]
    misfit = problem.n_atoms * sum(squares) / 0.01
    # Pairs are counted otherwise where the histogram ends, 0.2 Å of seven, and within bins.
    assert found.energy / kt - 0.7 * energy / kt == pytest.approx(misfit, rel=0.01)


@pytest.mark.parametrize("part", ["data", "energy", "all"])
def test_its_forces_are_its_gradient(part: str) -> None:
    problem = joint()
    # So much that some atoms are closer than their minimum distance, and pushed apart.
    x = problem.atoms.positions + np.random.default_rng(1).normal(0, 0.1, (problem.n_atoms, 3))
    objective = Objective(problem, conditions(problem))
    function = {"data": objective.data, "energy": objective.energy, "all": objective}[part]
    forces = function(x).forces
    for atom in (0, 50, 191):
        way = np.zeros_like(x)
        way[atom] = forces[atom] / np.linalg.norm(forces[atom])
        slope = (function(x + 3e-4 * way).energy - function(x - 3e-4 * way).energy) / 6e-4
        # Distances are in single precision, 1e-6 Å, and the second derivative of a quadratic spline jumps from bin to bin.
        assert -slope == pytest.approx(np.linalg.norm(forces[atom]), rel=0.01)


def quadratic(x: Floats) -> Value:
    """A narrow valley: curvatures from 1 to 1000."""
    k = np.geomspace(1, 1000, x.size).reshape(x.shape)
    return Value(float(0.5 * (k * x**2).sum()), -k * x)


def test_lbfgs_goes_to_the_bottom() -> None:
    start = np.random.default_rng(0).normal(0, 0.05, (20, 3))
    place = lbfgs(quadratic, start, 120)
    assert place.value.energy < 1e-4 * quadratic(start).energy
    assert quadratic(place.positions).energy == place.value.energy
    seen = []

    def counted(x: Floats) -> Value:
        seen.append(quadratic(x).energy)
        return quadratic(x)

    assert lbfgs(counted, start, 7).value.energy == min(seen) and len(seen) == 7
    # Where no step helps it ends, and leaves things as they are.
    np.testing.assert_array_equal(lbfgs(lambda x: Value(0.0, np.ones_like(x)), start, 50).positions, start)


def test_adam_goes_down_in_parts_as_in_one() -> None:
    start = np.random.default_rng(0).normal(0, 0.05, (20, 3))
    none = np.zeros_like(start)
    whole, _ = Adam(start, none, none, 0).after(quadratic, 60, 0.002)
    part, _ = Adam(start, none, none, 0).after(quadratic, 25, 0.002)
    part, _ = part.after(quadratic, 35, 0.002)
    np.testing.assert_array_equal(whole.positions, part.positions)
    assert quadratic(whole.positions).energy < 0.1 * quadratic(start).energy


def test_langevin_dynamics_sample_the_canonical_ensemble() -> None:
    """Harmonic springs, fast ones and slow ones: x² is kT/k of each, at the longest steps that their frequencies allow."""
    n, temperature = 200, 500.0
    masses = np.full((n, 1), 16.0)
    fast, slow = 20.0, np.full((n, 3), 4.0)
    omega, _ = stiffest(lambda x: -slow * x, np.zeros((n, 3)), masses, np.ones((n, 3)), 3)
    assert omega == pytest.approx(np.sqrt(4.0 / (units.MASS_VELOCITY2 * 16.0)), rel=1e-6)
    pace = Pace.for_frequency(omega)
    assert pace.every > 1 and pace.every * pace.timestep * omega <= 1
    assert Pace.for_frequency(2.0) == Pace(0.4, 1)
    bath = Bath(masses, temperature, np.random.default_rng(7))
    motion, squares = Motion(np.zeros((n, 3)), bath.velocities()), []
    for k in range(60):
        motion = langevin(lambda x: -fast * x, lambda x: -slow * x, motion, bath, pace, 20)
        squares += [float((motion.positions**2).mean())] if k > 9 else []
    # 600 degrees of freedom, 50 times: 1 % by counting, and the steps bring 2 % more.
    assert np.mean(squares) == pytest.approx(units.BOLTZMANN * temperature / 24.0, rel=0.05)


def walked(problem: Problem, blocks: int) -> tuple[State, Any]:
    method = method_of("gradient")
    method.check(problem)
    state, block = method.init(problem)
    for _ in range(blocks):
        state, block = method.block(problem, state)
    return state, block


def test_a_known_g_of_r_is_recovered_at_a_low_energy() -> None:
    state, block = walked(problem_of("gradient", moves=200, block=10, gradient_steps=10), 20)
    assert state.stage == "equilibrate" and state.moves == 200 * N_ATOMS
    # As good as FEAR in g(r), 0.062, where two quenches differ by 0.15 (test_fear.py); as deep as a quench of this length, with thermal motion.
    assert block.r_chi[0] < 0.08
    assert block.energy < amorphous()[1] + 0.08


def test_data_alone_are_followed_closely_and_no_atoms_come_too_close() -> None:
    problem = problem_of("gradient", energy_weight=0.0, anneal=0.0, chi_temperature=1e-4, moves=50, block=25)
    start = method_of("gradient").init(problem)[1]
    state, block = walked(problem, 2)
    assert block.r_chi[0] < 0.2 * start.r_chi[0]
    distances = MonteCarlo.restore(state.kernel).histogram[0, 0]
    assert problem.bins.r[distances > 0][0] > problem.minimum_distances[0, 0] - 0.15


@pytest.mark.parametrize("by", ["adam", "langevin"])
def test_other_ways_down(by: str) -> None:
    problem = problem_of("gradient", gradient_by=by, anneal=0.0, moves=20, block=10, gradient_steps=10, temperature=300.0)
    start = method_of("gradient").init(problem)[1]
    _, block = walked(problem, 2)
    assert block.extra["objective [eV/atom]"] < start.extra["objective [eV/atom]"] - 1.0
    assert block.r_chi[0] < start.r_chi[0]


def test_any_calculator_serves() -> None:
    problem = problem_of("gradient", LennardJones(sigma=2.1, epsilon=0.5, rc=5.0), moves=4, block=2, anneal=0.5)
    before = packed(2).positions
    _, block = walked(problem, 2)
    assert block.energy is not None and np.isfinite(block.energy)
    np.testing.assert_allclose(problem.atoms.positions, before, atol=1e-12)


def test_what_has_no_gradient_is_refused() -> None:
    settings = RefineSettings("gradient", coulomb="dsf")
    counted = prepare_refinement(settings, curves()[:1], [Coordination("Si", "O", 2.4, 4)], network()).problem
    with pytest.raises(InputError, match="knows no constraints"):
        method_of("gradient").check(counted)
    with pytest.raises(InputError, match="temperatures above 0"):
        method_of("gradient").check(replace(counted, constraints=(), settings=replace(settings, temperature=0.0)))
    with pytest.raises(InputError, match="gradient_by"):
        RefineSettings("gradient", gradient_by="cg")


@pytest.mark.parametrize(("anneal", "by"), [(1.0, "lbfgs"), (0.0, "lbfgs"), (0.0, "adam")])
def test_a_resumed_refinement_is_the_same(anneal: float, by: str, tmp_path: Path) -> None:
    problem = problem_of("gradient", moves=20, block=2, anneal=anneal, gradient_by=by)
    state, _ = walked(problem, 2)
    state.save(tmp_path / "state.npz")
    again = State.load(tmp_path / "state.npz")
    for _ in range(2):
        state, again = method_of("gradient").block(problem, state)[0], method_of("gradient").block(problem, again)[0]
    np.testing.assert_array_equal(MonteCarlo.restore(state.kernel).positions, MonteCarlo.restore(again.kernel).positions)
