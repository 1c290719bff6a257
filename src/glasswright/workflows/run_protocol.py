"""Run, or go on with, what one run directory holds."""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from ..engines.base import State
from ..errors import GlasswrightError, InputError, RunFailed
from ..io.run import Run
from ..io.run_writer import write_run_toml
from ..protocols.driver import Driver, Observer
from ..protocols.protocol import Progress
from .job import Job
from .md import restore_md
from .plan import restore_quench
from .progress import announce, progress_bar

_RESTORE: dict[str, Callable[[Path], Job]] = {"melt_quench": restore_quench, "md": restore_md, "minimize": restore_md}
"""Kind of run → how its directory gives the job back."""


def run_protocol(path: str | Path, progress: bool = False) -> str:
    """Carry a prepared or interrupted run to its end and return its outcome; picklable, so that any executor can run it.

    Raises
    ------
    RunFailed
        If a guard, the engine or the disk stops it; run.toml then holds the sentence.
    """
    path = Path(path)
    document = Run(path).settings
    if document["outcome"] == "done":
        return "done"
    if document["kind"] not in _RESTORE:
        raise InputError(f"{path} holds a run of kind {document['kind']!r}.", mend="Use a glasswright that knows it.")
    job = _RESTORE[document["kind"]](path)
    driver = Driver(job.protocol, job.engine, job.forcefield, job.guards(), job.atoms, path)
    bar: AbstractContextManager[Observer | None] = progress_bar(job.name) if progress else nullcontext(None)
    write_run_toml(path, {**document, "outcome": "running"})
    try:
        with bar as show:

            def observe(state_of_run: Progress, state: State, fraction: float) -> None:
                announce(path, state_of_run, state, fraction)
                if show is not None:
                    show(state_of_run, state, fraction)

            ended, _ = driver.run(observe)
    except KeyboardInterrupt:
        write_run_toml(path, {**document, "outcome": "stopped by the user"})
        raise
    except GlasswrightError as error:
        write_run_toml(path, {**document, "outcome": str(error)})
        raise
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise RunFailed(f"The disk of {path} is full.", "The last checkpoint is complete.", f"Make room, then type `glasswright resume {path}`.") from error
    write_run_toml(path, _concluded(document, ended))
    (path / "progress.json").unlink(missing_ok=True)
    return "done"


def _concluded(document: dict[str, Any], ended: Progress) -> dict[str, Any]:
    return {
        **document,
        "outcome": "done",
        "warnings": [*document["warnings"], *ended.warnings],
        "results": dict(ended.results),
        "stages": list(ended.stages),
    }
