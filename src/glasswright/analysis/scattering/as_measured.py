"""A model as a given experiment would have seen it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...experiment import Experiment, factor_and_offset
from ...experiment.transform import sine_transform
from ...library.scattering import amplitudes, mean_squared_length, weights
from ..frames import Pair, shell_volumes
from .partials import PartialSamples
from .real_space import Q_MIN, Q_STEP
from .resolution import REACH, averages
from .shells import PairShells

R_MIN = 1.0
"""Where residuals in r begin [Å]: below, measured curves hold termination ripples only."""


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
    """S(Q) - 1 of a model before any instrument: on the Q of the experiment, or on a grid fine and wide enough to be blurred or transformed.

    For a curve that was counted: g(r) - 1 on its distances.
    """

    q: NDArray[np.float64]
    """``(n_q,)`` [1/Å]; r [Å] of a counted curve."""
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
    q = needed_q(experiment, highest, widest)
    samples = partials(np.minimum(q, highest))
    w = seen_weights(samples.fractions, experiment, q)
    excess = np.sum([w[pair] * (values - 1) for pair, values in samples.samples.items()], axis=0)
    b2 = mean_squared_length(samples.fractions, experiment.isotopes) if experiment.radiation == "neutron" else 1.0
    about = {**samples.about, "radiation": experiment.radiation, "isotopes": dict(experiment.isotopes), "squared_length": b2}
    return Sharp(q, excess, samples.fractions, density, about)


def needed_q(experiment: Experiment, highest: float, widest: Resolution | None = None) -> NDArray[np.float64]:
    """Q [1/Å] where S(Q) of a model is needed ``(n_q,)``; arguments as for ``sharp``."""
    x, widest = experiment.curve.x, resolution_of(experiment) if widest is None else widest
    if experiment.in_q:
        low, high = float(x[0]), float(x[-1])
    elif experiment.q_range is None:
        what = f"To compare a {experiment.kind.name} the Q range of its transform must be known."
        raise InputError(what, mend="Give q_range=(lowest, highest) in 1/Å, or counted=True where the distances were counted in a simulation.")
    else:
        low, high = max(experiment.q_range[0], Q_MIN), experiment.q_range[1]
    if not widest and experiment.in_q:
        return x
    beyond = REACH * widest.width(np.array([low, high]))
    step = min([Q_STEP, *(0.25 * width for width in widest.width(np.array([low])) if width > 0 and experiment.in_q)])
    step = max(step, 0.002)
    return np.arange(max(step, low - beyond[0]), min(high + beyond[1], highest) + step / 2, step)


def seen_weights(fractions: Mapping[str, float], experiment: Experiment, q: NDArray[np.float64]) -> dict[Pair, NDArray[np.float64]]:
    """What a partial S_ab(Q) - 1 counts in the excess of an experiment ``(n_q,)``: Faber-Ziman weights, divided as the experiment was."""
    w = weights(fractions, experiment.radiation, q, experiment.isotopes, experiment.form_factors)
    if experiment.divisor == "<f>2":
        return w
    per_mean_square = _per_mean_square(fractions, experiment, q)
    return {pair: values * per_mean_square for pair, values in w.items()}


def counted_rdf(shells: PairShells, experiment: Experiment) -> Sharp:
    """g(r) - 1 of a model at the distances of a curve that was itself counted, with the constant weights of neutrons: nothing measured it."""
    x = experiment.curve.x
    edges = cell_edges(x)
    counted_at = np.linspace(0, shells.r_max, len(shells.r) + 1)
    ideal = shells.density * shell_volumes(edges)
    excess: NDArray[np.float64] = np.zeros((len(next(iter(shells.excess.values()))), len(x)))
    for pair, weight in seen_weights(shells.fractions, experiment, x).items():
        below = np.cumsum(shells.excess[pair], axis=1)
        excess += weight * np.array([np.diff(np.interp(edges, counted_at, [0.0, *row])) for row in below]) / ideal
    b2 = mean_squared_length(shells.fractions, experiment.isotopes)
    about = {"method": "counted", "radiation": experiment.radiation, "isotopes": dict(experiment.isotopes), "squared_length": b2}
    return Sharp(x, excess, shells.fractions, shells.density, about)


def cell_edges(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edges of the bins whose middles are ``x``: half way to the neighbours ``(n + 1,)``."""
    middles = 0.5 * (x[1:] + x[:-1])
    return np.concatenate([[max(0.0, 1.5 * x[0] - 0.5 * x[1])], middles, [1.5 * x[-1] - 0.5 * x[-2]]])


