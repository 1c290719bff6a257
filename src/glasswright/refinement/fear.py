"""Force-enhanced atomic refinement (Pandey, Biswas and Drabold, doi 10.1103/PhysRevB.92.155205, 10.1038/srep33731).

A few steps downhill in the energy, a few moves of reverse Monte Carlo judged by the data alone, again and again. The energy is never needed
move by move, so that any calculator serves. Three things make it fast:

- Moves of single atoms do not undo the defects of random atoms, however they are judged. While temperatures are annealed, short dynamics at
  the temperature of the schedule take the place of the steps downhill: a glass of the same processor time by melting and quenching has no
  lower minimum.
- A cycle ends with its moves. Data hold the width that thermal motion gives to every peak, and a minimum has none: the moves give it back
  for less energy than motion at room temperature has.
- Moves raise the energy with the square of their step, so the step is held where a cycle costs ``fear_rise``.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ..forcefield import Source
from .history import Block, History
from .method import Conditions, Method, Need, State
from .problem import Problem
from .sampling import fitted, furnish, moved, new_kernel, open_kernel, report, scheduled, stage_after
from .step import adapted
from .stopping import Outcome
from .walk import ended

_AFTER_STEPS = "energy after steps [eV/atom]"
"""Column of the history: before the moves of a cycle."""


class ForceEnhancedRefinement(Method):
    """Cycles of moves by the data and steps by the forces."""

    name = "fear"
    needs = frozenset[Need]({"data", "energy"})
    sources = (
        Source("Pandey, Biswas and Drabold, Force-enhanced atomic refinement, Phys. Rev. B 92, 155205 (2015)", "10.1103/PhysRevB.92.155205"),
        Source("Pandey, Biswas, Bhattarai and Drabold, Inversion of diffraction data for amorphous materials, Sci. Rep. 6, 33731 (2016)", "10.1038/srep33731"),
    )

    def init(self, problem: Problem) -> tuple[State, Block]:
        s, kernel = problem.settings, new_kernel(problem)
        scales, backgrounds = fitted(problem, kernel.histogram)
        first = Conditions(s.temperature[0], s.chi_temperature[0], 0.0, s.step, scales, backgrounds)
        furnish(problem, kernel, first)
        state = State(kernel.state(), 0, "anneal" if s.anneal else "equilibrate", first)
        return state, replace(report(problem, kernel, state, None, energy=False, data=True), extra={_AFTER_STEPS: math.nan})

    def block(self, problem: Problem, state: State) -> tuple[State, Block]:
        s, energy = problem.settings, problem.energy
        temperature, chi_temperature = scheduled(problem, state)
        now = replace(state.conditions, temperature=temperature, chi_temperature=chi_temperature)
        kernel = open_kernel(problem, state)
        cycles, n_trials = max(1, round(s.block / s.fear_moves)), max(1, round(s.fear_moves * problem.n_atoms))
        hot = state.stage == "anneal" and s.fear_dynamics > 0
        taken, minimum = [], math.nan
        for cycle in range(cycles):
            if energy is not None and hot:
                seed = int(np.random.default_rng((s.seed, state.moves, cycle)).integers(2**31))
                kernel.positions = energy.heat(kernel.positions, s.fear_dynamics, temperature, seed)
            elif energy is not None:
                relaxed = energy.relax(kernel.positions, s.fear_steps)
                kernel.positions, minimum = relaxed.positions, relaxed.energy / problem.n_atoms
            tried = moved(problem, kernel, now, n_trials)
            taken.append((tried.acceptance, tried.steps.displacements.acceptance))
        acceptance, of_steps = map(float, np.mean(taken, axis=0))
        done = replace(state, kernel=kernel.state(), moves=state.moves + cycles * n_trials, conditions=now)
        seen = report(problem, kernel, done, acceptance, energy=False, data=True)
        seen = replace(seen, temperature=temperature if hot else None, extra={_AFTER_STEPS: minimum})
        if state.stage == "sample":
            return done, seen
        scales, backgrounds = fitted(problem, kernel.histogram)
        step = adapted(now.step, of_steps, s.acceptance, s.step_range)
        if not hot and seen.energy is not None:
            step = min(step, adapted(now.step, s.fear_rise, max(seen.energy - minimum, 1e-3 * s.fear_rise), s.step_range))
        following = replace(now, step=step, scales=scales, backgrounds=backgrounds)
        return replace(done, conditions=following, stage=stage_after(problem, state, done.moves)), seen

    def done(self, problem: Problem, state: State, history: History) -> Outcome | None:
        return ended(problem, state, history)
