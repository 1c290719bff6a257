"""What reverse, hybrid and energy Monte Carlo have in common: one walk, annealed, then held until it is flat."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

from .history import Block, History
from .method import Conditions, Method, State
from .problem import Problem
from .sampling import Tried, fitted, furnish, moved, new_kernel, open_kernel, report, scheduled, stage_after
from .step import adapted
from .stopping import Outcome, flat

JUMPS = 0.5
"""Share of jumps where only data decide: steps alone never undo the wrong neighbours of a random packing."""


class Walk(Method):
    """Metropolis moves of single atoms (and swaps) at temperatures that fall; see ``native/monte_carlo.py`` for the acceptance."""

    by_data: bool
    """Whether moves are judged by the data."""
    by_energy: bool
    """Whether moves are judged by the energy."""

    @abstractmethod
    def weight(self, problem: Problem) -> float:
        """w_E."""

    @abstractmethod
    def balanced(self, problem: Problem, now: Conditions, tried: Tried) -> float | None:
        """T_chi for the next block from what became of the moves of the last one; None: that of the annealing."""

    def init(self, problem: Problem) -> tuple[State, Block]:
        kernel = new_kernel(problem)
        s = problem.settings
        scales, backgrounds = fitted(problem, kernel.histogram)
        first = Conditions(s.temperature[0], s.chi_temperature[0], self.weight(problem), s.step, scales, backgrounds)
        furnish(problem, kernel, first, data=self.by_data)
        state = State(kernel.state(), 0, "anneal" if s.anneal else "equilibrate", first)
        return state, report(problem, kernel, state, None, energy=self.by_energy, data=self.by_data)

    def block(self, problem: Problem, state: State) -> tuple[State, Block]:
        s = problem.settings
        temperature, chi_temperature = scheduled(problem, state)
        now = replace(state.conditions, temperature=temperature, chi_temperature=float(state.memory.get("chi_temperature", chi_temperature)))
        kernel = open_kernel(problem, state, data=self.by_data)
        n_trials = s.block * problem.n_atoms
        tried = moved(problem, kernel, now, n_trials, data=self.by_data, jumps=0.0 if self.by_energy else JUMPS)
        done = replace(state, kernel=kernel.state(), moves=state.moves + n_trials, conditions=now)
        seen = report(problem, kernel, done, tried.acceptance, energy=self.by_energy, data=self.by_data)
        if state.stage == "sample":
            return done, seen
        scales, backgrounds = fitted(problem, kernel.histogram)
        following = replace(
            now,
            step=adapted(now.step, tried.steps.displacements.acceptance, s.acceptance, s.step_range),
            scales=scales,
            backgrounds=backgrounds,
        )
        if (balance := self.balanced(problem, now, tried)) is not None:
            done = done.remember(chi_temperature=balance)
        return replace(done, conditions=following, stage=stage_after(problem, state, done.moves)), seen

    def done(self, problem: Problem, state: State, history: History) -> Outcome | None:
        return ended(problem, state, history)


def ended(problem: Problem, state: State, history: History) -> Outcome | None:
    """Why to end here: the moves are spent, or R_chi and energy are flat after the annealing."""
    s = problem.settings
    if state.moves >= s.moves * problem.n_atoms:
        return Outcome.SPENT
    equilibrated = history.stages.count("equilibrate")
    watched = {"r_chi": s.flat_r_chi, "energy": s.flat_energy}
    if state.stage == "equilibrate" and equilibrated >= s.window and flat(history, s.window, watched):
        return Outcome.CONVERGED
    return None
