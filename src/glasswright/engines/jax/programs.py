"""What is compiled for a potential: one evaluation, and whole stretches of steps in one loop that runs until its neighbour list is stale.

Between two steps the loop carries the phase point of the last whole step, and the next step up to where it needs forces. So it sees before
it evaluates them whether the list still holds, nothing is thrown away, and where a loop is left and entered again changes no bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import ArrayLike, NDArray

from ...errors import RunFailed
from . import integrators
from .integrators import Motion, PhasePoint
from .neighbours import Neighbours
from .parts import Parameters

_TROUBLES = {
    integrators.STRAIN: "The cell changes by more than 2 % in one step.",
    integrators.MOVE: f"An atom moves more than {integrators.LARGEST_MOVE:g} Å in one step.",
    integrators.TEMPERATURE: "The temperature has risen to more than a million K, or velocities are no longer numbers.",
}


class Going(NamedTuple):
    """A run between two steps."""

    point: PhasePoint
    """After the last whole step."""
    between: PhasePoint
    """Within the next step, where it needs forces; equal to ``point`` before the first."""
    ready: Array
    """Whether the forces of ``point`` are known."""

    @classmethod
    def at(cls, point: PhasePoint) -> Going:
        """Before the first step of a run."""
        return cls(point, point, jnp.asarray(False))


class Look(NamedTuple):
    """One evaluation."""

    neighbours: Neighbours | None
    """What it was made with."""
    stale: Array
    energy: Array
    """[eV]"""
    forces: Array
    """``(n_atoms, 3)`` [eV/Å]"""
    virial: Array
    """-dE/dε ``(3, 3)`` [eV]"""


@dataclass(frozen=True, eq=False)
class Programs:
    """The compiled functions of one potential; the loop is compiled for each kind of motion.

    ``batched``: for many simulations at a time, whose arrays are stacked, and so are their parameters; so many are evaluated side by side.
    """

    potential: Any
    """A ``Potential``, or what has its methods, such as a ``ForeignPotential``."""
    masses: NDArray[np.float64]
    """``(n_atoms,)`` [eV fs²/Å²]"""
    batched: int = 0

    def neighbours(self, positions: Array, cell: Array, room: Neighbours | None) -> Neighbours | None:
        """A list by the compiled core; on an accelerator under JAX, in the layout of ``room``, where that suffices. None where the potential keeps its own."""
        if getattr(self.potential, "lists_itself", False):
            return None
        if room is not None and jax.default_backend() != "cpu":
            made: Neighbours = self._rebuilt(positions, cell, room)
            if not np.any(made.overflow):
                return made
        listed: Neighbours = self.potential.neighbours(positions, cell, like=room)
        return listed

    @cached_property
    def _rebuilt(self) -> Any:
        return jax.jit(jax.vmap(self.potential.rebuilt) if self.batched else self.potential.rebuilt)

    def look(
        self, positions: ArrayLike, cell: ArrayLike, neighbours: Neighbours | None = None, room: Neighbours | None = None, theta: Parameters | None = None
    ) -> Look:
        """Energy, forces and virial, by a list that is made anew unless the given one holds.

        ``room``: a list whose layout the new one takes over where it suffices.
        """
        if neighbours is not None:
            found = Look(neighbours, *self._look(positions, cell, neighbours, theta))
            if not found.stale:
                return found
        made = self.neighbours(positions, cell, room)
        return Look(made, *self._look(positions, cell, made, theta))

    @cached_property
    def _look(self) -> Any:
        def looked(positions: Array, cell: Array, neighbours: Neighbours | None, theta: Parameters | None) -> tuple[Array, ...]:
            return _stale(neighbours, positions, cell), *self.potential.energy_forces_virial(positions, cell, neighbours, theta)

        return jax.jit(self._each(looked))

    def _each(self, of_one: Callable[..., Any]) -> Callable[..., Any]:
        """A function of one simulation for all of them."""
        if not self.batched:
            return of_one
        return lambda *stacked: lax.map(lambda one: of_one(*one), stacked, batch_size=self.batched)

    @cached_property
    def stretch(self) -> Any:
        """(going, motion, neighbours, until, parameters) → ``Going``, whether the list is stale, whether something has gone wrong.

        Steps up to ``until``, or until one of the two is true.
        """
        return jax.jit(self._stretch)

    def _stretch(
        self, going: Going, motion: Motion, neighbours: Neighbours | None, until: Array, theta: Parameters | None = None
    ) -> tuple[Going, Array, Array]:
        masses = jnp.asarray(self.masses)

        def body(now: Going) -> Going:
            each = self._each(partial(_one, self.potential, masses, now.ready))
            point, between = each(now.between, motion, neighbours, theta)
            return Going(point, between, jnp.asarray(True))

        stale = jax.vmap(_stale) if self.batched else _stale

        def ended(now: Going) -> tuple[Array, Array]:
            old = jnp.any(stale(neighbours, now.between.positions, now.between.cell))
            return old, jnp.any(now.point.trouble | now.between.trouble)

        def goes_on(now: Going) -> Array:
            old, trouble = ended(now)
            return (jnp.any(now.point.step < until) | ~now.ready) & ~old & ~trouble

        end = lax.while_loop(goes_on, body, going)
        return end, *ended(end)


def _stale(neighbours: Neighbours | None, positions: Array, cell: Array) -> Array:
    return jnp.asarray(False) if neighbours is None else neighbours.stale(positions, cell)


def _one(
    potential: Any,
    masses: Array,
    ready: Array,
    between: PhasePoint,
    motion: Motion,
    neighbours: Neighbours | None,
    theta: Parameters | None,
) -> tuple[PhasePoint, PhasePoint]:
    """Forces, the end of the step that is under way, and the begin of the next."""
    if motion.ensemble == "npt":
        _, forces, virial = potential.energy_forces_virial(between.positions, between.cell, neighbours, theta)
    else:
        forces, virial = potential.forces(between.positions, between.cell, neighbours, theta), jnp.zeros_like(between.cell)
    point = integrators.finish(between, motion, masses, forces, virial, begun=ready)
    return point, integrators.begin(point, motion, masses)


def failure(going: Going) -> RunFailed:
    """What ended a run, and what to change."""
    what = _TROUBLES[max(int(np.max(p.trouble)) for p in (going.point, going.between))]
    why = f"Step {int(np.max(going.point.step))}: {what} Usually the time step is too long."
    return RunFailed("The run has blown up.", why, "Use a shorter time step, or a longer push-off.")
