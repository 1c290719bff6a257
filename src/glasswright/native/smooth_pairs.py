"""Pairs counted so smoothly that counts have a gradient, and the forces of functions of those counts, from the compiled core.

A pair is spread over three bins by the quadratic B-spline, so its counts are smooth in its distance r. What that damps of a wave
exp(iQr), sinc³(QΔ/2) with bins of width Δ, is brought back by (-1, 14, -1)/12 along the bins to the sinc(QΔ/2) of whole counts, up to a
relative (QΔ)⁴/90: both histograms mean the same to a map that knows of the one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .builds import core

Array = NDArray[np.float64]


class SmoothPairs:
    """Counts distances of given atoms, again and again.

    Parameters
    ----------
    cell
        Rows are cell vectors ``(3, 3)`` [Å].
    types
        Integers from 0 to ``n_types - 1`` ``(n_atoms,)``.
    r_max
        Where the histogram ends [Å].
    n_bins
        Equal bins between 0 and ``r_max``.
    threads
        Sums differ in their last digits with their number.

    Raises
    ------
    InputError
        If an argument is out of range.
    """

    def __init__(self, cell: ArrayLike, types: ArrayLike, n_types: int, r_max: float, n_bins: int, threads: int = 1) -> None:
        self._shape, self._width = (n_types, n_types, n_bins), r_max / n_bins
        try:
            args = np.ascontiguousarray(cell, dtype=float), np.ascontiguousarray(types, dtype=np.int64)
            self._kernel = core().SmoothPairs(*args, n_types, float(r_max), n_bins, threads)
        except (ValueError, TypeError) as error:
            raise InputError("With these arguments pairs cannot be counted.", str(error)) from None

    def histogram(self, positions: ArrayLike) -> Array:
        """Unordered pairs ``(n_types, n_types, n_bins)``: ``[a, b]`` for a <= b, else 0.

        Pairs that end beyond ``r_max`` are missed in part within two bins of it.

        Raises
        ------
        InputError
            If a position is not finite.
        """
        try:
            moments = self._kernel.moments(np.ascontiguousarray(positions, dtype=float))
        except (ValueError, TypeError) as error:
            raise InputError("Pairs cannot be counted at these positions.", str(error)) from None
        n = self._shape[0]
        upper = np.triu_indices(n)
        of_pairs = moments[upper] + np.where(upper[0] != upper[1], 1.0, 0.0)[:, None, None] * moments[upper[::-1]]
        m0, m1, m2 = np.moveaxis(of_pairs[..., :3], -1, 0)
        counts = np.zeros(self._shape)
        counts[upper] = _sharpened(0.75 * m0 - m2 + _later(0.125 * m0 + 0.5 * (m1 + m2)) + _earlier(0.125 * m0 + 0.5 * (m2 - m1)))
        return counts

    def forces(self, values: Array) -> Array:
        """-Σ values · ∂histogram/∂position of every atom ``(n_atoms, 3)``, where pairs were counted last.

        Parameters
        ----------
        values
            What a pair in a bin counts, symmetric in the types ``(n_types, n_types, n_bins)`` [eV].

        Raises
        ------
        InputError
            If none were counted yet.
        """
        v = _sharpened(values)
        slopes = np.zeros((*self._shape, 4), dtype=np.float32)
        before, after = _later(v), _earlier(v)
        slopes[..., 0] = (after - before) / (2 * self._width)
        slopes[..., 1] = (after - 2 * v + before) / self._width
        try:
            return np.asarray(self._kernel.forces(slopes))
        except (ValueError, TypeError) as error:
            raise InputError("There are no forces from these values.", str(error)) from None


def _later(values: Array) -> Array:
    """Every value one bin later."""
    moved = np.zeros_like(values)
    moved[..., 1:] = values[..., :-1]
    return moved


def _earlier(values: Array) -> Array:
    """Every value one bin earlier."""
    moved = np.zeros_like(values)
    moved[..., :-1] = values[..., 1:]
    return moved


def _sharpened(values: Array) -> Array:
    return np.asarray((14 * values - _later(values) - _earlier(values)) / 12)
