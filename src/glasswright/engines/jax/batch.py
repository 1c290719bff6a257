"""Many simulations of the same atoms at a time: replicas, or sets of parameters of their force field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from ...stage import Stage
from ...units import BOLTZMANN, GPA, MASS_VELOCITY2
from .integrators import Motion, at_rest, fresh
from .neighbours import Neighbours
from .parts import Parameters
from .potential import Potential
from .programs import Going, Programs, failure


@dataclass(frozen=True, eq=False)
class BatchState:
    """What all simulations look like at one moment."""

    step: int
    positions: NDArray[np.float64]
    """Unwrapped ``(batch, n_atoms, 3)`` [Å]."""
    velocities: NDArray[np.float64]
    """``(batch, n_atoms, 3)`` [Å/fs]"""
    cell: NDArray[np.float64]
    """``(batch, 3, 3)`` [Å]"""
    temperature: NDArray[np.float64]
    """``(batch,)`` [K]"""
    pressure: NDArray[np.float64]
    """``(batch,)`` [GPa]"""
    potential_energy: NDArray[np.float64]
    """``(batch,)`` [eV]"""
    conserved_energy: NDArray[np.float64]
    """``(batch,)`` [eV]"""


class Batch:
    """Simulations that go on together, in one compiled loop; lists of neighbours are made anew when the first is stale.

    Parameters
    ----------
    potential
        Of the atoms of all.
    positions
        ``(batch, n_atoms, 3)`` [Å]
    cell
        Lower triangular ``(3, 3)`` or ``(batch, 3, 3)`` [Å].
    parameters
        By the names of ``potential.parameters``, each ``(batch,)``; None: those of the force field.
    width
        How many are evaluated side by side: 1 keeps a processor's cache, an accelerator wants all (0).
    """

    def __init__(self, potential: Potential, positions: ArrayLike, cell: ArrayLike, parameters: Parameters | None = None, width: int | None = None) -> None:
        places = np.asarray(positions, dtype=float)
        if places.ndim != 3:
            raise InputError(f"Positions of a batch have the shape {places.shape}.", mend="Give them as (batch, n_atoms, 3).")
        if wrong := [name for name, values in (parameters or {}).items() if np.shape(values) != places.shape[:1]]:
            raise InputError(f"{wrong[0]} needs {len(places)} values, one for each simulation of the batch.")
        cells = np.broadcast_to(np.asarray(cell, dtype=float), (len(places), 3, 3))
        if width is None:
            width = 1 if jax.default_backend() == "cpu" else len(places)
        masses = potential.bound.masses[potential.bound.types] * MASS_VELOCITY2
        self._programs = Programs(potential, masses, batched=width or len(places))
        self._theta = parameters
        self._neighbours: Neighbours | None = None
        self._room: Neighbours | None = None
        self._motions: Motion | None = None
        with jax.enable_x64(True):
            self._going = Going.at(_stacked([at_rest(x, np.zeros_like(x), h) for x, h in zip(places, cells, strict=True)]))

    def __len__(self) -> int:
        return int(self._going.point.positions.shape[0])

    def set_velocities(self, temperature: float, seed: int) -> None:
        """Draw Maxwell-Boltzmann velocities [K], each of its own seed, without total momentum, at the exact temperature."""
        masses = self._programs.masses[:, None]
        drawn = np.stack([np.random.default_rng(seed + k).standard_normal((len(masses), 3)) for k in range(len(self))]) / np.sqrt(masses)
        drawn -= (masses * drawn).sum(axis=1, keepdims=True) / masses.sum()
        twice = (masses * drawn**2).sum(axis=(1, 2), keepdims=True)
        drawn *= np.sqrt((3 * len(masses) - 3) * BOLTZMANN * temperature / twice)
        with jax.enable_x64(True):
            self._going = Going.at(replace(self._going.point, velocities=jnp.asarray(drawn)))

    def start(self, stages: Stage | Sequence[Stage]) -> None:
        """Begin a stage; or one for each simulation, which differ in numbers only. A single stage gives each its own random numbers."""
        several = [replace(stages, seed=stages.seed + k) for k in range(len(self))] if isinstance(stages, Stage) else list(stages)
        if len(several) != len(self):
            raise InputError(f"There are {len(several)} stages for {len(self)} simulations.")
        points = [jax.tree.map(lambda leaf, k=k: np.asarray(leaf[k]), self._going.point) for k in range(len(self))]
        with jax.enable_x64(True):
            motions = [Motion.of(stage, int(points[0].step)) for stage in several]
            if len({jax.tree.structure(motion) for motion in motions}) > 1:
                raise InputError("Stages of a batch must have the same ensemble, thermostat and kind of cell.")
            self._motions = _stacked(motions)
            self._going = Going.at(_stacked([fresh(point, self._programs.masses) for point in points]))

    def advance(self, n_steps: int) -> BatchState:
        """Run part of the stage.

        Raises
        ------
        RunFailed
            If one of the simulations blows up.
        """
        if self._motions is None:
            raise InputError("No stage is installed.", mend="Call start(stage) first.")
        with jax.enable_x64(True):
            target = int(self._going.point.step[0]) + n_steps
            while int(self._going.point.step[0]) < target or not bool(self._going.ready):
                if self._neighbours is None:
                    between = self._going.between
                    self._neighbours = self._room = self._programs.neighbours(between.positions, between.cell, self._room)
                going, stale, trouble = self._programs.stretch(self._going, self._motions, self._neighbours, target, self._theta)
                if bool(trouble):
                    raise failure(going)
                self._going = going
                if bool(stale):
                    self._neighbours = None
        return self.state()

    def state(self) -> BatchState:
        """The present state."""
        point = jax.device_get(self._going.point)
        with jax.enable_x64(True):
            look = jax.device_get(self._programs.look(point.positions, point.cell, None, self._room, self._theta))
        masses = self._programs.masses
        twice = np.einsum("i,bik->b", masses, point.velocities**2)
        reservoir = point.booked + 0.5 * sum((u * u).sum(axis=1) for u in (point.chain, point.piston, point.piston_chain))
        return BatchState(
            step=int(point.step[0]),
            positions=point.positions,
            velocities=point.velocities,
            cell=point.cell,
            temperature=twice / ((3 * len(masses) - 3) * BOLTZMANN),
            pressure=(twice + np.trace(look.virial, axis1=1, axis2=2)) / (3 * np.abs(np.linalg.det(point.cell))) * GPA,
            potential_energy=look.energy,
            conserved_energy=look.energy + 0.5 * twice + reservoir,
        )


def _stacked(trees: Sequence[Any]) -> Any:
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)
