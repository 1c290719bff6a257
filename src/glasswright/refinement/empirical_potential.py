"""The empirical potential of EPSR: a series of functions of distance whose Fourier transforms are known.

=======================  ==============================================================
p_k(r)                   function of the basis, 4πρ ∫ r² p_k dr about 1
P_k(Q)                   its transform 4πρ ∫ r² p_k(r) sin(Qr)/(Qr) dr
C_k                      coefficient of a pair of species [eV]
U(r) = Σ C_k p_k(r)      empirical potential of that pair, smoothed to zero at its cutoff
=======================  ==============================================================
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..forms.sampled_pairs import SampledPairs

Floats = NDArray[np.float64]

STEP = 0.01
"""Distance between the samples of a potential [Å]."""
TAPER = 0.15
"""Last part of the range in which an empirical potential is brought to zero."""


@dataclass(frozen=True, eq=False)
class Basis(ABC):
    """Functions of distance around evenly spaced centres."""

    centres: Floats
    """``(n,)`` [Å]"""
    density: float
    """Atoms per volume [1/Å³]."""

    @abstractmethod
    def values(self, r: Floats) -> Floats:
        """p_k(r) at distances above zero ``(n, n_r)``."""

    @abstractmethod
    def transform(self, q: Floats) -> Floats:
        """4πρ ∫ r² p_k(r) sin(Qr)/(Qr) dr at ``q`` above zero [1/Å]: ``(n, n_q)``."""


@dataclass(frozen=True, eq=False)
class PoissonBasis(Basis):
    """p_k(r) = (r/σ)ⁿ exp(-r/σ) / (4πρσ³ (n+2)!) with n = r_k/σ: as wide as sqrt(r σ) (doi 10.1016/0301-0104(95)00357-6, eqs 25-26)."""

    sigma: float
    """[Å]"""

    @property
    def orders(self) -> Floats:
        """n of each function ``(n, 1)``."""
        return np.maximum(np.rint(self.centres / self.sigma), 1.0)[:, None]

    def values(self, r: Floats) -> Floats:
        from scipy.special import gammaln

        n, x = self.orders, r / self.sigma
        return np.asarray(np.exp(n * np.log(x) - x - gammaln(n + 3)) / (4 * np.pi * self.density * self.sigma**3))

    def transform(self, q: Floats) -> Floats:
        n, x = self.orders, q * self.sigma
        return np.asarray(np.sin((n + 2) * np.arctan(x)) / ((n + 2) * x * (1 + x**2) ** (n / 2 + 1)))


@dataclass(frozen=True, eq=False)
class GaussianBasis(Basis):
    """Shells exp(-(r-r_k)²/(2σ²)) made even in r, all of one width (doi 10.1103/PhysRevB.72.104204)."""

    sigma: float
    """[Å]"""

    @property
    def _norms(self) -> Floats:
        """4πρ ∫ r² exp(...) dr ``(n, 1)``."""
        return np.asarray(4 * np.pi * self.density * np.sqrt(2 * np.pi) * self.sigma * (self.centres**2 + self.sigma**2)[:, None])

    def values(self, r: Floats) -> Floats:
        shells = [np.exp(-((r - sign * self.centres[:, None]) ** 2) / (2 * self.sigma**2)) for sign in (1, -1)]
        return np.asarray((shells[0] + shells[1]) / self._norms)

    def transform(self, q: Floats) -> Floats:
        c, s = self.centres[:, None], self.sigma
        return np.asarray(np.exp(-((q * s) ** 2) / 2) * (c * np.sin(q * c) / q + s**2 * np.cos(q * c)) / (c**2 + s**2))


def make_basis(name: str, r_min: float, r_max: float, spacing: float, density: float) -> Basis:
    """A basis with centres from ``r_min`` to ``r_max`` [Å], neighbours about as far apart as they are wide.

    Raises
    ------
    InputError
        If there is no basis of that name, or no room for it.
    """
    if not 0 < spacing <= (r_max - r_min) / 4:
        raise InputError(f"No basis of functions {spacing:g} Å apart fits between {r_min:g} and {r_max:g} Å.", mend="Use a smaller spacing or a longer cutoff.")
    centres = np.arange(r_min, r_max, spacing)
    if name == "poisson":
        # At 3 Å, where short range ends, as wide as the Gaussians would be.
        return PoissonBasis(centres, density, spacing**2 / 3.0)
    if name == "gaussian":
        return GaussianBasis(centres, density, spacing)
    raise InputError(f"There is no basis {name!r}.", mend="Use poisson or gaussian.")


@dataclass(frozen=True, eq=False)
class EmpiricalPotential:
    """Empirical pair potentials of all pairs of species."""

    species: tuple[str, ...]
    basis: Basis
    coefficients: Floats
    """Symmetric in the species ``(n_species, n_species, n_functions)`` [eV]."""
    cutoff: float
    """[Å]"""

    @classmethod
    def zero(cls, species: tuple[str, ...], basis: Basis, cutoff: float) -> EmpiricalPotential:
        return cls(species, basis, np.zeros((len(species), len(species), len(basis.centres))), cutoff)

    def energy(self, r: Floats) -> Floats:
        """Of each pair of species at distances above zero ``(n_species, n_species, n_r)`` [eV]; smoothly zero from the cutoff on."""
        begin = (1 - TAPER) * self.cutoff
        x = np.clip((r - begin) / (self.cutoff - begin), 0, 1)
        return np.asarray((self.coefficients @ self.basis.values(r)) * (1 - x**3 * (10 - 15 * x + 6 * x**2)))

    def sampled(self) -> SampledPairs:
        """The potential as engines and the Monte Carlo kernel take it."""
        n = int(np.ceil(self.cutoff / STEP)) + 1
        r = np.linspace(self.cutoff - (n - 2) * STEP, self.cutoff, n - 1)
        r = r[r > 0.5 * self.basis.centres[0]]
        return SampledPairs(self.species, r, self.energy(r))

    def amplitude(self, r: Floats, pairs: Floats) -> float:
        """Mean modulus of the potential, Σ |U_ab(r)| over all pairs of atoms, per atom [eV]: Soper's measure of how much the data had to change.

        Parameters
        ----------
        r
            Middle of the bins ``(n_bins,)`` [Å].
        pairs
            Unordered pairs per atom in each bin, zero below the diagonal ``(n_species, n_species, n_bins)``.
        """
        return float(np.sum(np.abs(self.energy(r)) * pairs))

    def changed(self, change: Floats, limit: float, r: Floats, pairs: Floats) -> EmpiricalPotential:
        """With coefficients changed, and scaled down together where their amplitude would exceed ``limit`` [eV per atom]."""
        grown = replace(self, coefficients=self.coefficients + change)
        amplitude = grown.amplitude(r, pairs)
        return grown if amplitude <= limit else replace(grown, coefficients=grown.coefficients * (limit / amplitude))
