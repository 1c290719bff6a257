"""Replicas: the same programme from independent melts, on any executor."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from ..errors import GlasswrightError, RunFailed
from ..io.run import Run
from ..io.run_writer import write_run_toml
from ..protocols.settings import QuenchSettings
from .plan import prepare
from .progress import replica_bars
from .run_protocol import run_protocol


def run_replicas(path: Path, executor: Executor | None = None, progress: bool = False) -> None:
    """Run or resume every replica below ``path`` that is not done.

    Raises
    ------
    RunFailed
        After all have ended, if any failed; the others are kept.
    """
    document = Run(path).settings
    _create(path, QuenchSettings.from_mapping(document["settings"]))
    members = [run.path for run in Run(path).replicas if run.outcome != "done"]
    threads = int(document["settings"].get("threads", 1))
    with _executor(executor, len(members), threads) as pool, replica_bars(members) if progress else nullcontext(None) as look:
        futures: dict[Future[str], Path] = {pool.submit(run_protocol, str(member)): member for member in members}
        waiting = set(futures)
        try:
            while waiting:
                _, waiting = wait(waiting, timeout=0.5)
                if look is not None:
                    look()
        except KeyboardInterrupt:
            for future in futures:
                future.cancel()
            write_run_toml(path, {**document, "outcome": "stopped by the user"})
            raise
    failures = [(member, error) for future, member in futures.items() if (error := future.exception()) is not None]
    for _, error in failures:
        if not isinstance(error, (GlasswrightError, OSError)):
            raise error
    outcome = "done" if not failures else "; ".join(f"{member.name}: {error}" for member, error in failures)
    warnings = [f"{run.path.name}: {w}" for run in Run(path).replicas for w in run.warnings if w not in document.get("warnings", [])]
    write_run_toml(path, {**document, "outcome": outcome, "warnings": [*document.get("warnings", []), *warnings]})
    if failures:
        raise RunFailed(f"{len(failures)} of {len(members)} replicas failed.", outcome, f"Mend the cause, then type `glasswright resume {path}`.")


def replica_seed(seed: int, number: int) -> int:
    """Seed of a replica: the first keeps the seed of the set, so that it is the single run of the same seed."""
    return seed + 1000003 * (number - 1)


def _create(path: Path, settings: QuenchSettings) -> None:
    """Prepare the replicas that are not there yet, each from a packing of its own."""
    for number in range(1, settings.replicas + 1):
        member = path / f"replica-{number:02d}"
        if not (member / "run.toml").is_file():
            member.mkdir(exist_ok=True)
            prepare(replace(settings, replicas=1, seed=replica_seed(settings.seed, number))).write(member)


@contextmanager
def _executor(given: Executor | None, n_tasks: int, threads: int) -> Iterator[Executor]:
    """The caller's executor, or one process for each replica that fits on this machine."""
    if given is not None:
        yield given
        return
    workers = max(1, min(n_tasks, (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1) // threads))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:  # fork would share LAMMPS and MPI state
        yield pool
