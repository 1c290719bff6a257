"""Molecular dynamics and minimisation as single calls."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import units
from ..engines import get_engine
from ..errors import InputError
from ..forcefield import ForceField
from ..io.run import Run, temporary_run
from ..io.run_writer import claim
from ..library.forcefields import load_forcefield
from ..stage import Ensemble
from .job import Job
from .run_protocol import run_protocol
from .single_task import single_task

if TYPE_CHECKING:
    from ase import Atoms


def md(
    atoms: Atoms,
    forcefield: str | ForceField,
    ensemble: Ensemble = "nvt",
    temperature: float | str | tuple[float, float] = 300.0,
    pressure: float | str | tuple[float, float] | None = None,
    duration: float | str = "5 ps",
    timestep: float | str = "1 fs",
    engine: str = "auto",
    seed: int = 1,
    out: str | Path | None = None,
    *,
    cell: str = "isotropic",
    thermostat: str = "nose-hoover",
    overwrite: bool = False,
    progress: bool = False,
    command: str | None = None,
    threads: int = 1,
    accuracy: float = 1e-5,
    kspace: str = "pppm",
    precision: str = "mixed",
    n_frames: int = 100,
) -> Run:
    """Run molecular dynamics in one ensemble.

    Parameters
    ----------
    atoms
        Start; kept unchanged. Its momenta are used where it has any, else velocities are drawn at ``temperature``.
    forcefield
        Library name, TOML path or ForceField.
    ensemble
        ``"nve"``, ``"nvt"`` or ``"npt"``.
    temperature
        [K], or a pair to ramp between. With NVE that of the first velocities.
    pressure
        [GPa], or a pair to ramp between; NPT only.
    duration, timestep
        [fs] or with a unit.
    out
        Run directory; None: a temporary one, removed with the Run.
    cell
        ``"isotropic"`` or ``"anisotropic"`` barostat.
    thermostat
        ``"nose-hoover"`` (chains), ``"langevin"`` or ``"csvr"``.
    n_frames
        Configurations saved along the way.

    Raises
    ------
    InputError
        If the request cannot be carried out.
    RunFailed
        If a guard or the engine stops it.
    """
    step = units.parse(timestep, "time", "timestep")
    length = units.parse(duration, "time", "duration")
    if step <= 0 or length <= 0:
        raise InputError(f"A duration of {duration} at a time step of {timestep} is not possible.", mend="Both must be positive.")
    settings = {
        "ensemble": ensemble,
        "temperature": _span(temperature, "temperature"),
        "pressure": _span(0.0 if pressure is None else pressure, "pressure"),
        "n_steps": max(1, round(length / step)),
        "timestep": step,
        "cell": cell,
        "thermostat": thermostat,
        "n_frames": n_frames,
    }
    engine_options = {"command": command, "threads": threads, "accuracy": accuracy, "kspace": kspace, "precision": precision}
    return _run("md", atoms, forcefield, settings, engine, seed, out, overwrite, progress, engine_options)


def minimize(
    atoms: Atoms,
    forcefield: str | ForceField,
    engine: str = "auto",
    cell: bool = False,
    *,
    method: str = "cg",
    force_tolerance: float = 1e-3,
    max_steps: int = 5000,
    out: str | Path | None = None,
    overwrite: bool = False,
    command: str | None = None,
    threads: int = 1,
    accuracy: float = 1e-5,
    kspace: str = "pppm",
    precision: str = "mixed",
) -> Run:
    """Minimise the energy; with ``cell`` relax the cell to zero pressure as well.

    ``force_tolerance`` is the largest force component allowed at the end [eV/Å]; ``method`` is ``"cg"`` or ``"fire"``.
    """
    if method not in ("cg", "fire"):
        raise InputError(f"Minimiser {method!r} is unknown.", mend="Use cg or fire.")
    settings = {"method": method, "force_tolerance": force_tolerance, "max_steps": max_steps, "cell": cell}
    engine_options = {"command": command, "threads": threads, "accuracy": accuracy, "kspace": kspace, "precision": precision}
    return _run("minimize", atoms, forcefield, settings, engine, 1, out, overwrite, False, engine_options)


def _run(
    kind: str,
    atoms: Atoms,
    forcefield: str | ForceField,
    settings: Mapping[str, Any],
    engine: str,
    seed: int,
    out: str | Path | None,
    overwrite: bool,
    progress: bool,
    engine_options: Mapping[str, Any],
) -> Run:
    ff = forcefield if isinstance(forcefield, ForceField) else load_forcefield(forcefield)
    chosen, reason = get_engine(engine, ff, atoms, **engine_options)
    settings = {**settings, **{k: v for k, v in engine_options.items() if v is not None}, "seed": seed}
    start = atoms.copy()
    start.calc = None
    start.info = {}
    job = Job(kind, f"{kind} of {start.get_chemical_formula()} by {ff.name}", start, ff, chosen, reason, single_task(kind, settings, start), settings, {})
    job.document()  # with this, bad input is refused before anything is written or removed
    temporary, path = temporary_run() if out is None else (None, Path(out))
    claim(path, overwrite)
    job.write(path)
    run_protocol(path, progress=progress)
    return Run(path, temporary)


def _span(value: Any, dimension: str) -> tuple[float, float]:
    ends = value if isinstance(value, (tuple, list)) else (value, value)
    if len(ends) != 2:
        raise InputError(f"{dimension} = {value!r} is not possible.", mend="Give one value, or a pair to ramp between.")
    return units.parse(ends[0], dimension, dimension), units.parse(ends[1], dimension, dimension)
