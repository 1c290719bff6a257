"""Go on with an interrupted run."""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path

from ..io.run import Run
from .quench import conclude
from .replicas import run_replicas
from .run_protocol import run_protocol
from .stopping import allow


def resume(path: str | Path, *, executor: Executor | None = None, progress: bool = False, report: bool = True) -> Run:
    """Continue a run, or a set of replicas, from the last checkpoint, then analyse and report.

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
        run_protocol(path, progress=progress)
    return conclude(path, report) if kind in ("replicas", "melt_quench") else Run(path)
