"""Time correlations of many channels in one pass, as matrix products of a block of frames with the frames before it."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from .origins import BLOCKS, Averages

TOGETHER = 64
"""Frames correlated at once."""


class Correlator:
    """⟨A_g(t₀) A_h(t₀ + t)⟩ for all pairs of groups, summed over channels, every frame an origin.

    Memory is 8 bytes × (lags + 64) × groups × channels; the work runs in the matrix product of the linear-algebra library.
    """

    def __init__(self, n_lags: int, n_frames: int, shape: tuple[int, int]) -> None:
        """``n_lags`` with lag 0; ``shape`` is the number of groups and of channels in each."""
        self._n_lags, self._n_frames = n_lags, n_frames
        self._together = min(TOGETHER, max(1, n_lags))
        self._window = np.zeros((n_lags - 1 + self._together, *shape))
        """The ``n_lags - 1`` frames before the block, then the block."""
        self._filled, self._seen = 0, 0
        self.pairs = list(combinations_with_replacement(range(shape[0]), 2))
        self._sums: NDArray[np.float64] = np.zeros((BLOCKS, n_lags, len(self.pairs)))
        self._counts = np.zeros((BLOCKS, n_lags))

    def push(self, values: NDArray[np.float64]) -> None:
        """The next frame ``(n_groups, n_channels)``."""
        self._window[self._n_lags - 1 + self._filled] = values
        self._filled += 1
        if self._filled == self._together:
            self._correlate()

    def _correlate(self) -> None:
        before, n = self._n_lags - 1, self._filled
        held = self._window[: before + n]
        products = []
        for g, h in self.pairs:
            product = held[before:, g] @ held[:, h].T
            products.append(product if g == h else 0.5 * (product + held[before:, h] @ held[:, g].T))
        for k in range(n):
            now = self._seen + k
            reach = min(before, now)
            block = min(BLOCKS - 1, BLOCKS * now // self._n_frames)
            self._counts[block, : reach + 1] += 1
            for p, product in enumerate(products):
                # From the frame itself (lag 0) backwards.
                self._sums[block, : reach + 1, p] += product[k, before + k - reach : before + k + 1][::-1]
        self._window[:before] = self._window[n : n + before].copy()
        self._seen += n
        self._filled = 0

    def averages(self, step: float, unit: str) -> Averages:
        """Means over origins; the last axis runs over ``pairs``."""
        if self._filled:
            self._correlate()
        time = np.asarray(np.arange(self._n_lags) * step, dtype=float)
        return Averages(time, unit, self._sums, self._counts, (self._n_frames - 1) * step)
