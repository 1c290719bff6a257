"""A model as a given experiment would have seen it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...curve import Curve
from ...errors import InputError
from ...experiment import Experiment
from ...library.scattering import mean_squared_length
from .real_space import Q_MIN, Q_STEP, real_space
from .shells import PairShells

RESOLUTION_REACH = 4.0
"""The instrument's Gaussian is cut here [standard deviations]."""


def as_measured(shells: PairShells, experiment: Experiment) -> Curve:
    """The simulated curve of the experiment's kind on its abscissa: same Q range, window, resolution and isotopes.

    Curves in Q come from the transform of g(r) up to half the box. Curves in r are the transform of that S(Q) over the measured
    Q range with the experimenters' window.

    Raises
    ------
    InputError
        If a curve in r has no ``q_range``.
    """
    x, kind = experiment.curve.x, experiment.curve.kind
    if experiment.in_q:
        s = _structure_factor(shells, x, experiment)
        factor = 1.0 if kind == "S(Q)" or experiment.radiation == "xray" else mean_squared_length(shells.fractions, experiment.isotopes)
        y = s.y if kind == "S(Q)" else factor * (s.y - 1)  # i(Q), F(Q): ⟨b⟩² (S - 1) for neutrons, S - 1 for X-rays
        sigma = None if s.sigma is None else factor * s.sigma
    else:
        if experiment.q_range is None:
            raise InputError(f"To compare a {kind} the Q range of its transform must be known.", mend="Give q_range=(lowest, highest) in 1/Å.")
        q = np.arange(max(experiment.q_range[0], Q_MIN), experiment.q_range[1] + Q_STEP / 2, Q_STEP)
        s = _structure_factor(shells, q, experiment)
        y, sigma = real_space(s, kind, x, shells.density, shells.fractions, experiment.window).y, None  # type: ignore[arg-type]
    about = {**s.metadata, "q_range": list(experiment.q_range or (float(x[0]), float(x[-1]))), "window": experiment.window}
    return Curve(x, y, sigma, kind, experiment.curve.x_unit, experiment.curve.y_unit, "simulated", about)


def highest_q(experiment: Experiment) -> float:
    """Largest Q of the model that a comparison with the experiment needs [1/Å]."""
    last = float(experiment.curve.x[-1]) if experiment.in_q else (experiment.q_range or (0.0, 40.0))[1] + Q_STEP
    return last + RESOLUTION_REACH * (experiment.resolution or 0.0)


def _structure_factor(shells: PairShells, q: NDArray[np.float64], experiment: Experiment) -> Curve:
    """S(Q), blurred by the instrument."""
    width = experiment.resolution
    if width is None:
        return shells.partials(q).total(experiment.radiation, experiment.isotopes)
    step = width / 4
    fine = np.arange(max(step, q[0] - RESOLUTION_REACH * width), min(q[-1] + RESOLUTION_REACH * width, shells.q_max), step)
    s = shells.partials(fine).total(experiment.radiation, experiment.isotopes)
    blur = np.exp(-0.5 * ((q[:, None] - fine) / width) ** 2)
    blur /= blur.sum(axis=1, keepdims=True)
    sigma = None if s.sigma is None else blur @ s.sigma
    return Curve(q, blur @ s.y, sigma, "S(Q)", "1/Å", "", s.label, {**s.metadata, "resolution": width})
