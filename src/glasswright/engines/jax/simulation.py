"""Molecular dynamics in JAX, stage by stage and chunk by chunk."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...stage import Minimization, Stage
from ...units import BOLTZMANN, GPA, MASS_VELOCITY2
from ..base import Simulation, State
from ..cell import checked_cell
from .foreign import ForeignPotential
from .integrators import Motion, PhasePoint, at_rest, fresh
from .minimisation import minimised
from .neighbours import Neighbours
from .potential import Potential
from .programs import Going, Look, Programs, failure

if TYPE_CHECKING:
    from ase import Atoms

Make = Callable[[NDArray[np.float64], bool], Programs]
"""(cell, whether in double precision) → what is compiled for the force field, its far field fitted to the cell."""
SLICE = 0.05
"""For how long Ctrl-C is not heard [s], about."""
_SAVED = ("positions", "velocities", "cell", "chain", "piston", "piston_chain", "booked")
"""Of a phase point: what is not computed anew."""


class JaxSimulation(Simulation):
    """A simulation whose stretches of steps are compiled; it integrates in double precision, whatever that of the forces.

    Two rules make a restored run repeat an uninterrupted one bit for bit. ``save`` leaves the running simulation as ``restore`` makes it:
    with no neighbour list and no forces, and the same room for neighbours. And looking at a state touches nothing that the next step starts from.
    """

    def __init__(self, make: Make, positions: NDArray[np.float64], velocities: NDArray[np.float64], cell: NDArray[np.float64], double: bool) -> None:
        self._make, self._double = make, double
        self._fitted, self._programs = cell, make(cell, double)
        with jax.enable_x64(True):
            self._going = Going.at(at_rest(positions, velocities, cell))
        self._neighbours: Neighbours | None = None
        self._room: Neighbours | None = None
        """A list whose layout others take over, so that nothing is compiled anew."""
        self._stage: Stage | None = None
        self._begun = -1
        """Step at which the stage began that thermostat and barostat belong to; -1 for none."""
        self._state: State | None = None
        self._slice = 8
        """Steps that take about ``SLICE``."""

    @classmethod
    def of(cls, potential: Potential | ForeignPotential, atoms: Atoms) -> JaxSimulation:
        """With any potential: one whose forces the compiled core gives, or an energy function of jax-md.

        An Ewald sum keeps the mesh that it was made with.
        """
        cell, turn = checked_cell(atoms)
        masses = potential.bound.masses[potential.bound.types] if isinstance(potential, Potential) else atoms.get_masses()
        programs = Programs(potential, masses * MASS_VELOCITY2)
        velocities = atoms.get_velocities() @ turn / np.sqrt(MASS_VELOCITY2) if atoms.has("momenta") else np.zeros((len(atoms), 3))
        return cls(lambda _, __: programs, atoms.get_positions() @ turn, velocities, cell, double=False)

    def restore(self, restart: Path) -> None:
        """Go on from a file written by ``save``.

        Raises
        ------
        InputError
            If it is not one, or one of other atoms.
        """
        point = self._going.point
        try:
            with open(restart, "rb") as handle, np.load(handle) as file:
                saved = {name: file[name] for name in (*_SAVED, "step", "begun", "fitted", "rows", "repeats")}
            wrong = [name for name in _SAVED if saved[name].shape != getattr(point, name).shape]
            if wrong:
                raise ValueError(f"{wrong[0]} has the shape {saved[wrong[0]].shape}")
        except (OSError, EOFError, BadZipFile, KeyError, ValueError, TypeError) as error:
            raise InputError(f"{restart} is no checkpoint of these atoms.", f"{error}.", "Start again with --overwrite.") from None
        self._begun = int(saved["begun"])
        if not np.array_equal(saved["fitted"], self._fitted):
            self._fitted, self._programs = saved["fitted"], self._make(saved["fitted"], self._double)
        with jax.enable_x64(True):
            point = at_rest(saved["positions"], saved["velocities"], saved["cell"], int(saved["step"]))
            self._going = Going.at(replace(point, **{name: jnp.asarray(saved[name]) for name in _SAVED[3:]}))
            if saved["rows"].size:
                made = self._programs.potential.neighbours(saved["positions"], saved["cell"])
                rows, repeats = (tuple(map(tuple, saved["rows"].tolist())), tuple(saved["repeats"].tolist()))
                self._room = replace(made, layout=replace(made.layout, rows=rows, repeats=repeats))

    def set_velocities(self, temperature: float, seed: int) -> None:
        if temperature <= 0:
            raise InputError(f"Velocities cannot be drawn at {temperature:g} K.", mend="Give a positive temperature in K.")
        masses = self._programs.masses[:, None]
        velocities = np.random.default_rng(seed).standard_normal((len(masses), 3)) / np.sqrt(masses)
        velocities -= (masses * velocities).sum(axis=0) / masses.sum()
        velocities *= np.sqrt((3 * len(masses) - 3) * BOLTZMANN * temperature / np.sum(masses * velocities**2))
        with jax.enable_x64(True):
            self._go_on_from(replace(self._going.point, velocities=jnp.asarray(velocities)))

    def _go_on_from(self, point: PhasePoint) -> None:
        self._going, self._state = Going.at(point), None

    def start(self, stage: Stage, done: int = 0) -> None:
        point = self._going.point
        begin = int(point.step) - done
        if begin != self._begun:
            with jax.enable_x64(True):
                point = fresh(jax.device_get(point), self._programs.masses)
        self._stage, self._begun = stage, begin
        self._go_on_from(point)

    def advance(self, n_steps: int) -> State:
        if self._stage is None:
            raise InputError("No stage is installed.", mend="Call start(stage) first.")
        with jax.enable_x64(True):
            motion, target = Motion.of(self._stage, self._begun), int(self._going.point.step) + n_steps
            while int(self._going.point.step) < target or not bool(self._going.ready):
                self._run(motion, target)
        return self.state()

    def _run(self, motion: Motion, target: int) -> None:
        """One slice of the way."""
        if self._neighbours is None:
            self._neighbours = self._listed(self._going.between)
        begin, first = time.perf_counter(), int(self._going.point.step)
        going, stale, trouble = self._programs.stretch(self._going, motion, self._neighbours, min(target, first + self._slice))
        stale, trouble, last = bool(stale), bool(trouble), int(going.point.step)  # Ctrl-C is heard here, before anything has changed
        self._going, self._state = going, None
        if trouble and (last < target or int(going.point.trouble)):
            raise failure(going)
        if stale:
            self._neighbours = None
        elif last == first + self._slice:
            share = (time.perf_counter() - begin) / SLICE
            self._slice = max(1, self._slice * 2 if share < 0.5 else self._slice // 2 if share > 2 else self._slice)

    def _listed(self, point: PhasePoint) -> Neighbours | None:
        """Neighbours of a moment; the potential is made anew where the cell has outgrown its far field."""
        cell = np.asarray(point.cell)
        if self._programs.potential.outgrown(cell):
            self._fitted, self._programs = cell, self._make(cell, self._double)
        self._room = self._programs.neighbours(point.positions, point.cell, self._room)
        return self._room

    def minimize(self, settings: Minimization) -> State:
        """In double precision, where a search can see what its last steps gain."""
        point = self._going.point
        with jax.enable_x64(True):
            looked = _Looked(self._make, np.asarray(point.cell))
            positions, cell = minimised(np.asarray(point.positions), np.asarray(point.cell), settings, looked)
            self._go_on_from(replace(point, positions=jnp.asarray(positions), velocities=jnp.zeros_like(point.velocities), cell=jnp.asarray(cell)))
        self._neighbours, self._stage, self._begun = None, None, -1
        self._state = self._seen(looked.last, float(np.abs(looked.last.forces).max()))
        return self._state

    def state(self) -> State:
        if self._state is None:
            point = self._going.point
            with jax.enable_x64(True):
                self._state = self._seen(self._programs.look(point.positions, point.cell, self._neighbours, self._room))
        return self._state

    def _seen(self, look: Look, largest_force: float | None = None) -> State:
        point, energy = jax.device_get(self._going.point), float(look.energy)
        moving = (self._programs.masses[:, None] * point.velocities).T @ point.velocities
        kinetic = 0.5 * float(np.trace(moving))
        stress = -(moving + np.asarray(look.virial)) / abs(np.linalg.det(point.cell)) * GPA
        return State(
            step=int(point.step),
            positions=point.positions,
            velocities=point.velocities,
            cell=point.cell,
            temperature=2 * kinetic / (point.freedom * BOLTZMANN),
            pressure=-float(np.trace(stress)) / 3,
            stress=stress[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]],
            potential_energy=energy,
            kinetic_energy=kinetic,
            conserved_energy=energy + kinetic + float(point.reservoir_energy),
            largest_force=largest_force,
        )

    def save(self, path: Path) -> None:
        point, layout = self._going.point, getattr(self._room, "layout", None)
        room: dict[str, Any] = {"rows": np.array(layout.rows if layout else ()), "repeats": np.array(layout.repeats if layout else ())}
        carried: dict[str, Any] = {name: np.asarray(getattr(point, name)) for name in (*_SAVED, "step")}
        with open(path, "wb") as file:
            np.savez(file, begun=self._begun, fitted=self._fitted, **carried, **room)
        self._going, self._neighbours = Going.at(point), None

    def close(self) -> None:
        del self._programs, self._going, self._neighbours, self._room


class _Looked:
    """Forces and virial in double precision, as a minimisation asks for them."""

    last: Look

    def __init__(self, make: Make, cell: NDArray[np.float64]) -> None:
        self._make, self._programs = make, make(cell, True)
        self._neighbours: Neighbours | None = None

    def __call__(self, positions: NDArray[np.float64], cell: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if self._programs.potential.outgrown(cell):
            self._programs, self._neighbours = self._make(cell, True), None
        self.last = self._programs.look(positions, cell, self._neighbours, room=self._neighbours)
        self._neighbours = self.last.neighbours
        return np.asarray(self.last.forces), np.asarray(self.last.virial)
