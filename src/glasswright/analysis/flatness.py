"""Is a quantity still drifting? A test on slopes, not a fixed time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Drift:
    """Change of a quantity over a block of time, from a straight line through block averages."""

    change: float
    """Slope times length of the block, in the unit of the quantity."""
    error: float
    """Standard error of ``change``."""

    def is_flat(self, tolerance: float) -> bool:
        """True where the change is within ``tolerance`` or within twice its own error of zero."""
        return abs(self.change) <= max(tolerance, 2 * self.error)


def drift(values: ArrayLike, n_blocks: int = 10) -> Drift:
    """Fit a straight line through the averages of equal blocks of a time series ``(n,)``.

    Averaging first makes the error honest for correlated samples: the scatter of block averages about the line, not that of samples.
    """
    series = np.asarray(values, dtype=float)
    n_blocks = min(n_blocks, series.size)
    if n_blocks < 3:
        return Drift(0.0, float("inf"))
    means = np.array([block.mean() for block in np.array_split(series, n_blocks)])
    x = (np.arange(n_blocks) + 0.5) / n_blocks - 0.5
    slope = float(x @ means / (x @ x))
    residual = means - means.mean() - slope * x
    return Drift(slope, float(np.sqrt(residual @ residual / (n_blocks - 2) / (x @ x))))
