"""Real-space functions as diffraction gives them: T(r), D(r) and the X-ray g(r), from S(Q) up to a finite Q."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..curve import Curve
from ..errors import InputError
from ..library.scattering import mean_squared_length
from .frames import fractions_of, frames_of
from .structure_factor import structure_factor
from .windows import Window, window_values

if TYPE_CHECKING:
    from ase import Atoms

Q_STEP = 0.02
"""Spacing of S(Q) under the integral [1/Å]: no alias below r = 150 Å."""


def d_of_r(
    source: Atoms | Sequence[Atoms],
    r_max: float = 10.0,
    bin_width: float = 0.02,
    q_max: float = 40.0,
    window: Window = "lorch",
    isotopes: Mapping[str, str] | None = None,
) -> Curve:
    """Differential correlation function D(r) = (2/π) ∫ Q i(Q) M(Q) sin(Qr) dQ [barn/Å²] of neutrons, i(Q) = ⟨b⟩² (S - 1)."""
    frames = frames_of(source)
    b2 = mean_squared_length(fractions_of(frames[0]), isotopes)
    r, integral, s = _from_structure_factor(frames, r_max, bin_width, q_max, window, "neutron", isotopes)
    about = {**s.metadata, "q_range": [float(s.x[0]), q_max], "window": window, "normalisation": "⟨b⟩² in barn, per atom"}
    return Curve(r, b2 * integral, None, "D(r)", "Å", "barn/Å²", "neutron", about)


def t_of_r(
    source: Atoms | Sequence[Atoms],
    r_max: float = 10.0,
    bin_width: float = 0.02,
    q_max: float = 40.0,
    window: Window = "lorch",
    isotopes: Mapping[str, str] | None = None,
) -> Curve:
    """Total correlation function T(r) = 4πρr⟨b⟩² + D(r) [barn/Å²] of neutrons, as seen up to ``q_max`` [1/Å]."""
    frames = frames_of(source)
    d = d_of_r(frames, r_max, bin_width, q_max, window, isotopes)
    b2 = mean_squared_length(fractions_of(frames[0]), isotopes)
    return Curve(d.x, 4 * np.pi * number_density(frames) * d.x * b2 + d.y, None, "T(r)", "Å", "barn/Å²", "neutron", d.metadata)


def xray_rdf(source: Atoms | Sequence[Atoms], r_max: float = 10.0, bin_width: float = 0.05, q_max: float = 20.0, window: Window = "lorch") -> Curve:
    """X-ray g(r) = 1 + (1/2π²ρr) ∫ Q [S_X(Q) - 1] M(Q) sin(Qr) dQ."""
    frames = frames_of(source)
    r, integral, s = _from_structure_factor(frames, r_max, bin_width, q_max, window, "xray", None)
    about = {**s.metadata, "q_range": [float(s.x[0]), q_max], "window": window, "normalisation": "1 at large r; transform of S_X(Q)"}
    return Curve(r, 1 + integral / (4 * np.pi * number_density(frames) * r), None, "g(r)", "Å", "", "xray", about)


def sine_transform(q: NDArray[np.float64], s_minus_1: NDArray[np.float64], r: NDArray[np.float64], window: Window, q_max: float) -> NDArray[np.float64]:
    """(2/π) ∫ Q [S(Q) - 1] M(Q) sin(Qr) dQ by the trapezium rule [1/Å²]; below the first Q, S - 1 is held constant."""
    q0 = q[0]
    # ∫₀^q0 Q sin(Qr) dQ in closed form, so that a missing low-Q part makes no step.
    start = s_minus_1[0] * (np.sin(q0 * r) - q0 * r * np.cos(q0 * r)) / r**2
    steps = np.diff(q)
    trapezium = 0.5 * (np.append(steps, 0) + np.insert(steps, 0, 0))
    integrand = trapezium * q * s_minus_1 * window_values(window, q, q_max)
    return np.asarray(2 / np.pi * (start + np.sin(np.outer(r, q)) @ integrand))


def number_density(source: Atoms | Sequence[Atoms]) -> float:
    """Atoms per volume [1/Å³], mean over configurations."""
    return float(np.mean([len(a) / a.cell.volume for a in frames_of(source)]))


def _from_structure_factor(
    frames: Sequence[Atoms], r_max: float, bin_width: float, q_max: float, window: Window, radiation: str, isotopes: Mapping[str, str] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], Curve]:
    if not (0 < bin_width <= r_max and q_max > 1):
        raise InputError(f"r up to {r_max!r} Å in steps of {bin_width!r} Å with Q up to {q_max!r} 1/Å is not possible.")
    q = np.arange(0.3, q_max + Q_STEP / 2, Q_STEP)
    s = structure_factor(frames, q, radiation=radiation, isotopes=isotopes)  # type: ignore[arg-type]
    r = np.arange(bin_width, r_max + bin_width / 2, bin_width)
    return r, sine_transform(q, s.y - 1, r, window, q_max), s
