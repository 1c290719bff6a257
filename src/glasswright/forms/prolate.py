"""The prolate spheroidal function ψ of order zero, and the split of 1/r that it gives (Ewald summation with prolates).

Of all functions on [-1, 1] with a given bandwidth c, ψ leaves the least outside the band; it is its own Fourier transform:
``∫₀¹ ψ(x) cos(kx) dx = C₀ ψ(k/c)`` for \\|k\\| ≤ c, with ``C₀ = ∫₀¹ ψ`` and ``ψ(0) = 1``. So 1/r can be split into a near part that ends
exactly at a cutoff and a far part whose spectrum is cut at c/cutoff, which needs far fewer mesh points than a Gaussian split
(doi 10.48550/arXiv.2505.09727).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev, legendre
from numpy.typing import NDArray

from .pair import Array


def legendre_sum(coefficients: NDArray[np.float64], x: Array) -> Array:
    """A Legendre series at ``x``, in the array namespace of ``x`` (Clenshaw)."""
    later, last = 0.0 * x, 0.0 * x
    for k in range(len(coefficients) - 1, 0, -1):
        later, last = last, coefficients[k] + (2 * k + 1) / (k + 1) * x * last - (k + 1) / (k + 2) * later
    return coefficients[0] + x * last - later / 2


def chebyshev_sum(coefficients: list[float], t: Array) -> Array:
    """A Chebyshev series at ``t``, in the array namespace of ``t`` (Clenshaw)."""
    later, last = 0.0 * t, 0.0 * t
    for c in coefficients[:0:-1]:
        later, last = last, c + 2 * t * last - later
    return coefficients[0] + t * last - later


@dataclass(frozen=True, eq=False)
class Prolate:
    """ψ of one bandwidth as a Legendre series."""

    bandwidth: float
    """c, without unit."""
    series: NDArray[np.float64]
    """Legendre coefficients of ψ; those of odd degree vanish."""

    @cached_property
    def integral_series(self) -> NDArray[np.float64]:
        """Legendre coefficients of the integral of ψ from 0."""
        return np.asarray(legendre.legint(self.series, lbnd=0))

    @cached_property
    def half_integral(self) -> float:
        """C₀, the integral of ψ from 0 to 1."""
        return float(legendre_sum(self.integral_series, 1.0))

    def __call__(self, x: Array) -> Array:
        """ψ(x) for \\|x\\| ≤ 1."""
        return legendre_sum(self.series, x)

    def slope(self, x: Array) -> Array:
        """dψ/dx."""
        return legendre_sum(np.asarray(legendre.legder(self.series)), x)

    def share(self, x: Array) -> Array:
        """The integral of ψ from 0 to x over that from 0 to 1."""
        return legendre_sum(self.integral_series, x) / self.half_integral

    @cached_property
    def half_series(self) -> tuple[list[float], list[float]]:
        """Chebyshev coefficients in 2x² - 1 of ψ(x) and of share(x)/x: both are even, and need a quarter of the terms for the last bit."""

        def series(of: Callable[[Array], Array]) -> list[float]:
            found = chebyshev.chebinterpolate(lambda t: of(np.sqrt((t + 1) / 2)), len(self.series) // 2)
            return chebyshev.chebtrim(found, 1e-17).tolist()  # type: ignore[no-any-return]

        return series(self), series(lambda x: self.share(x) / x)


@lru_cache(maxsize=64)
def prolate(bandwidth: float) -> Prolate:
    """ψ of a bandwidth c: the lowest eigenfunction of ``-(1-x²)ψ'' + 2xψ' + c²x²ψ``, tridiagonal in even Legendre functions."""
    k = 2.0 * np.arange(20 + int(bandwidth))
    diagonal = k * (k + 1) + bandwidth**2 * (2 * k * (k + 1) - 1) / ((2 * k + 3) * (2 * k - 1))
    beside = (bandwidth**2 * (k + 1) * (k + 2) / ((2 * k + 3) * np.sqrt((2 * k + 1) * (2 * k + 5))))[:-1]
    _, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
    series = np.zeros(2 * len(k))
    series[::2] = vectors[:, 0] * np.sqrt(k + 0.5)
    return Prolate(bandwidth, series / legendre_sum(series, 0.0))


@dataclass(frozen=True)
class ProlateSplit:
    """1/r as a near part N(r), zero from the cutoff on, and a smooth far part with a spectrum of finite width."""

    bandwidth: float
    """c: the larger, the smaller the far part's spectrum at its end, relative to its beginning (about 10^-(0.36 c))."""
    cutoff: float
    """Where the near part ends [Å]."""

    @property
    def psi(self) -> Prolate:
        """The prolate of this bandwidth."""
        return prolate(self.bandwidth)

    @property
    def largest_k(self) -> float:
        """Where the spectrum of the far part ends [1/Å]."""
        return self.bandwidth / self.cutoff

    @property
    def far_at_zero(self) -> float:
        """The far part at r = 0 [1/Å]: every charge q feels q times this of its own, half of which is its self energy."""
        return 1 / (self.psi.half_integral * self.cutoff)

    def near(self, r: Array, xp: Any = np) -> tuple[Array, Array]:
        """N(r) and -dN/dr [1/Å, 1/Å²]."""
        x = xp.minimum(r / self.cutoff, 1.0)
        psi, share = (chebyshev_sum(series, 2 * x**2 - 1) for series in self.psi.half_series)
        left = 1 - x * share
        inside = r < self.cutoff
        return xp.where(inside, left / r, 0.0), xp.where(inside, (left + x * psi / self.psi.half_integral) / r**2, 0.0)

    def spectrum(self, k: NDArray[np.float64]) -> NDArray[np.float64]:
        """Fourier transform of the far part [Å²] at wave vectors of length ``k`` > 0 [1/Å]: 4π/k² ψ(k/largest_k), zero beyond."""
        t = np.minimum(k / self.largest_k, 1.0)
        return np.asarray(np.where(k <= self.largest_k, 4 * math.pi / k**2 * self.psi(t), 0.0))
