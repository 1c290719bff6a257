"""Steps downhill in an objective: limited-memory BFGS, and Adam."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .objective import Value

Floats = NDArray[np.float64]

REMEMBERED = 20
"""Steps from which L-BFGS knows the curvature."""
LONGEST = 0.1
"""How far an atom moves in one of its steps at most [Å]."""
ENOUGH = 1e-4
"""Share of what the slope promises that a step must bring."""
SMALLEST = 1e-6
"""Steps in which no atom moves further than this are none [Å]: single precision of distances hides what they bring."""


@dataclass(frozen=True, eq=False)
class Place:
    """Positions ``(n_atoms, 3)`` [Å] and the objective there."""

    positions: Floats
    value: Value


def lbfgs(objective: Callable[[Floats], Value], positions: Floats, evaluations: int) -> Place:
    """Downhill by limited-memory BFGS (Nocedal, doi 10.1090/S0025-5718-1980-0572855-7), until so many evaluations are spent or no step helps."""
    here = Place(positions, objective(positions))
    steps: list[tuple[Floats, Floats]] = []
    left = evaluations - 1
    while left > 0:
        way = _direction(here.value.forces, steps)
        slope = -float((way * here.value.forces).sum())
        if slope >= 0:
            steps, way = [], here.value.forces
            slope = -float((way**2).sum())
        longest = float(np.sqrt((way**2).sum(axis=1)).max())
        length = min(1.0, LONGEST / max(longest, 1e-300))
        found = None
        while left > 0 and length * longest > SMALLEST:
            there = Place(x := here.positions + length * way, objective(x))
            left -= 1
            rise = there.value.energy - here.value.energy
            if rise <= ENOUGH * length * slope:
                found = there
                break
            # To the lowest point of the parabola through both values and the slope.
            length *= min(0.5, max(0.1, -0.5 * slope * length / max(rise - slope * length, 1e-300)))
        if found is None:
            if not steps:
                break
            steps = []
            continue
        move, change = found.positions - here.positions, here.value.forces - found.value.forces
        if (move * change).sum() > 1e-10 * (move**2).sum():
            steps = [*steps[1 - REMEMBERED :], (move, change)]
        here = found
    return here


def _direction(forces: Floats, steps: list[tuple[Floats, Floats]]) -> Floats:
    """The inverse of the curvature that the steps have seen, times the forces."""
    q, factors = forces.copy(), []
    for move, change in reversed(steps):
        factors.append(float((move * q).sum() / (move * change).sum()))
        q -= factors[-1] * change
    if not steps:
        return q * (0.01 / max(float(np.abs(q).max()), 1e-300))
    move, change = steps[-1]
    q *= float((move * change).sum() / (change**2).sum())
    for (move, change), factor in zip(steps, reversed(factors), strict=True):
        q += move * (factor - float((change * q).sum() / (move * change).sum()))
    return q


@dataclass(frozen=True, eq=False)
class Adam:
    """Where Adam stands (Kingma and Ba, arXiv 1412.6980)."""

    positions: Floats
    mean: Floats
    """Of the forces so far ``(n_atoms, 3)`` [eV/Å]."""
    square: Floats
    """Mean of their squares."""
    count: int
    """Steps so far."""

    def after(self, objective: Callable[[Floats], Value], steps: int, rate: float) -> tuple[Adam, Value]:
        """After so many steps of about ``rate`` [Å] along every axis, and the objective before the last one."""
        x, mean, square = self.positions, self.mean, self.square
        value = Value(0.0, np.zeros_like(x))
        for count in range(self.count + 1, self.count + steps + 1):
            value = objective(x)
            mean, square = 0.9 * mean + 0.1 * value.forces, 0.999 * square + 0.001 * value.forces**2
            x = x + rate * (mean / (1 - 0.9**count)) / (np.sqrt(square / (1 - 0.999**count)) + 1e-8)
        return Adam(x, mean, square, self.count + steps), value
