"""What the method gradient goes down in: energy, misfit to the data, and minimum distances, with their forces.

=========================  ==================================================================================
w_E U                      energy [eV]
κ N Σ_k w_k R_k²           misfit; κ = kT/T_chi [eV], so that exp(-objective/kT) is what moves are accepted by
½ K Σ (d_ab - r)²          over pairs closer than their minimum distance d_ab
φ_ab(r)                    what one pair more at r adds to the last two: κ N Σ_k w_k ∂R_k²/∂h_ab(r) + ½ K (d_ab - r)²
=========================  ==================================================================================

Data see of a structure the counts h of its pairs. Counted smoothly (``native/smooth_pairs.py``), these have a gradient, and that of the
misfit is the force of the pair potential φ at the present h: two passes over the pairs within reach, whatever the number of data sets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import units
from ..native.smooth_pairs import SmoothPairs
from .method import Conditions
from .problem import Problem

Floats = NDArray[np.float64]

STIFFNESS = 5.0
"""K/κ [1/Å²]: the data do not press atoms together, and dynamics that follow the data follow this too."""
SOFTEST = 50.0
"""K at least [eV/Å²]: about that of a Si-O bond."""
FADE = 0.2
"""Last part of the reach of the histogram in which the excess of pairs fades out [Å]: none must count in full here and not at all there."""


@dataclass(frozen=True, eq=False)
class Value:
    """The objective, or a part of it."""

    energy: float
    """[eV]"""
    forces: Floats
    """``(n_atoms, 3)`` [eV/Å]"""

    def __add__(self, other: Value) -> Value:
        return Value(self.energy + other.energy, self.forces + other.forces)


class Objective:
    """The objective of a problem under given conditions."""

    def __init__(self, problem: Problem, conditions: Conditions) -> None:
        bins, n = problem.bins, len(problem.kinds)
        self._weight, self._evaluate = conditions.energy_weight, None if problem.energy is None else problem.energy.evaluator()
        self._scale = problem.n_atoms * units.BOLTZMANN * conditions.temperature / conditions.chi_temperature
        self._pairs = SmoothPairs(problem.atoms.cell.array, problem.types, n, bins.r_max, bins.n_bins, problem.settings.threads)
        fits = zip(problem.targets, conditions.scales, conditions.backgrounds, strict=True)
        self._residuals = [(target.weight, target.residual(scale, background)) for target, scale, background in fits]
        end = np.clip((bins.r_max - 2.5 * bins.width - bins.r) / FADE, 0, 1)
        self._counted = end**2 * (3 - 2 * end)
        self._beyond = np.triu(np.ones((n, n)))[:, :, None] * (1 - self._counted) * bins.ideal
        stiffness = max(SOFTEST, STIFFNESS * self._scale / problem.n_atoms)
        self._core = 0.5 * stiffness * np.maximum(problem.minimum_distances[:, :, None] - bins.r, 0) ** 2

    def __call__(self, positions: Floats) -> Value:
        """All of it at positions ``(n_atoms, 3)`` [Å]."""
        return self.energy(positions) + self.data(positions)

    def energy(self, positions: Floats) -> Value:
        """w_E U."""
        if self._evaluate is None or not self._weight:
            return Value(0.0, np.zeros_like(positions))
        energy, forces = self._evaluate(positions)
        return Value(self._weight * energy, self._weight * forces)

    def data(self, positions: Floats) -> Value:
        """Misfit and minimum distances."""
        counts = self._pairs.histogram(positions)
        seen = self._counted * counts + self._beyond
        misfit, slope = 0.0, np.zeros_like(counts)
        for weight, residual in self._residuals:
            squared, by_counts = residual.with_slope(seen)
            misfit, slope = misfit + weight * squared, slope + weight * by_counts
        potential = self._scale * self._counted * slope + self._core
        return Value(self._scale * misfit + float((counts * self._core).sum()), self._pairs.forces(potential))
