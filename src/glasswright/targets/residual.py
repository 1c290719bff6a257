"""What the Monte Carlo kernel is given of a data set: a residual that is a quadratic form of the pair histogram."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

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

    @cached_property
    def _of_pairs(self) -> NDArray[np.float64]:
        """Rows of the pairs of types a <= b, one after another ``(n_pairs * n_bins, rank)``."""
        return self.rows[np.triu_indices(len(self.rows))].reshape(-1, len(self.offset)).astype(float)

    def vector(self, histogram: ArrayLike) -> NDArray[np.float64]:
        """``(rank,)`` of a histogram ``(n_types, n_types, n_bins)``."""
        h = np.asarray(histogram, dtype=float)
        # Products as small as these are slower, and much slower on a busy machine, by a BLAS that divides them among threads.
        return np.asarray(np.einsum("k,kr->r", h[np.triu_indices(len(h))].ravel(), self._of_pairs) + self.offset)

    def squared(self, histogram: ArrayLike) -> float:
        """R² of a histogram."""
        v = self.vector(histogram)
        return float(v @ v) + self.floor

    def with_slope(self, histogram: ArrayLike) -> tuple[float, NDArray[np.float64]]:
        """R² of a histogram, and by how much one pair more in a bin changes it, symmetric in the types ``(n_types, n_types, n_bins)``."""
        v = self.vector(histogram)
        return float(v @ v) + self.floor, _symmetric(2 * np.einsum("kr,r->k", self._of_pairs, v).reshape(-1, self.rows.shape[2]), len(self.rows))


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

    def with_slope(self, histogram: ArrayLike) -> tuple[float, NDArray[np.float64]]:
        """R² of a histogram, and by how much one pair more in a bin changes it, symmetric in the types ``(n_types, n_types, n_bins)``."""
        v = self.vector(histogram)
        return float(v @ v) + self.floor, np.asarray(2 * self.weight * v)


def _symmetric(of_pairs: NDArray[np.float64], n_types: int) -> NDArray[np.float64]:
    """From pairs of types a <= b ``(n_pairs, n_bins)`` to all ``(n_types, n_types, n_bins)``."""
    whole = np.empty((n_types, n_types, of_pairs.shape[1]))
    a, b = np.triu_indices(n_types)
    whole[a, b] = whole[b, a] = of_pairs
    return whole
