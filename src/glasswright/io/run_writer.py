"""Writing a run directory so that a killed run loses at most one checkpoint interval and nothing looks complete that is not."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .atomic import write_atomically, write_text
from .run import THERMO_COLUMNS
from .trajectory import TrajectoryWriter

if TYPE_CHECKING:
    from ase import Atoms


def claim(path: Path, overwrite: bool = False) -> None:
    """Make ``path`` an empty directory, or refuse.

    Raises
    ------
    InputError
        If something is there and ``overwrite`` is not set, if it is no run directory (which is never removed), or if a run is going on in it.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        if not overwrite:
            raise InputError(f"{path} exists already.", mend=f"Type `glasswright resume {path}`, add --overwrite, or choose another --out.")
        if not (path.is_dir() and ((path / "run.toml").is_file() or all(p.name.startswith(".") for p in path.iterdir()))):
            raise InputError(f"{path} is not overwritten.", "It holds no run.toml, so it was not made by glasswright.", "Choose another --out.")
        with ExitStack() as locks:
            for member in (path, *(p.parent for p in path.glob("replica-*/run.toml"))):
                locks.enter_context(locked(member))
            # Renamed first: a process that dies while removing leaves no half of a run under its name.
            aside = path.with_name(f".{path.name}.removed-{os.getpid()}")
            path.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)
    path.mkdir(parents=True, exist_ok=True)


def write_run_toml(path: Path, document: Mapping[str, Any]) -> None:
    """Write run.toml atomically; values that are None are left out."""
    import tomlkit

    write_text(path / "run.toml", tomlkit.dumps(_plain(document)))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value if v is not None]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    return value


class RunWriter:
    """The files of one run in progress: a table of one row for each look, trajectory.gsd, checkpoints."""

    def __init__(
        self, path: Path, atoms: Atoms, checkpoint: Mapping[str, Any] | None = None, table: str = "thermo", columns: Mapping[str, str] = THERMO_COLUMNS
    ) -> None:
        """Open a fresh run, or with ``checkpoint`` cut its files back to what that checkpoint had seen.

        The table is TABLE.csv; ``columns`` are its names and their units.
        """
        self.path = path
        self._name, self._columns = table, columns
        kept = {} if checkpoint is None else checkpoint["files"]
        self.trajectory = TrajectoryWriter(path / "trajectory.gsd", atoms, keep=kept.get("frames", 0))
        self._table = self._open_table(kept.get(f"{table}_bytes", 0))

    def _open_table(self, keep: int) -> TextIO:
        path = self.path / f"{self._name}.csv"
        if keep and path.stat().st_size < keep:
            raise InputError(f"{path} is shorter than its checkpoint says.", mend="Restore the file or start again with --overwrite.")
        file = open(path, "r+" if keep else "w", newline="", encoding="utf-8")  # noqa: SIM115 - open as long as the run
        if keep:
            file.truncate(keep)
            file.seek(keep)
        else:
            csv.writer(file, lineterminator="\n").writerow([f"{name} [{unit}]" if unit else name for name, unit in self._columns.items()])
        return file

    def row(self, row: Mapping[str, float | str]) -> None:
        """Append one row to the table; keys are its columns."""
        values = (row[name] for name in self._columns)
        csv.writer(self._table, lineterminator="\n").writerow([v if isinstance(v, str) else f"{v:.9g}" for v in values])
        self._table.flush()

    def frame(self, positions: NDArray[np.float64], cell: NDArray[np.float64], time: float, stage: str, velocities: NDArray[np.float64] | None = None) -> None:
        """Append one configuration to the trajectory."""
        self.trajectory.append(positions, cell, time, stage, velocities)

    def checkpoint(self, number: int, save: Callable[[Path], None], progress: Mapping[str, Any], keep: str | None = None) -> None:
        """Write a checkpoint: the engine's restart first, then checkpoint.json, which makes it count.

        With ``keep`` a copy stays under that name (``melt.restart``, ``melt.json``): later runs quench the same melt at other rates.
        """
        self.trajectory.flush()
        self._table.flush()
        os.fsync(self._table.fileno())
        restart = self.path / f"checkpoint-{number}.restart"
        write_atomically(restart, save)
        if keep is not None:
            write_atomically(self.path / f"{keep}.restart", lambda scratch: shutil.copyfile(restart, scratch))
            write_text(self.path / f"{keep}.json", json.dumps(progress))
        files = {"frames": len(self.trajectory), f"{self._name}_bytes": self._table.tell(), "restart": restart.name}
        write_text(self.path / "checkpoint.json", json.dumps({"files": files, "progress": progress}))
        for old in self.path.glob("checkpoint-*.restart"):
            if old != restart:
                old.unlink()

    def close(self) -> None:
        try:
            self.trajectory.close()
        finally:  # a full disk: what is still to be written has no room
            self._table.close()


def read_checkpoint(path: Path) -> dict[str, Any] | None:
    """The last checkpoint of a run, or None where it has none yet."""
    file = path / "checkpoint.json"
    if not file.is_file():
        return None
    try:
        checkpoint: dict[str, Any] = json.loads(file.read_text())
    except ValueError as error:
        raise InputError(f"{file} is damaged.", str(error), "Restore it, or start again with --overwrite.") from error
    return checkpoint


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a run directory; the system lets go when the process ends, however it ends.

    Raises
    ------
    InputError
        If another process holds it.
    """
    with open(path / ".lock", "w") as handle:
        try:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:  # not a POSIX system: no lock
            pass
        except OSError:
            raise InputError(f"{path} is in use.", "Another process is running in it.", "Wait for it, or stop it first.") from None
        yield
