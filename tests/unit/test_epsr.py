"""EPSR finds back a known liquid from a deliberately wrong reference potential."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from ase import Atoms

import glasswright as gw
from glasswright.composition import Composition
from glasswright.curve import Curve
from glasswright.experiment import Experiment
from glasswright.forcefield import Coulomb, ForceField, MeltQuenchDefaults, PairTerm, Species, Validity
from glasswright.forms.tabulate import pair_energy_force
from glasswright.io.experiments import DataSet
from glasswright.native.monte_carlo import MonteCarlo
from glasswright.refinement import epsr
from glasswright.refinement.methods import method_of
from glasswright.refinement.problem import Problem
from glasswright.refinement.settings import SAMPLERS, RefineSettings
from glasswright.targets import scattering_target
from glasswright.units import BOLTZMANN
from glasswright.workflows.refinement_job import prepare_refinement

ISOTOPES = ({}, {"Ni": "58Ni"}, {"Ni": "62Ni"})
TEMPERATURE, R_MAX, EDGE, N_ATOMS = 800.0, 7.0, 18.0, 256
KEPT: dict[str, Any] = {"temperature": TEMPERATURE, "anneal": 0.0, "minimum_distances": {"Ni-Ni": 1.5}, "r_max": R_MAX}


def morse(*wells: tuple[str, str, float, float, float]) -> ForceField:
    """Metals whose atoms attract one another by Morse potentials: two elements, depth, rate and distance of each."""
    terms = {(a, b): PairTerm((a, b), "morse12", {"D": depth, "a": rate, "r0": r, "C": 0.0}, R_MAX, shifted=True) for a, b, depth, rate, r in wells}
    species = tuple(Species(e, e, 0.0) for e in sorted({e for pair in terms for e in pair}))
    return ForceField("morse", "Morse", species, terms, Coulomb("none", 0.0), Validity(frozenset(s.name for s in species)), MeltQuenchDefaults(2000.0))


TRUE, WRONG = morse(("Ni", "Ni", 0.06, 1.6, 2.8)), morse(("Ni", "Ni", 0.015, 1.3, 3.1))


def start(symbols: str = "Ni" * N_ATOMS) -> Atoms:
    grid = np.stack(np.meshgrid(*[np.arange(7)] * 3), axis=-1).reshape(-1, 3)[:N_ATOMS] * EDGE / 7
    return Atoms(symbols, positions=grid + np.random.default_rng(1).normal(0, 0.1, grid.shape), cell=[EDGE] * 3, pbc=True)


def walked(problem: Problem, method: str, blocks: int, discarded: int) -> tuple[Any, np.ndarray]:
    """Last state and mean histogram of a walk."""
    chosen, total = method_of(method), np.zeros(())
    state, _ = chosen.init(problem)
    for number in range(blocks):
        state, _ = chosen.block(problem, state)
        total = total + (number >= discarded) * MonteCarlo.restore(state.kernel).histogram
    return state, total / (blocks - discarded)


def liquid(forcefield: ForceField, atoms: Atoms) -> tuple[Problem, np.ndarray]:
    """Mean pairs of a liquid at equilibrium."""
    settings = RefineSettings("monte_carlo", block=10, **KEPT)
    problem = prepare_refinement(settings, (), (), atoms, forcefield).problem
    return problem, walked(problem, "monte_carlo", 260, 20)[1]


@cache
def measured() -> Experiment:
    """The g(r) of the true liquid."""
    problem, pairs = liquid(TRUE, start())
    bins = problem.bins
    return Experiment(Curve(bins.r, pairs[0, 0] / bins.ideal[0, 0], None, "g(r)", "Å", ""), "neutron", Composition("Ni"), counted=True, name="true")


def refined(**settings: Any) -> Problem:
    """The problem of finding it from the wrong reference."""
    s = RefineSettings("epsr", block=5, epsr_average=5, epsr_cutoff=R_MAX, epsr_feedback=0.9, **KEPT, **settings)
    return prepare_refinement(s, (DataSet("true", measured(), {"scale": 1.0}),), (), start(), WRONG).problem


@pytest.mark.parametrize(
    "settings", [{}, {"sampler": "md"}, pytest.param({"epsr_basis": "gaussian"}, marks=pytest.mark.slow)], ids=["monte_carlo", "md", "gaussian"]
)
def test_structure_and_potential_of_a_known_liquid_are_found_back(settings: dict[str, Any]) -> None:
    problem = refined(**settings)
    wrong = problem.targets[0].r_chi(liquid(WRONG, start())[1])
    state, pairs = walked(problem, "epsr", 240, 120)
    right = problem.targets[0].r_chi(pairs)
    # What is left is the noise of two means over some hundred configurations of 256 atoms.
    assert wrong > 0.13 and right < 0.25 * wrong
    r, g = problem.bins.r, measured().curve.y
    near = (g > 0.1) & (r < 0.8 * R_MAX)
    true, reference = (pair_energy_force(f.bind(problem.atoms), "Ni", "Ni", r)[0] for f in (TRUE, WRONG))
    found = reference + epsr.potential_of(problem, state).energy(r)[0, 0]

    def apart(energy: np.ndarray) -> float:
        """Standard deviation of the difference to the true potential over the neighbours of an atom, as g(r) does not fix a constant [kT]."""
        return float(np.sqrt(np.cov(energy[near] - true[near], aweights=(g * r**2)[near]))) / (BOLTZMANN * TEMPERATURE)

    assert apart(found) < 0.4 * apart(reference)


def test_molecular_dynamics_and_monte_carlo_sample_the_same_liquid() -> None:
    """Of the reference alone, which no look at the data changes: pairs in bins of 0.5 Å and the energy."""
    seen = []
    for sampler in SAMPLERS:
        problem, method = refined(sampler=sampler), method_of("epsr")
        problem = replace(problem, settings=replace(problem.settings, block=10, epsr_average=10**6))
        (state, _), rows = method.init(problem), []
        for _ in range(420):
            state, block = method.block(problem, state)
            pairs = MonteCarlo.restore(state.kernel).histogram[0, 0]
            rows.append([block.energy, *np.add.reduceat(pairs, np.arange(0, len(pairs), 25))])
        blocks = np.reshape(rows[20:], (20, 20, -1)).mean(axis=1)
        seen.append((blocks.mean(axis=0), blocks.std(axis=0, ddof=1) / np.sqrt(20)))
    (one, error), (other, its_error) = seen
    known = one > 0
    scores = (one - other)[known] / np.hypot(error, its_error)[known]
    assert np.abs(scores).max() < 4.5 and np.sqrt(np.mean(scores**2)) < 2
    # Errors small enough to tell: 0.3 % of pairs around the first peak, and of the energy.
    assert np.median(error[known] / np.abs(one[known])) < 3e-3


def test_the_energy_reported_is_that_of_the_reference() -> None:
    problem, method = refined(), method_of("epsr")
    state, _ = method.init(problem)
    for _ in range(11):
        state, block = method.block(problem, state)
    assert state.memory["coefficients"].any() and block.extra["amplitude [eV/atom]"] > 1e-3
    assert block.energy == pytest.approx(problem.energy.evaluate(MonteCarlo.restore(state.kernel).positions)[0] / N_ATOMS, abs=1e-9)


def test_what_molecular_dynamics_cannot_do_is_refused() -> None:
    with pytest.raises(gw.InputError, match="no sampler 'dynamics'"):
        refined(sampler="dynamics")
    for settings in ({"swaps": 0.1}, {"temperature": 0.0}):
        with pytest.raises(gw.InputError, match="Molecular dynamics"):
            method_of("epsr").check(replace(refined(), settings=RefineSettings("epsr", sampler="md", **settings)))


@pytest.mark.slow
def test_three_contrasts_find_three_partials() -> None:
    alloy = "Ni" * 140 + "Zr" * 116
    true = morse(("Ni", "Ni", 0.03, 1.5, 2.6), ("Ni", "Zr", 0.08, 1.5, 2.8), ("Zr", "Zr", 0.03, 1.5, 3.3))
    alike = morse(*((a, b, 0.03, 1.4, 2.9) for a, b in (("Ni", "Ni"), ("Ni", "Zr"), ("Zr", "Zr"))))
    (problem, pairs), (_, before) = liquid(true, start(alloy)), liquid(alike, start(alloy))
    data = []
    for number, isotopes in enumerate(ISOTOPES):
        blank = Experiment(
            Curve(problem.bins.r, 0 * problem.bins.r + 1, None, "g(r)", "Å", ""), "neutron", Composition("Ni35Zr29"), isotopes=isotopes, counted=True
        )
        target = scattering_target(blank, problem.bins, scale=1.0)
        data.append(DataSet(f"contrast {number}", replace(blank, curve=replace(blank.curve, x=target.x, y=1 + target.predicted(pairs))), {"scale": 1.0}))
    s = RefineSettings("epsr", block=5, epsr_average=5, epsr_cutoff=R_MAX, epsr_feedback=0.9, **KEPT)
    _, after = walked(prepare_refinement(s, data, (), start(alloy), alike).problem, "epsr", 400, 200)
    for a, b in ((0, 0), (0, 1), (1, 1)):
        wrong, left = (np.linalg.norm((h[a, b] - pairs[a, b]) / problem.bins.ideal[a, b]) for h in (before, after))
        assert left < 0.4 * wrong  # 0.14, 0.09 and 0.23 here


def test_the_amplitude_stays_within_its_limit() -> None:
    problem = refined(epsr_limit=0.02, window=3, flat_r_chi=1.0, flat_energy=1.0)
    method = method_of("epsr")
    state, block = method.init(problem)
    assert block.extra["amplitude [eV/atom]"] == 0
    for _ in range(12):
        state, block = method.block(problem, state)
    # It is known of mean pairs, and reported of the present ones.
    assert block.extra["refinements"] == 2 and block.extra["amplitude [eV/atom]"] == pytest.approx(0.02, rel=0.05)


def test_potentials_stay_as_they_are_while_samples_are_taken() -> None:
    problem, method = refined(), method_of("epsr")
    state, _ = method.init(problem)
    for _ in range(6):
        state, _ = method.block(problem, state)
    state = replace(state, stage="sample")
    for _ in range(12):
        after, block = method.block(problem, state)
        np.testing.assert_array_equal(after.memory["coefficients"], state.memory["coefficients"])
        state = after
    assert block.extra["refinements"] == 1 and block.step == state.conditions.step


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_resumed_refinement_is_the_same(sampler: str, tmp_path: Any) -> None:
    problem, method = refined(sampler=sampler), method_of("epsr")
    state, _ = method.init(problem)
    for _ in range(7):
        state, _ = method.block(problem, state)
    state.save(tmp_path / "state.npz")
    again = type(state).load(tmp_path / "state.npz")
    for _ in range(5):
        state, again = method.block(problem, state)[0], method.block(problem, again)[0]
    np.testing.assert_array_equal(MonteCarlo.restore(state.kernel).positions, MonteCarlo.restore(again.kernel).positions)
    np.testing.assert_array_equal(state.memory["coefficients"], again.memory["coefficients"])


def test_what_is_no_basis_is_refused_before_anything_runs() -> None:
    with pytest.raises(gw.InputError, match="no basis 'fourier'"):
        method_of("epsr").init(refined(epsr_basis="fourier"))
