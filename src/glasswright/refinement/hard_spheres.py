"""A random packing whose atoms keep their minimum distances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..native.monte_carlo import MonteCarlo, Moves

if TYPE_CHECKING:
    from ase import Atoms

STAGES = 20
"""Distances grow to their full length in so many stages: each leaves few pairs to be parted."""
SWEEPS = 500
"""Moves for each atom in one stage after which atoms that are still too close will stay so."""
_EACH = 10
_STEPS = (0.3, 3.0)
_BINS = 2000


def separated(atoms: Atoms, types: NDArray[np.int64], distances: NDArray[np.float64], seed: int) -> Atoms:
    """The atoms after moves that accept everything but distances below the minimum, until there are none.

    Parameters
    ----------
    types
        Index of each atom into ``distances`` ``(n_atoms,)``.
    distances
        ``(n_types, n_types)`` [Å]
    seed
        Of the random numbers.

    Raises
    ------
    InputError
        If the distances cannot be kept at this density.
    """
    r_max = float(distances.max())
    ends = (np.arange(_BINS) + 1) * r_max / _BINS
    result = atoms.copy()
    for stage in range(1, STAGES + 1):
        least = distances * (0.5 + 0.5 * stage / STAGES)
        kernel = MonteCarlo(
            result.positions, result.cell.array, types, len(distances), r_max=r_max, n_bins=_BINS, minimum_distances=least, seed=STAGES * seed + stage
        )
        too_close = ends <= least[:, :, None]
        sweeps = 0
        while (kernel.histogram * too_close).any():
            if sweeps >= SWEEPS:
                why = f"At {100 * least.max() / r_max:.0f} % of them some are still too close after {sweeps} moves for each atom."
                raise InputError("The atoms cannot keep their minimum distances at this density.", why, "Lower the minimum distances.")
            for step in _STEPS:
                kernel.run(_EACH * len(atoms), moves=Moves(step=step))
            sweeps += 2 * _EACH
        result.positions = kernel.positions
    return result