def equal_bins(x: NDArray[np.float64]) -> float | None:
    """Width of the equal bins from 0 on whose middles are ``x``; None where they are no such thing."""
    width = float((x[-1] - x[0]) / (len(x) - 1)) if len(x) > 1 else 0.0
    places = x / width - 0.5 if width > 0 else x
    return width if width > 0 and np.allclose(places, np.round(places), atol=1e-3) else None


def within_reach(experiment: Experiment, r_max: float, exact: bool = False) -> Experiment:
    """The experiment on the points where a model holds information whose pairs are known up to ``r_max`` [Å], half its box.

    Below 2π/r_max a transform of g(r) holds none, an exact sum below π/r_max; beyond half the box a g(r) sees its own copies.

    Raises
    ------
    InputError
        If hardly a point is left.
    """
    lowest, highest = ((1 if exact else 2) * np.pi / r_max, np.inf) if experiment.in_q else (R_MIN, r_max)
    curve = experiment.curve
    if experiment.counted:
        highest = r_max * (1 + 1e-9) - 0.5 * (curve.x[-1] - curve.x[-2])
    kept = (curve.x >= lowest) & (curve.x <= highest)
    if kept.sum() < 3:
        name, unit = ("S(Q)", "1/Å") if experiment.in_q else ("g(r)", "Å")
        known = f"above {lowest:.2f} {unit}" if experiment.in_q else f"from {lowest:.2f} to {highest:.2f} {unit}"
        what = f"The model and the measured {experiment.kind.name} have hardly a point in common: {int(kept.sum())}."
        why = f"Distances up to {r_max:.1f} Å tell {name} {known}; the data reach from {curve.x[0]:.2f} to {curve.x[-1]:.2f} {unit}."
        raise InputError(what, why, "Take a larger box, or data that reach further.")
    sigma = None if curve.sigma is None else curve.sigma[kept]
    return replace(experiment, curve=replace(curve, x=curve.x[kept], y=curve.y[kept], sigma=sigma))


def normalisation(experiment: Experiment, fractions: Mapping[str, float], density: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Factor and offset of the measured kind, for a material of these atom fractions and atoms per Å³."""
    b2 = mean_squared_length(fractions, experiment.isotopes) if experiment.radiation == "neutron" else 1.0
    return factor_and_offset(experiment.curve.kind, experiment.curve.x, density, b2)


def as_measured(model: Sharp, experiment: Experiment, resolution: Resolution | None = None) -> NDArray[np.float64]:
    """S(Q) - 1 or g(r) - 1 of each configuration ``(n_configurations, n)`` on the abscissa of an experiment: same resolution, Q range and window.

    Curves in r are the transform of S(Q) over the measured range of Q with the experimenters' window.
    """
    if experiment.counted:
        return model.excess
    resolution = resolution_of(experiment) if resolution is None else resolution
    x = experiment.curve.x
    if experiment.in_q:
        return _blurred(model, x, resolution)
    low, high = experiment.q_range or (float(model.q[0]), float(model.q[-1]))
    inside = (model.q >= min(low, model.q[-1])) & (model.q <= high + 1e-9)
    q = model.q[inside]
    s = _blurred(model, q, resolution)
    return sine_transform(q, s, x, experiment.window, high) / (4 * np.pi * model.density * x)


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
