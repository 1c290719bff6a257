"""Displacements between two frames and the phases that scattered waves gain by them, from the compiled core."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .builds import core

Array = NDArray[np.float64]


def displacements(start: Array, now: Array, cell: Array) -> Array:
    """x, y, z and the squared length of ``(now - start) @ cell``, one row each ``(4, n_atoms)``.

    ``start`` and ``now`` are unwrapped fractional coordinates ``(n_atoms, 3)``; rows of ``cell`` are cell vectors ``(3, 3)`` [Å].
    """
    try:
        found: Array = core().displacements(*(np.ascontiguousarray(a, dtype=float) for a in (start, now, cell)))
        return found
    except (ValueError, TypeError) as error:
        raise InputError("Displacements need two frames of the same atoms and a cell.", str(error) if isinstance(error, ValueError) else "") from None


def mean_phases(squared: Array, q: float) -> Array:
    """sin(Qd)/(Qd) of squared distances ``(n_atoms,)``: exp(iQ·d) averaged over all directions of Q, 1 at d = 0."""
    try:
        found: Array = core().mean_phases(np.ascontiguousarray(squared, dtype=float), float(q))
        return found
    except (ValueError, TypeError):
        raise InputError(f"The wave number {q!r} is not possible.", mend="Give a positive one, in 1/Å.") from None


def mean_cosines(vectors: Array, waves: Array) -> Array:
    """cos(k·d) of displacements ``(3, n_atoms)``, averaged over wave vectors ``(n, 3)``."""
    try:
        found: Array = core().mean_cosines(*(np.ascontiguousarray(row, dtype=float) for row in vectors), np.ascontiguousarray(waves, dtype=float))
        return found
    except (ValueError, TypeError):
        raise InputError("Wave vectors must be an array (n, 3).", mend="Give them in 1/Å.") from None
