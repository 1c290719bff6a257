"""The periodic Delaunay triangulation of a structure, plain or weighted: what Voronoi cells, cavities and topology are read from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import GlasswrightError, InputError
from ..frames import check

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

NUDGE = 1e-8
"""Random displacement of every atom, over the mean spacing of atoms, and random shear of the cell: of the equal choices that a crystal
leaves, they take one, the same for all images. Everything computed from the triangulation is exact for atoms moved this little."""
LAYER = 3.2
"""First thickness of the layer of images around the cell, in mean spacings; grown until no sphere reaches beyond it."""
MOST = 1e-5
"""Largest such displacement; where rounding needs more, atoms coincide."""
_BITS = 5
"""Of a shift in cell vectors, packed: -16 to 15."""
FACES = ((1, 2, 3), (0, 2, 3), (0, 1, 3), (0, 1, 2))
"""Corners of the triangle opposite to each corner of a tetrahedron."""
SIDES = ((0, 1), (0, 2), (1, 2))
"""Corners of the edges of a triangle."""


@dataclass(frozen=True, eq=False)
class Simplices:
    """Edges or triangles, each once, periodic images taken as one; corners in the order of their atoms."""

    atoms: Integers
    """``(n, corners)``"""
    corners: Floats
    """From the first corner to the others ``(n, corners - 1, 3)`` [Å]."""
    of: Integers
    """Which of them each face of a larger simplex is ``(n_larger, faces)``."""


@dataclass(frozen=True, eq=False)
class Orthoschemes:
    """Two pieces of space of every tetrahedron, mirrored in the plane between the two atoms of an edge: tetrahedra with three right angles."""

    atoms: tuple[int, int]
    """Corners of the tetrahedra whose edge this is."""
    heights: Floats
    """From each of the two atoms to the plane, along the edge ``(n, 2)`` [Å]; like all lengths here negative where the piece is to be taken away."""
    along: Floats
    """Within the plane, from the edge to the centre of a triangle ``(n,)`` [Å]."""
    across: Floats
    """Within the plane, from there to the centre of the tetrahedron ``(n,)`` [Å]."""


@dataclass(frozen=True, eq=False)
class Triangulation:
    """Weighted Delaunay (regular) triangulation of space by periodic images of atoms.

    A tetrahedron belongs to it where the sphere that stands off its four atoms by equal power |x - p|² - w has no atom of smaller
    power: without weights, the empty sphere through four atoms.
    """

    cell: Floats
    """Shortest vectors of the lattice ``(3, 3)`` [Å]."""
    positions: Floats
    """Wrapped into the cell, moved by ``NUDGE`` ``(n_atoms, 3)`` [Å]."""
    weights: Floats
    """w of every atom ``(n_atoms,)`` [Å²]."""
    atoms: Integers
    """Atoms of every tetrahedron, in increasing order ``(n, 4)``; periodic images taken as one."""
    corners: Floats
    """Where they are, the first in the cell ``(n, 4, 3)`` [Å]."""
    centres: Floats
    """Of the spheres ``(n, 3)`` [Å]: the corners of the Voronoi cells."""
    powers: Floats
    """|centre - p|² - w of the four corners ``(n,)`` [Å²]."""
    triangles: Simplices
    edges: Simplices
    """``edges.of[t, k]``: edge of triangle t between its corners ``SIDES[k]``."""

    @property
    def sides(self) -> tuple[Integers, Integers]:
        """The two tetrahedra of every triangle, and which corner of each lies opposite: each ``(n_triangles, 2)``."""
        order = np.argsort(self.triangles.of.ravel(), kind="stable").reshape(-1, 2)
        return order // 4, order % 4

    def edge(self, a: int, b: int) -> Integers:
        """The edge between two corners of every tetrahedron ``(n,)``."""
        face, side = next((f, s) for f in range(4) for s, (i, j) in enumerate(SIDES) if {FACES[f][i], FACES[f][j]} == {a, b})
        found: Integers = self.edges.of[self.triangles.of[:, face], side]
        return found

    def orthoschemes(self) -> Iterator[Orthoschemes]:
        """Space cut into right-angled pieces: atom, middle of an edge, centre of a triangle, centre of a tetrahedron (Voronoi cell by Voronoi cell)."""
        turn = np.sign(np.linalg.det(self.corners[:, 1:] - self.corners[:, :1]))
        for a, b, c, d in ((0, 1, 2, 3), (0, 2, 3, 1), (0, 3, 1, 2), (1, 2, 0, 3), (1, 3, 2, 0), (2, 3, 0, 1)):  # even permutations: one sense of turning
            edge = self.corners[:, b] - self.corners[:, a]
            distance = np.linalg.norm(edge, axis=1)
            axis = edge / distance[:, None]
            centre = self.centres - self.corners[:, a]
            plane = (centre * axis).sum(axis=1)
            to_centre = centre - plane[:, None] * axis
            for other, sign in ((c, turn), (d, -turn)):
                arm = self.corners[:, other] - self.corners[:, a]
                arm -= (arm * axis).sum(axis=1)[:, None] * axis
                arm /= np.linalg.norm(arm, axis=1)[:, None]
                along, across = (to_centre * arm).sum(axis=1), sign * (np.cross(arm, to_centre) * axis).sum(axis=1)
                yield Orthoschemes((a, b), np.stack([plane, distance - plane], axis=1), along, across)


def triangulate(atoms: Atoms, weights: ArrayLike | None = None) -> Triangulation:
    """Triangulate space periodically, in a cell of any size and shape.

    Parameters
    ----------
    weights
        w of every atom ``(n_atoms,)`` [Å²], squared radii for instance; None: none.

    Raises
    ------
    InputError
        If the structure is not periodic or a weight is not finite.
    GlasswrightError
        If rounding keeps the triangulation from closing, as where atoms coincide.
    """
    from ase.geometry import minkowski_reduce

    check(atoms)
    w = np.zeros(len(atoms)) if weights is None else np.array(weights, dtype=float)
    if w.shape != (len(atoms),) or not np.isfinite(w).all() or not np.isfinite(atoms.positions).all():
        raise InputError("Positions and weights must be finite, one weight per atom.")
    cell, _ = minkowski_reduce(np.array(atoms.cell))
    spacing = (atoms.cell.volume / len(atoms)) ** (1 / 3)
    random = np.random.default_rng(0)
    noise, strain = random.normal(size=(len(atoms), 3)), random.normal(size=(3, 3))
    strain -= np.trace(strain) / 3 * np.eye(3)
    # No empty sphere is larger than the half diagonal of the cell, however few its atoms.
    thickest = 2.02 * float(np.sqrt(0.25 * (cell**2).sum() + np.ptp(w)))
    thickness, nudge = min(LAYER * spacing + float(np.sqrt(np.ptp(w))), thickest), NUDGE
    while nudge <= MOST:
        fractions = (atoms.positions + nudge * spacing * noise) @ np.linalg.inv(cell) % 1.0
        found, needed = _attempt(fractions, cell @ (np.eye(3) + nudge * strain), w, thickness)
        if found is not None:
            if (found.edges.corners**2).sum(axis=2).min() > (100 * nudge * spacing) ** 2:
                return found
            break
        if needed > thickness and thickness < thickest:
            thickness = min(max(needed * 1.01, 1.3 * thickness), 2 * thickness, thickest)
        else:
            nudge *= 10
    raise GlasswrightError(
        "Space cannot be divided among the atoms of this structure.",
        "Its Delaunay triangulation does not close within rounding.",
        "Look for atoms on the same place; repeat a cell that is much longer than wide along its short vectors.",
    )


def _attempt(fractions: Floats, cell: Floats, w: Floats, thickness: float) -> tuple[Triangulation | None, float]:
    """The triangulation from a layer of images so thick [Å], or None; and how thick the layer should have been."""
    owner, shift = _images(fractions, cell, thickness)
    points = (fractions[owner] + shift) @ cell
    tetrahedra = _lower_hull(points, w[owner])
    # Of the periodic images of a tetrahedron the one is kept whose first atom lies in the cell; where an atom occurs twice, the smaller shift is first.
    rank = owner * (1 << 3 * _BITS) + _packed(shift)
    keys = rank[tetrahedra]
    home = (shift[tetrahedra[np.arange(len(keys)), keys.argmin(axis=1)]] == 0).all(axis=1)
    tetrahedra = np.take_along_axis(tetrahedra[home], keys[home].argsort(axis=1), axis=1)
    if len(tetrahedra) == 0:
        return None, np.inf
    ids, shifts, corners = owner[tetrahedra], shift[tetrahedra], points[tetrahedra]
    # Atoms on a plane within rounding have no sphere.
    arms = corners[:, 1:] - corners[:, :1]
    volumes = np.abs(np.linalg.det(arms)) / 6
    if not volumes.min() > 0:
        return None, thickness
    rhs = 0.5 * ((arms**2).sum(axis=2) - w[ids[:, 1:]] + w[ids[:, :1]])
    offset = np.linalg.solve(arms, rhs[..., None])[..., 0]
    centres, powers = corners[:, 0] + offset, (offset**2).sum(axis=1) - w[ids[:, 0]]
    reach = np.sqrt(np.maximum(powers + w.max(), 0.0))
    inverse = np.linalg.inv(cell)
    heights, at = 1 / np.linalg.norm(inverse, axis=0), centres @ inverse
    needed = float((np.maximum(-at, at - 1) * heights + reach[:, None]).max())
    if needed > thickness:
        return None, needed
    triangles = _faces(ids, shifts, cell, fractions, [list(f) for f in FACES])
    counts = np.bincount(triangles[0].of.ravel())
    edges, _ = _faces(triangles[0].atoms, triangles[1], cell, fractions, [list(s) for s in SIDES])
    used = len(np.unique(ids))
    closed = (counts == 2).all() and used - len(edges.atoms) + len(counts) - len(ids) == 0
    if not closed or abs(volumes.sum() / abs(np.linalg.det(cell)) - 1) > 1e-9:
        return None, thickness
    return Triangulation(cell, fractions @ cell, w, ids, corners, centres, powers, triangles[0], edges), thickness


def _images(fractions: Floats, cell: Floats, thickness: float) -> tuple[Integers, Integers]:
    """Atom and shift of every image within so many Å of the cell."""
    beyond = thickness * np.linalg.norm(np.linalg.inv(cell), axis=0)
    most = np.ceil(beyond).astype(int)
    if most.max() >= 1 << (_BITS - 1):
        raise InputError("The cell is too flat or too long to be divided among its atoms.", mend="Repeat it along its shortest vectors (atoms.repeat).")
    owners, shifts = [], []
    for s in np.stack(np.meshgrid(*(np.arange(-m, m + 1) for m in most), indexing="ij"), axis=-1).reshape(-1, 3):
        inside = np.flatnonzero(((fractions + s >= -beyond) & (fractions + s <= 1 + beyond)).all(axis=1))
        owners.append(inside)
        shifts.append(np.broadcast_to(s, (inside.size, 3)))
    return np.concatenate(owners).astype(np.int64), np.concatenate(shifts).astype(np.int64)


def _lower_hull(points: Floats, w: Floats) -> Integers:
    """Tetrahedra of the weighted Delaunay triangulation: the lower hull of the points lifted to |x|² - w."""
    from scipy.spatial import ConvexHull

    middle, scale = 0.5 * (points.max(axis=0) + points.min(axis=0)), 0.5 * float(np.ptp(points, axis=0).max())
    x = (points - middle) / scale
    hull = ConvexHull(np.column_stack([x, (x**2).sum(axis=1) - w / scale**2]))
    # Upright facets bound the layer of images; within rounding they are neither lower nor upper.
    return np.asarray(hull.simplices[hull.equations[:, 3] < -1e-9], dtype=np.int64)


def _packed(shifts: Integers) -> Integers:
    """A shift as one integer that sorts like it."""
    half = 1 << (_BITS - 1)
    return ((shifts[..., 0] + half) << 2 * _BITS) + ((shifts[..., 1] + half) << _BITS) + shifts[..., 2] + half


def _faces(ids: Integers, shifts: Integers, cell: Floats, fractions: Floats, corners: list[list[int]]) -> tuple[Simplices, Integers]:
    """The faces of simplices, each once, and the shifts of their corners."""
    atoms = ids[:, corners].reshape(-1, len(corners[0]))
    moved = shifts[:, corners].reshape(-1, len(corners[0]), 3)
    moved = moved - moved[:, :1]
    keys = [_packed(moved[:, k]) for k in range(1, moved.shape[1])] + [atoms[:, k] for k in range(atoms.shape[1])]
    order = np.lexsort(keys)
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.any([k[order[1:]] != k[order[:-1]] for k in keys], axis=0)
    of = np.empty(len(order), dtype=np.int64)
    of[order] = np.cumsum(new) - 1
    first = order[new]
    at = (fractions[atoms[first]] + moved[first]) @ cell
    return Simplices(atoms[first], at[:, 1:] - at[:, :1], of.reshape(len(ids), len(corners))), moved[first]


def radii_of(atoms: Atoms, radii: Mapping[str, float] | None) -> Floats:
    """Radius [Å] of every atom from those of the elements; zeros where None.

    Raises
    ------
    InputError
        If an element has none, or one is negative or not finite.
    """
    if radii is None:
        return np.zeros(len(atoms))
    missing = sorted(set(atoms.symbols) - set(radii))
    if missing or not all(np.isfinite(r) and r >= 0 for r in radii.values()):
        raise InputError(f"There is no radius for {', '.join(missing) or 'some element'}.", mend='Give each element one, in Å: radii={"Si": 0.28, "O": 1.28}.')
    table = {e: float(r) for e, r in radii.items()}
    return np.array([table[e] for e in atoms.symbols])
