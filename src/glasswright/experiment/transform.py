"""From S(Q) to real space: the sine transform, and windows that soften its end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from . import WINDOWS, Window

BESSEL_ZERO = 4.493409457909064
"""First zero of the spherical Bessel function j₁: tan x = x."""


def window_values(name: str, x: NDArray[np.float64], x_max: float) -> NDArray[np.float64]:
    """Factor M(x) of an integrand that ends at ``x_max``.

    ``none``: 1. ``lorch``: sin(πx/x_max)/(πx/x_max), an average over ±π/x_max on a line (Lorch, doi 10.1088/0022-3719/2/2/305).
    ``revised-lorch``: 3 j₁(y)/y, the average over a sphere (Soper and Barney, doi 10.1107/S0021889811021455), of the radius
    4.493/x_max that makes it end at zero. ``welch``: 1 - (x/x_max)².
    """
    u = np.asarray(x, dtype=float) / x_max
    if name == "none":
        values = np.ones_like(u)
    elif name == "lorch":
        values = np.sinc(u)
    elif name == "welch":
        values = 1 - u**2
    elif name == "revised-lorch":
        y = np.maximum(BESSEL_ZERO * u, 1e-2)  # below, 1 - y²/10 is 1 to 1e-5
        values = 3 * (np.sin(y) - y * np.cos(y)) / y**3
    else:
        raise InputError(f"The window {name!r} is unknown.", mend=f"Use {', '.join(WINDOWS)}.")
    return np.where(u <= 1, values, 0.0)


def sine_transform(q: NDArray[np.float64], s_minus_1: NDArray[np.float64], r: NDArray[np.float64], window: Window, q_max: float) -> NDArray[np.float64]:
    """(2/π) ∫ Q [S(Q) - 1] M(Q) sin(Qr) dQ by the trapezium rule [1/Å²]; below the first Q, S - 1 is held constant.

    ``s_minus_1`` is ``(n_q,)``, or ``(..., n_q)`` for several curves at once.
    """
    q0 = q[0]
    # ∫₀^q0 Q sin(Qr) dQ in closed form, so that a missing low-Q part makes no step.
    start = s_minus_1[..., :1] * (np.sin(q0 * r) - q0 * r * np.cos(q0 * r)) / r**2
    steps = np.diff(q)
    trapezium = 0.5 * (np.append(steps, 0) + np.insert(steps, 0, 0))
    integrand = trapezium * q * s_minus_1 * window_values(window, q, q_max)
    return np.asarray(2 / np.pi * (start + integrand @ np.sin(np.outer(q, r))))
