"""A run directory, read lazily."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from ..curve import Curve
from ..errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

THERMO_COLUMNS = {
    "time": "fs",
    "stage": "",
    "temperature": "K",
    "pressure": "GPa",
    "density": "g/cm3",
    "volume": "Å3",
    "potential_energy": "eV",
    "kinetic_energy": "eV",
    "conserved_energy": "eV",
}
"""Columns of thermo.csv and their units; the header reads ``temperature [K]``."""


class Run:
    """A finished or interrupted run, or a set of replicas, on disk."""

    def __init__(self, path: str | Path, temporary: object = None) -> None:
        """Open a run directory; ``temporary`` is an owner of the directory that lives as long as this Run."""
        self.path = Path(path)
        self._temporary = temporary
        if not (self.path / "run.toml").is_file():
            raise InputError(f"{self.path} is no run directory.", "It holds no run.toml.", "Name a directory made by `glasswright quench`.")

    @cached_property
    def settings(self) -> dict[str, Any]:
        """run.toml: settings, seeds, versions, engine and why, citations, outcome, warnings."""
        try:
            document = tomllib.loads((self.path / "run.toml").read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"{self.path / 'run.toml'} is no TOML file.", str(error), "Restore it, or start again with --overwrite.") from error
        missing = [key for key in ("kind", "name", "outcome", "settings", "warnings") if key not in document]
        if missing:
            raise InputError(f"{self.path / 'run.toml'} lacks {', '.join(missing)}.", mend="Restore it, or start again with --overwrite.")
        return document

    @property
    def outcome(self) -> str:
        """``"done"``, ``"running"`` or a sentence saying why the run stopped."""
        return str(self.settings.get("outcome", "running"))

    @property
    def warnings(self) -> list[str]:
        return list(self.settings.get("warnings", []))

    @cached_property
    def replicas(self) -> list[Run]:
        """The runs of a set of replicas; the run itself where there is only one."""
        members = sorted(self.path.glob("replica-*/run.toml"))
        return [Run(m.parent) for m in members] or [self]

    @cached_property
    def atoms(self) -> Atoms:
        """The product (glass.extxyz); of the first replica where there are several."""
        from .structures import read_structure

        product = self.replicas[0].path / "glass.extxyz"
        if not product.is_file():
            raise InputError(f"{self.path} has no glass yet.", f"Its outcome is: {self.outcome}", f"Type `glasswright resume {self.path}`.")
        return read_structure(product)

    @cached_property
    def thermo(self) -> Mapping[str, NDArray[Any]]:
        """Columns of thermo.csv as arrays (``THERMO_COLUMNS``); ``stage`` holds words. Of the first replica where there are several."""
        return _columns(self.replicas[0].path / "thermo.csv")

    @cached_property
    def history(self) -> Mapping[str, NDArray[Any]]:
        """Columns of history.csv as arrays, a row for each block of a refinement; empty where there is none. Of the first of several replicas."""
        path = self.replicas[0].path / "history.csv"
        return _columns(path) if path.is_file() else {}

    @cached_property
    def frames(self) -> Frames:
        """Saved configurations, read one at a time, with ``info['time']`` [fs] and ``info['stage']``."""
        return Frames(self.replicas[0].path / "trajectory.gsd")

    def curves(self) -> dict[str, Curve]:
        """The curves that analysis wrote: file name without ending → Curve."""
        from .curves import read_curve

        return {p.stem: read_curve(p) for p in sorted((self.path / "curves").glob("*.csv"))}

    def table(self, name: str) -> list[dict[str, str]]:
        """Rows of tables/NAME.csv; empty where there is no such table."""
        path = self.path / "tables" / f"{name}.csv"
        if not path.is_file():
            return []
        with open(path, newline="") as file:
            return list(csv.DictReader(line for line in file if not line.startswith("# ")))

    def __repr__(self) -> str:
        return f"<Run {self.path}: {self.outcome}>"


def _columns(path: Path) -> dict[str, NDArray[Any]]:
    """A table of numbers by the names in its header, without their units; ``stage`` holds words, what is not given is not a number."""
    with open(path, newline="", encoding="utf-8") as file:
        # A run that was killed in mid-write leaves half a line, which its resumption cuts off.
        rows = list(csv.reader(line for line in file if line.endswith("\n")))
    if not rows:
        return {}
    names = [h.split(" [")[0] for h in rows[0]]
    columns = list(zip(*rows[1:], strict=True)) or [()] * len(names)
    return {n: np.array(c, dtype=str) if n == "stage" else np.array([v or "nan" for v in c], dtype=float) for n, c in zip(names, columns, strict=True)}


class _Scratch:
    """Owns a scratch directory, which goes when its owner goes or Python ends."""

    def __init__(self) -> None:
        import shutil
        import tempfile
        import weakref

        self.path = Path(tempfile.mkdtemp(prefix="glasswright-"))
        weakref.finalize(self, shutil.rmtree, self.path, True)


def temporary_run() -> tuple[object, Path]:
    """A scratch directory for a run, and its owner."""
    owner = _Scratch()
    return owner, owner.path


class Frames(Sequence["Atoms"]):
    """A lazy sequence of Atoms over a GSD trajectory; slices are lazy too."""

    def __init__(self, path: Path, indices: Sequence[int] | None = None) -> None:
        self.path = path
        self._indices = indices

    @cached_property
    def _file(self) -> Any:
        from .trajectory import TrajectoryReader

        return TrajectoryReader(self.path)

    def _map(self) -> Sequence[int]:
        return range(len(self._file)) if self._indices is None else self._indices

    def __len__(self) -> int:
        return len(self._map())

    @overload
    def __getitem__(self, index: int) -> Atoms: ...
    @overload
    def __getitem__(self, index: slice) -> Frames: ...
    def __getitem__(self, index: int | slice) -> Atoms | Frames:
        if isinstance(index, slice):
            return Frames(self.path, self._map()[index])
        return self._file[self._map()[index]]

    def of_stage(self, name: str) -> Frames:
        """The configurations of one stage, lazy too."""
        stages = self._file.stages()
        return Frames(self.path, [i for i in self._map() if stages[i] == name])

    def __iter__(self) -> Iterator[Atoms]:
        return (self[i] for i in range(len(self)))
