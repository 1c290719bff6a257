"""The bond-order potential of Tersoff (doi 10.1103/PhysRevB.37.6991, for mixtures doi 10.1103/PhysRevB.39.5566).

E = ½ Σ_i Σ_j f(r_ij) [A exp(-lambda1 r_ij) - b_ij B exp(-lambda2 r_ij)],  b = (1 + (beta ζ)^n)^(-1/2n),
ζ_ij = Σ_k f(r_ik) g(θ_ijk) exp((lambda3 (r_ij - r_ik))^m),  g = gamma (1 + c²/d² - c²/(d² + (cos_theta0 - cos θ)²))

A, lambda1, B, lambda2 and the cutoff f belong to pairs, the rest to the centre i, or to the bond ij in sight of k. Written over an array
namespace ``xp``; every parameter may be an array.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .taper import Array

TERSOFF = "tersoff"
"""Name of the form, of pairs and of bond orders."""
STEEPEST = 69.0776
"""Largest exponent in ζ, as in LAMMPS: exp of it is 1e30."""


@dataclass(frozen=True)
class BondOrderForm:
    """A named form of bond orders; its formula is its identity."""

    name: str
    formula: str
    parameters: tuple[str, ...]
    units: tuple[str, ...]
    limits: tuple[tuple[float, float], ...]
    """Least and largest sensible value of each parameter."""
    fixed: frozenset[str]
    """Parameters that belong to the identity of a force field: no derivatives are taken of them."""


BOND_ORDER_FORMS: dict[str, BondOrderForm] = {
    TERSOFF: BondOrderForm(
        TERSOFF,
        "(1 + (beta zeta)^n)^(-1/2n), zeta = sum f(r') gamma (1 + c^2/d^2 - c^2/(d^2 + (cos_theta0 - cos theta)^2)) exp((lambda3 (r - r'))^m)",
        ("beta", "n", "c", "d", "cos_theta0", "gamma", "lambda3", "m"),
        ("", "", "", "", "", "", "1/Å", ""),
        ((0.0, 1e4), (1e-3, 1e3), (0.0, 1e8), (1e-6, 1e6), (-10.0, 10.0), (0.0, 1e6), (-100.0, 100.0), (1.0, 3.0)),
        frozenset({"m"}),
    )
}
"""Every bond-order form by name; m is 1 or 3."""


def sight(p: Mapping[str, Array], cosine: Array, stretch: Array, xp: Any = np) -> Array:
    """What a third atom adds to ζ, without its cutoff: g(θ) exp((lambda3 stretch)^m), where stretch = r_ij - r_ik [Å]."""
    # The same as g above, without the difference of two large numbers.
    away2, c2, d2 = (p["cos_theta0"] - cosine) ** 2, p["c"] ** 2, p["d"] ** 2
    angle = p["gamma"] * (1 + (c2 / d2) * away2 / (d2 + away2))
    if isinstance(p["lambda3"], (int, float)) and p["lambda3"] == 0:
        return angle
    x = p["lambda3"] * stretch
    return angle * xp.exp(xp.clip(xp.where(p["m"] == 3, x**3, x), -STEEPEST, STEEPEST))


def bond_order(beta: Array, n: Array, zeta: Array, xp: Any = np) -> Array:
    """(1 + (beta ζ)^n)^(-1/2n); one where ζ is zero, with slope zero."""
    weakened = beta * zeta
    present = weakened > 1e-30
    # As log and exp, so that neither (beta ζ)^n nor the slopes of n overflow; the inner where keeps them finite where nothing is in sight.
    log = n * xp.log(xp.where(present, weakened, 1.0))
    return xp.where(present, xp.exp(-0.5 / n * xp.logaddexp(xp.zeros_like(log), log)), 1.0)
