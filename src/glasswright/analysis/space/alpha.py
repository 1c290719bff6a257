"""The alpha filtration: at which size of the atoms each simplex of their triangulation belongs to the union of their balls."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .triangulation import FACES, Floats, Integers, Triangulation


def alpha_filtration(triangulation: Triangulation) -> tuple[tuple[Floats, ...], tuple[Integers, ...]]:
    """α at which each vertex, edge, triangle and tetrahedron enters, and their atoms.

    A simplex enters at the power of its own smallest sphere if no neighbouring atom lies inside, else with the first larger simplex.
    """
    t, w = triangulation, triangulation.weights
    inside = np.zeros(len(t.triangles.atoms), dtype=bool)
    centre, own = _sphere(t.triangles.corners, w[t.triangles.atoms])
    for k in range(4):
        apex, triangle = t.corners[:, k] - t.corners[:, FACES[k][0]], t.triangles.of[:, k]
        inside[triangle[_within(apex, w[t.atoms[:, k]], centre[triangle], own[triangle])]] = True
    triangles = _entering(own, inside, t.triangles.of, t.powers)

    u, v = t.triangles.corners[:, 0], t.triangles.corners[:, 1]
    inside = np.zeros(len(t.edges.atoms), dtype=bool)
    centre, own = _sphere(t.edges.corners, w[t.edges.atoms])
    for k, (apex, third) in enumerate(((v, 2), (u, 1), (-u, 0))):
        edge = t.edges.of[:, k]
        inside[edge[_within(apex, w[t.triangles.atoms[:, third]], centre[edge], own[edge])]] = True
    edges = _entering(own, inside, t.edges.of, triangles)

    length2, (i, j) = (t.edges.corners[:, 0] ** 2).sum(axis=1), t.edges.atoms.T
    inside = np.zeros(len(w), dtype=bool)
    inside[i[length2 - w[j] < -w[i]]] = inside[j[length2 - w[i] < -w[j]]] = True
    used = np.unique(t.edges.atoms)
    vertices = _entering(-w, inside, t.edges.atoms, edges)[used]
    return (vertices, edges, triangles, t.powers), (used, t.edges.atoms, t.triangles.atoms, t.atoms)


def _sphere(arms: Floats, w: Floats) -> tuple[Floats, Floats]:
    """Centre, from the first corner, and power of the smallest sphere at equal power from the corners: ``(n, 3)``, ``(n,)``."""
    rhs = 0.5 * ((arms**2).sum(axis=2) - w[:, 1:] + w[:, :1])
    parts = np.linalg.solve(arms @ arms.transpose(0, 2, 1), rhs[..., None])
    centre = (parts * arms).sum(axis=1)
    return centre, (centre**2).sum(axis=1) - w[:, 0]


def _within(point: Floats, w: Floats, centre: Floats, power: Floats) -> NDArray[np.bool_]:
    return np.asarray(((point - centre) ** 2).sum(axis=1) - w < power)


def _entering(own: Floats, inside: NDArray[np.bool_], of: Integers, larger: Floats) -> Floats:
    first = np.full(len(own), np.inf)
    np.minimum.at(first, of, larger[:, None])
    return np.where(inside, first, np.minimum(own, first))
