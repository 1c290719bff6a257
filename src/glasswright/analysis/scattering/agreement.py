"""How well a simulated curve agrees with a measured one: residuals, fitted scale and background, and their errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .as_measured import Resolution

WIDEST = Resolution(0.3, 0.05)
"""The widest resolution that is looked for."""
HIGHEST_DEGREE = 4
"""Of a background: more would follow the peaks."""


@dataclass(frozen=True)
class Freedom:
    """What may be changed on a simulated curve before its second residual is taken."""

    scale: bool = True
    """A factor on S(Q) - 1 or g(r) - 1."""
    background: int | None = None
    """Degree of a polynomial in Q that is added to S(Q) - 1; None: none."""

    def __post_init__(self) -> None:
        b = self.background
        if b is not None and (isinstance(b, bool) or not isinstance(b, int) or not 0 <= b <= HIGHEST_DEGREE):
            raise InputError(f"background = {b!r} is not possible.", mend=f"Give the degree of a polynomial in Q, 0 to {HIGHEST_DEGREE}, or leave it out.")


@dataclass(frozen=True, eq=False)
class Agreement:
    """Residuals of one comparison and what was fitted; errors are of the mean over configurations, None for a single one."""

    r_chi: float
    r_chi_scaled: float
    scale: float
    background: tuple[float, ...]
    """Coefficients of 1, Q, Q², ..."""
    simulated: NDArray[np.float64]
    """Mean over configurations ``(n,)``."""
    fitted: NDArray[np.float64]
    """The same with scale and background ``(n,)``."""
    errors: tuple[float, float, float] | None = None
    """Of r_chi, r_chi_scaled and scale."""


def r_chi(measured: NDArray[np.float64], simulated: NDArray[np.float64]) -> float:
    """sqrt(Σ (y_exp - y_sim)² / Σ y_exp²) (eq. 1 of the review, doi 10.5802/crgeos.116)."""
    total = float(measured @ measured)
    if total == 0:
        raise InputError("The measured curve is zero throughout.")
    return float(np.sqrt(((measured - simulated) ** 2).sum() / total))


def chi_squared(difference: NDArray[np.float64], sigma: NDArray[np.float64] | None) -> float | None:
    """Mean of (difference/σ)² over the points whose uncertainty is known; None where there is none."""
    known = np.zeros(len(difference), bool) if sigma is None else sigma > 0
    return float(np.mean((difference[known] / sigma[known]) ** 2)) if sigma is not None and known.any() else None


def agreement(x: NDArray[np.float64], measured: NDArray[np.float64], samples: NDArray[np.float64], freedom: Freedom, *, in_q: bool = True) -> Agreement:
    """Compare curves in the form residuals are taken of: S(Q) - 1 in Q, g(r) in r.

    Scale and background are fitted by least squares, every point alike, as R_chi weighs them. In r the scale acts on g(r) - 1.

    Parameters
    ----------
    x, measured
        ``(n,)``; the excess S(Q) - 1 or g(r) - 1.
    samples
        The excess of each configuration ``(n_configurations, n)``.
    """
    n = len(samples)
    whole = _fit(x, measured, samples.mean(axis=0), freedom, 0.0 if in_q else 1.0)
    if n < 2:
        return whole
    # Each configuration left out in turn: the residual of a mean is no mean of residuals.
    left = (samples.sum(axis=0) - samples) / (n - 1)
    parts = [_fit(x, measured, row, freedom, 0.0 if in_q else 1.0) for row in left]
    values = np.array([[p.r_chi, p.r_chi_scaled, p.scale] for p in parts])
    errors = np.sqrt((n - 1) / n * ((values - values.mean(axis=0)) ** 2).sum(axis=0))
    return Agreement(whole.r_chi, whole.r_chi_scaled, whole.scale, whole.background, whole.simulated, whole.fitted, tuple(map(float, errors)))  # type: ignore[arg-type]


def fitted_resolution(
    x: NDArray[np.float64], measured: NDArray[np.float64], seen: Callable[[Resolution], NDArray[np.float64]], freedom: Freedom, *, in_q: bool
) -> Resolution:
    """The resolution with which a model agrees best, scale and background fitted along.

    Parameters
    ----------
    seen
        Gives the samples ``(n_configurations, n)`` for a resolution.
    in_q
        Whether the curve is in Q. In r only the constant width is fitted: ΔQ/Q has no closed effect there.
    """
    from scipy.optimize import minimize

    widest = np.array([WIDEST.constant, WIDEST.relative] if in_q else [WIDEST.constant])

    def misfit(shares: NDArray[np.float64]) -> float:
        mean = seen(Resolution(*map(float, np.abs(shares) * widest))).mean(axis=0)
        return _fit(x, measured, mean, freedom, 0.0 if in_q else 1.0).r_chi_scaled

    start = np.full(len(widest), 0.2)
    found = minimize(misfit, start, method="Nelder-Mead", bounds=[(0.0, 1.0)] * len(widest), options={"xatol": 2e-3, "fatol": 1e-6, "maxfev": 120})
    shares = np.where(found.x < 5e-3, 0.0, found.x)
    return Resolution(*map(float, shares * widest))


def _fit(x: NDArray[np.float64], measured: NDArray[np.float64], simulated: NDArray[np.float64], freedom: Freedom, limit: float) -> Agreement:
    """Residuals are taken of excess + limit."""
    columns = [simulated] if freedom.scale else []
    columns += [x**n for n in range(0 if freedom.background is None else freedom.background + 1)]
    fixed: NDArray[np.float64] = np.zeros(x.shape) if freedom.scale else simulated
    coefficients: NDArray[np.float64] = np.zeros(0)
    fitted: NDArray[np.float64] = fixed
    if columns:
        design = np.stack(columns, axis=1)
        coefficients = np.asarray(np.linalg.lstsq(design, measured - fixed, rcond=None)[0], dtype=float)
        fitted = np.asarray(fixed + design @ coefficients)
    scale = float(coefficients[0]) if freedom.scale else 1.0
    background = tuple(float(c) for c in coefficients[int(freedom.scale) :])
    return Agreement(r_chi(measured + limit, simulated + limit), r_chi(measured + limit, fitted + limit), scale, background, simulated, fitted)
