"""Relaxation times of correlation functions: 1/e, and the stretched exponential."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...curve import Curve
from ...errors import InputError


@dataclass(frozen=True)
class Relaxation:
    """How fast a correlation function decays."""

    time: float | None
    """Where it has fallen to 1/e of its start, between lags by interpolation in ln t (before the first one as an
    exponential), in the unit of the curve; None: not within its lags."""
    error: float | None = None
    """Standard error of ``time``, from that of the curve; None where unknown."""
    stretched: tuple[float, float] | None = None
    """τ of A exp[-(t/τ)^β] and its standard error; None where there were too few points on the decay."""
    beta: tuple[float, float] | None = None
    """β and its standard error: 1 for a simple liquid, 0.5 to 0.8 in a viscous one."""
    amplitude: float | None = None
    """A: the plateau from which the final decay begins."""
    fit_range: tuple[float, float] | None = None
    """Lags fitted."""


def relaxation_time(curve: Curve, level: float = 1 / np.e, fit_from: float | None = None) -> Relaxation:
    """Relaxation time of a correlation function such as F_s(Q, t), and its fit by a stretched exponential.

    A exp[-(t/τ)^β] (Kohlrausch 1854; Williams and Watts 1970, doi 10.1039/TF9706600080) is fitted from ``fit_from`` on.

    Parameters
    ----------
    curve
        Any function that decays from its first value; against time.
    level
        Share of the first value that is left at ``time``.
    fit_from
        First lag of the fit; None: where the fast decay into the cage has ended, the flattest place of the curve against ln t while more
        than ``level`` is left, or the first lag where there is no such place.
    """
    if len(curve) < 2 or not curve.y[0] > 0 or not 0 < level < 1:
        raise InputError("A relaxation time needs a curve that begins above zero, and a level between 0 and 1.")
    t, y = curve.x[curve.x > 0], curve.y[curve.x > 0] / curve.y[0]
    sigma = None if curve.sigma is None else curve.sigma[curve.x > 0] / curve.y[0]
    if t.size == 0:
        raise InputError("The curve has no time above zero.")
    time, error = _crossing(t, y, sigma, level)
    start = fit_from if fit_from is not None else float(t[_end_of_fast_decay(t, y, level)])
    fitted = (t >= start) & (y > 0.02)
    below = np.flatnonzero(y <= 0.02)
    if below.size:
        fitted &= t < t[below[0]]  # what comes after is noise about zero
    if np.count_nonzero(fitted) < 5 or not y[fitted][-1] < 0.9 * y[fitted][0]:
        return Relaxation(time, error)
    return _stretched(Relaxation(time, error), t[fitted], y[fitted], None if sigma is None else sigma[fitted])


def _crossing(t: np.ndarray, y: np.ndarray, sigma: np.ndarray | None, level: float) -> tuple[float | None, float | None]:
    below = np.flatnonzero(y <= level)
    if below.size == 0:
        return None, None
    k = int(below[0])
    if k == 0:
        return float(t[0] * np.log(level) / np.log(max(y[0], 1e-12))), None  # before the first lag, so as an exponential
    slope = (y[k] - y[k - 1]) / np.log(t[k] / t[k - 1])
    time = float(t[k - 1] * np.exp((level - y[k - 1]) / slope))
    if sigma is None or not np.isfinite(sigma[k]):
        return time, None
    return time, float(abs(sigma[k] / slope) * time)


def _end_of_fast_decay(t: np.ndarray, y: np.ndarray, level: float) -> int:
    """Index of the flattest place against ln t after the steepest of the fast decay, while more than ``level`` is left."""
    above = np.flatnonzero(y <= level)
    last = int(above[0]) if above.size else len(y)
    if last < 4:
        return 0
    slope = np.diff(y[:last]) / np.diff(np.log(t[:last]))
    inner = np.flatnonzero((slope[1:-1] >= slope[:-2]) & (slope[1:-1] > slope[2:]))
    return int(inner[np.argmax(slope[1:-1][inner])]) + 1 if inner.size else 0


def _stretched(found: Relaxation, t: np.ndarray, y: np.ndarray, sigma: np.ndarray | None) -> Relaxation:
    from scipy.optimize import OptimizeWarning, curve_fit

    weights = sigma if sigma is not None and np.all(np.isfinite(sigma)) and np.all(sigma > 0) else None
    guess = (min(1.0, 1.05 * float(y[0])), np.log(found.time or 2 * t[-1]), 0.8)

    def model(time: np.ndarray, amplitude: float, log_tau: float, beta: float) -> np.ndarray:
        return np.asarray(amplitude * np.exp(-((time / np.exp(log_tau)) ** beta)))

    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", OptimizeWarning)
            bounds = ([0, np.log(t[0]) - 10, 0.05], [1.2, np.log(t[-1]) + 10, 3])
            best, covariance = curve_fit(model, t, y, guess, weights, bounds=bounds)
    except (RuntimeError, ValueError, OptimizeWarning):  # no such decay
        return found
    spread = np.sqrt(np.diag(covariance))
    tau = float(np.exp(best[1]))
    if not np.all(np.isfinite(spread)):
        return found
    span = (float(t[0]), float(t[-1]))
    return Relaxation(found.time, found.error, (tau, tau * float(spread[1])), (float(best[2]), float(spread[2])), float(best[0]), span)
