"""Tersoff and embedded atoms atom by atom and angle by angle, from the printed formulas: the slow reference."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from ase import Atoms
from scipy.interpolate import CubicHermiteSpline

from glasswright.forcefield import BoundForceField, ForceField, pair_key
from glasswright.forms.parameters import with_parameters
from glasswright.forms.setfl import read_setfl
from reference.images import image_pairs


def energy(atoms: Atoms, forcefield: ForceField, theta: Mapping[str, float] | None = None) -> float:
    """[eV], with other values of some parameters."""
    bound = forcefield.bind(atoms)
    if theta:
        bound = with_parameters(bound, theta)
    i, j, vectors, r = image_pairs(atoms, bound.cutoff)
    neighbours = [[(int(j[n]), vectors[n], float(r[n])) for n in np.flatnonzero(i == atom)] for atom in range(len(atoms))]
    of = {"tersoff": _tersoff, "second-moment": _second_moment, "embedded-atom": _tables}[forcefield.many_body]
    return of(bound, neighbours)


Neighbours = list[list[tuple[int, np.ndarray, float]]]


def _tersoff(bound: BoundForceField, neighbours: Neighbours) -> float:
    """Equations 1 to 3 of doi 10.1103/PhysRevB.39.5566, with the exponential of lambda3 of doi 10.1103/PhysRevB.37.6991."""
    names = [bound.species[t] for t in bound.types]

    def pair(a: int, b: int) -> Mapping[str, float]:
        return bound.pairs[pair_key(names[a], names[b])].parameters

    def cut(p: Mapping[str, float], r: float) -> float:
        if r < p["R"] - p["D"]:
            return 1.0
        return 0.0 if r > p["R"] + p["D"] else 0.5 - 0.5 * math.sin(math.pi / 2 * (r - p["R"]) / p["D"])

    total = 0.0
    for i, bonds in enumerate(neighbours):
        for m, (j, d, r) in enumerate(bonds):
            zeta = 0.0
            for n, (k, d2, r2) in enumerate(bonds):
                if n != m:
                    q = bound.bond_order(names[j], names[i], names[k]).parameters
                    h = q["cos_theta0"] - float(d @ d2) / (r * r2)
                    angle = q["gamma"] * (1 + q["c"] ** 2 / q["d"] ** 2 - q["c"] ** 2 / (q["d"] ** 2 + h**2))
                    zeta += cut(pair(i, k), r2) * angle * math.exp((q["lambda3"] * (r - r2)) ** int(q["m"]))
            q, p = bound.bond_order(names[j], names[i], names[j]).parameters, pair(i, j)
            order = (1 + (q["beta"] * zeta) ** q["n"]) ** (-1 / (2 * q["n"]))
            total += 0.5 * cut(p, r) * (p["A"] * math.exp(-p["lambda1"] * r) - order * p["B"] * math.exp(-p["lambda2"] * r))
    return total


def _second_moment(bound: BoundForceField, neighbours: Neighbours) -> float:
    """Equations 2 and 3 of doi 10.1103/PhysRevB.48.22, times our taper."""
    total = 0.0
    for i, bonds in enumerate(neighbours):
        repulsion, moment = 0.0, 0.0
        for j, _, r in bonds:
            p = bound.pairs[pair_key(bound.species[bound.types[i]], bound.species[bound.types[j]])].parameters
            x = min(max((p["end"] - r) / (p["end"] - p["start"]), 0.0), 1.0)
            taper, away = x**3 * (10 - 15 * x + 6 * x**2), r / p["r0"] - 1
            repulsion += taper * p["A"] * math.exp(-p["p"] * away)
            moment += taper * p["xi"] ** 2 * math.exp(-2 * p["q"] * away)
        total += repulsion - math.sqrt(moment)
    return total


def _tables(bound: BoundForceField, neighbours: Neighbours) -> float:
    """The sum of the embedded-atom method over splines by SciPy, with the slopes at the rows that LAMMPS takes."""
    assert bound.forcefield.embedded is not None
    tables = read_setfl(bound.forcefield.embedded.text)
    number = [tables.elements.index(name) for name in bound.species]

    def spline(values: np.ndarray) -> CubicHermiteSpline:
        slope = np.gradient(values)  # two rows at the ends, three beside them
        slope[0], slope[-1] = values[1] - values[0], values[-1] - values[-2]
        slope[2:-2] = (8 * (values[3:-1] - values[1:-3]) - (values[4:] - values[:-4])) / 12
        return CubicHermiteSpline(np.arange(len(values)), values, slope)

    def at(table: CubicHermiteSpline, place: float) -> float:
        return float(table(min(place, table.x[-1])))

    n = len(tables.elements)
    f = [[spline(tables.density[a, b]) for b in range(n)] for a in range(n)]
    phi = [[spline(tables.pair[a, b]) for b in range(n)] for a in range(n)]
    embedding = [spline(tables.embedding[a]) for a in range(n)]
    total = 0.0
    for i, bonds in enumerate(neighbours):
        a, density = number[bound.types[i]], 0.0
        for j, _, r in bonds:
            if r < tables.cutoff:
                b = number[bound.types[j]]
                density += at(f[a][b], r / tables.spacing)
                total += 0.5 * at(phi[a][b], r / tables.spacing) / r
        place = density / tables.density_spacing
        # Beyond the last density LAMMPS goes on as a straight line.
        total += at(embedding[a], place) + max(place - embedding[a].x[-1], 0.0) * float(tables.embedding[a, -1] - tables.embedding[a, -2])
    return total
