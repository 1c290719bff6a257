"""Longitudinal and transverse current correlations: sound and shear in a liquid or a glass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...curve import Curve
from ...errors import InputError
from ...units import THZ
from .correlator import Correlator
from .modes import phases, shell
from .motion import Motion
from .origins import Averages
from .velocity import frequencies, spectrum

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True, eq=False)
class CurrentCorrelations:
    """Correlations of the current near one wave number."""

    longitudinal: Curve
    """C_L(Q, t) [Å²/fs²]"""
    transverse: Curve
    """C_T(Q, t) [Å²/fs²], per transverse direction."""
    longitudinal_spectrum: Curve
    """C_L(Q, ν) against frequency [THz], integral C_L(Q, 0); ω² times the dynamic structure factor."""
    transverse_spectrum: Curve
    """C_T(Q, ν) against frequency [THz], integral C_T(Q, 0)."""


def current_correlations(
    frames: Sequence[Atoms],
    q: float,
    lags: Literal["log", "linear"] | ArrayLike = "linear",
    q_width: float = 0.1,
    weights: Literal["number", "mass"] | str = "number",
) -> CurrentCorrelations:
    """C(Q, t) = ⟨j(Q, t)·j*(Q, 0)⟩ / N, j = Σ v exp(iQ·r), along Q and across it, over reciprocal-lattice vectors near Q and all origins.

    J.-P. Hansen and I. R. McDonald, Theory of Simple Liquids, doi 10.1016/C2010-0-66723-X. At t = 0 both are ⟨kT/m⟩ per atom.

    Parameters
    ----------
    frames
        With velocities, at equal steps of time.
    weights
        ``"number"``: the current of all atoms; ``"mass"``: each weighted by its mass over the mean mass; or an element: its atoms alone.
    """
    motion = Motion(frames)
    wanted = motion.lags(lags)
    longest = max(1, int(wanted[-1]))
    modes = shell(motion.cell, q, q_width)
    n = len(modes.indices)
    factor = _factor(motion, weights)
    along = modes.vectors / np.linalg.norm(modes.vectors, axis=1)[:, None]
    across = _across(along)
    parts = [Correlator(longest + 1, len(motion), (1, channels * n)) for channels in (2, 4)]
    scale = 1 / np.sqrt(n * np.count_nonzero(factor))
    for snapshot in motion.regular():
        current = phases(snapshot.fractional, modes.indices).T @ (factor[:, None] * snapshot.velocities) * scale
        longitudinal = np.einsum("kx,kx->k", current, along)
        transverse = np.einsum("kx,jkx->jk", current, across).ravel() / np.sqrt(2)
        for part, values in zip(parts, (longitudinal, transverse), strict=True):
            part.push(np.concatenate([values.real, values.imag])[None, :])
    found = {}
    for part, name in zip(parts, ("C_L", "C_T"), strict=True):
        averages = part.averages(motion.step, motion.unit)
        shown = averages.at(wanted)
        value, error = shown.estimate(lambda mean: mean)
        found[name] = shown.curve(value[:, 0], error[:, 0], f"{name}(Q,t)", "Å²/fs²", weights, modes.about)
        found[f"{name} spectrum"] = _spectrum(averages, name, motion.step, found[name])
    return CurrentCorrelations(found["C_L"], found["C_T"], found["C_L spectrum"], found["C_T spectrum"])


def _factor(motion: Motion, weights: str) -> NDArray[np.float64]:
    if weights == "number":
        return np.ones(len(motion.masses))
    if weights == "mass":
        return np.asarray(motion.masses / motion.masses.mean())
    if weights not in motion.elements:
        raise InputError(f"Weights {weights!r} are unknown.", mend=f"Use number, mass or one of {', '.join(motion.elements)}.")
    return np.asarray(np.repeat(motion.elements, motion.counts) == weights, dtype=float)


def _across(along: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two directions perpendicular to each of the unit vectors and to each other ``(2, n, 3)``."""
    least = np.eye(3)[np.abs(along).argmin(axis=1)]
    first = np.cross(along, least)
    first /= np.linalg.norm(first, axis=1)[:, None]
    return np.stack([first, np.cross(along, first)])


def _spectrum(averages: Averages, name: str, step: float, curve: Curve) -> Curve:
    correlation = averages.mean[:, 0]
    n = len(correlation) - 1
    about = {**curve.metadata, "window": "Hann", "resolution": THZ / (n * step)}
    return Curve(frequencies(n, step), correlation[0] * spectrum(correlation, step), None, f"{name}(Q,ν)", "THz", "Å²/fs²/THz", curve.label, about)
