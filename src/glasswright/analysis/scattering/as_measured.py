"""A model as a given experiment would have seen it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...experiment import Experiment
from ...library.scattering import amplitudes, mean_squared_length, weights
from .partials import PartialSamples
from .real_space import Q_MIN, Q_STEP, sine_transform
from .resolution import REACH, averages


@dataclass(frozen=True)
class Resolution:
    """Gaussian resolution of an instrument: its variance at Q is constant² + (relative · Q)²."""

    constant: float = 0.0
    """[1/Å]; in r it damps by exp(-(constant · r)²/2)."""
    relative: float = 0.0
    """ΔQ/Q, as a standard deviation."""

    def __bool__(self) -> bool:
        return self.constant > 0 or self.relative > 0

    def width(self, q: NDArray[np.float64]) -> NDArray[np.float64]:
        """Standard deviation at Q ``(n,)`` [1/Å]."""
        return np.asarray(np.hypot(self.constant, self.relative * q))

    @property
    def sentence(self) -> str:
        parts = [f"{self.constant:.3g} 1/Å"] * (self.constant > 0) + [f"ΔQ/Q = {self.relative:.3g}"] * (self.relative > 0)
        return " and ".join(parts) or "none"


def resolution_of(experiment: Experiment) -> Resolution:
    """The resolution that was stated for an experiment."""
    return Resolution(experiment.resolution or 0.0, experiment.relative_resolution or 0.0)


@dataclass(frozen=True, eq=False)
class Sharp:
    """S(Q) - 1 of a model before any instrument: on the Q of the experiment, or on a grid fine and wide enough to be blurred or transformed."""

    q: NDArray[np.float64]
    """``(n_q,)`` [1/Å]"""
    excess: NDArray[np.float64]
    """S(Q) - 1 of each configuration ``(n_configurations, n_q)``; of X-rays divided as the experiment was."""
    fractions: Mapping[str, float]
    density: float
    """Atoms per volume [1/Å³]."""
    about: Mapping[str, object]
    """How S(Q) was made."""

    @property
    def squared_length(self) -> float:
        """⟨b⟩² [barn] of the model for neutrons, 1 for X-rays."""
        return float(str(self.about["squared_length"]))


def sharp(
    partials: Callable[[NDArray[np.float64]], PartialSamples], density: float, highest: float, experiment: Experiment, widest: Resolution | None = None
) -> Sharp:
    """S(Q) - 1 of a model where an experiment needs it.

    Parameters
    ----------
    partials
        Gives partial structure factors at increasing Q ``(n_q,)``.
    density
        Of the model, atoms per Å³.
    highest
        Largest Q that ``partials`` can give [1/Å].
    widest
        The widest resolution that will be applied; None: that of the experiment.

    Raises
    ------
    InputError
        If a curve in r has no ``q_range``.
    """
    x, widest = experiment.curve.x, resolution_of(experiment) if widest is None else widest
    if experiment.in_q:
        low, high = float(x[0]), float(x[-1])
    elif experiment.q_range is None:
        raise InputError(f"To compare a {experiment.kind.name} the Q range of its transform must be known.", mend="Give q_range=(lowest, highest) in 1/Å.")
    else:
        low, high = max(experiment.q_range[0], Q_MIN), experiment.q_range[1]
    if widest or not experiment.in_q:
        beyond = REACH * widest.width(np.array([low, high]))
        step = min([Q_STEP, *(0.25 * width for width in widest.width(np.array([low])) if width > 0 and experiment.in_q)])
        step = max(step, 0.002)
        q = np.arange(max(step, low - beyond[0]), min(high + beyond[1], highest) + step / 2, step)
    else:
        q = x
    samples = partials(np.minimum(q, highest))
    w = weights(samples.fractions, experiment.radiation, q, experiment.isotopes, experiment.form_factors)
    excess = np.sum([w[pair] * (values - 1) for pair, values in samples.samples.items()], axis=0)
    if experiment.divisor == "<f2>":
        excess = excess * _per_mean_square(samples.fractions, experiment, q)
    b2 = mean_squared_length(samples.fractions, experiment.isotopes) if experiment.radiation == "neutron" else 1.0
    about = {**samples.about, "radiation": experiment.radiation, "isotopes": dict(experiment.isotopes), "squared_length": b2}
    return Sharp(q, excess, samples.fractions, density, about)


def as_measured(model: Sharp, experiment: Experiment, resolution: Resolution | None = None) -> NDArray[np.float64]:
    """S(Q) - 1 or g(r) - 1 of each configuration ``(n_configurations, n)`` on the abscissa of an experiment: same resolution, Q range and window.

    Curves in r are the transform of S(Q) over the measured range of Q with the experimenters' window.
    """
    resolution = resolution_of(experiment) if resolution is None else resolution
    x = experiment.curve.x
    if experiment.in_q:
        return _blurred(model, x, resolution)
    low, high = experiment.q_range or (float(model.q[0]), float(model.q[-1]))
    inside = (model.q >= min(low, model.q[-1])) & (model.q <= high + 1e-9)
    q = model.q[inside]
    s = _blurred(model, q, resolution)
    return np.array([sine_transform(q, row, x, experiment.window, high) for row in s]) / (4 * np.pi * model.density * x)


def highest_q(experiment: Experiment) -> float:
    """Largest Q of the model that a comparison with the experiment needs [1/Å]."""
    last = float(experiment.curve.x[-1]) if experiment.in_q else (experiment.q_range or (0.0, 40.0))[1] + Q_STEP
    return last + REACH * float(resolution_of(experiment).width(np.array(last)))


def _blurred(model: Sharp, q: NDArray[np.float64], resolution: Resolution) -> NDArray[np.float64]:
    """The excess at ``q``, averaged over the Gaussian of the instrument."""
    if not resolution and len(q) == len(model.q) and bool(np.all(q == model.q)):
        return model.excess
    return np.array(averages(model.q, list(model.excess), q, resolution.width(q)))


def _per_mean_square(fractions: Mapping[str, float], experiment: Experiment, q: NDArray[np.float64]) -> NDArray[np.float64]:
    """⟨f⟩²/⟨f²⟩ ``(n_q,)``."""
    f = amplitudes(fractions, "xray", q, None, experiment.form_factors)
    mean = np.sum([c * f[e] for e, c in fractions.items()], axis=0)
    square = np.sum([c * f[e] ** 2 for e, c in fractions.items()], axis=0)
    return np.asarray(mean**2 / square)
