"""The first sharp diffraction peak."""

from __future__ import annotations

import numpy as np

from ...curve import Curve
from ..pairs.cutoffs import smoothed

HIGHEST_Q = 2.6
"""A first peak beyond this is no first sharp diffraction peak [1/Å]."""
PROMINENCE = 0.1
"""Rise of S(Q) above its surroundings that makes a peak; ripples of the transform at low Q stay below."""


def first_sharp_diffraction_peak(s: Curve) -> tuple[float, float] | None:
    """Position [1/Å] and height of the first maximum of S(Q), from a parabola through its top; None where there is none."""
    from scipy.signal import find_peaks

    step = float(s.x[1] - s.x[0])
    tops, _ = find_peaks(smoothed(s.y, 0.05 / step), prominence=PROMINENCE)
    if not tops.size or s.x[tops[0]] > HIGHEST_Q:
        return None
    place = tops[0]
    top = np.abs(s.x - s.x[place]) <= max(0.1, 1.5 * step)
    a, b, c = np.polyfit(s.x[top] - s.x[place], s.y[top], 2)
    if a >= 0:
        return None
    shift = float(np.clip(-b / (2 * a), -0.1, 0.1))
    return float(s.x[place]) + shift, float(c + b * shift + a * shift**2)
