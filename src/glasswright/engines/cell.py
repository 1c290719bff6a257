"""Cells as engines want them: lower triangular, whatever way they were turned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

if TYPE_CHECKING:
    from ase import Atoms


def checked_cell(atoms: Atoms) -> tuple[np.ndarray, np.ndarray]:
    """Lower-triangular cell and the rotation to it.

    Raises
    ------
    InputError
        If the atoms are not periodic in three dimensions, or not numbers.
    """
    if not all(atoms.pbc) or abs(atoms.cell.volume) < 1e-6:
        raise InputError("The atoms have no periodic cell.", "Glasses are simulated periodic in all three dimensions.", "Set atoms.cell and atoms.pbc = True.")
    if not np.isfinite(atoms.positions).all():
        raise InputError("Some positions are not numbers.", mend="Check the structure file.")
    return lower_triangular(np.array(atoms.cell))


def lower_triangular(cell: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A lower-triangular cell and the orthogonal matrix Q with ``cell @ Q`` = that cell; Q turns row vectors."""
    if np.all(np.diag(cell) > 0) and not np.any(np.triu(cell, 1)):
        return cell, np.eye(3)
    q, r = np.linalg.qr(cell.T)
    q = q * np.sign(np.diag(r))
    return np.tril(cell @ q), q


def widths(cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances between opposite faces ``(3,)`` [Å]."""
    return np.asarray(1 / np.linalg.norm(np.linalg.inv(cell), axis=0))
