"""The non-Gaussian parameter α₂(t): how far displacements are from those of simple diffusion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...curve import Curve
from .motion import Motion
from .origins import Averages, Moved, over_origins

if TYPE_CHECKING:
    from ase import Atoms


def non_gaussian_parameter(frames: Sequence[Atoms], lags: Literal["log", "linear"] | ArrayLike = "log", stride: int | None = None) -> dict[str, Curve]:
    """α₂(t) = 3⟨d⁴⟩ / (5⟨d²⟩²) - 1 of each element: 0 for Gaussian displacements, 0.1 to 3 where atoms are caged and few escape.

    Arguments as for ``mean_square_displacement``; A. Rahman, Phys. Rev. 136, A405 (1964), doi 10.1103/PhysRev.136.A405.
    """
    motion = Motion(frames)
    (averages,) = over_origins(motion, [second_and_fourth], lags, stride)
    return non_gaussian_curves(averages, motion.elements)


def second_and_fourth(moved: Moved) -> NDArray[np.float64]:
    """⟨d²⟩ and ⟨d⁴⟩ of each element ``(n_elements, 2)``."""
    return moved.motion.mean(np.stack([moved.squared, moved.squared**2], axis=1))


def non_gaussian_curves(averages: Averages, elements: Sequence[str]) -> dict[str, Curve]:
    """Curves from averages of d² and d⁴; they begin at the first lag, for at 0 nothing has moved."""
    moved = averages.at(averages.time > 0)
    value, error = moved.estimate(lambda mean: 3 * mean[..., 1] / (5 * mean[..., 0] ** 2) - 1)
    return {e: moved.curve(value[:, k], error[:, k], "α2", "", e) for k, e in enumerate(elements)}
