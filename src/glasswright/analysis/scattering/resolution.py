"""What an instrument of finite resolution makes of a curve."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...curve import Curve
from ...errors import InputError

REACH = 5.0
"""The Gaussian is cut here [standard deviations]."""
_ROWS = 256


def broaden(curve: Curve, constant: float = 0.0, relative: float = 0.0, x: NDArray[np.float64] | None = None) -> Curve:
    """Average a curve over a Gaussian of standard deviation sqrt(constant² + (relative·x)²).

    For S(Q) that is the Q resolution of an instrument: ``constant`` where the wavelength spread or the sample width rules,
    ``relative`` = ΔQ/Q of a time-of-flight bank. For g(r) or T(r), ``constant`` is a resolution in r [Å]. A full width at half
    maximum is 2.355 standard deviations. Beyond its ends the curve is not continued: the average is over what is there.

    Parameters
    ----------
    curve
        Finer than the resolution, and reaching beyond ``x`` by a few widths.
    constant
        In the unit of the abscissa.
    relative
        Dimensionless.
    x
        Where the result is wanted; None: on the abscissa of the curve.

    Returns
    -------
    ``sigma`` is broadened like the curve: the uncertainties of neighbouring points are taken as fully correlated.
    """
    for name, value in (("constant", constant), ("relative", relative)):
        if not 0 <= value < np.inf:
            raise InputError(f"{name} = {value!r} is no resolution.", mend="Give a standard deviation, 0 or more.")
    at = curve.x if x is None else np.asarray(x, dtype=float)
    about = {**curve.metadata, "resolution": float(constant), "relative_resolution": float(relative)}
    columns = [curve.y] if curve.sigma is None else [curve.y, curve.sigma]
    y, *sigma = averages(curve.x, columns, at, np.hypot(constant, relative * at))
    return Curve(at, y, sigma[0] if sigma else None, curve.kind, curve.x_unit, curve.y_unit, curve.label, about)


def averages(x: NDArray[np.float64], columns: list[NDArray[np.float64]], at: NDArray[np.float64], width: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Averages of the columns about every point, by the trapezium rule; interpolated where the width is below the step."""
    out = [np.interp(at, x, column) for column in columns]
    for rows, near, kernel in _kernels(x, at, width):
        for column, target in zip(columns, out, strict=True):
            target[rows] = kernel @ column[near]
    return out


def averaging(x: NDArray[np.float64], at: NDArray[np.float64], width: NDArray[np.float64]) -> NDArray[np.float64]:
    """The matrix ``(n_x, n_at)`` with which a curve on ``x`` becomes its ``averages``."""
    right = np.clip(np.searchsorted(x, at, side="right"), 1, x.size - 1)
    share = np.clip((at - x[right - 1]) / (x[right] - x[right - 1]), 0, 1)
    matrix = np.zeros((x.size, at.size))
    points = np.arange(at.size)
    matrix[right - 1, points], matrix[right, points] = 1 - share, share
    for rows, near, kernel in _kernels(x, at, width):
        matrix[:, rows] = 0
        matrix[near, rows] = kernel.T
    return matrix


def _kernels(x: NDArray[np.float64], at: NDArray[np.float64], width: NDArray[np.float64]) -> Iterator[tuple[NDArray[np.int64], slice, NDArray[np.float64]]]:
    """Points that are averaged, the part of ``x`` that they see, and its weights ``(n_rows, n_near)``."""
    share = np.gradient(x) if x.size > 1 else np.ones(1)
    step = np.interp(at, x, share)
    wide = np.flatnonzero(width > 0.3 * step)
    for rows in np.split(wide, np.arange(_ROWS, wide.size, _ROWS)):
        if not rows.size:
            continue
        reach = REACH * width[rows].max()
        near = slice(*np.searchsorted(x, [at[rows[0]] - reach, at[rows[-1]] + reach]))
        kernel = np.exp(-0.5 * ((at[rows, None] - x[near]) / width[rows, None]) ** 2) * share[near]
        yield rows, near, kernel / kernel.sum(axis=1, keepdims=True)
