"""Self intermediate scattering F_s(Q, t): what incoherent neutron scattering sees of diffusion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...curve import Curve
from ...errors import InputError
from ...native import mean_cosines, mean_phases
from .motion import Motion
from .origins import Averages, Measure, Moved, over_origins

if TYPE_CHECKING:
    from ase import Atoms


def self_intermediate_scattering(
    frames: Sequence[Atoms], q: float | ArrayLike, lags: Literal["log", "linear"] | ArrayLike = "log", stride: int | None = None
) -> dict[str, Curve]:
    """F_s(Q, t) = ⟨exp(iQ·d(t))⟩ over the atoms of each element and many origins, in one pass.

    Parameters
    ----------
    q
        A wave number [1/Å]: the average over all directions, ⟨sin(Qd)/(Qd)⟩, exact for any cell and any Q, since displacements are
        unwrapped; or wave vectors ``(n, 3)`` [1/Å] to average over, for a material that is not isotropic.
    lags, stride
        As for ``mean_square_displacement``.

    Returns
    -------
    Element → F_s, 1 at the start; ``sigma`` is the standard error from blocks of origins
    (J.-P. Hansen & I. R. McDonald, Theory of Simple Liquids, doi 10.1016/C2010-0-66723-X).
    """
    wave = checked_wave(q)
    motion = Motion(frames)
    (averages,) = over_origins(motion, [self_scattering(wave)], lags, stride)
    return self_scattering_curves(averages, motion.elements, wave)


def checked_wave(q: float | ArrayLike) -> NDArray[np.float64]:
    """A wave number ``()`` or wave vectors ``(n, 3)`` [1/Å]."""
    try:
        wave = np.asarray(q, dtype=float)
    except (TypeError, ValueError):
        wave = np.zeros(0)
    if not ((wave.ndim == 0 and wave > 0) or (wave.ndim == 2 and wave.shape[1] == 3 and len(wave) > 0)) or not np.all(np.isfinite(wave)):
        raise InputError("q must be one positive wave number, or wave vectors (n, 3).", mend="Try 1.5, in 1/Å; call again for another.")
    return wave


def self_scattering(wave: NDArray[np.float64]) -> Measure:
    """The measure to average over origins."""

    def measure(moved: Moved) -> NDArray[np.float64]:
        phases = mean_phases(moved.squared, float(wave)) if wave.ndim == 0 else mean_cosines(moved.vectors, wave)
        return moved.motion.mean(phases)

    return measure


def self_scattering_curves(averages: Averages, elements: Sequence[str], wave: NDArray[np.float64]) -> dict[str, Curve]:
    """Curves from averages of the measure."""
    value, error = averages.estimate(lambda mean: mean)
    number = float(wave) if wave.ndim == 0 else float(np.linalg.norm(wave, axis=1).mean())
    about: dict[str, object] = {"q": number, "directions": "all" if wave.ndim == 0 else len(wave)}
    return {e: averages.curve(value[:, k], error[:, k], "F_s(Q,t)", "", e, about) for k, e in enumerate(elements)}
