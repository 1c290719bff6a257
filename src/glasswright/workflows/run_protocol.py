"""Run, or go on with, what one run directory holds."""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any

from ..engines.base import State
from ..errors import GlasswrightError, InputError, RunFailed
from ..io.run import Run
from ..io.run_writer import locked, write_run_toml
from ..protocols.driver import Driver, Observer
from ..protocols.protocol import Progress
from .job import Job
from .plan import restore_quench
from .progress import announce, progress_bar
from .single_task import restore_md
from .stopping import check_stop

_RESTORE: dict[str, Callable[[Path], Job]] = {"melt_quench": restore_quench, "md": restore_md, "minimize": restore_md}
"""Kind of run → how its directory gives the job back."""


def run_protocol(path: str | Path, progress: bool = False) -> str:
    """Carry a prepared or interrupted run to its end and return its outcome; picklable, so that any executor can run it.

    Raises
    ------
    RunFailed
        If a guard, the engine or the disk stops it; run.toml then holds the sentence.
    KeyboardInterrupt
        On Ctrl-C, or when whoever started this replica was told to stop.
    """
    path = Path(path)
    with locked(path):
        document = Run(path).settings
        if document["outcome"] == "done":
            return "done"
        if document["kind"] not in _RESTORE:
            raise InputError(f"{path} holds a run of kind {document['kind']!r}.", mend="Use a glasswright that knows it.")
        try:
            write_run_toml(path, {**document, "outcome": "running"})
            ended = _drive(path, document["kind"], progress)
            write_run_toml(path, _concluded(document, ended))
        except BaseException as error:
            with suppress(OSError):  # on a full disk the sentence matters more than its record
                write_run_toml(path, {**document, "outcome": _outcome(error)})
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                mend = f"Make room, then type `glasswright resume {path}`."
                raise RunFailed(f"The disk of {path} is full.", "The last checkpoint is complete.", mend) from error
            raise
        (path / "progress.json").unlink(missing_ok=True)
        return "done"


def _drive(path: Path, kind: str, progress: bool) -> Progress:
    check_stop(path)
    job = _RESTORE[kind](path)
    driver = Driver(job.protocol, job.engine, job.forcefield, job.guards(), job.atoms, path)
    bar: AbstractContextManager[Observer | None] = progress_bar(job.name) if progress else nullcontext(None)
    with bar as show:

        def observe(state_of_run: Progress, state: State, fraction: float) -> None:
            check_stop(path)
            announce(path, state_of_run, state, fraction)
            if show is not None:
                show(state_of_run, state, fraction)

        return driver.run(observe)


def _outcome(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "stopped by the user"
    return str(error) if isinstance(error, (GlasswrightError, OSError)) else f"{type(error).__name__}: {error}"


def _concluded(document: dict[str, Any], ended: Progress) -> dict[str, Any]:
    return {
        **document,
        "outcome": "done",
        "warnings": [*document["warnings"], *ended.warnings],
        "results": dict(ended.results),
        "stages": list(ended.stages),
    }
