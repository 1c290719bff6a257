"""A melt-quench with nothing left to decide, and what it will cost."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from .. import units
from ..composition import Composition
from ..engines import get_engine
from ..errors import InputError
from ..forcefield import ForceField
from ..io.structures import read_structure
from ..library.forcefields import check_validity, choose_forcefield, load_forcefield
from ..packing import pack
from ..protocols.melt_quench import MeltQuench
from ..protocols.protocol import Task
from ..protocols.settings import QuenchSettings
from ..stage import Minimization, Stage
from .job import ENGINE_OPTIONS, Job, look_every, read_inputs

if TYPE_CHECKING:
    from ase import Atoms

CALIBRATION_TIMESTEP = 0.2
"""Short, because a packing that was barely pushed apart is integrated [fs]."""
_FORMERS = frozenset({"Si", "B", "P", "Ge"})
"""Elements whose motion must show that a melted structure file is forgotten; a Composition knows its own."""


@dataclass(frozen=True, eq=False)
class Plan:
    """Stages, steps and cost of a run that has not started."""

    job: Job
    seconds_per_step: Mapping[str, float] = field(default_factory=dict)
    """Of each ensemble, measured on this machine; empty where no calibration was asked for."""

    @property
    def tasks(self) -> list[Task]:
        return [task for _, task in self.job.protocol.plan()]

    @property
    def n_steps(self) -> int:
        return sum(task.n_steps for task in self.tasks if isinstance(task, Stage))

    @property
    def seconds(self) -> float | None:
        """Expected wall time of one replica [s], without extensions of melt and relaxation."""
        if not self.seconds_per_step:
            return None
        return sum(task.n_steps * self.seconds_per_step[task.ensemble] for task in self.tasks if isinstance(task, Stage))

    def rows(self) -> list[dict[str, Any]]:
        """One row for each stage: stage, ensemble, temperature [K], pressure [GPa], steps, time [ps], expected wall time [s]."""
        return [_row(task, self.seconds_per_step) for task in self.tasks]

    def calibrated(self, n_steps: int = 100) -> Plan:
        """The plan with the time per step of each ensemble measured by short runs; a barostat makes a mesh solver dearer."""
        job = self.job
        stages = [task for task in self.tasks if isinstance(task, Stage)]
        measured: dict[str, float] = {}
        with TemporaryDirectory(prefix="glasswright-") as scratch, job.engine.open(job.atoms, job.forcefield, Path(scratch)) as simulation:
            simulation.set_velocities(stages[0].temperature[0], job.protocol.seed)
            simulation.start(replace(stages[0], n_steps=5 * n_steps))
            simulation.advance(5 * n_steps)  # the packing is pushed apart far enough to be moved by any integrator
            for stage in stages[1:]:
                if stage.ensemble not in measured:
                    simulation.start(replace(stage, n_steps=2 * n_steps, timestep=CALIBRATION_TIMESTEP))
                    simulation.advance(n_steps)  # neighbour lists and caches settle first
                    start = time.perf_counter()
                    simulation.advance(n_steps)
                    measured[stage.ensemble] = (time.perf_counter() - start) / n_steps
        return replace(self, seconds_per_step=measured)


def _row(task: Task, seconds_per_step: Mapping[str, float]) -> dict[str, Any]:
    if isinstance(task, Minimization):
        return {"stage": "inherent structure", "ensemble": task.method, "steps": 0}
    row: dict[str, Any] = {"stage": task.name, "ensemble": task.ensemble, "steps": task.n_steps, "time_ps": task.duration / 1000}
    if task.ensemble != "nve":
        row["temperature"] = list(task.temperature)
    if task.ensemble == "npt":
        row["pressure"] = list(task.pressure)
    if task.ensemble in seconds_per_step:
        row["wall_seconds"] = task.n_steps * seconds_per_step[task.ensemble]
    return row


def prepare(settings: QuenchSettings, chosen: tuple[ForceField, str] | None = None) -> Job:
    """Resolve composition, density, packing, force field (unless it is ``chosen`` already, with the reason) and engine.

    Raises
    ------
    InputError
        If any of them is impossible.
    """
    composition = None if _is_file(settings.composition) else Composition(settings.composition)
    forcefield, reason = chosen or _forcefield(settings, composition)
    atoms = _start(settings, composition)
    engine, engine_reason = get_engine(settings.engine, forcefield, atoms, **{name: getattr(settings, name) for name in ENGINE_OPTIONS})
    present = sorted(set(atoms.get_chemical_symbols()))
    formers = set(composition.formers) if composition else _FORMERS
    resolved = _resolved(settings, forcefield, tuple(s for s in present if s in formers) or tuple(present))
    protocol = _protocol(settings, resolved, len(atoms))
    formula = composition.formula if composition else atoms.get_chemical_formula()
    validity = check_validity(forcefield, composition or _composition_of(atoms), resolved["melt_temperature"])
    remarks = {
        "warnings": [w for w in (atoms.info.get("density_warning"), *validity) if w],
        "forcefield_reason": reason,
        "composition": {"formula": formula, "deviation": atoms.info.get("composition_deviation")},
        "resolved": resolved,
        "plan": [_row(task, {}) for _, task in protocol.plan()],
    }
    return Job("melt_quench", f"{formula} by {forcefield.name}", atoms, forcefield, engine, engine_reason, protocol, settings.to_dict(), remarks)


def restore_quench(path: Path) -> Job:
    """The melt-quench of a run directory, as it was prepared."""
    document, atoms, forcefield, engine, reason = read_inputs(path)
    settings = QuenchSettings.from_mapping(document["settings"])
    protocol = _protocol(settings, document["resolved"], len(atoms))
    return Job("melt_quench", document["name"], atoms, forcefield, engine, reason, protocol, settings.to_dict(), {})


def _protocol(settings: QuenchSettings, resolved: dict[str, Any], n_atoms: int) -> MeltQuench:
    return MeltQuench(settings, resolved["melt_temperature"], resolved["melt_pressure"], resolved["timestep"], tuple(resolved["formers"]), look_every(n_atoms))


def _resolved(settings: QuenchSettings, forcefield: ForceField, formers: tuple[str, ...]) -> dict[str, Any]:
    defaults = forcefield.melt_quench
    melt = settings.melt_temperature or defaults.melt_temperature
    if melt <= settings.final_temperature:
        raise InputError(f"The melt temperature {melt:g} K is not above the final {settings.final_temperature:g} K.", mend="Raise melt_temperature.")
    return {
        "melt_temperature": melt,
        "melt_pressure": defaults.melt_pressure if settings.melt_pressure is None else settings.melt_pressure,
        "timestep": settings.timestep or defaults.timestep,
        "formers": list(formers),
    }


def _forcefield(settings: QuenchSettings, composition: Composition | None) -> tuple[ForceField, str]:
    if settings.forcefield is not None:
        return load_forcefield(settings.forcefield, coulomb=settings.coulomb), "asked for"
    if composition is None:
        raise InputError("No force field is named.", "A structure file is melted, so none can be chosen by composition.", "Add --forcefield NAME.")
    chosen, reason = choose_forcefield(composition)
    return (load_forcefield(chosen.name, coulomb=settings.coulomb) if settings.coulomb else chosen), reason


def _start(settings: QuenchSettings, composition: Composition | None) -> Atoms:
    if composition is not None:
        if settings.types is not None:
            raise InputError("types is given, but no structure file.", "It names the elements of LAMMPS types in a file.", "Leave it out.")
        return pack(composition, n_atoms=settings.n_atoms, density=settings.density, seed=settings.seed)
    atoms = read_structure(settings.composition, settings.types)
    if settings.density is not None:
        scale = (units.density(float(atoms.get_masses().sum()), atoms.get_volume()) / settings.density) ** (1 / 3)
        atoms.set_cell(atoms.cell * scale, scale_atoms=True)
    return atoms


def _composition_of(atoms: Atoms) -> Composition:
    symbols = atoms.get_chemical_symbols()
    return Composition.from_counts({s: symbols.count(s) for s in set(symbols)})


def _is_file(text: str) -> bool:
    return Path(text).suffix != "" and os.path.isfile(text)  # Path.is_file raises where a text is too long for a name
