"""What several diffraction experiments on one glass say together: isotopic differences, and partials where the contrasts allow.

Isotopic substitution: J. E. Enderby, D. M. North and P. A. Egelstaff, Phil. Mag. 14, 961 (1966), doi 10.1080/14786436608244767.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...curve import Curve
from ...errors import InputError
from ...experiment import Experiment, Window, factor_and_offset
from ...experiment.transform import sine_transform
from ...library.scattering import amplitudes
from ..frames import Pair, pairs_of
from .formalisms import normalisation

Lengths = Mapping[str, float]
MOST_CONDITION = 100.0
"""Beyond this condition number an error of 1 % in every S(Q) is an error of the order of 1 in a partial."""


@dataclass(frozen=True, eq=False)
class Combination:
    """A linear combination of measured F(Q), and what it is of: F(Q) = Σ weights_ab [S_ab(Q) - 1]."""

    curve: Curve
    """[barn/sr/atom]; ``sigma`` where every measurement has one."""
    weights: Mapping[Pair, float]
    """Pair of elements, alphabetical → weight [barn]; pairs that cancel are left out."""

    def t_of_r(self, r: NDArray[np.float64], density: float, window: Window = "lorch") -> Curve:
        """4πρr Σ weights_ab g_ab(r) as seen through the window [barn/Å²], at ``r`` ``(n,)`` [Å]; ``density`` in atoms per Å³."""
        q = self.curve.x
        y = 4 * np.pi * density * r * sum(self.weights.values()) + sine_transform(q, self.curve.y, r, window, float(q[-1]))
        about = {**self.curve.metadata, "q_range": [float(q[0]), float(q[-1])], "window": window}
        return Curve(r, y, None, "T(r)", "Å", "barn/Å²", self.curve.label, about)


@dataclass(frozen=True, eq=False)
class IsotopicDifference:
    """Two measurements that differ in the isotope of one element, combined in the two ways that cancel something exactly."""

    element: str
    difference: Combination
    """First less second: only pairs with the element are left."""
    complement: Combination
    """(b₁ F₂ - b₂ F₁) / (b₁ - b₂): pairs of the element with others cancel; others among themselves stay, and the element with itself
    by -c² b₁ b₂."""


@dataclass(frozen=True, eq=False)
class ContrastPartials:
    """Partial structure factors solved from several measurements."""

    partials: Mapping[Pair, Curve]
    """Faber-Ziman S_ab(Q); ``sigma`` follows from those of the measurements, and is None where one of them has none."""
    amplification: Mapping[Pair, Curve]
    """Standard uncertainty of S_ab(Q) for one of 1 in every measured S(Q): what the conditioning does to any error."""
    condition: Curve
    """Condition number of the weights."""


def isotopic_difference(first: Experiment, second: Experiment, lengths: Lengths | None = None) -> IsotopicDifference:
    """First-order difference of two neutron experiments, and its complement.

    Parameters
    ----------
    first, second
        Of one composition, with different isotopes of one element.
    lengths
        Isotope or element → coherent scattering length [fm] that the data were reduced with; None: the table's.

    Raises
    ------
    InputError
        If they are not two neutron curves in Q of one composition, or differ in none or several elements.
    """
    if {first.radiation, second.radiation} != {"neutron"}:
        raise InputError("An isotopic difference needs two neutron experiments.", mend="Use partials_by_contrast for neutrons with X-rays.")
    q = _common_q([first, second])
    b1, b2 = _lengths(first, q, lengths), _lengths(second, q, lengths)
    changed = [e for e in b1 if abs(b1[e][0] - b2[e][0]) > 1e-6]
    if len(changed) != 1:
        what = f"The two experiments differ in {', '.join(changed) or 'no element'}."
        raise InputError(what, "A first-order difference changes the isotope of one element.", 'Give isotopes={"Ge": "70Ge"} and isotopes={"Ge": "73Ge"}.')
    element = changed[0]
    (f1, s1), (f2, s2) = (_absolute(e, q, lengths) for e in (first, second))
    one, two = float(b1[element][0]), float(b2[element][0])
    shares = {"difference": (1.0, -1.0), "complement": (-two / (one - two), one / (one - two))}
    c = first.composition.atom_fractions
    found = {}
    for name, (x, y) in shares.items():
        weights = {p: float(x * _weight(p, c, b1)[0] + y * _weight(p, c, b2)[0]) for p in pairs_of(list(c))}
        largest = max(abs(w) for w in weights.values())
        sigma = None if s1 is None or s2 is None else np.hypot(x * s1, y * s2)
        about = {"combination": f"{x:.4g} F₁ + {y:.4g} F₂", "element": element, "sources": [first.source, second.source]}
        curve = Curve(q, x * f1 + y * f2, sigma, "F(Q)", "1/Å", "barn/sr/atom", f"Δ{element}" if name == "difference" else f"{element}, complement", about)
        found[name] = Combination(curve, {p: w for p, w in weights.items() if abs(w) > 1e-9 * largest})
    return IsotopicDifference(element, found["difference"], found["complement"])


def partials_by_contrast(experiments: Sequence[Experiment], lengths: Lengths | None = None, most_condition: float = MOST_CONDITION) -> ContrastPartials:
    """Solve S(Q) - 1 = Σ w_ab(Q) [S_ab(Q) - 1] of several experiments for the partials, at every Q they share.

    Neutron experiments with different isotopes and X-ray experiments count alike; with more of them than partials the solution is
    that of least squares, weighted by the uncertainties where every experiment has them.

    Parameters
    ----------
    experiments
        Curves in Q of one composition.
    lengths
        Isotope or element → coherent scattering length [fm] that the data were reduced with; None: the table's.
    most_condition
        Refuse beyond this (median) condition number.

    Raises
    ------
    InputError
        If there are fewer experiments than partials, or their contrast is too weak.
    """
    q = _common_q(experiments)
    c = experiments[0].composition.atom_fractions
    pairs = pairs_of(list(c))
    if len(experiments) < len(pairs):
        two = " isotopic_difference(first, second) gives what two neutron experiments determine." if len(experiments) == 2 else ""
        raise InputError(
            f"{len(experiments)} experiments do not determine {len(pairs)} partials.",
            f"{', '.join('-'.join(p) for p in pairs)} are unknown.",
            f"Add experiments with other isotopes, or X-rays.{two}",
        )
    excess, sigmas, rows = [], [], []
    for experiment in experiments:
        b = _lengths(experiment, q, lengths)
        mean_squared = sum((c[e] * b[e] for e in c), np.zeros(q.shape)) ** 2 / 100
        values, sigma = _absolute(experiment, q, lengths)
        scale = mean_squared if experiment.radiation == "neutron" else np.ones_like(q)
        excess.append(values / scale)
        sigmas.append(None if sigma is None else sigma / scale)
        rows.append(np.array([_weight(p, c, b) / mean_squared for p in pairs]))
    matrix = np.moveaxis(np.array(rows), 2, 0)  # (n_q, n_experiments, n_pairs)
    condition = np.linalg.cond(matrix)
    if not np.median(condition) <= most_condition:
        raise InputError(
            f"The contrast of these experiments is too weak: the condition number of their weights is {np.median(condition):.3g}.",
            f"An error of 1 % in S(Q) would be one of {0.01 * float(np.median(_amplification(matrix))):.2g} in a partial.",
            f"Add an experiment with another isotope, or X-rays, or raise most_condition = {most_condition:g}.",
        )
    known = [s for s in sigmas if s is not None]
    error = np.array(known).T if len(known) == len(experiments) else np.ones((q.size, len(experiments)))
    solve = np.linalg.pinv(matrix / error[:, :, None]) / error[:, None, :]  # (n_q, n_pairs, n_experiments)
    values = np.einsum("qpe,eq->pq", solve, np.array(excess))
    sigma = np.sqrt(np.einsum("qpe,qe->pq", solve**2, error**2)) if len(known) == len(experiments) else None
    about = {**normalisation("faber-ziman"), "method": f"solved from {len(experiments)} experiments", "sources": [e.source for e in experiments]}
    partials = {p: Curve(q, 1 + values[i], None if sigma is None else sigma[i], "S(Q)", "1/Å", "", "-".join(p), about) for i, p in enumerate(pairs)}
    factors = _amplification(matrix)
    amplified = {p: Curve(q, factors[:, i], None, "error amplification", "1/Å", "", "-".join(p), about) for i, p in enumerate(pairs)}
    return ContrastPartials(partials, amplified, Curve(q, condition, None, "condition number", "1/Å", "", "", about))


def _amplification(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root of the sum of squares of each row of the (pseudo-)inverse ``(n_q, n_pairs)``."""
    return np.asarray(np.linalg.norm(np.linalg.pinv(matrix), axis=2))


