"""A model as a given experiment would have seen it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..curve import Curve
from ..errors import InputError
from ..experiment import Experiment
from ..library.scattering import mean_squared_length
from .frames import fractions_of, frames_of
from .real_space import Q_STEP, number_density, sine_transform
from .structure_factor import structure_factor

if TYPE_CHECKING:
    from ase import Atoms

RESOLUTION_REACH = 4.0
"""The instrument's Gaussian is cut here [standard deviations]."""


def as_measured(source: Atoms | Sequence[Atoms], experiment: Experiment) -> Curve:
    """The simulated curve of the experiment's kind on its abscissa: same Q range, window, resolution and isotopes.

    Curves in Q come from the transform of g(r) up to half the box. Curves in r are the transform of that S(Q) over the measured
    Q range with the experimenters' window.

    Raises
    ------
    InputError
        If a curve in r has no ``q_range``.
    """
    frames = frames_of(source)
    x, kind = experiment.curve.x, experiment.curve.kind
    if experiment.in_q:
        s, sigma, about = _structure_factor(frames, x, experiment)
        y = _from_s(s, frames, experiment)
        error = None if sigma is None else np.abs(_from_s(1 + sigma, frames, experiment) - _from_s(np.ones_like(sigma), frames, experiment))
    else:
        if experiment.q_range is None:
            raise InputError(f"To compare a {kind} the Q range of its transform must be known.", mend="Give q_range=(lowest, highest) in 1/Å.")
        q = np.arange(max(experiment.q_range[0], 0.3), experiment.q_range[1] + Q_STEP / 2, Q_STEP)
        s, _, about = _structure_factor(frames, q, experiment)
        y, error = _real_space(q, s, frames, experiment), None
    about = {**about, "q_range": list(experiment.q_range or (float(x[0]), float(x[-1]))), "window": experiment.window, "as_measured": True}
    return Curve(x, y, error, kind, experiment.curve.x_unit, experiment.curve.y_unit, "simulated", about)


def _structure_factor(
    frames: Sequence[Atoms], q: NDArray[np.float64], experiment: Experiment
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None, dict[str, object]]:
    """S(Q) and its error, blurred by the instrument."""
    width = experiment.resolution
    if width is None:
        curve = structure_factor(frames, q, experiment.radiation, isotopes=experiment.isotopes)
        return curve.y, curve.sigma, dict(curve.metadata)
    step = width / 4
    fine = np.arange(max(step, q[0] - RESOLUTION_REACH * width), q[-1] + RESOLUTION_REACH * width, step)
    curve = structure_factor(frames, fine, experiment.radiation, isotopes=experiment.isotopes)
    blur = np.exp(-0.5 * ((q[:, None] - fine) / width) ** 2)
    blur /= blur.sum(axis=1, keepdims=True)
    return blur @ curve.y, None if curve.sigma is None else blur @ curve.sigma, {**curve.metadata, "resolution": width}


def _from_s(s: NDArray[np.float64], frames: Sequence[Atoms], experiment: Experiment) -> NDArray[np.float64]:
    if experiment.curve.kind == "S(Q)":
        return s
    # i(Q), F(Q): ⟨b⟩² (S - 1) for neutrons, S - 1 for X-rays.
    return (s - 1) * (mean_squared_length(fractions_of(frames[0]), experiment.isotopes) if experiment.radiation == "neutron" else 1.0)


def _real_space(q: NDArray[np.float64], s: NDArray[np.float64], frames: Sequence[Atoms], experiment: Experiment) -> NDArray[np.float64]:
    r = experiment.curve.x
    d = sine_transform(q, s - 1, r, experiment.window, float(q[-1]))
    ideal = 4 * np.pi * number_density(frames) * r
    if experiment.curve.kind == "g(r)":
        return 1 + d / ideal
    b2 = mean_squared_length(fractions_of(frames[0]), experiment.isotopes)
    return np.asarray(b2 * (d + ideal)) if experiment.curve.kind == "T(r)" else b2 * d
