"""Go on with an interrupted run."""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING

from ..io.run import Run
from .quench import conclude
from .replicas import run_replicas
from .run_protocol import run_protocol
from .stopping import allow

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator


def resume(path: str | Path, *, executor: Executor | None = None, progress: bool = False, report: bool = True, calculator: Calculator | None = None) -> Run:
    """Continue a run, or a set of replicas, from the last checkpoint, then analyse and report.

    Parameters
    ----------
    calculator
        Of a refinement that was begun with an ASE calculator, which is not kept on disk.

    Raises
    ------
    InputError
        If there is nothing to continue there.
    RunFailed
        If the run stops again.
    """
    path = Path(path)
    run = Run(path)
    kind = run.settings.get("kind")
    if kind == "replicas":
        run_replicas(path, executor, progress=progress)
    else:
        allow(path)
        run_protocol(path, progress, calculator)
    if "method" in run.settings["settings"] and not report:  # a refinement without it is not analysed either
        return Run(path)
    return conclude(path, report) if kind in ("replicas", "melt_quench", "refinement") else Run(path)
