"""Cavities: the space that the atoms leave free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .alpha import alpha_filtration
from .triangulation import FACES, Floats, Integers, Triangulation, radii_of, triangulate

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True, eq=False)
class Cavities:
    """Connected parts of the space in which the centre of a probe can be, the largest first."""

    volumes: Floats
    """``(n,)`` [Å³]"""
    surfaces: Floats
    """``(n,)`` [Å²]"""
    radii: Floats
    """Distance from the emptiest corner of a Voronoi cell inside to the nearest surface of an atom ``(n,)`` [Å]: the largest sphere that
    fits. Exact where all radii are equal, else a lower bound at the corners of the radical planes."""
    directions: Integers
    """In how many independent directions each cavity connects to its own periodic images ``(n,)``: 0 closed, 3 percolating everywhere."""
    cell_volume: float
    """[Å³]"""

    @property
    def fraction(self) -> float:
        """Free volume over the volume of the cell."""
        return float(self.volumes.sum()) / self.cell_volume


def cavities(atoms: Atoms, radii: Mapping[str, float], probe: float = 0.0) -> Cavities:
    """The free volume of a configuration: exact, without a grid, in a periodic cell of any size and shape.

    Cavities are the parts of space outside all balls of radius r + probe. Which of them connect follows from the weighted Delaunay
    triangulation (Edelsbrunner, Facello and Liang, doi 10.1016/S0166-218X(98)00067-5); their volumes from the closed form for a ball
    within a right-angled tetrahedron.

    Parameters
    ----------
    radii
        Element → radius [Å], for instance ``contact_radii(atoms)``.
    probe
        Radius of the sphere that looks for space [Å]: 0 for the volume between the atoms.
    """
    if not (np.isfinite(probe) and probe >= 0):
        raise InputError(f"A probe of radius {probe!r} Å is not possible.", mend="Give a radius in Å, 0 for the space between the atoms.")
    size = radii_of(atoms, radii) + probe
    t = triangulate(atoms, size**2)
    empty = np.flatnonzero(t.powers > 0)
    if empty.size == 0:
        nothing = np.zeros(0)
        return Cavities(nothing, nothing, nothing, np.zeros(0, dtype=np.int64), float(atoms.cell.volume))
    part, directions = _parts(t, empty)
    volume, surface = _outside(t, empty, size)
    gaps = np.linalg.norm(t.corners[empty] - t.centres[empty, None], axis=2) - size[t.atoms[empty]] + probe
    radius = np.zeros(len(directions))
    np.maximum.at(radius, part, gaps.min(axis=1))
    volumes, surfaces = (np.asarray(np.bincount(part, x), dtype=float) for x in (volume, surface))
    order = np.argsort(-volumes, kind="stable")
    return Cavities(volumes[order], surfaces[order], radius[order], directions[order], float(atoms.cell.volume))


def limiting_radius(atoms: Atoms, radii: Mapping[str, float], precision: float = 0.02) -> float:
    """Radius [Å] of the largest sphere that can pass through the structure from one periodic image to the next, by bisection; 0 if none can."""
    if not 0 < precision < np.inf:
        raise InputError(f"A precision of {precision!r} Å is not possible.", mend="Give some hundredths of an Å.")
    whole = cavities(atoms, radii)
    if not whole.directions.any():
        return 0.0
    low, high = 0.0, float(whole.radii.max()) + precision
    while high - low > precision:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if cavities(atoms, radii, middle).directions.any() else (low, middle)
    return 0.5 * (low + high)


def _parts(t: Triangulation, empty: Integers) -> tuple[Integers, Integers]:
    """The connected part of every empty tetrahedron, and in how many directions each part meets its own images."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    number = np.full(len(t.powers), -1)
    number[empty] = np.arange(len(empty))
    tetrahedra, apex = t.sides
    corner = np.array([f[0] for f in FACES])[apex]
    ends = number[tetrahedra]
    through = (alpha_filtration(t)[0][2] > 0) & (ends >= 0).all(axis=1)
    place = t.corners[tetrahedra[through], corner[through]]
    # Seen from the first tetrahedron of a triangle, the second is that many cell vectors from where it is stored.
    jump = np.rint((place[:, 0] - place[:, 1]) @ np.linalg.inv(t.cell)).astype(np.int64)
    a, b = ends[through].T
    n = len(empty)
    count, part = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(n, n)), directed=False)
    at = _unwrapped(a, b, jump, part, n)
    winding = at[a] + jump - at[b]
    wound = np.flatnonzero(winding.any(axis=1))
    directions = np.zeros(count, dtype=np.int64)
    for p in np.unique(part[a[wound]]):
        directions[p] = np.linalg.matrix_rank(winding[wound[part[a[wound]] == p]])
    return part.astype(np.int64), directions


