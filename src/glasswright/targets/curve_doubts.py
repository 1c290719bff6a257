"""Whether a measured curve can be what it is said to be: its normalisation, its density, and the closest that atoms come."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..analysis.frames import Pair, pairs_of
from ..analysis.pairs.cutoffs import covalent_distance, first_maximum
from ..analysis.scattering.as_measured import seen_weights
from ..analysis.scattering.conversion import convert
from ..curve import Curve
from ..errors import InputError
from ..experiment import KINDS, Experiment, factor_and_offset
from ..library.scattering import mean_squared_length

OFF_LEVEL = 0.1
"""A level of g(r) at large r that is further from 1, or a density that is further from the measured one of the library, is pointed out."""
HOLE_WIDTH = 0.4
"""Standard deviation of the Gaussian with which the space around an atom is looked at [Å]: well inside the shortest bonds."""
LIMIT = 0.15
"""How far S(Q) - 1 or g(r) - 1 may be from 0 at its end for another reading of the data to be proposed."""
HOLE = (0.45, 1.9)
"""What the hole around an atom may be found to be, over what it is; good data of glasses give 0.6 to 1.2."""


def data_doubts(experiment: Experiment, density: float | None = None) -> list[str]:
    """Whether a curve can be of this normalisation and density: no atom lies in the hole around another.

    ∫ Q² [S(Q) - 1] dQ = -2π²ρ (Krogh-Moe, doi 10.1107/S0365110X56002655; Norman, doi 10.1107/S0365110X57001085), with a Gaussian on it that
    keeps noise at high Q out: g(r) - 1, averaged over a small sphere around an atom, is -1.

    Parameters
    ----------
    density
        Atoms per volume [1/Å³], where the experiment does not say it.
    """
    rho = experiment.number_density or density
    hole = None if rho is None or experiment.counted else _hole(experiment, experiment.kind.name, rho)
    if rho is None or hole is None:
        return []
    found = []
    if not HOLE[0] < hole < HOLE[1]:
        best = _better_reading(experiment, rho)
        advice = f"Read as {best[0]} it would be {best[1]:.2f}." if best else "Check its normalisation, the composition and isotopes, and the density."
        found.append(f"Around an atom, where no other can be, this {experiment.kind.name} shows {hole:.2f} of the hole that the density makes. {advice}")
    elif not experiment.in_q and experiment.curve.x[-1] > 5:
        far = experiment.curve.x > 0.6 * experiment.curve.x[-1]
        level = 1 + float(np.mean(_excess(experiment, experiment.kind.name, rho)[far]))
        if abs(level - 1) > OFF_LEVEL:
            found.append(f"At large r this {experiment.kind.name} ends at {level:.2f} times the density that is given: one of the two is wrong.")
    return found


def _hole(experiment: Experiment, kind: str, density: float) -> float | None:
    """How deep the hole around an atom is, over 1, if the curve is of this kind; None where the data do not tell."""
    x, y = experiment.curve.x, _excess(experiment, kind, density)
    if not experiment.in_q:
        if x[0] > 1 or x[-1] < 2:
            return None
        # Below the first point there is no atom: -1.
        start = np.linspace(0, x[0], 50)
        return _integral(start, _ball(start)) - _integral(x, y * _ball(x))
    width = max(HOLE_WIDTH, 3.5 / float(x[-1]))
    if x[0] > 1 or width > 0.55:
        return None
    # Below the data S(Q) - 1 is held constant.
    total = _integral(x, x**2 * y * np.exp(-0.5 * (x * width) ** 2)) + float(y[0] * x[0] ** 3) / 3
    return -total / (2 * np.pi**2 * density)


def _ball(r: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of a Gaussian ball around an atom per Å."""
    return np.asarray(4 * np.pi * r**2 * np.exp(-0.5 * (r / HOLE_WIDTH) ** 2) / (2 * np.pi * HOLE_WIDTH**2) ** 1.5)


