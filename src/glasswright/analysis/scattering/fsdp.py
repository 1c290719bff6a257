"""The first sharp diffraction peak: where it stands, how high and wide it is, how far it leans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...curve import Curve
from ..findings import Number
from ..pairs.cutoffs import smoothed

HIGHEST_Q = 2.6
"""A first peak beyond this is no first sharp diffraction peak [1/Å]."""
PROMINENCE = 0.1
"""Rise of S(Q) above its surroundings that makes a peak; ripples of the transform at low Q stay below."""
RANGE = (0.5, 1.5)
"""Part of S(Q) that is fitted, in units of the peak's Q: below, S(Q) is the compressibility's; beyond lie the next peaks."""
_FEWEST = 8
"""Points that a fit of six parameters needs."""


@dataclass(frozen=True, eq=False)
class DiffractionPeak:
    """A diffraction peak as a split Lorentzian on a straight background; each ``spread`` is the standard uncertainty of the fit.

    The peak is height / (1 + (Q - Q₁)²/w²), with a half width w of its own on either side. A share of Gaussian as a further
    parameter would fit noise: S(Q) of boxes of some thousand atoms leaves it open between 0 and 1.
    """

    position: Number
    """Q₁, where the peak without its background is highest [1/Å]."""
    height: Number
    """Above the background."""
    width: Number
    """Full width at half height [1/Å]."""
    area: Number
    """Above the background [1/Å]."""
    asymmetry: Number
    """(right - left half width) / (right + left): positive where the peak leans over to high Q, negative where its tail is at low Q."""
    top: Number
    """S(Q) at Q₁, background included."""
    curve: Curve
    """The fit over the range it was made in."""
    background: Curve
    """The straight line under it."""

    @property
    def coherence_length(self) -> Number:
        """2π / width [Å]: over what distance the order behind the peak extends."""
        return _inverse(self.width)

    @property
    def repeat_distance(self) -> Number:
        """2π / Q₁ [Å]: the period of that order."""
        return _inverse(self.position)


def first_sharp_diffraction_peak(s: Curve, q_range: tuple[float, float] | None = None) -> DiffractionPeak | None:
    """Fit the first maximum of S(Q); None where there is none, or no peak of the model's shape.

    Parameters
    ----------
    s
        S(Q) at equal steps.
    q_range
        Part to fit [1/Å]; None: ``RANGE``, at most to the next minimum.

    Notes
    -----
    Uncertainties come from the residual of the fit, with as many independent points as the range of g(r) behind the curve leaves
    (``metadata["r_max"]``), or as many as there are where that is not known. They do not hold the scatter from glass to glass.
    """
    from scipy.signal import find_peaks

    if len(s) < _FEWEST:
        return None
    step = float(s.x[1] - s.x[0])
    smooth = smoothed(s.y, 0.05 / step)
    tops, _ = find_peaks(smooth, prominence=PROMINENCE)
    if not tops.size or s.x[tops[0]] > HIGHEST_Q:
        return None
    top = int(tops[0])
    if q_range is None:
        beyond = np.flatnonzero(np.diff(smooth[top:]) > 0)
        minimum = s.x[top + int(beyond[0])] if beyond.size else s.x[-1]
        q_range = (RANGE[0] * float(s.x[top]), min(RANGE[1] * float(s.x[top]), float(minimum)))
    part = (s.x >= q_range[0] - 1e-9) & (s.x <= q_range[1] + 1e-9)
    return _fit(s, part, float(s.x[top])) if part.sum() >= _FEWEST else None


def _fit(s: Curve, part: NDArray[np.bool_], start: float) -> DiffractionPeak | None:
    from scipy.optimize import least_squares

    x, y = s.x[part], s.y[part]
    floor, reach = float(y.min()), float(x[-1] - x[0])
    step = float(x[1] - x[0])
    guess = [start, float(np.interp(start, x, y)) - floor, reach / 5, reach / 5, max(floor, 0.01), max(floor, 0.01)]
    # Where S(Q) is nowhere negative, neither is what is scattered under its peak.
    base = min(0.0, floor)
    lowest = [x[0], 0.0, step, step, base, base]
    highest = [x[-1], np.inf, reach, reach, np.inf, np.inf]
    found = least_squares(lambda p: _model(p, x) - y, guess, bounds=(lowest, highest), x_scale=0.1)
    if not found.success:
        return None
    p = found.x
    independent = max(1.0, np.pi / float(s.metadata["r_max"]) / step) if "r_max" in s.metadata else 1.0  # type: ignore[arg-type]
    free = max(1.0, x.size / independent - p.size)
    # A parameter at its bound is known by the bound alone.
    loose = found.active_mask == 0
    covariance = np.zeros((p.size, p.size))
    covariance[np.ix_(loose, loose)] = np.linalg.pinv(found.jac[:, loose].T @ found.jac[:, loose]) * 2 * found.cost / free
    return _peak(s, x, p, covariance)


def _model(p: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Position, height, half width on the left and on the right, background at either end."""
    u = (x - p[0]) / np.where(x < p[0], p[2], p[3])
    return np.asarray(p[1] / (1 + u * u) + _straight(p, x, x))


def _straight(p: NDArray[np.float64], at: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(p[4] + (p[5] - p[4]) * (at - x[0]) / (x[-1] - x[0]))


def _peak(s: Curve, x: NDArray[np.float64], p: NDArray[np.float64], covariance: NDArray[np.float64]) -> DiffractionPeak:
    value = _derived(p, x)
    steps = 1e-6 * np.maximum(np.abs(p), 1e-3)
    jacobian = np.array([(_derived(p + d, x) - _derived(p - d, x)) / (2 * d.max()) for d in np.diag(steps)])
    error = np.sqrt(np.maximum(np.diag(jacobian.T @ covariance @ jacobian), 0.0))
    units = ("1/Å", "", "1/Å", "1/Å", "", "")
    numbers = [Number(float(v), float(e), unit) for v, e, unit in zip(value, error, units, strict=True)]
    about = {**s.metadata, "fit": "split Lorentzian on a straight background"}
    fitted = Curve(x, _model(p, x), None, s.kind, s.x_unit, s.y_unit, "fit", about)
    background = Curve(x, _straight(p, x, x), None, s.kind, s.x_unit, s.y_unit, "background", about)
    position, height, width, area, asymmetry, top = numbers
    return DiffractionPeak(position, height, width, area, asymmetry, top, fitted, background)


def _derived(p: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Position, height, full width, area, asymmetry and S at the position, from the parameters of the model."""
    width = p[2] + p[3]
    return np.array([p[0], p[1], width, np.pi / 2 * p[1] * width, (p[3] - p[2]) / width, p[1] + float(_straight(p, p[:1], x)[0])])


def _inverse(number: Number) -> Number:
    value = 2 * np.pi / number.value
    return Number(value, None if number.spread is None else value * number.spread / number.value, "Å")