def _unwrapped(a: Integers, b: Integers, jump: Integers, part: NDArray[np.int32], n: int) -> Integers:
    """Cell vectors to add to every node so that the jumps along a tree through each part vanish ``(n, 3)``."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order

    roots = np.unique(part, return_index=True)[1]
    rows, columns = np.concatenate([a, b, np.full(len(roots), n)]), np.concatenate([b, a, roots])
    which = np.concatenate([np.arange(1, len(a) + 1), -np.arange(1, len(a) + 1), np.zeros(len(roots), dtype=np.int64)])
    order = np.lexsort((columns, rows))
    rows, columns, which = rows[order], columns[order], which[order]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
    rows, columns, which = rows[first], columns[first], which[first]
    _, parent = breadth_first_order(csr_array((np.ones(len(rows)), (rows, columns)), shape=(n + 1, n + 1)), n)
    parent = np.append(parent[:n], n).astype(np.int64)
    link = which[np.searchsorted(rows * (n + 1) + columns, parent[:n] * (n + 1) + np.arange(n))]
    steps = np.vstack([np.zeros((1, 3), dtype=np.int64), jump])[np.abs(link)] * np.sign(link)[:, None]
    at = np.vstack([steps, np.zeros((1, 3), dtype=np.int64)])
    while (parent != n).any():  # every round doubles the distance looked back
        at, parent = at + at[parent], parent[parent]
    return at[:n]


def _outside(t: Triangulation, chosen: Integers, size: Floats) -> tuple[Floats, Floats]:
    """Volume outside the balls and surface of the balls at the centre of each chosen tetrahedron: ``(n,)`` [Å³], ``(n,)`` [Å²]."""
    volume, surface = np.zeros(len(chosen)), np.zeros(len(chosen))
    for piece in t.orthoschemes():
        b, c = piece.along[chosen], piece.across[chosen]
        for k in range(2):
            a = piece.heights[chosen, k]
            sign = np.sign(a) * np.sign(b) * np.sign(c)
            v, s = _outside_ball(np.abs(a), np.abs(b), np.abs(c), size[t.atoms[chosen, piece.atoms[k]]])
            volume += sign * v
            surface += sign * s
    return volume, surface


def _outside_ball(a: Floats, b: Floats, c: Floats, r: Floats) -> tuple[Floats, Floats]:
    """Volume of right-angled tetrahedra outside a ball about their tip, and the surface of the ball inside them.

    From the tip the edges a, b, c follow each other at right angles. Seen from the foot of a, the face is a right triangle of angle
    ``top``; up to the angle ``bend`` the line b c bounds it within the ball's disc, beyond it the disc does.
    """
    tiny = np.finfo(float).tiny
    disc2 = np.maximum(r**2 - a**2, 0.0)
    top = np.arctan2(c, b)
    bend = np.minimum(np.arccos(np.minimum(b / np.sqrt(np.maximum(disc2, tiny)), 1.0)), top)
    slant = np.sqrt(a**2 + b**2) + tiny
    area = 0.5 * b * c - np.where(disc2 > 0, 0.5 * b**2 * np.tan(bend) + 0.5 * disc2 * (top - bend), 0.0)
    whole = top - np.arcsin(np.minimum(a * np.sin(top) / slant, 1.0))
    inside = bend - np.arcsin(np.minimum(a * np.sin(bend) / slant, 1.0)) + (top - bend) * (1 - a / np.maximum(r, tiny))
    angle = whole - np.where(disc2 > 0, inside, 0.0)
    return (a * area - r**3 * angle) / 3, r**2 * angle
