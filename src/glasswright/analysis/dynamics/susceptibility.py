"""The four-point susceptibility χ₄(t): how many atoms move together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...curve import Curve
from ...errors import InputError
from .motion import Motion
from .origins import Averages, Measure, Moved, over_origins

if TYPE_CHECKING:
    from ase import Atoms

OVERLAP = 1.0
"""Default distance below which an atom counts as not having left [Å]: above the amplitude of vibrations, below a jump."""


def four_point_susceptibility(
    frames: Sequence[Atoms], a: float = OVERLAP, lags: Literal["log", "linear"] | ArrayLike = "log", stride: int | None = None
) -> dict[str, Curve]:
    """χ₄(t) = N [⟨q²⟩ - ⟨q⟩²] of each element, q(t) being the share of its atoms that are within ``a`` of where they were.

    The self part, after N. Lačević, F. W. Starr, T. B. Schrøder and S. C. Glotzer, J. Chem. Phys. 119, 7372 (2003), doi
    10.1063/1.1605094. Its peak counts atoms that move together and lies near the relaxation time.

    Parameters
    ----------
    a
        Distance of the overlap function [Å].
    lags, stride
        As for ``mean_square_displacement``. The variance is that over origins, so it needs many: at least ten relaxation times.
    """
    if not (np.isfinite(a) and a > 0):
        raise InputError(f"a = {a!r} is no distance.", mend="Give one in Å, such as 1.0.")
    motion = Motion(frames)
    (averages,) = over_origins(motion, [overlap(a)], lags, stride)
    return susceptibility_curves(averages, motion.elements, motion.counts, a)


def overlap(a: float) -> Measure:
    """q and q² of each element ``(n_elements, 2)``, to average over origins."""

    def measure(moved: Moved) -> NDArray[np.float64]:
        share = moved.motion.mean((moved.squared < a * a).astype(float))
        return np.stack([share, share**2], axis=1)

    return measure


def susceptibility_curves(averages: Averages, elements: Sequence[str], counts: NDArray[np.int64], a: float) -> dict[str, Curve]:
    """Curves from averages of q and q², at lags with at least two origins (the unbiased variance needs them)."""
    usable = averages.at(averages.counts.sum(axis=0) > 1)
    origins = usable.counts.sum(axis=0)
    unbiased = (origins / (origins - 1))[:, None]
    value, error = usable.estimate(lambda mean: counts * unbiased * (mean[..., 1] - mean[..., 0] ** 2))
    return {e: usable.curve(value[:, k], error[:, k], "χ4", "", e, {"overlap": f"self, a = {a:g} Å"}) for k, e in enumerate(elements)}
