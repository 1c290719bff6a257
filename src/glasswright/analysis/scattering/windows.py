"""Windows that soften the end of a Fourier integral."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError

Window = Literal["none", "lorch"]


def window_values(name: str, x: NDArray[np.float64], x_max: float) -> NDArray[np.float64]:
    """Factor M(x) of an integrand that ends at ``x_max``.

    ``none``: 1. ``lorch``: sin(πx/x_max)/(πx/x_max) (Lorch, doi 10.1088/0022-3719/2/2/305).
    """
    if name == "none":
        return np.where(x <= x_max, 1.0, 0.0)
    if name == "lorch":
        return np.where(x <= x_max, np.sinc(x / x_max), 0.0)
    raise InputError(f"The window {name!r} is unknown.", mend="Use none or lorch.")
