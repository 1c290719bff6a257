"""A model against a measured curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..analysis.frames import frames_of
from ..analysis.scattering.as_measured import as_measured, highest_q
from ..analysis.scattering.shells import PairShells, pair_shells
from ..curve import Curve
from ..errors import InputError
from ..experiment import Experiment
from ..library.scattering import mean_squared_length
from ..result import Score

if TYPE_CHECKING:
    from ase import Atoms

Policy = Literal["scale", "scale+background"]
_POLICIES = {"scale": "a factor on the simulated curve", "scale+background": "a factor on the simulated curve, plus a constant and a term in Q²"}
R_MIN = 1.0
"""Where residuals in r begin [Å]: below, measured curves hold termination ripples only."""


def compare(source: Atoms | Sequence[Atoms], experiment: Experiment, policy: Policy = "scale") -> Score:
    """Score a model against a measured curve, as the instrument would have seen the model.

    Parameters
    ----------
    source
        One configuration or several, periodic.
    experiment
        The measured curve.
    policy
        What is fitted for ``r_chi_scaled``: ``scale``, or ``scale+background`` (Q space only).

    Raises
    ------
    InputError
        If the model is made of other elements than the sample, or nothing of the curve can be compared.
    """
    return compare_shells(pair_shells(frames_of(source), highest_q(experiment)), experiment, policy)


def compare_shells(shells: PairShells, experiment: Experiment, policy: Policy = "scale") -> Score:
    """As ``compare``, from pairs that were counted before."""
    if policy not in _POLICIES or (policy == "scale+background" and not experiment.in_q):
        raise InputError(f"The policy {policy!r} is not possible here.", mend="Use scale, or scale+background for curves in Q.")
    note = _composition_note(shells, experiment)
    lowest, highest = (2 * np.pi / shells.r_max, np.inf) if experiment.in_q else (R_MIN, shells.r_max)
    # Below 2π/(half box) the box holds no information; beyond half the box a g(r) sees its own copies.
    kept = (experiment.curve.x >= lowest) & (experiment.curve.x <= highest)
    if kept.sum() < 3:
        raise InputError("The box is too small for this measured curve.", f"Only {int(kept.sum())} of its points lie where the box holds information.")
    simulated = as_measured(shells, experiment)
    x = experiment.curve.x[kept]
    # Each by its own density and composition: the T(r) of a sample is not normalised by the model.
    sample, density = experiment.composition.atom_fractions, experiment.number_density or shells.density
    measured_i = _comparable(experiment.curve, density, mean_squared_length(sample, experiment.isotopes))[kept]
    simulated_i = _comparable(simulated, shells.density, mean_squared_length(shells.fractions, experiment.isotopes))[kept]
    terms = [simulated_i] + ([np.ones_like(x), x**2] if policy == "scale+background" else [])
    design = np.stack(terms, axis=1)
    fit, *_ = np.linalg.lstsq(design, measured_i, rcond=None)
    raw, scaled = r_chi(measured_i, simulated_i), r_chi(measured_i, design @ fit)
    where = f"{'Q' if experiment.in_q else 'r'} {x[0]:.2f} to {x[-1]:.2f} {experiment.curve.x_unit}"
    sentence = f"R_chi = {raw:.3f} on {'i(Q)' if experiment.in_q else 'g(r)'} over {where}; {scaled:.3f} with {_POLICIES[policy]} ({fit[0]:.3f}).{note}"
    about = {"r_chi": raw, "r_chi_scaled": scaled, "scale": float(fit[0]), "policy": policy, "compared": where}
    told = {
        name: Curve(c.x, c.y, c.sigma, c.kind, c.x_unit, c.y_unit, c.label, {**c.metadata, **(about if name == "simulated" else {})})
        for name, c in (("measured", experiment.curve), ("simulated", simulated))
    }
    return Score(raw, scaled, float(fit[0]), _POLICIES[policy], told, sentence)


def r_chi(measured: NDArray[np.float64], simulated: NDArray[np.float64]) -> float:
    """sqrt(Σ (y_exp - y_sim)² / Σ y_exp²) (eq. 1 of the review, doi 10.5802/crgeos.116)."""
    total = float(measured @ measured)
    if total == 0:
        raise InputError("The measured curve is zero throughout.")
    return float(np.sqrt(((measured - simulated) ** 2).sum() / total))


def _comparable(curve: Curve, density: float, squared_length: float) -> NDArray[np.float64]:
    """The curve in the form residuals are taken of: proportional to S - 1 in Q, g(r) in r; atoms per Å³ and ⟨b⟩² [barn] of what it is of."""
    if curve.kind == "S(Q)":
        return curve.y - 1
    if curve.kind not in ("T(r)", "D(r)"):
        return curve.y
    ideal = 4 * np.pi * density * curve.x * squared_length
    return np.asarray(curve.y / ideal) if curve.kind == "T(r)" else 1 + curve.y / ideal


def _composition_note(shells: PairShells, experiment: Experiment) -> str:
    model, sample = shells.fractions, experiment.composition.atom_fractions
    if set(model) != set(sample):
        raise InputError(
            f"The model holds {', '.join(model)}, the sample {', '.join(sample)}.", "They are different glasses.", "Choose a measurement of this glass."
        )
    off = max(abs(model[e] - sample[e]) for e in model)
    return f" The atom fractions of model and sample differ by up to {off:.3f}." if off > 0.005 else ""
