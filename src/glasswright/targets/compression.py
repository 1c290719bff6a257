"""A residual in few numbers: the directions of a curve that pairs of atoms can move at all, with a bound on what is left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .pair_map import PairMap

STRUCTURE = 1000.0
"""Σ (h - ideal)²/ideal per atom up to which the bound holds: that of silica glasses is about 50, that of their crystals a few hundred."""


@dataclass(frozen=True, eq=False)
class Basis:
    """Orthonormal directions ``(n_x, rank)`` of a curve, strongest first.

    A curve measured over ΔQ from distances up to r_max has about ΔQ·r_max/π independent numbers; beyond them what a histogram can
    do to it falls off faster than exponentially.
    """

    directions: NDArray[np.float64]
    """``(n_x, rank)``"""
    left_out: float
    """Largest change of R_chi per unit of sqrt(Σ (h - ideal)²/ideal), outside the directions, at scale 1."""

    @property
    def rank(self) -> int:
        return int(self.directions.shape[1])

    def error(self, n_atoms: int, structure: float = STRUCTURE) -> float:
        """By how much R_chi can be wrong at most, for any histogram with Σ (h - ideal)²/ideal below ``structure`` per atom."""
        return self.left_out * float(np.sqrt(structure * n_atoms))


def compress(pair_map: PairMap, norm: float, tolerance: float) -> Basis:
    """The smallest basis with which R_chi is right to ``tolerance``.

    Parameters
    ----------
    norm
        Root of the sum of squares that R_chi is divided by.
    tolerance
        Of R_chi, for every histogram with Σ (h - ideal)²/ideal below ``STRUCTURE`` per atom (Cauchy-Schwarz).
    """
    from scipy.linalg.lapack import dpstrf

    gram = pair_map.gram / norm**2
    limit = tolerance / np.sqrt(STRUCTURE * pair_map.bins.n_atoms)
    # Rounding makes eigenvalues below this noise: none is believed to be smaller.
    noise = 4 * np.finfo(float).eps * float(np.trace(gram))
    # Cholesky with pivots ends where nothing is left, long before all points are used; its singular values are those of the map.
    triangle, pivots, found, _ = dpstrf(gram, tol=0.1 * noise / len(gram), lower=1)
    factor = np.empty((len(gram), found))
    factor[pivots - 1] = np.tril(triangle)[:, :found]
    vectors, lengths, _ = np.linalg.svd(factor, full_matrices=False)
    rank = max(1, int((lengths > limit).sum()))
    beyond = float(lengths[rank]) if rank < found else 0.0
    return Basis(np.ascontiguousarray(vectors[:, :rank]), max(beyond, float(np.sqrt(noise))))
