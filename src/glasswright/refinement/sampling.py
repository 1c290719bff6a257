"""Between a state and the Monte Carlo kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .. import units
from ..native.monte_carlo import Counts, MonteCarlo, Moves
from .history import Block
from .method import Conditions, State
from .problem import Energy, Problem
from .schedule import annealed

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def new_kernel(problem: Problem, positions: ArrayLike | None = None, seed: int | None = None) -> MonteCarlo:
    """A kernel at these positions ``(n_atoms, 3)`` [Å], else at the start of the problem, without data and energies."""
    bins = problem.bins
    return MonteCarlo(
        problem.atoms.positions if positions is None else positions,
        problem.atoms.cell.array,
        problem.types,
        len(problem.kinds),
        r_max=bins.r_max,
        n_bins=bins.n_bins,
        minimum_distances=problem.minimum_distances,
        seed=problem.settings.seed if seed is None else seed,
    )


def open_kernel(problem: Problem, state: State, energy: Energy | None = None, data: bool = True) -> MonteCarlo:
    """The kernel of a state, with the data in their present scales, the constraints, and an energy: the given one, else that of the problem."""
    kernel = MonteCarlo.restore(state.kernel)
    furnish(problem, kernel, state.conditions, energy, data)
    return kernel


def furnish(problem: Problem, kernel: MonteCarlo, conditions: Conditions, energy: Energy | None = None, data: bool = True) -> None:
    """Give a kernel data, constraints and energy (that of the problem unless another is given), as far as it can take it.

    An energy costs nothing where moves are not judged by it.
    """
    energy = energy or problem.energy
    if data:
        fits = zip(problem.targets, conditions.scales, conditions.backgrounds, strict=True)
        kernel.set_data([target.residual(scale, background) for target, scale, background in fits])
    if energy is not None and not energy.refusal:
        energy.install(kernel)
    if problem.groups:
        kernel.set_groups([group.tolist() for group in problem.groups])
    for constraint in problem.constraints:
        kernel.add(constraint.cost(problem.bins.elements, problem.atoms))


@dataclass(frozen=True)
class Tried:
    """What became of the moves of a block."""

    steps: Counts
    """Of displacements by a step, swaps and clusters."""
    jumps: Counts
    """Of displacements far beyond a step."""

    @property
    def acceptance(self) -> float:
        """Share of all moves that were accepted."""
        return (self.steps.accepted + self.jumps.accepted) / max(1, self.steps.tried + self.jumps.tried)

    @property
    def energy_change(self) -> float:
        """Sum of ``|ΔU|`` over the accepted moves [eV]."""
        return self.steps.energy_change + self.jumps.energy_change

    @property
    def data_change(self) -> tuple[float, ...]:
        """Sum of ``n_atoms |ΔR_k²|`` over the accepted moves, for every data set."""
        return tuple(a + b for a, b in zip(self.steps.data_change, self.jumps.data_change, strict=True))


def moved(problem: Problem, kernel: MonteCarlo, conditions: Conditions, n_trials: int, *, data: bool = True, jumps: float = 0.0) -> Tried:
    """Try moves under the conditions, a share of them jumps.

    Each kind of move is as probable as its reverse, so that any order of them keeps the ensemble.
    """
    s = problem.settings
    share = jumps if s.jumps is None else s.jumps
    far = round(share * n_trials)
    swaps = s.swaps if len(problem.kinds) > 1 else 0.0

    def run(number: int, moves: Moves) -> Counts:
        return kernel.run(
            number,
            temperature=units.BOLTZMANN * conditions.temperature if conditions.energy_weight else np.inf,
            energy_weight=conditions.energy_weight,
            data_weights=problem.weights if data else (),
            chi_temperature=conditions.chi_temperature,
            moves=moves,
        )

    return Tried(run(n_trials - far, Moves(step=conditions.step, swaps=swaps, clusters=s.clusters)), run(far, Moves(step=s.jump)))


def fitted(problem: Problem, histogram: NDArray[np.int64]) -> tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]:
    """Scale and background of each data set that suit the present pairs best, as far as they are free."""
    fits = [target.fit(histogram) for target in problem.targets]
    return tuple(float(scale) for scale, _ in fits), tuple(tuple(map(float, background)) for _, background in fits)


def r_chi(problem: Problem, histogram: ArrayLike, conditions: Conditions) -> tuple[float, ...]:
    """R_chi of each data set with its present scale and background."""
    fits = zip(problem.targets, conditions.scales, conditions.backgrounds, strict=True)
    return tuple(float(target.r_chi(histogram, scale, background)) for target, scale, background in fits)


def scheduled(problem: Problem, state: State) -> tuple[float, float]:
    """Temperature of the energy [K] and of the data as the annealing has them after these moves."""
    s = problem.settings
    length = s.anneal * s.moves * problem.n_atoms
    fraction = state.moves / length if length and state.stage == "anneal" else 1.0
    return annealed(s.temperature, fraction), annealed(s.chi_temperature, fraction)


def stage_after(problem: Problem, state: State, moves: int) -> str:
    """The stage once so many moves have been tried."""
    if state.stage != "anneal":
        return state.stage
    return "anneal" if moves < problem.settings.anneal * problem.settings.moves * problem.n_atoms else "equilibrate"


def report(problem: Problem, kernel: MonteCarlo, state: State, acceptance: float | None, *, energy: bool, data: bool) -> Block:
    """What is reported of a walk in a state: R_chi of all data and the energy, whether or not moves were judged by them."""
    conditions = state.conditions
    return Block(
        state.stage,
        state.moves,
        r_chi(problem, kernel.histogram, conditions),
        conditions.scales,
        energy_per_atom(problem, kernel),
        kernel.penalty if problem.constraints else None,
        acceptance,
        conditions.step,
        conditions.temperature if energy else None,
        conditions.chi_temperature if data else None,
        conditions.energy_weight if energy else None,
    )


def energy_per_atom(problem: Problem, kernel: MonteCarlo) -> float | None:
    """[eV/atom]; None where no energy is known."""
    if problem.energy is None:
        return None
    return (problem.energy.evaluate(kernel.positions)[0] if problem.energy.refusal else kernel.energy) / problem.n_atoms