def _excess(experiment: Experiment, kind: str, density: float) -> NDArray[np.float64]:
    """S(Q) - 1 or g(r) - 1, if the curve is of this kind; of X-rays over ⟨f⟩²."""
    x, c = experiment.curve.x, experiment.composition.atom_fractions
    b2 = mean_squared_length(c, experiment.isotopes) if experiment.radiation == "neutron" else 1.0
    factor, offset = factor_and_offset(kind, x, density, b2)
    y = (experiment.curve.y - offset) / factor
    if experiment.divisor == "<f2>" and experiment.in_q:
        y = y / np.sum(list(seen_weights(c, experiment, x).values()), axis=0)
    return np.asarray(y)


def _better_reading(experiment: Experiment, density: float) -> tuple[str, float] | None:
    """The kind with which hole and limit are right, and the hole it gives; None where there is none."""
    readings = []
    for name, kind in KINDS.items():
        if kind.in_q != experiment.in_q or (experiment.radiation == "xray" and not kind.xray) or name in (experiment.kind.name, "F(Q)"):
            continue
        hole, y = _hole(experiment, name, density), _excess(experiment, name, density)
        if hole is not None and HOLE[0] < hole < HOLE[1] and abs(np.mean(y[-max(1, len(y) // 5) :])) < LIMIT:
            readings.append((abs(np.log(hole)), name, hole))
    return min(readings)[1:] if readings else None


def _integral(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    return float(np.sum(0.5 * (y[1:] + y[:-1]) * np.diff(x)))


def first_peak(experiment: Experiment, density: float | None = None) -> tuple[float, float] | None:
    """Position and foot, where it has risen by a tenth of its height, of the first peak of a curve [Å]; None where the data do not show it.

    Curves in Q are transformed with a window; only where all pairs have positive weights.
    """
    rho = experiment.number_density or density
    weights = seen_weights(experiment.composition.atom_fractions, experiment, np.array([1.0]))
    if rho is None or min(float(w[0]) for w in weights.values()) < 0:
        return None
    if experiment.in_q:
        if experiment.curve.x[-1] < 10 or experiment.density is None:
            return None
        radiation, composition = experiment.radiation, experiment.composition
        excess = Curve(experiment.curve.x, _excess(experiment, experiment.kind.name, rho), None, "S(Q)-1")
        g = convert(excess, "g(r)", composition, experiment.density, radiation, isotopes=experiment.isotopes, window="lorch", x=np.arange(0.8, 5, 0.01))
        r, y = g.x, g.y
    else:
        near = (experiment.curve.x > 0.8) & (experiment.curve.x < 5)
        r, y = experiment.curve.x[near], 1 + _excess(experiment, experiment.kind.name, rho)[near]
    if len(r) < 10 or y.max() < 1.5:
        return None
    top = first_maximum(y, 0.4 * float(y.max()))
    if top is None or y[top] < 1.5:
        return None
    low = float(y[:top].min(initial=y[top]))
    below = np.flatnonzero(y[:top] < low + 0.1 * (y[top] - low))
    return float(r[top]), float(r[below[-1]]) if below.size else float(r[0])


def distance_doubts(minimum_distances: Mapping[Pair, float], experiment: Experiment, density: float | None = None) -> list[str]:
    """Minimum distances against the first peak of a curve.

    Raises
    ------
    InputError
        If the atoms whose distance the first peak is may not come as close as it is.
    """
    peak = first_peak(experiment, density)
    if peak is None or not minimum_distances:
        return []
    top, foot = peak
    pairs = pairs_of(list(experiment.composition.atom_fractions))
    off = {p: abs(covalent_distance(p) / top - 1) for p in pairs}
    near = [p for p in pairs if off[p] < min(off.values()) + 0.05]
    names = " and ".join("-".join(p) for p in near)
    closest = min(minimum_distances.get(p, 0.0) for p in near)
    if closest >= top:
        what = f"The first peak of the data is at {top:.2f} Å, and {names} may not come closer than {closest:.2f} Å."
        raise InputError(what, "No structure has both.", f"Lower the minimum distance to about {foot:.2f} Å.")
    if closest > 0.5 * (foot + top):
        return [f"The minimum distance of {names} cuts into the first peak of the data, which begins near {foot:.2f} Å."]
    return []
