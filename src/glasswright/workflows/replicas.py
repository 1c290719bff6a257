"""Replicas: the same programme from independent melts or packings, on any executor."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ..errors import GlasswrightError, RunFailed
from ..io.run import Run
from ..io.run_writer import write_run_toml
from ..library.forcefields import load_forcefield
from ..protocols.settings import QuenchSettings
from ..refinement.settings import RefineSettings
from .job import FORCEFIELD_FILE, START_FILE
from .plan import prepare
from .progress import replica_bars
from .refinement_job import replica_refinement
from .run_protocol import run_protocol
from .stopping import allow, ask_to_stop


def run_replicas(path: Path, executor: Executor | None = None, progress: bool = False) -> None:
    """Run or resume every replica below ``path`` that is not done.

    Raises
    ------
    RunFailed
        After all have ended, if any failed; the others are kept.
    """
    document = Run(path).settings
    _create(path, document)
    members = [run.path for run in Run(path).replicas if run.outcome != "done"]
    threads = int(document["settings"].get("threads", 1))
    with _executor(executor, len(members), threads) as pool, replica_bars(members) if progress else nullcontext(None) as look:
        for member in members:
            allow(member)
        futures: dict[Future[str], Path] = {pool.submit(run_protocol, str(member)): member for member in members}
        waiting = set(futures)
        try:
            while waiting:
                _, waiting = wait(waiting, timeout=0.5)
                if look is not None:
                    look()
        except KeyboardInterrupt:
            # Pools hold back calls that can no longer be cancelled, and a scheduler's workers hear no Ctrl-C.
            for future, member in futures.items():
                ask_to_stop(member)
                future.cancel()
            write_run_toml(path, {**document, "outcome": "stopped by the user"})
            raise
    failures = [(member, error) for future, member in futures.items() if (error := future.exception()) is not None]
    outcome = "done" if not failures else "; ".join(f"{member.name}: {_words(error)}" for member, error in failures)
    write_run_toml(path, {**document, "outcome": outcome, "warnings": _warnings(path, document["warnings"])})
    for _, error in failures:
        if not isinstance(error, (GlasswrightError, OSError, BrokenExecutor)):
            raise error
    if failures:
        raise RunFailed(f"{len(failures)} of {len(members)} replicas failed.", outcome, f"Mend the cause, then type `glasswright resume {path}`.")


def replica_seed(seed: int, number: int) -> int:
    """Seed of a replica: the first keeps the seed of the set, so that it is the single run of the same seed."""
    return (seed + 1000003 * (number - 1)) % 2**31


def _create(path: Path, document: Mapping[str, Any]) -> None:
    """Prepare the replicas that are not there yet, each from a packing of its own (or, of a refinement from a structure, its own random numbers)."""
    whole = document["settings"]
    settings = RefineSettings.from_mapping(whole) if "method" in whole else QuenchSettings.from_mapping(whole)
    write = replica_refinement(path) if "method" in whole else _quench(path, str(document["forcefield"]["reason"]))
    for number in range(1, settings.replicas + 1):
        member = path / f"replica-{number:02d}"
        if not (member / START_FILE).is_file():
            member.mkdir(exist_ok=True)
            write(replace(settings, replicas=1, seed=replica_seed(settings.seed, number)), member)


def _quench(path: Path, reason: str) -> Callable[[Any, Path], None]:
    """Writes a replica of the quench of a set."""
    chosen = load_forcefield(path / FORCEFIELD_FILE), reason
    return lambda settings, member: prepare(settings, chosen).write(member)


def _words(error: BaseException) -> str:
    return "its process died" if isinstance(error, BrokenExecutor) else str(error)


def _warnings(path: Path, common: list[str]) -> list[str]:
    """Warnings of the set: those of all, then those of single replicas by name."""
    shared = [w for w in common if not w.startswith("replica-")]
    return [*shared, *(f"{run.path.name}: {w}" for run in Run(path).replicas for w in run.warnings if w not in shared)]


@contextmanager
def _executor(given: Executor | None, n_tasks: int, threads: int) -> Iterator[Executor]:
    """The caller's executor, or one process for each replica that fits on this machine."""
    if given is not None:
        yield given
        return
    workers = max(1, min(n_tasks, (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1) // threads))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:  # fork would share LAMMPS and MPI state
        yield pool
