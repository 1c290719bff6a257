"""Molecular dynamics in the compiled core, stage by stage and chunk by chunk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, RunFailed
from ...native import core
from ...stage import Minimization, Stage
from ...units import BOLTZMANN, GPA, MASS_VELOCITY2
from ..base import Simulation, State
from ..cell import widths
from .interactions import Interactions

FITS = 5
"""Most times a minimisation begins anew because the cell has outgrown the mesh of the far field."""
PRESSURE_TOLERANCE = 3e-5
"""Pressure at which a cell is at rest [eV/Å³]: 0.005 GPa, a few parts in 10⁴ of the bulk modulus of a glass, in the volume 1e-4."""


class NativeSimulation(Simulation):
    """A simulation whose every step runs in the compiled core.

    The mesh of the far field is fitted to the cell where a stage starts and after a checkpoint, written or restored, and otherwise only
    made finer before a chunk for which it has become too coarse. So a restored run repeats an uninterrupted one bit for bit.
    """

    def __init__(self, interactions: Interactions, positions: NDArray[np.float64], velocities: NDArray[np.float64], cell: NDArray[np.float64]) -> None:
        self._interactions = interactions
        self._far_field = interactions.far_field(cell)
        self._dynamics = interactions.dynamics(self._far_field, positions, velocities, cell)
        self._stage: Stage | None = None
        self._begun = -1
        """Step at which the stage began that thermostat and barostat belong to; -1 for none."""
        self._fresh = True
        """The mesh is fitted before the next chunk, even if it is fine enough."""
        self._state: State | None = None

    def restore(self, restart: Path) -> None:
        """Go on from a file written by ``save``.

        Raises
        ------
        InputError
            If it is not one, or one of other atoms.
        """
        try:
            with open(restart, "rb") as handle, np.load(handle) as file:
                saved = {name: value if value.ndim else value.item() for name, value in file.items()}
            self._begun = saved.pop("begun")
            self._dynamics.load(saved)
        except (OSError, EOFError, BadZipFile, KeyError, ValueError, TypeError, RuntimeError) as error:
            raise InputError(f"{restart} is no checkpoint of these atoms.", f"{error}.", "Start again with --overwrite.") from None
        self._fresh = True

    def set_velocities(self, temperature: float, seed: int) -> None:
        if temperature <= 0:
            raise InputError(f"Velocities cannot be drawn at {temperature:g} K.", mend="Give a positive temperature in K.")
        masses = self._interactions.atom_masses[:, None]
        velocities = np.random.default_rng(seed).standard_normal((len(masses), 3)) / np.sqrt(masses)
        velocities -= (masses * velocities).sum(axis=0) / masses.sum()
        freedom = 3 * len(masses) - 3
        velocities *= np.sqrt(freedom * BOLTZMANN * temperature / (MASS_VELOCITY2 * np.sum(masses * velocities**2)))
        self._dynamics.set_velocities(velocities)
        self._state = None

    def start(self, stage: Stage, done: int = 0) -> None:
        begin = self.state().step - done
        self._stage, fresh = stage, begin != self._begun
        self._begun, self._fresh, self._state = begin, True, None
        self._set_motion(stage, fresh)

    def _set_motion(self, stage: Stage, fresh: bool) -> None:
        """``fresh``: thermostat and barostat begin from rest."""
        self._dynamics.set_motion(
            ensemble=stage.ensemble,
            timestep=stage.timestep,
            temperature=stage.temperature,
            pressure=(stage.pressure[0] / GPA, stage.pressure[1] / GPA),
            cell=stage.cell,
            thermostat=stage.thermostat,
            thermostat_damping=stage.thermostat_damping,
            barostat_damping=stage.barostat_damping,
            n_steps=stage.n_steps,
            done=self.state().step - self._begun,
            max_displacement=stage.max_displacement,
            seed=stage.seed,
            fresh=fresh,
        )

    def advance(self, n_steps: int) -> State:
        if self._stage is None:
            raise InputError("No stage is installed.", mend="Call start(stage) first.")
        self._fit_mesh()
        self._state = None  # first, because Ctrl-C ends the chunk between two steps
        try:
            self._dynamics.run(n_steps)
        except core().MotionFailed as error:
            raise self._failure(error) from None
        return self.state()

    def _fit_mesh(self) -> None:
        """Fit the mesh of the far field to the present cell: after ``start`` and ``save``, otherwise only if it has become too coarse."""
        present, cell = self._far_field, self.state().cell
        fitted = self._interactions.far_field(cell) if present and (self._fresh or present.needs_regrid(cell)) else present
        if fitted != present:
            saved = self._dynamics.save()
            self._far_field = fitted
            self._dynamics = self._interactions.dynamics(fitted, saved["positions"], saved["velocities"], saved["cell"])
            self._dynamics.load(saved)
            if self._stage is not None:
                self._set_motion(self._stage, fresh=False)
        self._fresh = False

    def minimize(self, settings: Minimization) -> State:
        """In double precision, where a search can see what its last steps gain."""
        saved, interactions = self._dynamics.save(), self._interactions.in_double
        for _ in range(FITS):
            far_field = interactions.far_field(saved["cell"])
            search = interactions.dynamics(far_field, saved["positions"], saved["velocities"], saved["cell"])
            try:
                search.minimize(settings.method, settings.force_tolerance, settings.max_steps, settings.cell, PRESSURE_TOLERANCE)
            except core().MotionFailed as error:
                raise RunFailed("The minimisation failed.", str(error), "Push the atoms apart first, by a short run with a capped displacement.") from None
            found = search.state()
            saved |= {name: found[name] for name in ("positions", "velocities", "cell")}
            if far_field is None or not far_field.needs_regrid(found["cell"]):
                break
        self._stage, self._begun, self._fresh = None, -1, True
        self._dynamics.load(saved)
        self._state = replace(_state(found), step=saved["step"], largest_force=float(np.abs(found["forces"]).max()))
        return self._state

    def state(self) -> State:
        if self._state is None:
            self._state = _state(self._dynamics.state())
        return self._state

    def save(self, path: Path) -> None:
        saved = self._dynamics.save()
        with open(path, "wb") as file:
            np.savez(file, begun=self._begun, **saved)
        self._fresh = True

    def close(self) -> None:
        del self._dynamics

    def _failure(self, error: Exception) -> RunFailed:
        """What ended a run, and what to change."""
        needed = self._interactions.least_width
        if widths(self._dynamics.save()["cell"]).min() < needed:
            what = f"The cell has become narrower than {needed:.1f} Å, twice the cutoff."
            return RunFailed(what, str(error), 'Use more atoms, or engine = "lammps", which needs no such width.')
        return RunFailed("The run has blown up.", str(error), "Use a shorter time step, or a longer push-off.")


def _state(now: dict[str, Any]) -> State:
    return State(
        step=now["step"],
        positions=now["positions"],
        velocities=now["velocities"],
        cell=now["cell"],
        temperature=now["temperature"],
        pressure=now["pressure"] * GPA,
        stress=now["stress"] * GPA,
        potential_energy=now["potential"],
        kinetic_energy=now["kinetic"],
        conserved_energy=now["conserved"],
    )
