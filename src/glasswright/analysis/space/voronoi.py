"""Voronoi cells: the share of space of every atom, its faces and its neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...errors import InputError
from .triangulation import FACES, Floats, Integers, Triangulation, radii_of, triangulate

if TYPE_CHECKING:
    from ase import Atoms

SMALL_EDGE = 1e-3
"""Edges shorter than this [Å] do not count: in a crystal, corners that coincide."""
STRAIGHT = 1e-3
"""Turn [rad] below which two edges of a face are one."""
SMALL_FACE = 1e-6
"""Faces smaller than this share of the surface of their cell are no neighbours, in a crystal corners or edges that touch."""


@dataclass(frozen=True, eq=False)
class VoronoiCells:
    """Voronoi cells of one configuration; faces in both directions, sorted by their first atom."""

    volumes: Floats
    """``(n_atoms,)`` [Å³]; their sum is the volume of the cell."""
    first: Integers
    """Atom whose cell the face bounds ``(n_faces,)``."""
    second: Integers
    """Atom on its other side ``(n_faces,)``."""
    vectors: Floats
    """From the first atom to the image of the second ``(n_faces, 3)`` [Å]."""
    areas: Floats
    """``(n_faces,)`` [Å²]"""
    edges: Integers
    """Number of edges of every face ``(n_faces,)``."""

    @property
    def faces(self) -> Integers:
        """Number of faces of every cell ``(n_atoms,)``."""
        return np.bincount(self.first, minlength=len(self.volumes))

    @property
    def surfaces(self) -> Floats:
        """Surface of every cell ``(n_atoms,)`` [Å²]."""
        return np.asarray(np.bincount(self.first, self.areas, minlength=len(self.volumes)), dtype=float)

    @property
    def indices(self) -> Integers:
        """Voronoi indices <n3, n4, n5, n6> ``(n_atoms, 4)``: faces with 3, 4, 5 and 6 edges."""
        kept = (self.edges >= 3) & (self.edges <= 6)
        return np.bincount(4 * self.first[kept] + self.edges[kept] - 3, minlength=4 * len(self.volumes)).reshape(-1, 4)

    def commonest(self, atoms: Integers | None = None, most: int = 10) -> dict[tuple[int, int, int, int], float]:
        """The commonest indices and their fraction, of all atoms or some."""
        rows = self.indices if atoms is None else self.indices[atoms]
        counts = Counter(map(tuple, rows.tolist()))
        return {(n[0], n[1], n[2], n[3]): count / len(rows) for n, count in counts.most_common(most)}


def voronoi_cells(atoms: Atoms, radii: Mapping[str, float] | None = None, *, small_face: float = SMALL_FACE, small_edge: float = SMALL_EDGE) -> VoronoiCells:
    """Voronoi cells of a configuration, in a periodic cell of any size and shape.

    Parameters
    ----------
    radii
        Element → radius [Å]: faces lie where the tangents to the spheres are equal (radical planes, Laguerre cells; Gellatly and Finney,
        doi 10.1016/0022-3093(82)90093-X). None: midway.
    small_face
        Faces smaller than this share of the surface of the smaller of their two cells are left out of faces and indices; volumes are not touched.
    small_edge
        Shorter edges [Å] are not counted.
    """
    if not 0 <= small_face < 1 or not 0 <= small_edge < np.inf:
        raise InputError("The limits of small faces and edges are not possible.", mend="Give a share of the surface of a cell, below 1, and a length in Å.")
    triangulation = triangulate(atoms, radii_of(atoms, radii) ** 2)
    (i, j), vectors = triangulation.edges.atoms.T, triangulation.edges.corners[:, 0]
    distance, area = np.linalg.norm(vectors, axis=1), _areas(triangulation)
    w = triangulation.weights
    # From each of the two atoms to the plane between them.
    plane = 0.5 * (distance + (w[i] - w[j]) / distance)
    n = len(atoms)
    volumes = (np.bincount(i, area * plane, minlength=n) + np.bincount(j, area * (distance - plane), minlength=n)) / 3
    surface = np.bincount(i, area, minlength=n) + np.bincount(j, area, minlength=n)
    kept = np.flatnonzero(area > small_face * np.minimum(surface[i], surface[j]))
    edges = _edges(triangulation, small_edge)
    first, second = np.concatenate([i[kept], j[kept]]), np.concatenate([j[kept], i[kept]])
    order = np.argsort(first, kind="stable")
    both = np.concatenate([vectors[kept], -vectors[kept]])[order]
    return VoronoiCells(volumes, first[order], second[order], both, np.tile(area[kept], 2)[order], np.tile(edges[kept], 2)[order])


def _areas(t: Triangulation) -> Floats:
    """Area of the face dual to every edge [Å²]."""
    total = np.zeros(len(t.edges.atoms))
    for piece in t.orthoschemes():
        total += np.bincount(t.edge(*piece.atoms), 0.5 * piece.along * piece.across, minlength=len(total))
    return total


def _edges(t: Triangulation, shortest: float) -> Integers:
    """How many edges longer than ``shortest`` [Å] the face dual to every edge has; pieces of one straight line are one."""
    tetrahedra, apex = t.sides
    corner = np.array([f[0] for f in FACES])[apex]
    centre = t.centres[tetrahedra] - t.corners[tetrahedra, corner]  # both from the same corner of the triangle
    long = np.linalg.norm(centre[:, 0] - centre[:, 1], axis=1) > shortest
    axis = t.edges.corners[:, 0] / np.linalg.norm(t.edges.corners[:, 0], axis=1)[:, None]
    east = np.cross(axis, np.eye(3)[np.abs(axis).argmin(axis=1)])
    north = np.cross(axis, east)
    u, v = t.triangles.corners[long, 0], t.triangles.corners[long, 1]
    of = t.edges.of[long]
    # A piece of the outline lies square to the direction of the third atom.
    angles = np.stack([np.arctan2((a * north[e]).sum(axis=1), (a * east[e]).sum(axis=1)) for a, e in zip((v, u, -u), of.T, strict=True)], axis=1)
    order = np.lexsort((angles.ravel(), of.ravel()))
    face, angle = of.ravel()[order], angles.ravel()[order]
    start = np.flatnonzero(np.diff(face, prepend=-1))
    before = np.roll(angle, 1)
    before[start] = angle[np.append(start[1:], len(angle)) - 1] - 2 * np.pi
    turned = angle - before > STRAIGHT
    return np.bincount(face[turned], minlength=len(t.edges.atoms))
