"""What the Monte Carlo kernel is given of a data set: a residual that is a quadratic form of the pair histogram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class Residual:
    """R² = |Σ_ab,k rows[a, b, k] h_ab[k] + offset|² + floor, the sum over pairs of types a <= b."""

    rows: NDArray[np.float32]
    """Symmetric in the types ``(n_types, n_types, n_bins, rank)``."""
    offset: NDArray[np.float64]
    """``(rank,)``"""
    floor: float
    """What no move of an atom can change."""

    def vector(self, histogram: ArrayLike) -> NDArray[np.float64]:
        """``(rank,)`` of a histogram ``(n_types, n_types, n_bins)``."""
        h = np.asarray(histogram, dtype=float)
        upper = np.triu_indices(len(h))
        return np.asarray(np.einsum("pk,pkr->r", h[upper], self.rows[upper]) + self.offset, dtype=float)

    def squared(self, histogram: ArrayLike) -> float:
        """R² of a histogram."""
        v = self.vector(histogram)
        return float(v @ v) + self.floor


@dataclass(frozen=True, eq=False)
class Binwise:
    """R² = Σ_k (Σ_ab weight[a, b, k] h_ab[k] - target[k])² + floor, the sum over pairs of types a <= b: a curve on the bins themselves."""

    weight: NDArray[np.float64]
    """Symmetric in the types ``(n_types, n_types, n_bins)``."""
    target: NDArray[np.float64]
    """``(n_bins,)``"""
    floor: float

    def vector(self, histogram: ArrayLike) -> NDArray[np.float64]:
        """``(n_bins,)`` of a histogram ``(n_types, n_types, n_bins)``."""
        h = np.asarray(histogram, dtype=float)
        upper = np.triu_indices(len(h))
        return np.asarray((h[upper] * self.weight[upper]).sum(axis=0) - self.target, dtype=float)

    def squared(self, histogram: ArrayLike) -> float:
        """R² of a histogram."""
        v = self.vector(histogram)
        return float(v @ v) + self.floor
