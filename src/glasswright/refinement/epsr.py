"""Empirical potential structure refinement (Soper, doi 10.1016/0301-0104(95)00357-6, 10.1103/PhysRevB.72.104204).

Atoms move by a reference potential plus an empirical one, never by the data, in Monte Carlo or in molecular dynamics. Every few blocks the
partials that the data ask for are estimated from the mean pairs of the simulation, Δg_ab(r) = Σ_k x_ab,k p_k(r) (``inversion.py``), and the
empirical potential changes by -kT Σ_k x_ab,k p_k(r), until neither the misfit nor the energy change any more or the potential is as strong as
it may be. R_chi of one configuration holds the noise of its pairs; ``mean r_chi`` is that of the mean over ``epsr_average`` blocks.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .. import units
from ..errors import InputError
from ..forcefield import Source
from ..native.monte_carlo import MonteCarlo
from .empirical_potential import EmpiricalPotential, make_basis
from .history import Block, History, joint
from .inversion import partial_changes
from .method import Conditions, Method, Need, State
from .problem import Energy, Problem
from .sampling import Tried, fitted, furnish, moved, new_kernel, open_kernel, r_chi, report, scheduled, stage_after
from .step import adapted
from .stopping import Outcome, flat

FIRST_CENTRE = 1.0
"""Of the functions of the basis [Å]: no atoms of a glass but hydrogen come closer."""


class EmpiricalPotentialRefinement(Method):
    """Annealed by the reference potential alone, then refined."""

    name = "epsr"
    needs = frozenset[Need]({"data", "energy of moves"})
    sources = (
        Source("A. K. Soper, Empirical potential Monte Carlo simulation of fluid structure, Chem. Phys. 202, 295 (1996)", "10.1016/0301-0104(95)00357-6"),
        Source(
            "A. K. Soper, Partial structure factors from disordered materials diffraction data, Phys. Rev. B 72, 104204 (2005)", "10.1103/PhysRevB.72.104204"
        ),
    )

    def __init__(self) -> None:
        self._tabulated: tuple[EmpiricalPotential, Energy] | None = None
        """The potential that was tabulated last, which serves several blocks."""

    def check(self, problem: Problem) -> None:
        super().check(problem)
        s = problem.settings
        if s.sampler == "md" and (problem.constraints or s.swaps or s.clusters):
            raise InputError("Molecular dynamics knows neither constraints nor swaps nor clusters.", mend='Leave them out, or use sampler = "monte_carlo".')
        if s.sampler == "md" and min(s.temperature) <= 0:
            raise InputError("Molecular dynamics needs a temperature above 0 K.")

    def init(self, problem: Problem) -> tuple[State, Block]:
        s, kernel = problem.settings, new_kernel(problem)
        scales, backgrounds = fitted(problem, kernel.histogram)
        first = Conditions(s.temperature[0], s.chi_temperature[1], 1.0, s.step, scales, backgrounds)
        furnish(problem, kernel, first, problem.energy, data=False)
        state = State(kernel.state(), 0, "anneal" if s.anneal else "equilibrate", first)
        mean = joint(r_chi(problem, kernel.histogram, first), problem.weights)
        state = state.remember(coefficients=_zero(problem).coefficients, pairs=_no_pairs(problem), looks=0.0, refinements=0.0, mean_r_chi=mean)
        return state, self._report(problem, kernel, state, None)

    def block(self, problem: Problem, state: State) -> tuple[State, Block]:
        s = problem.settings
        now = replace(state.conditions, temperature=scheduled(problem, state)[0])
        potential = potential_of(problem, state)
        energy = self._energy(problem, potential)
        kernel = open_kernel(problem, state, energy, data=False)
        n_trials = s.block * problem.n_atoms
        tried = None
        if s.sampler == "md":
            seed = int(np.random.default_rng((s.seed, state.moves)).integers(2**31))
            kernel.positions = energy.heat(kernel.positions, s.block * s.md_steps, now.temperature, seed)
        else:
            tried = moved(problem, kernel, now, n_trials, data=False)
        done = replace(state, kernel=kernel.state(), moves=state.moves + n_trials, conditions=now)
        looks = float(state.memory["looks"]) + (state.stage != "anneal")
        pairs = np.asarray(state.memory["pairs"], dtype=float) + (looks > 0) * kernel.histogram.astype(float)
        done = done.remember(pairs=pairs, looks=looks)
        if looks >= s.epsr_average:
            done = done.remember(mean_r_chi=joint(r_chi(problem, pairs / looks, now), problem.weights))
        seen = self._report(problem, kernel, done, tried)
        if state.stage == "sample":
            return done, seen
        scales, backgrounds = fitted(problem, kernel.histogram)
        step = adapted(now.step, tried.steps.displacements.acceptance, s.acceptance, s.step_range) if tried else now.step
        following = replace(done, conditions=replace(now, step=step, scales=scales, backgrounds=backgrounds), stage=stage_after(problem, state, done.moves))
        if looks < s.epsr_average:
            return following, seen
        refined = self._refined(problem, potential, pairs / looks, now)
        number = float(state.memory["refinements"]) + 1
        return following.remember(coefficients=refined.coefficients, pairs=_no_pairs(problem), looks=0.0, refinements=number), seen

    def done(self, problem: Problem, state: State, history: History) -> Outcome | None:
        s = problem.settings
        if state.moves >= s.moves * problem.n_atoms:
            return Outcome.SPENT
        window = s.window * s.epsr_average
        if history.stages.count("equilibrate") < window or not flat(history, window, {"mean r_chi": s.flat_r_chi, "energy": s.flat_energy}):
            return None
        return Outcome.LIMIT if history["amplitude"][-1] > 0.99 * s.epsr_limit else Outcome.CONVERGED

    def _energy(self, problem: Problem, potential: EmpiricalPotential) -> Energy:
        """Reference and empirical potential together."""
        if not potential.coefficients.any():
            return _reference(problem)
        if self._tabulated is None or not np.array_equal(self._tabulated[0].coefficients, potential.coefficients):
            self._tabulated = potential, _reference(problem).added(potential.sampled())
        return self._tabulated[1]

    def _refined(self, problem: Problem, potential: EmpiricalPotential, pairs: NDArray[np.float64], now: Conditions) -> EmpiricalPotential:
        """The potential after a look at the mean pairs of a simulation ``(n_kinds, n_kinds, n_bins)``."""
        s, bins = problem.settings, problem.bins
        residuals = [target.residual(*target.fit(pairs)) for target in problem.targets]
        change = partial_changes(residuals, problem.weights, pairs, bins, potential.basis, s.epsr_feedback)
        return potential.changed(-units.BOLTZMANN * now.temperature * change, s.epsr_limit, bins.r, pairs / problem.n_atoms)

    def _report(self, problem: Problem, kernel: MonteCarlo, state: State, tried: Tried | None) -> Block:
        """The energy is that of the reference potential."""
        seen = report(problem, kernel, state, tried.acceptance if tried else None, energy=True, data=False)
        seen = replace(seen, energy=_reference(problem).evaluate(kernel.positions)[0] / problem.n_atoms)
        if problem.settings.sampler == "md":
            seen = replace(seen, step=None)
        amplitude = potential_of(problem, state).amplitude(problem.bins.r, kernel.histogram / problem.n_atoms)
        memory = {name: float(state.memory[name.replace(" ", "_")]) for name in ("mean r_chi", "refinements")}
        return replace(seen, extra={"amplitude [eV/atom]": amplitude, **memory})


def _reference(problem: Problem) -> Energy:
    """The reference potential."""
    if problem.energy is None:
        raise InputError("EPSR needs a reference potential.", mend="Add --forcefield NAME.")
    return problem.energy


def potential_of(problem: Problem, state: State) -> EmpiricalPotential:
    """The empirical potential of a state."""
    return replace(_zero(problem), coefficients=np.asarray(state.memory["coefficients"]))


def _zero(problem: Problem) -> EmpiricalPotential:
    s, bins = problem.settings, problem.bins
    cutoff = min(s.epsr_cutoff, bins.r_max)
    basis = make_basis(s.epsr_basis, FIRST_CENTRE, cutoff, s.epsr_spacing, bins.density)
    return EmpiricalPotential.zero(problem.kinds, basis, cutoff)


def _no_pairs(problem: Problem) -> NDArray[np.float64]:
    n = len(problem.kinds)
    return np.zeros((n, n, problem.bins.n_bins))
