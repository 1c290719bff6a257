"""Data as a pair potential: what the misfit to data does to atoms is a force between pairs.

R² = |Σ rows_ab,k h_ab,k + offset|² depends on positions through the numbers of pairs h_ab,k at each distance only. Its derivative with
respect to one of these numbers, φ_ab(r_k) = 2 (residual vector) · rows_ab,k, is therefore the energy of such a pair, and -dφ/dr the
force between its atoms. It holds for small moves: as pairs move, the residual changes and φ with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..forms.sampled_pairs import SampledPairs
from ..targets import Binwise, Residual

Floats = NDArray[np.float64]


def derivative(target: Residual | Binwise, histogram: NDArray[np.int64] | Floats) -> Floats:
    """dR²/dh of a histogram of unordered pairs, of which the part a <= b is read: ``(n_types, n_types, n_bins)``, symmetric."""
    vector = target.vector(histogram)
    if isinstance(target, Binwise):
        return np.asarray(2 * target.weight * vector)
    return np.asarray(2 * np.asarray(target.rows, dtype=float) @ vector)


def effective_potential(
    targets: Sequence[Residual | Binwise], histogram: NDArray[np.int64] | Floats, strengths: Sequence[float], species: tuple[str, ...], width: float
) -> SampledPairs:
    """The pair potential whose forces are those of Σ strength · R² [eV].

    Parameters
    ----------
    targets
        One per data set.
    histogram
        Unordered pairs ``(n_types, n_types, n_bins)``; the part a <= b is read.
    strengths
        Energy that R² = 1 of each data set is worth [eV].
    species
        Name of each type.
    width
        Of the bins [Å].
    """
    energy = np.sum([s * derivative(t, histogram) for s, t in zip(strengths, targets, strict=True)], axis=0)
    r = (np.arange(energy.shape[2]) + 0.5) * width
    # Bins near zero hold no pairs ever, and rows there grow without bound as shells shrink.
    inside = r > 0.5
    return SampledPairs(species, r[inside], energy[:, :, inside])
