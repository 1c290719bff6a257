"""Persistent homology: at which size of the atoms pieces, rings and cavities of their union begin and end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...native.homology import persistence_pairs
from .alpha import alpha_filtration
from .triangulation import Floats, Integers, radii_of, triangulate

if TYPE_CHECKING:
    from ase import Atoms

ROUNDING = 1e-5
"""Classes that last less [Å²] are rounding (see ``triangulation.NUDGE``) and left out."""


@dataclass(frozen=True, eq=False)
class PersistenceDiagram:
    """Classes of one dimension: 0 connected pieces, 1 loops, 2 cavities.

    The scale is α, the power added to every atom: balls of radius √(r² + α) about atoms of radius r; without radii, α is the squared radius.
    """

    dimension: int
    n_atoms: int
    births: Floats
    """α at which each class begins ``(n,)`` [Å²]."""
    deaths: Floats
    """α at which it ends ``(n,)`` [Å²]; births < deaths."""
    birth_atoms: Integers
    """Atoms whose touching begins it ``(n, dimension + 1)``."""
    death_atoms: Integers
    """Atoms whose touching ends it ``(n, dimension + 2)``."""
    essential: Floats
    """Births of the classes of the periodic cell itself, which never end [Å²]: 1, 3, 3 and 1 of dimension 0 to 3."""

    @property
    def lifetimes(self) -> Floats:
        """``(n,)`` [Å²]"""
        return self.deaths - self.births


def persistence_diagrams(atoms: Atoms, radii: Mapping[str, float] | None = None) -> tuple[PersistenceDiagram, ...]:
    """Persistence diagrams of the periodic weighted alpha filtration, of dimension 0, 1, 2 and 3 (the last without ending classes).

    Exact in a cell of any size and shape: the complex lives on the torus, with edges from an atom to its own image where the cell is
    small. Balls grow as in Hiraoka et al. (doi 10.1073/pnas.1520877113); alpha filtration: Edelsbrunner and Mücke (doi 10.1145/174462.156635).

    Parameters
    ----------
    atoms
        One configuration.
    radii
        Element → radius [Å] from which its balls start (see ``contact_radii``); None: all atoms are points.
    """
    triangulation = triangulate(atoms, radii_of(atoms, radii) ** 2)
    values, cells = alpha_filtration(triangulation)
    dimensions = np.repeat(np.arange(4), [len(v) for v in values])
    scale = np.concatenate(values)
    order = np.lexsort((dimensions, scale))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    offsets = np.concatenate([[0], np.cumsum(np.array([0, 2, 3, 4])[dimensions[order]])])
    faces = np.empty(offsets[-1], dtype=np.int64)
    start = np.cumsum([0] + [len(v) for v in values])
    vertex = np.cumsum(np.isin(np.arange(len(atoms)), cells[0])) - 1  # atoms hidden inside others are no vertices
    for d, of in ((1, vertex[triangulation.edges.atoms]), (2, triangulation.edges.of), (3, triangulation.triangles.of)):
        where = offsets[rank[start[d] : start[d + 1]]][:, None] + np.arange(d + 1)
        faces[where] = rank[start[d - 1] + of]
    partner = persistence_pairs(dimensions[order], offsets, faces)
    diagrams = []
    for d in range(4):
        mine = np.flatnonzero(dimensions[order] == d)
        essential = np.sort(scale[order[mine[partner[mine] < 0]]])
        begins = mine[partner[mine] > mine]
        birth, death = order[begins], order[partner[begins]]
        lasting = scale[death] - scale[birth] > ROUNDING
        birth, death = birth[lasting], death[lasting]
        enders = cells[d + 1][death - start[d + 1]] if d < 3 else np.zeros((0, 5), dtype=np.int64)
        diagrams.append(PersistenceDiagram(d, len(atoms), scale[birth], scale[death], cells[d][birth - start[d]].reshape(-1, d + 1), enders, essential))
    return tuple(diagrams)
