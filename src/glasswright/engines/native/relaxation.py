"""A few steps of minimisation in the compiled core."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import RunFailed
from ...native import core
from ..relaxation import Relaxed
from .interactions import Interactions


class NativeRelaxation:
    """Minimises by conjugate gradients; the compiled forces are made once.

    Parameters
    ----------
    interactions
        The force field made ready for the atoms.
    cell
        Rows are cell vectors, lower triangular ``(3, 3)`` [Å].
    """

    def __init__(self, interactions: Interactions, cell: NDArray[np.float64]) -> None:
        self._interactions, self._cell = interactions, cell
        self._dynamics: Any = None
        self._saved: dict[str, Any] = {}

    def __call__(self, positions: NDArray[np.float64], steps: int, force_tolerance: float = 1e-3) -> Relaxed:
        """At most so many steps downhill from ``positions`` ``(n_atoms, 3)`` [Å].

        Raises
        ------
        RunFailed
            If atoms lie on top of each other.
        """
        positions = np.ascontiguousarray(positions, dtype=float)
        still = np.zeros_like(positions)
        if self._dynamics is None:
            self._dynamics = self._interactions.dynamics(self._interactions.far_field(self._cell), positions, still, self._cell)
            self._saved = self._dynamics.save()
        self._dynamics.load(self._saved | {"positions": positions, "velocities": still})
        try:
            self._dynamics.minimize("cg", force_tolerance, steps)
        except core().MotionFailed as error:
            raise RunFailed("The minimisation failed.", str(error), "Keep atoms apart by minimum distances.") from None
        found = self._dynamics.state()
        return Relaxed(found["positions"], found["potential"], float(np.abs(found["forces"]).max()))
