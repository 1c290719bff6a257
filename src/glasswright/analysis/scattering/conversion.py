"""From one kind of measured or simulated curve to another: exact within Q or within r, by Fourier transform between them.

Definitions: glasswright.experiment.KINDS, after Keen (doi 10.1107/S0021889800019993).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...composition import Composition
from ...curve import Curve
from ...errors import InputError
from ...experiment import Window, atoms_per_volume, factor_and_offset, kind_of
from ...experiment.transform import window_values
from ...library.scattering import Radiation, mean_squared_length
from ...units import parse


def convert(  # noqa: PLR0913 (a public call)
    curve: Curve,
    to: str,
    composition: str | Composition,
    density: float | str | None = None,
    radiation: Radiation = "neutron",
    *,
    isotopes: Mapping[str, str] | None = None,
    window: Window = "none",
    q_max: float | None = None,
    x: ArrayLike | None = None,
) -> Curve:
    """Convert a curve to another kind.

    Parameters
    ----------
    curve
        Its ``kind`` says what it is.
    to
        What it shall become: a name of ``glasswright.experiment.KINDS``.
    composition
        Of the sample: ⟨b⟩² of neutrons follows from it.
    density
        [g/cm³] or text with a unit; needed where either kind contains it, and for every transform.
    window
        Of a Fourier transform, on the curve that is transformed.
    q_max
        Where the integral over Q ends [1/Å]; None: with the curve.
    x
        Abscissa of a transform ``(n,)``; None: r to 20 Å in steps of 0.02 Å, or Q to 25 1/Å in steps of 0.02 1/Å.

    Returns
    -------
    With ``sigma`` where the curve has it. Points of a transform share it: neighbouring ones are correlated.

    Notes
    -----
    4πρr [g(r) - 1] = (2/π) ∫ Q [S(Q) - 1] M(Q) sin(Qr) dQ and Q [S(Q) - 1] = ∫ 4πρr [g(r) - 1] M(r) sin(Qr) dr. Below the first
    point S - 1, or g - 1, is held constant. An X-ray g(r) is that transform of S(Q): no constant weights exist for it.

    Raises
    ------
    InputError
        If a kind is unknown, or the density is needed and missing.
    """
    source, target = kind_of(curve.kind), kind_of(to)
    sample = Composition(composition)
    b2 = mean_squared_length(sample.atom_fractions, isotopes) if radiation == "neutron" else 1.0
    for kind in (source, target):
        if radiation == "xray" and not kind.xray:
            raise InputError(f"An X-ray {kind.name} is not supported.", "Its normalisation differs between instruments.", "Use S(Q), G(r) or g(r).")
    number = None if density is None else atoms_per_volume(sample, parse(density, "density", "density"))
    if np.any(curve.x <= 0):
        raise InputError(f"The {curve.kind} begins at {curve.x[0]:g}.", "Q and r must be positive.", "Leave these points out.")
    factor, offset = factor_and_offset(source.name, curve.x, number, b2)
    excess, spread = (curve.y - offset) / factor, None if curve.sigma is None else curve.sigma / factor
    at, steps = curve.x, ""
    if source.in_q != target.in_q:
        if number is None:
            raise InputError("A Fourier transform needs the density.", "It is what g(r) - 1 is counted against.", 'Add density="2.20 g/cm3".')
        at = _abscissa(x, target.in_q)
        kernel, end = _kernel(curve.x, at, window, q_max if source.in_q else None)
        kernel *= 2 / np.pi / (4 * np.pi * number * at[:, None]) if source.in_q else 4 * np.pi * number / at[:, None]
        excess = kernel @ excess
        spread = None if spread is None else np.sqrt(kernel**2 @ spread**2)
        steps = f"transform over {'Q' if source.in_q else 'r'} from {curve.x[0]:g} to {end:g} {curve.x_unit}, window {window}"
    factor, offset = factor_and_offset(target.name, at, number, b2)
    about = {**curve.metadata, "normalisation": target.definition, "converted_from": curve.kind}
    if steps:
        about |= {"transform": steps, "window": window} | ({"q_range": [float(curve.x[0]), end]} if source.in_q else {})
    sigma = None if spread is None else factor * spread
    return Curve(at, factor * excess + offset, sigma, target.name, target.x_unit, target.y_unit(radiation), curve.label, about)


def _kernel(x: NDArray[np.float64], at: NDArray[np.float64], window: str, highest: float | None) -> tuple[NDArray[np.float64], float]:
    """∫ x f(x) M(x) sin(x·at) dx as a matrix on f ``(n_at, n_x)`` by the trapezium rule, and where it ends."""
    last = float(x[-1]) if highest is None else min(float(highest), float(x[-1]))
    if not last > x[0]:
        raise InputError(f"q_max = {highest!r} leaves nothing of the curve, which begins at {x[0]:g}.", mend="Give some tens of 1/Å.")
    steps = np.diff(x, append=x[-1])
    steps[x >= last] = 0
    weight = 0.5 * (steps + np.insert(steps[:-1], 0, 0)) * x * window_values(window, x, last)
    kernel = np.sin(np.outer(at, x)) * weight
    # ∫₀^x0 x sin(x·at) dx in closed form, so that a missing beginning makes no step.
    kernel[:, 0] += (np.sin(x[0] * at) - x[0] * at * np.cos(x[0] * at)) / at**2
    return kernel, last


def _abscissa(x: ArrayLike | None, in_q: bool) -> NDArray[np.float64]:
    values = np.arange(0.02, 25.01 if in_q else 20.01, 0.02) if x is None else np.atleast_1d(np.asarray(x, dtype=float))
    if values.ndim != 1 or not np.all(np.isfinite(values)) or values.size == 0 or values[0] <= 0 or np.any(np.diff(values) <= 0):
        raise InputError("The abscissa x must be positive and increasing.", mend="Try numpy.arange(0.05, 10, 0.02).")
    return values
