"""From a composition to a validated glass: pack, melt, quench, analyse, report."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from ..composition import Composition
from ..forcefield import ForceField
from ..io.atomic import write_text
from ..io.run import Run, temporary_run
from ..io.run_writer import claim, write_run_toml
from ..library.forcefield_file import forcefield_toml
from ..protocols.settings import QuenchSettings
from .job import FORCEFIELD_FILE
from .plan import Plan, prepare
from .replicas import run_replicas
from .run_protocol import run_protocol


def quench(
    composition: str | Composition,
    *,
    out: str | Path | None = None,
    overwrite: bool = False,
    executor: Executor | None = None,
    progress: bool = False,
    forcefield: str | ForceField | None = None,
    report: bool = True,
    **settings: Any,
) -> Run:
    """Make a glass by melt-quench molecular dynamics, analyse it and write a report.

    Parameters
    ----------
    composition
        ``"30Na2O-70SiO2"``, a ``Composition``, or the path of a structure file to melt.
    out
        Run directory; None: a temporary one, removed with the Run.
    overwrite
        Replace a run directory that is already there.
    executor
        Where replicas run; any ``concurrent.futures.Executor`` whose workers see the same file system.
    progress
        Show a progress bar with the time left.
    forcefield
        Library name, path of a TOML file or ForceField; None: the one whose range covers the composition best.
    report
        Write report.html as well as curves and tables.
    settings
        Fields of ``QuenchSettings``: ``n_atoms``, ``rate``, ``seed``, ``replicas``...

    Raises
    ------
    InputError
        If the request cannot be carried out.
    RunFailed
        If a guard or the engine stops the run; ``glasswright resume`` starts from its last checkpoint.
    """
    wanted, chosen = _settings(composition, forcefield, settings)
    job = prepare(wanted, chosen)
    document = job.document()  # with this, bad input is refused before anything is written or removed
    temporary, path = temporary_run() if out is None else (None, Path(out))
    claim(path, overwrite)
    if wanted.replicas == 1:
        job.write(path)
        run_protocol(path, progress=progress)
    else:
        write_run_toml(path, {**document, "kind": "replicas"})
        write_text(path / FORCEFIELD_FILE, forcefield_toml(job.forcefield))
        run_replicas(path, executor, progress=progress)
    return conclude(path, report, temporary)


def conclude(path: Path, report: bool = True, temporary: object = None) -> Run:
    """Analyse a finished run and write its report."""
    from ..report import write_report
    from .analyze import analyze

    analyze(Run(path))
    if report:
        write_report(Run(path))
    return Run(path, temporary)


def plan_quench(composition: str | Composition, *, calibrate: bool = False, forcefield: str | ForceField | None = None, **settings: Any) -> Plan:
    """What a quench would do: stages, steps and, with ``calibrate``, the time it would take by a short measurement."""
    plan = Plan(prepare(*_settings(composition, forcefield, settings)))
    return plan.calibrated() if calibrate else plan


def _settings(
    composition: str | Composition, forcefield: str | ForceField | None, values: Mapping[str, Any]
) -> tuple[QuenchSettings, tuple[ForceField, str] | None]:
    """Settings, and the force field where it was given as an object."""
    if isinstance(composition, str) and os.path.isfile(composition):
        composition = os.path.abspath(composition)  # a set of replicas may be resumed from elsewhere
    asked = {**values, "composition": composition.formula if isinstance(composition, Composition) else composition}
    if not isinstance(forcefield, ForceField):
        return QuenchSettings.from_mapping(asked if forcefield is None else {**asked, "forcefield": forcefield}), None
    settings = QuenchSettings.from_mapping({**asked, "forcefield": forcefield.name})
    given = forcefield if settings.coulomb is None else forcefield.with_coulomb(settings.coulomb)
    return settings, (given, "given as an object")
