"""A few steps in the energy landscape, in the compiled core."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import RunFailed
from ...native import core
from ...units import BOLTZMANN, MASS_VELOCITY2
from ..relaxation import DAMPING, LONGEST, TIMESTEP, Relaxed
from .interactions import Interactions


class NativeRelaxation:
    """Conjugate gradients, and dynamics at a temperature; the compiled forces are made once.

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

    def minimised(self, positions: NDArray[np.float64], steps: int, force_tolerance: float = 1e-3) -> Relaxed:
        """See ``Relaxation``.

        Raises
        ------
        RunFailed
            If atoms lie on top of each other.
        """
        dynamics = self._at(positions, np.zeros_like(positions))
        try:
            dynamics.minimize("cg", force_tolerance, steps)
        except core().MotionFailed as error:
            raise RunFailed("The minimisation failed.", str(error), "Keep atoms apart by minimum distances.") from None
        found = dynamics.state()
        return Relaxed(found["positions"], found["potential"], float(np.abs(found["forces"]).max()))

    def heated(self, positions: NDArray[np.float64], steps: int, temperature: float, seed: int) -> NDArray[np.float64]:
        """See ``Relaxation``.

        Raises
        ------
        RunFailed
            If the atoms fly apart.
        """
        masses = self._interactions.atom_masses[:, None]
        velocities = np.random.default_rng(seed).standard_normal(positions.shape) * np.sqrt(BOLTZMANN * temperature / (MASS_VELOCITY2 * masses))
        dynamics = self._at(positions, velocities - (masses * velocities).sum(axis=0) / masses.sum())
        capped = {"max_displacement": LONGEST, "thermostat_damping": DAMPING}
        dynamics.set_motion(ensemble="nvt", timestep=TIMESTEP, temperature=(temperature, temperature), n_steps=steps, **capped)
        try:
            dynamics.run(steps)
        except core().MotionFailed as error:
            raise RunFailed("The dynamics failed.", str(error), "Keep atoms apart by minimum distances.") from None
        return np.asarray(dynamics.save()["positions"])

    def _at(self, positions: NDArray[np.float64], velocities: NDArray[np.float64]) -> Any:
        """``Dynamics`` of the core with the atoms at these positions."""
        positions, velocities = (np.ascontiguousarray(v, dtype=float) for v in (positions, velocities))
        if self._dynamics is None:
            self._dynamics = self._interactions.dynamics(self._interactions.far_field(self._cell), positions, velocities, self._cell)
            self._saved = self._dynamics.save()
        self._dynamics.load(self._saved | {"positions": positions, "velocities": velocities})
        return self._dynamics
