"""Runs a protocol on an engine: chunk by chunk, watched by guards, checkpointed, resumable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .. import units
from ..engines.base import Engine, Simulation, State
from ..forcefield import ForceField
from ..io.atomic import write_atomically
from ..io.run_writer import RunWriter, read_checkpoint
from ..io.structures import write_structure
from ..stage import Minimization, Stage
from .guards import Guards
from .memory import memory
from .protocol import Progress, Protocol

if TYPE_CHECKING:
    from ase import Atoms

Observer = Callable[[Progress, State, float], None]
"""Called after every chunk with progress, state and the fraction of the planned steps that is done."""
CHECKPOINT_ATOM_STEPS = 36_000_000
"""Atom-steps between two checkpoints: about two minutes of LAMMPS on one core."""
FORCE_MARGIN = 1.5
"""Forces recomputed after a minimisation may exceed its tolerance by this factor (they are rounded otherwise) before it is said."""
PRESSURE_AT_REST = 0.02
"""Pressure of a relaxed cell that passes for zero [GPa]: a thousandth of the bulk modulus of a glass."""
_REFERENCE = "melt_start.npy"


class Driver:
    """One run in progress."""

    def __init__(self, protocol: Protocol, engine: Engine, forcefield: ForceField, guards: Guards, atoms: Atoms, path: Path) -> None:
        self._protocol, self._engine, self._guards, self._path = protocol, engine, guards, path
        self._atoms, self._forcefield = atoms, forcefield
        self._species = np.array(forcefield.bind(atoms).species)[guards.types]
        self._masses = atoms.get_masses()

    def run(self, observe: Observer) -> Progress:
        """Carry the run from its last checkpoint, or from the start, to its end.

        Raises
        ------
        RunFailed
            If a guard or the engine stops it. The checkpoint stays.
        KeyboardInterrupt
            On Ctrl-C, after the present chunk; the run resumes from its last checkpoint.
        """
        checkpoint = read_checkpoint(self._path)
        if checkpoint is None:
            progress, restart = self._protocol.init(), None
        else:
            progress, restart = Progress.from_dict(checkpoint["progress"]), self._path / checkpoint["files"]["restart"]
        writer = RunWriter(self._path, self._atoms, checkpoint)
        try:
            with self._engine.open(self._atoms, self._forcefield, self._path, restart) as simulation:
                while (task := self._protocol.task(progress)) is not None:
                    if isinstance(task, Minimization):
                        progress = self._minimize(simulation, task, progress, writer)
                    else:
                        progress = self._stage(simulation, task, progress, writer, observe)
                return progress
        finally:
            writer.close()

    def _stage(self, simulation: Simulation, stage: Stage, progress: Progress, writer: RunWriter, observe: Observer) -> Progress:
        temperature = self._protocol.first_temperature
        if temperature is not None and progress.phase in self._protocol.drawn and not progress.block and not progress.done:
            simulation.set_velocities(temperature, self._protocol.seed)
        simulation.start(stage, progress.done)
        state = simulation.state()
        reference = self._reference(progress, state)
        wanted = self._protocol.frames(progress.phase)
        interval = max(1, stage.n_steps // wanted) if wanted else stage.n_steps
        every = self._protocol.checkpoint_steps or CHECKPOINT_ATOM_STEPS // len(self._atoms)
        last_checkpoint = progress.done
        looks = -(-interval // self._protocol.look_every(stage))
        while progress.done < stage.n_steps:
            n_steps = min(_to_next_look(progress.done, interval, looks), stage.n_steps - progress.done)
            previous, state = state, simulation.advance(n_steps)
            before, progress = progress, self._look(progress, n_steps, stage, state)
            self._guards.check(state, previous if before.done else None, stage.name, settled=progress.phase not in self._protocol.unsettled)
            writer.row(self._row(progress, stage, state))
            if wanted and progress.done % interval == 0 and progress.done <= wanted * interval:
                writer.frame(state.positions, state.cell, progress.time, stage.name, state.velocities)
            observe(progress, state, self._protocol.fraction(progress))
            if progress.done < stage.n_steps and progress.done - last_checkpoint >= every:
                writer.checkpoint(self._number(progress), simulation.save, progress.to_dict())
                last_checkpoint = progress.done
        seen = None if reference is None else memory(reference, _fractional(state), state.cell, self._species, self._masses)
        phase = progress.phase
        progress = self._protocol.finish(progress, stage, seen, state.potential_energy / len(self._atoms))
        if self._protocol.task(progress) is None:
            self._write("glass.extxyz", state)  # before the checkpoint that says that all is done
        keep = phase if phase == self._protocol.remembered and progress.phase != phase else None
        writer.checkpoint(self._number(progress), simulation.save, progress.to_dict(), keep)
        return progress

    def _look(self, progress: Progress, n_steps: int, stage: Stage, state: State) -> Progress:
        energy = state.conserved_energy if stage.ensemble == "nve" else state.potential_energy
        watched = progress.phase in self._protocol.watched
        return replace(
            progress,
            done=progress.done + n_steps,
            time=progress.time + n_steps * stage.timestep,
            energy=(*progress.energy, energy / len(self._atoms)) if watched else (),
            volume=(*progress.volume, state.volume) if watched else (),
            pressure=(*progress.pressure, state.pressure) if watched else (),
        )

    def _minimize(self, simulation: Simulation, task: Minimization, progress: Progress, writer: RunWriter) -> Progress:
        """After dynamics the glass is what was sampled, and its inherent structure is kept beside it."""
        before, state = simulation.state(), simulation.minimize(task)
        if progress.stages:
            self._write("inherent_structure.extxyz", state, moving=False)
            self._write("glass.extxyz", before)
        else:
            self._write("glass.extxyz", state, moving=False)
        progress = self._protocol.finish(_unless_at_rest(progress, task, state), task, None, state.potential_energy / len(self._atoms))
        writer.checkpoint(self._number(progress), simulation.save, progress.to_dict())
        return progress

    def _write(self, name: str, state: State, moving: bool = True) -> None:
        atoms = self.configuration(state)
        if not moving:
            del atoms.arrays["momenta"]
        write_structure(self._path / name, atoms)

    def configuration(self, state: State) -> Atoms:
        """The state as ase.Atoms, wrapped into the cell, with momenta."""
        atoms = self._atoms.copy()
        atoms.set_cell(state.cell)
        atoms.positions = state.positions
        atoms.wrap()
        atoms.set_velocities(state.velocities * units.MASS_VELOCITY2**0.5)  # ASE counts time in Å sqrt(u/eV)
        atoms.info = {"temperature": state.temperature, "pressure": state.pressure, "potential_energy": state.potential_energy}
        return atoms

    def _reference(self, progress: Progress, state: State) -> NDArray[np.float64] | None:
        """Fractional coordinates at the start of the melt: written once, read by extensions and resumed runs."""
        if progress.phase != self._protocol.remembered:
            return None
        file = self._path / _REFERENCE
        if progress.block == 0 and progress.done == 0:
            start = _fractional(state)

            def save(path: Path) -> None:
                with open(path, "wb") as handle:
                    np.save(handle, start)

            write_atomically(file, save)
        found: NDArray[np.float64] = np.load(file)
        return found

    def _row(self, progress: Progress, stage: Stage, state: State) -> dict[str, float | str]:
        return {
            "time": progress.time,
            "stage": stage.name,
            "temperature": state.temperature,
            "pressure": state.pressure,
            "density": units.density(float(self._masses.sum()), state.volume),
            "volume": state.volume,
            "potential_energy": state.potential_energy,
            "kinetic_energy": state.kinetic_energy,
            "conserved_energy": state.conserved_energy,
        }

    def _number(self, progress: Progress) -> int:
        """Differs between any two checkpoints of a run, so that no restart file is replaced before its checkpoint.json is."""
        return round(progress.time * 1000) + len(progress.stages)


def _to_next_look(done: int, interval: int, looks: int) -> int:
    """Steps to the next of ``looks`` even looks in every interval between frames, so that frames come at equal steps of time."""
    inside = done % interval
    return -(-(inside * looks // interval + 1) * interval // looks) - inside


def _unless_at_rest(progress: Progress, task: Minimization, state: State) -> Progress:
    """Progress with a warning where a minimisation ended before it was at rest."""
    if state.largest_force is not None and state.largest_force > FORCE_MARGIN * task.force_tolerance:
        progress = progress.warn(
            f"The minimisation ended with a force of {state.largest_force:.2g} eV/Å, above its tolerance of {task.force_tolerance:g}. Raise max_steps."
        )
    if task.cell and abs(state.pressure) > PRESSURE_AT_REST:
        progress = progress.warn(f"The cell was left at a pressure of {state.pressure:.3f} GPa.")
    return progress


def _fractional(state: State) -> NDArray[np.float64]:
    result: NDArray[np.float64] = state.positions @ np.linalg.inv(state.cell)
    return result
