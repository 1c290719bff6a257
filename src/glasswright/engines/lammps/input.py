"""What LAMMPS reads: start configuration, merged tables, and the commands that install them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...forcefield import BoundForceField, Pair
from ...forms.tabulate import pair_energy_force
from .kspace import Mesh
from .many_body import STYLES, many_body_file

TABLE_SPACING = 0.02
"""Distance of table points in r² [Å²]: 3200 points for 8 Å. Cubic splines then err by less than 1e-6 in the force, as fast as linear interpolation among
16,000, which errs by 1e-5 and has energies that are not the integral of its forces, on which a line search founders."""
TABLES = "lammps_tables"
"""Folder of the tables in the run directory."""
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
    """Commands that install tables or a style of LAMMPS, long-range solver, neighbour list and output once there is a box."""
    lines = many_body_style(bound) if bound.forcefield.many_body else table_styles(bound, settings)
    if settings.mesh:
        lines += settings.mesh.install(cell)
    # The list is checked on every step: a late one would lose forces, and the check costs nothing beside them.
    return [*lines, f"neighbor {SKIN} bin", "neigh_modify every 1 delay 0 check yes", *output()]


def table_styles(bound: BoundForceField, settings: Settings) -> list[str]:
    """Commands that install the tables of a pair force field."""
    solver = settings.mesh.solver if settings.mesh else ""
    parts = layers(bound, settings)
    styles = [f"table spline {settings.points} {solver if i == 0 else ''}".rstrip() for i in range(len(parts))]
    lines = ["pair_style " + ("hybrid/overlay " if len(parts) > 1 else "") + " ".join(styles)]
    number = {name: i + 1 for i, name in enumerate(bound.species)}
    for i, part in enumerate(parts):
        style = f"table {i + 1} " if len(parts) > 1 else ""
        lines += [f"pair_coeff {number[a]} {number[b]} {style}<{TABLES}/{part.name}{a}-{b}.table> {a}-{b} {end:.12g}" for (a, b), end in part.ends.items()]
    return lines


def many_body_style(bound: BoundForceField) -> list[str]:
    """Commands that install a force field beyond pairs by LAMMPS' own style."""
    style, file = STYLES[bound.forcefield.many_body]
    return [f"pair_style {style}", f"pair_coeff * * <{TABLES}/{file}> {' '.join(bound.species)}"]


def output() -> list[str]:
    """Thermo output at the first and last step of every run, which also keeps the values current."""
    from .program import THERMO

    return ["thermo_style custom " + " ".join(THERMO), "thermo_modify norm no format float %.12g", "thermo 0"]


@dataclass(frozen=True, eq=False)
class Layer:
    """Tables of one pair style."""

    name: str
    """What the names of their files begin with."""
    bound: BoundForceField
    """What they hold."""
    ends: dict[Pair, float]
    """Where the table of each pair ends [Å]."""


def layers(bound: BoundForceField, settings: Settings) -> list[Layer]:
    """The tables of a force field: everything merged into one per pair, or two where that would not be exact.

    A short range that is cut inside the table leaves a step of some meV/Å in the force. No grid holds a step: spread over a grid
    interval of 0.002 Å it makes 1e-4 of the rms force. With an Ewald sum, where it costs a tenth of the speed, such a short range
    gets tables of its own that end with it. Where the Coulomb part is cut off, speed is the point and the step is spread.
    """
    ff, every = bound.forcefield, dict.fromkeys(combinations_with_replacement(bound.species, 2), settings.cutoff)
    if settings.mesh is None:
        return [Layer("", bound, every)]
    # With an Ewald sum the cutoff is a matter of speed, so it is the table's.
    ewald = replace(ff, coulomb=replace(ff.coulomb, cutoff=settings.cutoff))
    cut = {pair: term for pair, term in bound.pairs.items() if term.cutoff < settings.cutoff and not term.smoothing}
    rest = {pair: term for pair, term in bound.pairs.items() if pair not in cut}
    parts = [Layer("", replace(bound, forcefield=ewald, pairs=rest), every)]
    if cut:
        neutral = replace(ff, coulomb=replace(ff.coulomb, method="none"))
        parts.append(Layer("short_", replace(bound, forcefield=neutral, pairs=cut), {pair: term.cutoff for pair, term in cut.items()}))
    return parts


def write_tables(directory: Path, bound: BoundForceField, settings: Settings) -> None:
    """Write the tables of every pair of species, a file each: LAMMPS reads a file from its beginning for every table in it.

    A force field beyond pairs is written as the file of its style.
    """
    (directory / TABLES).mkdir(exist_ok=True)
    if bound.forcefield.many_body:
        (directory / TABLES / STYLES[bound.forcefield.many_body][1]).write_text(many_body_file(bound), encoding="utf-8")
        return
    alpha, n = settings.mesh.alpha if settings.mesh else None, settings.points
    for part in layers(bound, settings):
        for (a, b), end in part.ends.items():
            r = np.sqrt(np.linspace(TABLE_START**2, end**2, n))
            r[-1] = np.nextafter(end, 0.0)  # the value inside, not the zero outside
            energy, force = pair_energy_force(part.bound, a, b, r, alpha)
            title = f"# energy [eV] and force [eV/Å] of {a}-{b}, {bound.forcefield.name}\n\n{a}-{b}\nN {n} RSQ {TABLE_START} {end:.12g}\n\n"
            rows = "".join(f"{i} {x!r} {e!r} {f!r}\n" for i, x, e, f in zip(range(1, n + 1), r.tolist(), energy.tolist(), force.tolist(), strict=True))
            (directory / TABLES / f"{part.name}{a}-{b}.table").write_text(title + rows, encoding="utf-8")


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
