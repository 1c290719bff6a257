"""Velocity autocorrelation, and the vibrational density of states that is its spectrum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...curve import Curve
from ...errors import InputError
from ...units import THZ
from .correlator import Correlator
from .motion import Motion
from .origins import Averages

if TYPE_CHECKING:
    from ase import Atoms

RESOLUTION = 0.5
"""Default resolution of a spectrum [THz]."""


def velocity_autocorrelation(frames: Sequence[Atoms], lags: Literal["log", "linear"] | ArrayLike = "linear", normalised: bool = False) -> dict[str, Curve]:
    """⟨v(0)·v(t)⟩ of each element [Å²/fs²], every frame an origin; at t = 0 it is 3kT/m.

    Parameters
    ----------
    frames
        With velocities, at equal steps of time, a tenth of the fastest vibration or less (2 to 5 fs).
    lags
        As for ``mean_square_displacement``.
    normalised
        Divide by the value at t = 0.

    Returns
    -------
    Element → curve; ``sigma`` is the standard error from blocks of time. Memory: 24 bytes × lags per atom.
    """
    motion = Motion(frames)
    wanted = motion.lags(lags)
    return velocity_curves({e: c.at(wanted) for e, c in autocorrelations(motion, int(wanted[-1])).items()}, normalised)


def velocity_curves(correlations: Mapping[str, Averages], normalised: bool) -> dict[str, Curve]:
    """Curves of autocorrelations, over their start where they are to be normalised."""
    curves = {}
    for element, averages in correlations.items():
        value, error = averages.estimate((lambda mean: mean / mean[:1]) if normalised else (lambda mean: mean))
        curves[element] = averages.curve(value[:, 0], error[:, 0], "VACF", "" if normalised else "Å²/fs²", element)
    return curves


def autocorrelations(motion: Motion, longest: int) -> dict[str, Averages]:
    """⟨v(0)·v(t)⟩ per atom of each element, up to the lag number ``longest``."""
    correlators = [Correlator(longest + 1, len(motion), (1, 3 * int(n))) for n in motion.counts]
    for snapshot in motion.regular():
        for correlator, first, n in zip(correlators, motion.starts, motion.counts, strict=True):
            correlator.push(snapshot.velocities[first : first + n].reshape(1, -1) / np.sqrt(n))
    return {e: c.averages(motion.step, motion.unit) for e, c in zip(motion.elements, correlators, strict=True)}


def vibrational_density_of_states(frames: Sequence[Atoms], resolution: float = RESOLUTION) -> dict[str, Curve]:
    """Vibrational density of states g(ν) of each element and of all atoms (``"total"``) against frequency [THz], per atom.

    The cosine transform of the velocity autocorrelation, which for harmonic motion at one temperature is the density of states of each
    element (J. M. Dickey and A. Paskin, Phys. Rev. 188, 1407 (1969), doi 10.1103/PhysRev.188.1407). Each element's integral is three
    times its share of the atoms, so the total is 3 modes per atom, 3N in all.

    Parameters
    ----------
    frames
        With velocities, at equal steps of time Δt: the spectrum ends at 1/(2Δt), and faster motion would be folded back into it.
    resolution
        Full width at half maximum of a single mode [THz], by a Hann window over 1/resolution; coarser where the trajectory is short, as
        ``metadata["resolution"]`` then says.
    """
    if not (np.isfinite(resolution) and resolution > 0):
        raise InputError(f"A resolution of {resolution!r} THz is not possible.", mend="Give a positive one, such as 0.5.")
    motion = Motion(frames)
    longest = lags_of(motion, resolution)
    return densities(motion, autocorrelations(motion, longest))


def lags_of(motion: Motion, resolution: float) -> int:
    """How many lags a spectrum of this resolution [THz] needs, or as many as half the trajectory has."""
    if motion.unit != "fs":
        raise InputError("The configurations have no times, so there are no frequencies.", mend="Give info['time'] in fs to each.")
    # The spectrum of a Hann window that ends at t_m has the full width at half maximum 1/t_m.
    longest = min(round(THZ / resolution / motion.step), int((motion.span + 0.5) / 2))
    if longest < 4:
        raise InputError("The trajectory is too short for a spectrum.", mend="Give at least ten frames, at steps of 2 to 5 fs.")
    return longest


def densities(motion: Motion, correlations: Mapping[str, Averages]) -> dict[str, Curve]:
    """Densities of states from autocorrelations of all lags."""
    longest = len(next(iter(correlations.values())).time) - 1
    about = {"resolution": THZ / (longest * motion.step), "normalisation": "3 modes per atom, shared by the elements as the atoms are", "window": "Hann"}
    frequency = frequencies(longest, motion.step)
    curves: dict[str, Curve] = {}
    total, variance = np.zeros(frequency.size), np.zeros(frequency.size)
    for n, (element, averages) in zip(motion.counts, correlations.items(), strict=True):
        modes = 3 * n / motion.counts.sum()
        value = modes * spectrum(averages.mean[:, 0], motion.step)
        blocks = [modes * spectrum(s[:, 0] / c, motion.step) for s, c in zip(averages.sums, averages.counts, strict=True) if c.min() > 0]
        sigma = np.std(blocks, axis=0, ddof=1) / np.sqrt(len(blocks)) if len(blocks) > 1 else np.full(frequency.size, np.nan)
        total, variance = total + value, variance + sigma**2
        curves[element] = _vdos(frequency, value, sigma, element, about)
    return {**curves, "total": _vdos(frequency, total, np.sqrt(variance), "total", about)}


def _vdos(frequency: NDArray[np.float64], value: NDArray[np.float64], sigma: NDArray[np.float64], label: str, about: dict[str, object]) -> Curve:
    return Curve(frequency, value, sigma if np.isfinite(sigma).all() else None, "VDOS", "THz", "1/THz", label, about)


def frequencies(n_lags: int, step: float) -> NDArray[np.float64]:
    """Where the spectrum of a function at so many lags (beside lag 0) of ``step`` [fs] is given: ``(2 n_lags + 1,)`` [THz]."""
    return np.asarray(np.arange(2 * n_lags + 1) * THZ / (4 * n_lags * step), dtype=float)


def spectrum(correlation: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Spectrum [1/THz] of an even function given at the lags 0 ... n times ``step`` [fs], divided by its value at 0, at 2n + 1 frequencies from
    0 to 1/(2 step); it integrates to 1 (trapezoidally). A Hann window softens its end."""
    from scipy.fft import dct

    n = len(correlation) - 1
    values = np.zeros(2 * n + 1)
    values[: n + 1] = correlation / correlation[0] * np.cos(0.5 * np.pi * np.arange(n + 1) / n) ** 2
    return np.asarray(2 * step / THZ * dct(values, type=1))