def _common_q(experiments: Sequence[Experiment]) -> NDArray[np.float64]:
    """The abscissa of the first experiment where all of them have data."""
    if len(experiments) < 2:
        raise InputError("One experiment has no contrast.", mend="Give two or more.")
    first = experiments[0].composition.atom_fractions
    for e in experiments:
        own = e.composition.atom_fractions
        if not e.in_q or own.keys() != first.keys() or any(abs(own[x] - first[x]) > 1e-3 for x in first):
            raise InputError("The experiments must be curves in Q of one composition.", mend="Convert curves in r first: glasswright.analysis.convert.")
    x = experiments[0].curve.x
    low, high = max(e.curve.x[0] for e in experiments), min(e.curve.x[-1] for e in experiments)
    kept = (x >= low - 1e-9) & (x <= high + 1e-9) & (x > 0)
    if kept.sum() < 2:
        raise InputError("The experiments share no range of Q.")
    return np.asarray(x[kept])


def _lengths(experiment: Experiment, q: NDArray[np.float64], lengths: Lengths | None) -> dict[str, NDArray[np.float64]]:
    """b [fm] or f(Q) of each element ``(n_q,)``; ``lengths`` go before the table."""
    elements = list(experiment.composition.atom_fractions)
    found = amplitudes(elements, experiment.radiation, q, experiment.isotopes, experiment.form_factors)
    if experiment.radiation == "neutron":
        for e in elements:
            name = experiment.isotopes.get(e, e)
            if lengths and name in lengths:
                found[e] = np.full(q.shape, float(lengths[name]))
    return found


