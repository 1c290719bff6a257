"""Refinement by the gradient: all atoms move at once, down or along the forces of data and energy together.

A misfit to data is a smooth function of all positions, and its gradient a pair force (``objective.py``), so atoms need no trial moves. As
everywhere here a structure has the weight exp(-w_E U/kT - N Σ_k w_k R_k²/T_chi):

- while temperatures are annealed, Langevin dynamics follow it, from random atoms to a glass;
- then a minimiser goes down in w_E U + (kT/T_chi) N Σ_k w_k R_k², at the last temperatures, or Langevin dynamics go on;
- samples are always taken by Langevin dynamics.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..forcefield import Source
from ..native.monte_carlo import MonteCarlo
from .descent import Adam, lbfgs
from .history import Block, History
from .langevin import Bath, Motion, Pace, langevin, stiffest
from .method import Conditions, Method, Need, State
from .objective import Objective, Value
from .problem import Problem
from .sampling import fitted, new_kernel, r_chi, scheduled, stage_after
from .stopping import Outcome
from .walk import ended

Floats = NDArray[np.float64]

SETTLED = 4
"""Blocks of L-BFGS, with scales fitted between them, over which nothing may change any more: without thermal motion these few tell."""
FIRST_LOOKS, LOOKS = 10, 2
"""How often the stiffest mode of the data is approached in the first block and in others."""
_LANGEVIN = Source("Leimkuhler and Matthews, Rational construction of stochastic numerical methods, Appl. Math. Res. Express 2013, 34", "10.1093/amrx/abs010")
_LBFGS = Source("Nocedal, Updating quasi-Newton matrices with limited storage, Math. Comp. 35, 773 (1980)", "10.1090/S0025-5718-1980-0572855-7")


class GradientRefinement(Method):
    """Langevin dynamics while annealing, then L-BFGS, Adam, or more dynamics."""

    name = "gradient"
    needs = frozenset[Need]({"data"})
    sources = (_LANGEVIN, _LBFGS)

    def check(self, problem: Problem) -> None:
        super().check(problem)
        s = problem.settings
        if problem.constraints:
            why = "They count neighbours or compare with limits, and have no gradient."
            raise InputError("The method gradient knows no constraints.", why, "Leave them out, or use hybrid. Minimum distances are kept.")
        if not (s.temperature[1] and s.chi_temperature[1]):
            raise InputError(
                "The method gradient needs temperatures above 0.", "kT/T_chi is what the misfit weighs against the energy.", "Lower both by the same factor."
            )

    def init(self, problem: Problem) -> tuple[State, Block]:
        s, kernel = problem.settings, new_kernel(problem)
        scales, backgrounds = fitted(problem, kernel.histogram)
        weight = 1.0 if s.energy_weight is None else s.energy_weight
        begin = 0 if s.anneal else 1
        first = Conditions(s.temperature[begin], s.chi_temperature[begin], weight, s.gradient_rate, scales, backgrounds)
        state = State(kernel.state(), 0, "anneal" if s.anneal else "equilibrate", first)
        return state, _report(problem, kernel, state, Objective(problem, first)(kernel.positions))

    def block(self, problem: Problem, state: State) -> tuple[State, Block]:
        s, kernel = problem.settings, MonteCarlo.restore(state.kernel)
        temperature, chi_temperature = scheduled(problem, state)
        now = replace(state, conditions=replace(state.conditions, temperature=temperature, chi_temperature=chi_temperature))
        objective, steps = Objective(problem, now.conditions), s.block * s.gradient_steps
        by = "langevin" if state.stage in ("anneal", "sample") else s.gradient_by
        if by == "langevin":
            now, positions = _along(problem, now, objective, kernel.positions, steps)
            value = objective(positions)
        elif by == "adam":
            now, positions = _by_adam(now, objective, kernel.positions, steps)
            value = objective(positions)
        else:
            place = lbfgs(objective, kernel.positions, steps)
            positions, value = place.positions, place.value
        kernel.positions = positions
        done = replace(now, kernel=kernel.state(), moves=state.moves + s.block * problem.n_atoms)
        seen = _report(problem, kernel, done, value)
        if state.stage == "sample":
            return done, seen
        scales, backgrounds = fitted(problem, kernel.histogram)
        following = replace(done.conditions, scales=scales, backgrounds=backgrounds)
        return replace(done, conditions=following, stage=stage_after(problem, state, done.moves)), seen

    def done(self, problem: Problem, state: State, history: History) -> Outcome | None:
        s = problem.settings
        watched = {"r_chi": s.flat_r_chi, "energy": s.flat_energy, "objective": s.flat_energy}
        settled = s.gradient_by == "lbfgs" and history.stages[-SETTLED:] == ["equilibrate"] * SETTLED
        if settled and all(np.ptp(history[name][-SETTLED:]) <= tolerance for name, tolerance in watched.items() if name in history):
            return Outcome.CONVERGED
        return ended(problem, state, history)


def _along(problem: Problem, state: State, objective: Objective, positions: Floats, steps: int) -> tuple[State, Floats]:
    """After so many steps of Langevin dynamics, with new random numbers in every block."""
    random = np.random.default_rng((problem.settings.seed, state.moves))
    bath = Bath(problem.atoms.get_masses()[:, None], state.conditions.temperature, random)
    velocities, mode = (state.memory.get(name) for name in ("velocities", "stiffest"))

    def by_energy(x: Floats) -> Floats:
        return objective.energy(x).forces

    def by_data(x: Floats) -> Floats:
        return objective.data(x).forces

    start = Motion(positions, bath.velocities() if velocities is None else np.asarray(velocities))
    guess = random.standard_normal(positions.shape) if mode is None else np.asarray(mode)
    omega, mode = stiffest(by_data, positions, bath.masses, guess, FIRST_LOOKS if velocities is None else LOOKS)
    pace = Pace.for_frequency(omega)
    motion = langevin(by_energy, by_data, start, bath, pace, max(1, round(steps / pace.every)))
    return state.remember(velocities=motion.velocities, stiffest=mode, timestep=pace.timestep, every=pace.every), motion.positions


def _by_adam(state: State, objective: Objective, positions: Floats, steps: int) -> tuple[State, Floats]:
    """After so many steps of Adam; their rate is halved where a block ends higher than the one before."""
    none = np.zeros_like(positions)
    mean, square = (np.asarray(state.memory.get(name, none)) for name in ("adam_mean", "adam_square"))
    adam = Adam(positions, mean, square, int(state.memory.get("adam_steps", 0)))
    found, value = adam.after(objective, steps, state.conditions.step)
    rate = state.conditions.step * (0.5 if value.energy > state.memory.get("adam_energy", np.inf) else 1.0)
    state = state.remember(adam_mean=found.mean, adam_square=found.square, adam_steps=float(found.count), adam_energy=value.energy)
    return replace(state, conditions=replace(state.conditions, step=rate)), found.positions


def _report(problem: Problem, kernel: MonteCarlo, state: State, value: Value) -> Block:
    """R_chi is that of whole pairs, as in every method."""
    c, s = state.conditions, problem.settings
    energy = None if problem.energy is None else problem.energy.evaluate(kernel.positions)[0] / problem.n_atoms
    return Block(
        state.stage,
        state.moves,
        r_chi(problem, kernel.histogram, c),
        c.scales,
        energy,
        step=c.step if s.gradient_by == "adam" else None,
        temperature=c.temperature,
        chi_temperature=c.chi_temperature,
        energy_weight=c.energy_weight,
        extra={"objective [eV/atom]": value.energy / problem.n_atoms, "largest force [eV/Å]": float(np.abs(value.forces).max())},
    )
