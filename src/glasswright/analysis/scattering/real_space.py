"""Real-space functions as diffraction gives them: T(r), D(r) and the X-ray g(r), from S(Q) up to a finite Q."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ...curve import Curve
from ...errors import InputError
from ...experiment import Window
from ...experiment.transform import sine_transform
from ...library.scattering import Radiation, mean_squared_length
from ...units import parse
from ..density import number_density
from ..frames import fractions_of, frames_of
from .structure_factor import structure_factor

if TYPE_CHECKING:
    from ase import Atoms

Q_MIN = 0.3
"""Where the integral over S(Q) begins [1/Å]; S - 1 is held constant below."""
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
    return _neutron("D(r)", frames_of(source), _radii(r_max, bin_width), q_max, window, isotopes)


def t_of_r(
    source: Atoms | Sequence[Atoms],
    r_max: float = 10.0,
    bin_width: float = 0.02,
    q_max: float = 40.0,
    window: Window = "lorch",
    isotopes: Mapping[str, str] | None = None,
) -> Curve:
    """Total correlation function T(r) = 4πρr⟨b⟩² + D(r) [barn/Å²] of neutrons, as seen up to ``q_max`` [1/Å]."""
    return _neutron("T(r)", frames_of(source), _radii(r_max, bin_width), q_max, window, isotopes)


def _neutron(
    kind: Literal["D(r)", "T(r)"], frames: Sequence[Atoms], r: NDArray[np.float64], q_max: float, window: Window, isotopes: Mapping[str, str] | None
) -> Curve:
    s = _structure_factor(frames, q_max, "neutron", isotopes)
    return real_space(s, kind, r, number_density(frames), fractions_of(frames[0]), window)


def xray_rdf(
    source: Atoms | Sequence[Atoms],
    r_max: float = 10.0,
    bin_width: float = 0.05,
    q_max: float = 20.0,
    window: Window = "lorch",
    form_factors: Mapping[str, str] | None = None,
) -> Curve:
    """X-ray g(r) = 1 + (1/2π²ρr) ∫ Q [S_X(Q) - 1] M(Q) sin(Qr) dQ; ``form_factors``: element → ion, such as ``{"Si": "Si4+"}``."""
    frames = frames_of(source)
    s = _structure_factor(frames, q_max, "xray", form_factors=form_factors)
    r = _radii(r_max, bin_width)
    r = r - 0.5 * r[0]
    return real_space(s, "g(r)", r, number_density(frames), fractions_of(frames[0]), window)


def real_space(
    s: Curve, kind: Literal["g(r)", "D(r)", "T(r)"], r: NDArray[np.float64], density: float, fractions: Mapping[str, float], window: Window
) -> Curve:
    """Transform a total S(Q) over its Q range: g(r), or D(r) and T(r) [barn/Å²] of neutrons.

    Parameters
    ----------
    s
        Faber-Ziman S(Q); its metadata name radiation and isotopes.
    r
        Where the result is wanted ``(n,)`` [Å], positive.
    density
        Atoms per volume [1/Å³].
    fractions
        Element → atom fraction.
    """
    excess = sine_transform(s.x, s.y - 1, r, window, float(s.x[-1]))
    ideal = 4 * np.pi * density * r
    radiation = str(s.metadata.get("radiation", ""))
    about = {**s.metadata, "q_range": [float(s.x[0]), float(s.x[-1])], "window": window}
    if kind == "g(r)":
        return Curve(r, 1 + excess / ideal, None, kind, "Å", "", radiation, {**about, "normalisation": "1 at large r; transform of S(Q)"})
    isotopes = s.metadata.get("isotopes")
    b2 = mean_squared_length(fractions, isotopes if isinstance(isotopes, Mapping) else None)
    y = b2 * (excess if kind == "D(r)" else excess + ideal)
    return Curve(r, y, None, kind, "Å", "barn/Å²", radiation, {**about, "normalisation": "⟨b⟩² in barn, per atom"})


def _radii(r_max: float, bin_width: float) -> NDArray[np.float64]:
    r_max, bin_width = parse(r_max, "length", "r_max"), parse(bin_width, "length", "bin_width")
    if not (0 < bin_width <= r_max <= 1e5 * bin_width):
        raise InputError(f"r up to {r_max!r} Å in steps of {bin_width!r} Å is not possible.", mend="Give 0 < bin_width <= r_max, in Å.")
    return np.arange(bin_width, r_max + bin_width / 2, bin_width)


def _structure_factor(
    frames: Sequence[Atoms], q_max: float, radiation: Radiation, isotopes: Mapping[str, str] | None = None, form_factors: Mapping[str, str] | None = None
) -> Curve:
    if not (isinstance(q_max, Real) and 1 < q_max < 1000):
        raise InputError(f"q_max = {q_max!r} is not possible.", mend="Give some tens of 1/Å.")
    return structure_factor(frames, np.arange(Q_MIN, q_max + Q_STEP / 2, Q_STEP), radiation, isotopes=isotopes, form_factors=form_factors)
