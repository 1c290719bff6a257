"""Repulsive cores for forms that turn over at short distance (the Buckingham catastrophe)."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

import numpy as np

from ..forcefield import PairTerm
from .pair import PAIR_FORMS, Array, InversePower, Terms, derivative

CORES: dict[str, tuple[str, ...]] = {"none": (), "splice": (), "30-6": ("epsilon", "sigma")}
"""Kinds of core and their parameters: ``30-6`` adds 4 ε[(σ/r)³⁰ - (σ/r)⁶]; ``splice`` replaces the form below a computed radius."""
NEWTON_STEPS = 8
"""With parameters up to a tenth away the smallest zero of U''' is found to rounding, for every pair of the library."""


@dataclass(frozen=True)
class Splice:
    """``B/r^n + D r²`` below ``r0``, equal to the form in value and two derivatives there."""

    r0: Array
    """[Å]"""
    B: Array
    """[eV Å^n]"""
    n: Array
    D: Array
    """[eV/Å²]"""

    def energy_force(self, r: Array, xp: Any = np) -> tuple[Array, Array]:
        """Energy [eV] and force -dU/dr [eV/Å]."""
        power = self.B * r**-self.n
        return power + self.D * r**2, self.n * power / r - 2 * self.D * r


def splice(terms: Terms) -> Splice | None:
    """The splice of Teter's potential for a short-range form, or None where the form never turns over.

    r0 is the smallest zero of U''' (doi 10.1039/b201721k used B/r^n + D r² with tabulated constants; computed here they make
    energy, force and its slope continuous to rounding).
    """
    grid = np.geomspace(0.02, 5.0, 4000)
    third = derivative(terms, grid, 3)
    # Attraction that wins at short distance shows as U''' > 0 towards zero.
    change = np.flatnonzero((third[:-1] > 0) & (third[1:] <= 0))
    if third[0] <= 0 or change.size == 0:
        return None
    low, high = grid[change[0]], grid[change[0] + 1]
    while low < (middle := 0.5 * (low + high)) < high:
        low, high = (middle, high) if derivative(terms, middle, 3) > 0 else (low, middle)
    r0 = low
    return _joined(terms, float(r0), np)


def moved_splice(terms: Terms, start: Splice, xp: Any) -> Splice:
    """The splice of terms whose parameters are near those of another: its r0 by Newton's method, so that derivatives follow it."""

    def step(_: int, r0: Array) -> Array:
        # Of r⁹ U''', to which an attraction -C/r⁶ gives a constant.
        third, fourth = derivative(terms, r0, 3, xp), derivative(terms, r0, 4, xp)
        return xp.clip(r0 - third / (fourth + 9 * third / r0), 0.5 * start.r0, 2.0 * start.r0)

    # The first step is beside the loop, so that what is carried has the type of the parameters.
    return _joined(terms, import_module("jax.lax").fori_loop(1, NEWTON_STEPS, step, step(0, start.r0)), xp)


def _joined(terms: Terms, r0: Array, xp: Any) -> Splice:
    u0, u1, u2 = (derivative(terms, r0, k, xp) for k in range(3))
    # With b = B r0^-n: u0 = b + D r0², r0 u1 = -n b + 2 D r0², r0² u2 = n(n+1) b + 2 D r0².
    n = 1.0 + (r0**2 * u2 - 2 * u0) / (2 * u0 - r0 * u1)
    b = (2 * u0 - r0 * u1) / (n + 2)
    return Splice(r0, b * r0**n, n, (u0 - b) / r0**2)


def body_terms(term: PairTerm) -> Terms:
    """The form of a pair without any core."""
    return PAIR_FORMS[term.form].body(term.parameters)


def all_terms(term: PairTerm) -> Terms:
    """The form of a pair with its own and its added core; a splice is not a term."""
    terms = PAIR_FORMS[term.form].terms(term.parameters)
    if term.core.get("kind") == "30-6":
        epsilon, sigma = cast(float, term.core["epsilon"]), cast(float, term.core["sigma"])
        terms += (InversePower(4 * epsilon * sigma**30, 30), InversePower(-4 * epsilon * sigma**6, 6))
    return terms


def term_splice(term: PairTerm, xp: Any = np, start: PairTerm | None = None) -> Splice | None:
    """The splice of a pair term, or None where it has none or needs none.

    ``start`` is the same term with parameters near by: r0 is searched from theirs where those of ``term`` are traced by JAX.
    """
    if term.core.get("kind") != "splice":
        return None
    if start is None or start is term or xp is np:
        return splice(all_terms(term))
    begin = splice(all_terms(start))
    return None if begin is None else moved_splice(all_terms(term), begin, xp)
