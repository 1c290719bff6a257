"""What LAMMPS reads: start configuration, merged tables, and the commands that install them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...forcefield import BoundForceField
from ...forms.tabulate import pair_energy_force
from .kspace import Mesh

TABLE_SPACING = 0.032
"""Distance of table points in r² [Å²]. With 2000 points for 8 Å cubic splines err by 3e-8 in the force; linear interpolation needs 64,000 for 1e-6, is then
slower, and has energies that are not the integral of its forces, on which a line search founders."""
TABLE_START = 0.1
"""Closest pair a table knows [Å]."""
SKIN = 0.6
"""How far the neighbour list reaches beyond the cutoff [Å]."""


@dataclass(frozen=True)
class Settings:
    """What fixes the numerical result besides the force field."""

    cutoff: float
    """Where the merged tables end [Å]."""
    mesh: Mesh | None = None
    """How the long-range part is summed; None where there is none."""
    threads: int = 1

    @property
    def points(self) -> int:
        """Rows of each table."""
        return round(self.cutoff**2 / TABLE_SPACING)


def header(settings: Settings) -> list[str]:
    """Commands before there is a box."""
    return [
        f"package omp {settings.threads}",
        "suffix omp",
        "units metal",
        "atom_style charge",
        "atom_modify map array",
        "box tilt large",
    ]


def interactions(bound: BoundForceField, settings: Settings, cell: NDArray[np.float64]) -> list[str]:
    """Commands that install tables, long-range solver, neighbour list and output once there is a box."""
    solver = f" {settings.mesh.solver}" if settings.mesh else ""
    lines = [f"pair_style table spline {settings.points}{solver}"]
    number = {name: i + 1 for i, name in enumerate(bound.species)}
    lines += [f"pair_coeff {number[a]} {number[b]} <lammps.tables> {a}_{b} {settings.cutoff:.12g}" for a, b in pairs(bound)]
    if settings.mesh:
        lines += settings.mesh.install(cell)
    # The list is checked on every step: a late one would lose forces, and the check costs nothing beside them.
    return [*lines, f"neighbor {SKIN} bin", "neigh_modify every 1 delay 0 check yes", *output()]


def output() -> list[str]:
    """Thermo output at the first and last step of every run, which also keeps the values current."""
    from .program import THERMO

    return ["thermo_style custom " + " ".join(THERMO), "thermo_modify norm no format float %.12g", "thermo 0"]


def pairs(bound: BoundForceField) -> Iterator[tuple[str, str]]:
    """All pairs of the species present."""
    return combinations_with_replacement(bound.species, 2)


def write_tables(path: Path, bound: BoundForceField, settings: Settings) -> None:
    """Write the merged table of every pair: short range and real-space Coulomb in one."""
    alpha = settings.mesh.alpha if settings.mesh else None
    if settings.mesh:
        # With an Ewald sum the cutoff is a matter of speed, so it is the table's.
        ff = bound.forcefield
        bound = replace(bound, forcefield=replace(ff, coulomb=replace(ff.coulomb, cutoff=settings.cutoff)))
    n, rows = settings.points, np.arange(1, settings.points + 1)
    r = np.sqrt(np.linspace(TABLE_START**2, settings.cutoff**2, n))
    r[-1] = np.nextafter(settings.cutoff, 0.0)  # the value inside, not the zero outside
    with open(path, "w", encoding="utf-8") as file:
        for a, b in pairs(bound):
            energy, force = pair_energy_force(bound, a, b, r, alpha)
            file.write(f"# energy [eV] and force [eV/Å] of {a}-{b}, {bound.forcefield.name}\n\n{a}_{b}\nN {n} RSQ {TABLE_START} {settings.cutoff:.12g}\n\n")
            np.savetxt(file, np.column_stack([rows, r, energy, force]), fmt="%d %.15g %.16g %.16g")
            file.write("\n")


def write_data(path: Path, bound: BoundForceField, cell: NDArray[np.float64], positions: NDArray[np.float64], velocities: NDArray[np.float64] | None) -> None:
    """Write a LAMMPS data file; ``cell`` lower triangular ``(3, 3)`` [Å], ``velocities`` in Å/ps."""
    n, types = len(positions), bound.types + 1
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{bound.forcefield.name}: {' '.join(bound.species)}\n\n{n} atoms\n{len(bound.species)} atom types\n\n")
        for axis, length in zip("xyz", np.diag(cell), strict=True):
            file.write(f"0.0 {length:.17g} {axis}lo {axis}hi\n")
        if is_triclinic(cell):
            file.write(f"{cell[1, 0]:.17g} {cell[2, 0]:.17g} {cell[2, 1]:.17g} xy xz yz\n")
        file.write("\nMasses\n\n" + "".join(f"{i + 1} {mass:.12g}  # {name}\n" for i, (name, mass) in enumerate(zip(bound.species, bound.masses, strict=True))))
        file.write("\nAtoms  # charge\n\n")
        ids = np.arange(1, n + 1)
        np.savetxt(file, np.column_stack([ids, types, bound.charges[bound.types], positions]), fmt="%d %d %.17g %.17g %.17g %.17g")
        if velocities is not None:
            file.write("\nVelocities\n\n")
            np.savetxt(file, np.column_stack([ids, velocities]), fmt="%d %.17g %.17g %.17g")


def write_snapshot(path: Path, bound: BoundForceField, cell: NDArray[np.float64], positions: NDArray[np.float64]) -> None:
    """Write cell and positions as a dump that ``read_dump`` takes over; positions must lie in the cell."""
    xy, xz, yz = cell[1, 0], cell[2, 0], cell[2, 1]
    bounds = np.array([[0.0, length] for length in np.diag(cell)])
    tilts = ""
    if is_triclinic(cell):
        bounds[0] += min(0.0, xy, xz, xy + xz), max(0.0, xy, xz, xy + xz)
        bounds[1] += min(0.0, yz), max(0.0, yz)
        bounds = np.column_stack([bounds, [xy, xz, yz]])
        tilts = "xy xz yz "
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n{len(positions)}\nITEM: BOX BOUNDS {tilts}pp pp pp\n")
        np.savetxt(file, bounds, fmt="%.17g")
        file.write("ITEM: ATOMS id x y z\n")
        np.savetxt(file, np.column_stack([np.arange(1, len(positions) + 1), positions]), fmt="%d %.17g %.17g %.17g")


def is_triclinic(cell: NDArray[np.float64]) -> bool:
    """Whether a lower-triangular cell has tilts."""
    return bool(np.any(np.abs(cell[np.tril_indices(3, -1)]) > 1e-12 * np.trace(cell)))


def lower_triangular(cell: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A cell as LAMMPS wants it and the orthogonal matrix Q with ``cell @ Q`` = that cell; Q turns row vectors."""
    if np.all(np.diag(cell) > 0) and not np.any(np.triu(cell, 1)):
        return cell, np.eye(3)
    q, r = np.linalg.qr(cell.T)
    q = q * np.sign(np.diag(r))
    return np.tril(cell @ q), q
