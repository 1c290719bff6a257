"""Tetrahedrality: how close to a regular tetrahedron the four nearest neighbours stand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..frames import Pair, elements_and_types, frames_of
from ..pairs.cutoffs import ANIONS, bonded_pairs
from .nearest import directions_of, nearest_neighbours

if TYPE_CHECKING:
    from ase import Atoms


def tetrahedrality(source: Atoms | Sequence[Atoms], pairs: Sequence[Pair] | None = None) -> dict[Pair, NDArray[np.float64]]:
    """q = 1 - 3/8 Σ (cos ψ_jk + 1/3)² over the four nearest neighbours (Errington and Debenedetti, doi 10.1038/35053024).

    1 in a regular tetrahedron, 0 on average for four random directions, -3 at worst.

    Parameters
    ----------
    pairs
        (centre, neighbour); None: every cation among its anions, without an anion every pair that bonds.

    Returns
    -------
    (centre, neighbour) → q of every centre, configuration after configuration.
    """
    frames = frames_of(source)
    chosen = _pairs(frames) if pairs is None else pairs
    return {(a, b): np.concatenate([_of_frame(atoms, a, b) for atoms in frames]) for a, b in chosen}


def _pairs(frames: Sequence[Atoms]) -> list[Pair]:
    bonds = bonded_pairs(frames)
    elements, _ = elements_and_types(frames[0])
    both = sorted({p for a, b in bonds for p in ((a, b), (b, a))})
    if ANIONS & set(elements) and not set(elements) <= ANIONS:
        return [(a, b) for a, b in both if a not in ANIONS]
    return both


def _of_frame(atoms: Atoms, centre: str, neighbour: str) -> NDArray[np.float64]:
    unit = directions_of(nearest_neighbours(atoms, 4, centre, neighbour)).reshape(-1, 4, 3)
    cosines = np.stack([(unit[:, j] * unit[:, k]).sum(axis=1) for j, k in combinations(range(4), 2)])
    return np.asarray(1 - 0.375 * ((cosines + 1 / 3) ** 2).sum(axis=0))
