"""Force-enhanced atomic refinement (Pandey, Biswas and Drabold, doi 10.1103/PhysRevB.92.155205, 10.1038/srep33731).

A few moves of reverse Monte Carlo, judged by the data alone, a few steps downhill in the energy, again and again. The energy is never needed
move by move, so that any calculator serves.
"""

from __future__ import annotations

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
        return state, report(problem, kernel, state, None, energy=False, data=True)

    def block(self, problem: Problem, state: State) -> tuple[State, Block]:
        s, energy = problem.settings, problem.energy
        temperature, chi_temperature = scheduled(problem, state)
        now = replace(state.conditions, temperature=temperature, chi_temperature=chi_temperature)
        kernel = open_kernel(problem, state)
        cycles, n_trials = max(1, round(s.block / s.fear_moves)), max(1, round(s.fear_moves * problem.n_atoms))
        taken = []
        for cycle in range(cycles):
            if energy is not None and state.stage == "anneal" and s.fear_dynamics:
                seed = int(np.random.default_rng((s.seed, state.moves, cycle)).integers(2**31))
                kernel.positions = energy.heat(kernel.positions, s.fear_dynamics, temperature, seed)
            elif energy is not None:
                kernel.positions = energy.relax(kernel.positions, s.fear_steps).positions
            tried = moved(problem, kernel, now, n_trials)
            taken.append((tried.acceptance, tried.steps.displacements.acceptance))
        acceptance, of_steps = np.mean(taken, axis=0)
        done = replace(state, kernel=kernel.state(), moves=state.moves + cycles * n_trials, conditions=now)
        seen = report(problem, kernel, done, float(acceptance), energy=False, data=True)
        seen = replace(seen, temperature=temperature if state.stage == "anneal" else None)
        if state.stage == "sample":
            return done, seen
        scales, backgrounds = fitted(problem, kernel.histogram)
        following = replace(now, step=adapted(now.step, float(of_steps), s.acceptance, s.step_range), scales=scales, backgrounds=backgrounds)
        return replace(done, conditions=following, stage=stage_after(problem, state, done.moves)), seen

    def done(self, problem: Problem, state: State, history: History) -> Outcome | None:
        return ended(problem, state, history)