def _absolute(experiment: Experiment, q: NDArray[np.float64], lengths: Lengths | None) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """⟨b⟩² [S(Q) - 1] of neutrons [barn/sr/atom], S(Q) - 1 of X-rays, and its uncertainty, at ``q``."""
    curve, c = experiment.curve, experiment.composition.atom_fractions
    b = _lengths(experiment, curve.x, lengths)
    squared = sum((c[e] * b[e] for e in c), np.zeros(curve.x.shape)) ** 2 / 100
    b2 = float(squared[0]) if experiment.radiation == "neutron" else 1.0
    factor, offset = factor_and_offset(curve.kind, curve.x, experiment.number_density, b2)
    scale = b2 / factor
    if experiment.divisor == "<f2>":
        scale = scale * sum((c[e] * b[e] ** 2 for e in c), np.zeros(curve.x.shape)) / (100 * squared)
    sigma = None if curve.sigma is None else np.interp(q, curve.x, np.abs(scale) * curve.sigma)
    return np.interp(q, curve.x, scale * (curve.y - offset)), sigma


def _weight(pair: Pair, c: Mapping[str, float], b: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """c_a c_b b_a b_b (2 - δ_ab) ``(n_q,)``; of neutrons in barn."""
    a, other = pair
    return np.asarray((1 if a == other else 2) * c[a] * c[other] * b[a] * b[other] / 100)
