"""Run, or go on with, what one run directory holds."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..engines.base import State
from ..errors import GlasswrightError, InputError, RunFailed
from ..io.run import Run
from ..io.run_writer import locked, write_run_toml
from ..protocols.driver import Driver
from ..protocols.protocol import Progress
from .job import Job
from .plan import restore_quench
from .progress import Show, announce, progress_bar
from .run_refinement import drive_refinement
from .single_task import restore_md
from .stopping import check_stop

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator

_RESTORE: dict[str, Callable[[Path], Job]] = {"melt_quench": restore_quench, "md": restore_md, "minimize": restore_md}
"""Kind of run → how its directory gives the job back."""


def run_protocol(path: str | Path, progress: bool = False, calculator: Calculator | None = None) -> str:
    """Carry a prepared or interrupted run to its end and return its outcome; picklable, so that any executor can run it.

    Parameters
    ----------
    calculator
        Of a refinement that was begun with one.

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
        kind = document["kind"]
        if kind not in (*_RESTORE, "refinement"):
            raise InputError(f"{path} holds a run of kind {kind!r}.", mend="Use a glasswright that knows it.")
        try:
            write_run_toml(path, {**document, "outcome": "running"})
            check_stop(path)
            with _watched(path, document["name"], progress) as show:
                found = drive_refinement(path, show, calculator) if kind == "refinement" else _drive(path, kind, show)
            write_run_toml(path, {**document, **found, "outcome": "done", "warnings": [*document["warnings"], *found["warnings"]]})
        except BaseException as error:
            with suppress(OSError):  # on a full disk the sentence matters more than its record
                write_run_toml(path, {**document, "outcome": _outcome(error)})
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                mend = f"Make room, then type `glasswright resume {path}`."
                raise RunFailed(f"The disk of {path} is full.", "The last checkpoint is complete.", mend) from error
            raise
        (path / "progress.json").unlink(missing_ok=True)
        return "done"


@contextmanager
def _watched(path: Path, name: str, progress: bool) -> Iterator[Show]:
    """Takes news of a run: stops it where that was asked, leaves a line for others, moves the bar."""
    bar: AbstractContextManager[Show | None] = progress_bar(name) if progress else nullcontext(None)
    with bar as show:

        def tell(fraction: float, text: str) -> None:
            check_stop(path)
            announce(path, fraction, text)
            if show is not None:
                show(fraction, text)

        yield tell


def _drive(path: Path, kind: str, show: Show) -> dict[str, Any]:
    job = _RESTORE[kind](path)
    driver = Driver(job.protocol, job.engine, job.forcefield, job.guards(), job.atoms, path)
    ended = driver.run(lambda progress, state, fraction: show(fraction, _words(progress, state)))
    return {"warnings": ended.warnings, "results": dict(ended.results), "stages": list(ended.stages)}


def _words(progress: Progress, state: State) -> str:
    return f"{progress.phase} {progress.time / 1000:.1f} ps, {state.temperature:.0f} K, {state.pressure:+.2f} GPa"


def _outcome(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "stopped by the user"
    return str(error) if isinstance(error, (GlasswrightError, OSError)) else f"{type(error).__name__}: {error}"
