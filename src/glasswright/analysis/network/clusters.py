"""Clusters of atoms that hang together, and whether they span the periodic system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..findings import Number
from ..pairs.coordination import Cutoffs
from .bonds import Bonds, Source, all_bonds


@dataclass(frozen=True, eq=False)
class Clusters:
    """Clusters of some atoms in one or several configurations."""

    size: NDArray[np.int64]
    """Members of each cluster ``(n_clusters,)``, those of one configuration together, largest first."""
    dimension: NDArray[np.int64]
    """Independent directions, 0 to 3, in which a cluster is connected to its own periodic images ``(n_clusters,)``."""
    configuration: NDArray[np.int64]
    """Where each cluster was found ``(n_clusters,)``."""

    @property
    def largest(self) -> Number:
        """Share of the members in the largest cluster."""
        return Number.over([float(self.size[c].max() / self.size[c].sum()) for c in self._each()])

    @property
    def spanning(self) -> Number:
        """Most directions that a cluster spans, mean over configurations."""
        return Number.over([float(self.dimension[c].max()) for c in self._each()])

    @property
    def mean_size(self) -> Number:
        """Mean size of the finite clusters as a member sees it, Σ s² / Σ s, as percolation theory counts; 0 for none."""
        finite = [self.size[c & (self.dimension == 0)] for c in self._each()]
        return Number.over([float((s**2).sum() / max(s.sum(), 1)) for s in finite])

    def shares(self, low: int, high: float, dimension: int = 0) -> Number:
        """Share of the members in clusters of ``low`` to ``high`` members that span so many directions."""
        chosen = (self.size >= low) & (self.size <= high) & (self.dimension == dimension)
        return Number.over([float(self.size[c & chosen].sum() / self.size[c].sum()) for c in self._each()])

    def _each(self) -> list[NDArray[np.bool_]]:
        return [self.configuration == i for i in np.unique(self.configuration)]


def clusters(source: Source, members: Sequence[str] | str, through: Sequence[str] | str = (), cutoffs: Cutoffs | None = None) -> Clusters:
    """Clusters of atoms that are bonded to each other, directly or through others.

    Whether a cluster percolates is exact in any cell: winding vectors, the lattice vectors by which closed walks along bonds lead to
    an image of their start, are collected over every bond; the rank of their lattice is the number of directions.

    Parameters
    ----------
    members
        Elements whose atoms are counted: ``"Na"``.
    through
        Elements that join them: ``"O"``; or ``"non-bridging"``: linkers bonded to at most one network former. None: only direct bonds
        (for sodium give ``cutoffs={("Na", "Na"): 4.0}``).
    cutoffs
        Pair of elements → distance [Å]; None: the measured cutoffs of the pairs that bond.

    Raises
    ------
    InputError
        If there is no such atom.
    """
    counted = [members] if isinstance(members, str) else list(members)
    joining = [through] if isinstance(through, str) else list(through)
    parts = [_frame_clusters(bonds, counted, joining) for bonds in all_bonds(source, cutoffs)]
    configuration = np.concatenate([np.full(len(size), i) for i, (size, _) in enumerate(parts)])
    return Clusters(np.concatenate([size for size, _ in parts]), np.concatenate([dimension for _, dimension in parts]), configuration)


def _frame_clusters(bonds: Bonds, counted: Sequence[str], joining: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    absent = sorted({*counted, *joining} - {*bonds.elements, "non-bridging"})
    if absent or not counted:
        raise InputError(f"There is no {' or '.join(absent) or 'member'} to make clusters of.", mend=f"The elements are {', '.join(bonds.elements)}.")
    member = bonds.of(counted)
    chosen = member | bonds.of([e for e in joining if e != "non-bridging"])
    if "non-bridging" in joining:
        chosen |= bonds.of(bonds.roles.linkers) & (bonds.formers_around < 2)
    label, dimension = components(bonds.among(chosen, chosen))
    size = np.bincount(label[member], minlength=len(dimension))
    order = np.argsort(-size, kind="stable")[: np.count_nonzero(size)]
    return size[order], dimension[order]


def components(bonds: Bonds) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Connected component of each atom ``(n_atoms,)``, and the directions that each component spans ``(n_components,)``."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order, connected_components

    n, (first, second) = len(bonds.types), (bonds.first, bonds.second)
    graph = csr_array((np.ones(len(first), dtype=np.int32), (first, second)), shape=(n, n))
    count, label = connected_components(graph, directed=False)
    # One tree for the whole system: a root beside it, joined to one atom of every component.
    seeds = np.unique(label, return_index=True)[1]
    ends = np.concatenate([first, np.full(count, n)]), np.concatenate([second, seeds])
    tree = csr_array((np.ones(len(ends[0]), dtype=np.int32), ends), shape=(n + 1, n + 1))
    parent = breadth_first_order(tree, n, directed=True)[1][:n].astype(np.int64)
    inner = np.flatnonzero(parent < n)
    step = np.zeros((n + 1, 3), dtype=np.int64)
    keys = first * n + second
    order = np.argsort(keys)
    step[inner] = bonds.shifts[order[np.searchsorted(keys[order], parent[inner] * n + inner)]]
    # Which image of each atom the tree reaches: sums of steps up to the root, in rounds that double the distance.
    parent = np.append(parent, n)
    while np.any(parent < n):
        step, parent = step + step[parent], parent[parent]
    winding = step[first] + bonds.shifts - step[second]
    return label, _rank(label[first], winding, count)


def _rank(group: NDArray[np.int64], vectors: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Rank of the integer vectors of each group ``(count,)``: a first one, one that is not parallel to it, one out of their plane."""
    rank = np.zeros(count, dtype=np.int64)
    one, other = np.zeros((2, count, 3), dtype=np.int64)
    for basis, independent in (
        (one, lambda g, v: v.any(axis=1)),
        (other, lambda g, v: np.cross(one[g], v).any(axis=1)),
        (None, lambda g, v: np.einsum("ij,ij->i", np.cross(one[g], other[g]), v) != 0),
    ):
        found = independent(group, vectors)
        group, vectors = group[found], vectors[found]
        groups, index = np.unique(group, return_index=True)
        rank[groups] += 1
        if basis is not None:
            basis[groups] = vectors[index]
    return rank
