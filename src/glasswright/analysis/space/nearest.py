"""The n nearest neighbours of every atom, wherever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...native import NeighbourPairs, neighbour_pairs
from ..frames import check, elements_and_types

if TYPE_CHECKING:
    from ase import Atoms


def nearest_neighbours(atoms: Atoms, number: int, centre: str | None = None, neighbour: str | None = None) -> NeighbourPairs:
    """The ``number`` nearest images around every atom, nearest first; only around ``centre`` and only of ``neighbour`` where given.

    Each centre stands ``number`` times in ``first``, in increasing order.
    """
    check(atoms)
    if not isinstance(number, int) or number < 1:
        raise InputError(f"{number!r} nearest neighbours cannot be found.", mend="Give a whole number above 0.")
    elements, types = elements_and_types(atoms)
    for element in (centre, neighbour):
        if element is not None and element not in elements:
            raise InputError(f"There is no {element} in {atoms.symbols}.")
    mine = np.ones(len(atoms), dtype=bool) if centre is None else types == elements.index(centre)
    seen = np.ones(len(atoms), dtype=bool) if neighbour is None else types == elements.index(neighbour)
    # Two kinds suffice for the search: what can be seen, and the rest.
    reach = 1.6 * (3 * (number + 1) * atoms.cell.volume / (4 * np.pi * seen.sum())) ** (1 / 3)
    while True:
        table = np.full((2, 2), reach)
        if not (mine & ~seen).any():
            table[0] = table[:, 0] = 0.0
        pairs = neighbour_pairs(atoms.positions, atoms.cell, seen.astype(np.int64), table)
        kept = mine[pairs.first] & seen[pairs.second]
        first, distance = pairs.first[kept], pairs.distances[kept]
        if (np.bincount(first, minlength=len(atoms))[mine] >= number).all():
            break
        reach *= 1.4
    order = np.lexsort((distance, first))
    start = np.searchsorted(first[order], np.flatnonzero(mine))
    chosen = np.flatnonzero(kept)[order[(start[:, None] + np.arange(number)).ravel()]]
    return NeighbourPairs(pairs.first[chosen], pairs.second[chosen], pairs.shifts[chosen], pairs.vectors[chosen])


def directions_of(pairs: NeighbourPairs) -> NDArray[np.float64]:
    """Unit vectors of pairs ``(n_pairs, 3)``."""
    return np.asarray(pairs.vectors / np.maximum(pairs.distances, 1e-12)[:, None])
