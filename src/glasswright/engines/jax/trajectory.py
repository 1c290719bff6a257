"""The end of a short trajectory as a differentiable function of where it starts and of the parameters (checkpointed adjoint)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ...errors import InputError, RunFailed
from ...stage import Stage
from ...units import MASS_VELOCITY2
from ..cell import checked_cell
from .integrators import Motion, PhasePoint, at_rest, fresh, prepare, step
from .neighbours import Neighbours
from .parts import Parameters
from .potential import Potential

if TYPE_CHECKING:
    from ase import Atoms

STALE = 4
"""Trouble: atoms have moved so far that the neighbour list may miss some."""


@dataclass(frozen=True, eq=False)
class Trajectory:
    """A stage of molecular dynamics as a pure function, for ``jax.jit``, ``grad``, ``jvp`` and ``vmap``.

    The derivative goes backward through blocks of about √n of the n steps. Kept are the states at the begins of blocks and, while one is gone
    through, at its steps; forces are computed again. Memory: ``memory`` bytes, the neighbour lists and one force evaluation; time: three
    trajectories forward and one backward.

    Neighbours were listed along the path of the atoms it was made for. Where another start or other parameters lead so far from it that a
    list may miss a pair, or the integrator fails, the end is not a number, and ``trouble`` says why (``STALE``, or as in ``integrators``).

    Motion is chaotic, and derivatives grow with it: in silica at 3000 K (SHIK) by a factor e in 70 fs, 30 in 300 fs. Some hundred
    femtoseconds are a horizon of use in a melt, longer ones in a cold glass or while a minimum is approached; for averages use
    ``reweighting``. Jumps of forces at a cutoff are not in the derivative.
    """

    potential: Potential
    motion: Motion
    n_steps: int
    block: int
    """Steps from one kept state, and one neighbour list, to the next."""
    masses: Array
    """``(n_atoms,)`` [eV fs²/Å²]"""
    positions: Array
    """Of the atoms it was made for ``(n_atoms, 3)`` [Å]."""
    velocities: Array
    """Likewise ``(n_atoms, 3)`` [Å/fs]."""
    cell: Array
    """At the start ``(3, 3)`` [Å]."""
    neighbours: Neighbours
    """Lists of all blocks, stacked."""

    @property
    def memory(self) -> int:
        """Of the states that the derivative keeps [bytes]."""
        states = -(-self.n_steps // self.block) + self.block
        return int(states * 9 * self.masses.nbytes)

    def __call__(self, positions: Array, velocities: Array, parameters: Parameters | None = None) -> PhasePoint:
        """The end of the stage.

        Parameters
        ----------
        positions, velocities
            At the start ``(n_atoms, 3)`` [Å, Å/fs].
        parameters
            Some or all of ``potential.parameters``; None: those of the force field.
        """
        return self._states(positions, velocities, parameters)[0]

    def path(self, positions: Array, velocities: Array, parameters: Parameters | None = None) -> Array:
        """Positions at the end of every block, of which the last may be shorter ``(n_blocks, n_atoms, 3)`` [Å]; arguments as of the end.

        With ``jax.jvp`` it shows how a small change grows, and so how far a derivative says anything of finite changes.
        """
        return self._states(positions, velocities, parameters)[1]

    def _states(self, positions: Array, velocities: Array, parameters: Parameters | None) -> tuple[PhasePoint, Array]:
        point = self._begin(positions, velocities, jax.tree.map(lambda leaf: leaf[0], self.neighbours), parameters)
        going = np.arange(-(-self.n_steps // self.block) * self.block).reshape(-1, self.block) < self.n_steps

        def advance(point: PhasePoint, one: tuple[Neighbours, Array]) -> tuple[PhasePoint, Array]:
            point = self._run(point, *one, parameters)
            return point, _checked(point).positions

        point, path = jax.lax.scan(advance, point, (self.neighbours, jnp.asarray(going)))
        return _checked(point), path

    def _begin(self, positions: Array, velocities: Array, near: Neighbours, parameters: Parameters | None) -> PhasePoint:
        point = fresh(at_rest(positions, velocities, self.cell), self.masses)
        _, forces, virial = self.potential.energy_forces_virial(point.positions, point.cell, near, parameters)
        return prepare(point, self.motion, self.masses, forces, virial)

    def _run(self, point: PhasePoint, near: Neighbours, going: Array, parameters: Parameters | None) -> PhasePoint:
        """Steps with one list; where ``going`` is false nothing moves: at the end of the last block ``(block,)``."""

        def evaluate(positions: Array, cell: Array) -> tuple[Array, Array]:
            _, forces, virial = self.potential.energy_forces_virial(positions, cell, near, parameters)
            return forces, virial

        # Twice: of a block only its begin is kept, and of a step, while its block is gone through, only its begin.
        @jax.checkpoint  # type: ignore[untyped-decorator]
        def move(before: PhasePoint) -> PhasePoint:
            after = step(before, self.motion, self.masses, evaluate)
            now = jnp.where((after.trouble == 0) & near.stale(after.positions, after.cell), STALE, after.trouble)
            return replace(after, trouble=jnp.where(before.trouble == 0, now, before.trouble))

        @jax.checkpoint  # type: ignore[untyped-decorator]
        def block(point: PhasePoint) -> PhasePoint:
            return jax.lax.scan(lambda p, go: (jax.lax.cond(go, move, lambda p: p, p), None), point, going)[0]  # type: ignore[no-any-return]

        return block(point)  # type: ignore[no-any-return]


def _checked(point: PhasePoint) -> PhasePoint:
    positions, velocities, cell = (jnp.where(point.trouble == 0, x, jnp.nan) for x in (point.positions, point.velocities, point.cell))
    return replace(point, positions=positions, velocities=velocities, cell=cell)


def trajectory(potential: Potential, atoms: Atoms, stage: Stage, block: int | None = None) -> Trajectory:
    """A stage for atoms with positions, velocities and a lower-triangular cell; it is run once, to list neighbours along the way.

    Parameters
    ----------
    block
        Steps from one neighbour list to the next; None: about √n, or half, a quarter... of that where atoms cross the skin of the potential.

    Raises
    ------
    InputError
        If the cell is turned otherwise, or there is no step.
    RunFailed
        If the integrator fails, or atoms cross the skin within a block.
    """
    cell, turn = checked_cell(atoms)
    if not np.allclose(turn, np.eye(3), rtol=0, atol=1e-9):
        what = "The cell of a trajectory must be lower triangular."
        raise InputError(what, mend="Turn cell and atoms: cell, rotation = atoms.cell.standard_form(); atoms.set_cell(cell, scale_atoms=True).")
    if stage.n_steps < 1:
        raise InputError("A trajectory needs a step at least.")
    masses = jnp.asarray(potential.bound.masses[potential.bound.types] * MASS_VELOCITY2)
    x, v, box = (jnp.asarray(a) for a in (atoms.positions, atoms.get_velocities() / np.sqrt(MASS_VELOCITY2), cell))
    near = potential.neighbours(atoms.positions, cell)
    run = Trajectory(potential, Motion.of(stage), stage.n_steps, 1, masses, x, v, box, near)
    point = jax.jit(run._begin)(x, v, near, None)
    one_step = jax.jit(lambda point, near: run._run(point, near, jnp.ones(1, bool), None))
    lengths = [block] if block else [max(1, math.isqrt(stage.n_steps) >> halvings) for halvings in range(4)]
    for length in lengths:
        if (lists := _listed(run, point, one_step, length)) is not None:
            return replace(run, block=length, neighbours=lists)
    what = f"Atoms cross the skin of {potential.skin:g} Å within {lengths[-1]} steps."
    raise RunFailed(what, mend="Make the potential with a wider skin, or give a smaller block.")


def _listed(run: Trajectory, point: PhasePoint, one_step: Callable[[PhasePoint, Neighbours], PhasePoint], block: int) -> Neighbours | None:
    """Neighbours at the begin of every block of the stage, stacked; None if a list does not serve until the next."""
    near, begins = run.neighbours, []
    for done in range(run.n_steps):
        if done % block == 0:
            begins.append((np.asarray(point.positions), np.asarray(point.cell)))
            near = run.potential.neighbours(*begins[-1], like=near)
        point = one_step(point, near)
        if point.trouble == STALE:
            return None
        if point.trouble != 0:
            raise RunFailed(f"The trajectory has blown up at step {done + 1}.", mend="Use a shorter time step, or relax the atoms first.")
    positions, cells = (np.array(values) for values in zip(*begins, strict=True))
    return run.potential.neighbours(positions, cells, like=near)
