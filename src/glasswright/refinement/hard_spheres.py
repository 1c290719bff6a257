"""A random packing whose atoms keep their minimum distances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..native.monte_carlo import MonteCarlo, Moves

if TYPE_CHECKING:
    from ase import Atoms

SWEEPS = 4000
"""Moves for each atom after which atoms that are still too close will stay so."""
_EACH = 20
_STEP = 3.0
"""Far enough to jump into any hole: with small steps atoms stay caged [Å]."""


def separated(atoms: Atoms, types: NDArray[np.int64], distances: NDArray[np.float64], seed: int) -> Atoms:
    """The atoms after moves that accept everything but distances below the minimum, until there are none.

    Parameters
    ----------
    types
        Index of each atom into ``distances`` ``(n_atoms,)``.
    distances
        ``(n_types, n_types)`` [Å]

    Raises
    ------
    InputError
        If the distances cannot be kept at this density.
    """
    n_types, r_max = len(distances), float(distances.max())
    n_bins = 200
    kernel = MonteCarlo(atoms.positions, atoms.cell.array, types, n_types, r_max=r_max, n_bins=n_bins, minimum_distances=distances, seed=seed)
    allowed = (np.arange(n_bins) + 1) * r_max / n_bins > distances[:, :, None]  # bins that reach beyond the minimum distance
    for _ in range(0, SWEEPS, _EACH):
        if not (kernel.histogram * ~allowed).any():
            break
        kernel.run(_EACH * len(atoms), moves=Moves(step=_STEP))
    else:
        why = f"After {SWEEPS} moves for each atom some are still too close."
        raise InputError("The atoms cannot keep their minimum distances at this density.", why, "Lower the minimum distances.")
    result = atoms.copy()
    result.positions = kernel.positions
    return result
