"""Pair functions that are led to zero over the last stretch before their cutoff."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb, pi
from typing import Any

import numpy as np

Array = Any
"""An array of the namespace ``xp``, or a number."""


@dataclass(frozen=True)
class Tapered:
    """``(sum of terms) · taper((r - start) / (end - start))``: as they are up to ``start``, zero from ``end`` on."""

    terms: tuple[Any, ...]
    start: Array
    """[Å]"""
    end: Array
    """[Å]"""
    taper: Callable[[Array, int, Any], Array]
    """x from 0 to 1, order, namespace → that derivative with respect to x: ``quintic`` or ``cosine``."""

    def derivative(self, r: Array, order: int, xp: Any = np) -> Array:
        """The derivative of this order, up to the third, with respect to r [eV/Å^order]; order 0 is the energy."""
        width = self.end - self.start
        # The clipped ends are the limits from inside, so that no derivative of a parameter is lost in between.
        x = xp.clip((r - self.start) / width, 0.0, 1.0)
        sums = [sum((t.derivative(r, k, xp) for t in self.terms), start=xp.zeros_like(r)) for k in range(order + 1)]
        inner = sum(comb(order, k) * sums[order - k] * self.taper(x, k, xp) / width**k for k in range(order + 1))
        return xp.where(r < self.start, sums[order], xp.where(r < self.end, inner, 0.0))


def quintic(x: Array, order: int = 0, xp: Any = np) -> Array:
    """1 - 10 x³ + 15 x⁴ - 6 x⁵, two derivatives of which vanish at both ends; or a derivative of it."""
    coefficients = np.polynomial.polynomial.polyder([1.0, 0.0, 0.0, -10.0, 15.0, -6.0], order) if order else (1.0, 0.0, 0.0, -10.0, 15.0, -6.0)
    total = xp.zeros_like(x)
    for c in reversed(tuple(float(c) for c in coefficients)):
        total = total * x + c
    return total


def cosine(x: Array, order: int = 0, xp: Any = np) -> Array:
    """(1 + cos πx)/2, the cutoff of Tersoff; or a derivative of it."""
    wave = (xp.cos(pi * x), -xp.sin(pi * x), -xp.cos(pi * x), xp.sin(pi * x))[order % 4]
    return 0.5 * wave * pi**order + (0.5 if order == 0 else 0.0)
