"""Pair interactions given by their values: what data or an empirical potential add to a force field."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

if TYPE_CHECKING:
    from scipy.interpolate import CubicSpline


@dataclass(frozen=True, eq=False)
class SampledPairs:
    """Energies of pairs of species on evenly spaced distances, with a cubic spline between them.

    Closer than the first distance the force is constant; beyond the last there is none.
    """

    species: tuple[str, ...]
    r: NDArray[np.float64]
    """Evenly spaced, increasing ``(n,)`` [Å]."""
    energy: NDArray[np.float64]
    """Symmetric in the species ``(n_species, n_species, n)`` [eV]."""

    def __post_init__(self) -> None:
        n = len(self.species)
        if len(self.r) < 4 or self.energy.shape != (n, n, len(self.r)):
            raise InputError(f"Energies of shape {self.energy.shape} do not fit {n} species and {len(self.r)} distances.", mend="Give at least four distances.")
        if not (np.isfinite(self.energy).all() and self.r[0] > 0 and np.allclose(np.diff(self.r), self.r[1] - self.r[0]) and self.r[1] > self.r[0]):
            raise InputError("Sampled pairs need finite energies on positive, evenly spaced distances.")

    @property
    def cutoff(self) -> float:
        """[Å]"""
        return float(self.r[-1])

    @cached_property
    def _spline(self) -> CubicSpline:
        from scipy.interpolate import CubicSpline

        return CubicSpline(self.r, self.energy, axis=2, bc_type="natural")

    def energy_force(self, a: str, b: str, r: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Energy [eV] and force -dU/dr [eV/Å] of two species at distances ``(n,)`` [Å]."""
        i, j = self.species.index(a), self.species.index(b)
        outer = np.clip(r, self.r[0], self.r[-1])
        energy, force = self._spline(outer)[i, j], -self._spline(outer, 1)[i, j]
        inside = r <= self.cutoff
        return np.where(inside, energy + force * (outer - np.minimum(r, outer)), 0.0), np.where(inside, force, 0.0)
