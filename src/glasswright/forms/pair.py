"""Short-range pair forms, each a sum of exponentials and inverse powers (screened, in one case) with its derivatives in closed form.

Written over an array namespace ``xp`` (NumPy here, JAX elsewhere); the parameters may be arrays of that namespace too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np

from .taper import Tapered, cosine, quintic

Array = Any
"""An array of the namespace ``xp``, or a number."""


@dataclass(frozen=True)
class Exponential:
    """``amplitude · exp(-rate (r - origin))``."""

    amplitude: Array
    """[eV]"""
    rate: Array
    """[1/Å]"""
    origin: Array = 0.0
    """[Å]"""

    def derivative(self, r: Array, order: int, xp: Any = np) -> Array:
        """The derivative of this order with respect to r [eV/Å^order]; order 0 is the energy."""
        return (-self.rate) ** order * self.amplitude * xp.exp(-self.rate * (r - self.origin))


@dataclass(frozen=True)
class InversePower:
    """``coefficient / r^exponent``."""

    coefficient: Array
    """[eV Å^exponent]"""
    exponent: Array

    def derivative(self, r: Array, order: int, xp: Any = np) -> Array:
        """The derivative of this order with respect to r [eV/Å^order]; order 0 is the energy."""
        factor = self.coefficient
        for k in range(order):
            factor = -(self.exponent + k) * factor
        return factor * r ** (-self.exponent - order)


@dataclass(frozen=True)
class Screened:
    """``(sum of powers) · exp(range / (r - cutoff))``: ends at the cutoff with every derivative zero."""

    powers: tuple[InversePower, ...]
    range: Array
    """[Å]"""
    cutoff: Array
    """[Å]"""

    def derivative(self, r: Array, order: int, xp: Any = np) -> Array:
        """The derivative of this order, up to the third, with respect to r [eV/Å^order]; order 0 is the energy."""
        inside, r = r < self.cutoff, xp.minimum(r, self.cutoff)
        # So close to the cutoff the screen is zero to the last bit, and its powers would overflow.
        gap = xp.minimum(xp.where(inside, r - self.cutoff, -1.0), -1e-3 * self.range)
        first, second, third = -self.range / gap**2, 2 * self.range / gap**3, -6 * self.range / gap**4  # of range / gap
        factors = (1.0, first, second + first**2, third + 3 * first * second + first**3)
        total = sum(comb(order, k) * derivative(self.powers, r, order - k, xp) * factors[k] for k in range(order + 1))
        return xp.where(inside, total * xp.exp(self.range / gap), 0.0)


Terms = tuple[Exponential | InversePower | Screened | Tapered, ...]
Parameters = Mapping[str, Any]


def derivative(terms: Terms, r: Array, order: int, xp: Any = np) -> Array:
    """The derivative of this order of a sum of terms at distances ``r`` [Å]."""
    return sum((t.derivative(r, order, xp) for t in terms), start=0.0)


@dataclass(frozen=True)
class PairForm:
    """A named functional form; its formula is its identity."""

    name: str
    formula: str
    parameters: tuple[str, ...]
    """Names of the parameters, in the order of the formula."""
    units: tuple[str, ...]
    """Units of the parameters."""
    body: Callable[[Parameters], Terms]
    """Everything but the core."""
    core: Callable[[Parameters], Terms] = lambda p: ()
    """The steep inverse power that the published form carries to keep atoms apart, where it has one."""
    fixed: frozenset[str] = frozenset()
    """Parameters that belong to the identity of a force field, such as cutoffs: no derivatives are taken of them."""
    ends: bool = False
    """It ends by itself, with every derivative zero, where its parameters say: a cutoff tells only how far to look for neighbours."""

    def terms(self, p: Parameters) -> Terms:
        """Body and core together."""
        return self.body(p) + self.core(p)


def _buckingham(p: Parameters) -> Terms:
    return Exponential(p["A"], 1.0 / p["rho"]), InversePower(-p["C"], 6)


def _buckingham24(p: Parameters) -> Terms:
    return Exponential(p["A"], p["B"]), InversePower(-p["C"], 6)


def _born(p: Parameters) -> Terms:
    # The signs of LAMMPS pair_style born: - C/r^6 + D/r^8.
    return Exponential(p["A"], 1.0 / p["rho"], p["sigma"]), InversePower(-p["C"], 6), InversePower(p["D"], 8)


def _morse(p: Parameters) -> Terms:
    # D[(1 - x)² - 1] = D x² - 2 D x with x = exp(-a (r - r0)).
    return Exponential(p["D"], 2 * p["a"], p["r0"]), Exponential(-2 * p["D"], p["a"], p["r0"])


def _stillinger_weber(p: Parameters) -> Terms:
    strength = p["epsilon"] * p["A"]
    powers = InversePower(strength * p["B"] * p["sigma"] ** p["p"], p["p"]), InversePower(-strength * p["sigma"] ** p["q"], p["q"])
    return (Screened(powers, p["sigma"], p["a"] * p["sigma"]),)


def _tersoff(p: Parameters) -> Terms:
    # Of two atoms alone, whose bond is not weakened.
    return (Tapered((Exponential(p["A"], p["lambda1"]), Exponential(-p["B"], p["lambda2"])), p["R"] - p["D"], p["R"] + p["D"], cosine),)


def _second_moment(p: Parameters) -> Terms:
    # The repulsion, A for each of the two atoms; that of the densities is in forms/second_moment.py.
    return (Tapered((Exponential(2 * p["A"], p["p"] / p["r0"], p["r0"]),), p["start"], p["end"], quintic),)


PAIR_FORMS: dict[str, PairForm] = {
    form.name: form
    for form in (
        PairForm("buckingham", "A exp(-r/rho) - C/r^6", ("A", "rho", "C"), ("eV", "Å", "eV Å^6"), _buckingham),
        PairForm(
            "buckingham24",
            "A exp(-B r) - C/r^6 + D/r^24",
            ("A", "B", "C", "D"),
            ("eV", "1/Å", "eV Å^6", "eV Å^24"),
            _buckingham24,
            lambda p: (InversePower(p["D"], 24),),
        ),
        PairForm("born", "A exp((sigma-r)/rho) - C/r^6 + D/r^8", ("A", "rho", "sigma", "C", "D"), ("eV", "Å", "Å", "eV Å^6", "eV Å^8"), _born),
        PairForm(
            "morse12",
            "D [(1 - exp(-a (r-r0)))^2 - 1] + C/r^12",
            ("D", "a", "r0", "C"),
            ("eV", "1/Å", "Å", "eV Å^12"),
            _morse,
            lambda p: (InversePower(p["C"], 12),),
        ),
        PairForm(
            "stillinger-weber",
            "epsilon A [B (sigma/r)^p - (sigma/r)^q] exp(sigma/(r - a sigma))",
            ("epsilon", "sigma", "a", "gamma", "A", "B", "p", "q"),
            ("eV", "Å", "", "", "", "", "", ""),
            _stillinger_weber,
            ends=True,
        ),
        PairForm(
            "tersoff",
            "f(r) [A exp(-lambda1 r) - b B exp(-lambda2 r)], f = 1 up to R-D, (1 - sin(pi (r-R)/2D))/2 up to R+D",
            ("A", "lambda1", "B", "lambda2", "R", "D"),
            ("eV", "1/Å", "eV", "1/Å", "Å", "Å"),
            _tersoff,
            fixed=frozenset({"R", "D"}),
        ),
        PairForm(
            "second-moment",
            "s(r) 2 A exp(-p (r/r0-1)); -sqrt(sum s(r) xi^2 exp(-2q (r/r0-1))) of each atom; s = 1 up to start, a quintic down to 0 at end",
            ("A", "p", "xi", "q", "r0", "start", "end"),
            ("eV", "", "eV", "", "Å", "Å", "Å"),
            _second_moment,
            fixed=frozenset({"start", "end"}),
        ),
    )
}
"""Every pair form by the name that force-field files use."""
