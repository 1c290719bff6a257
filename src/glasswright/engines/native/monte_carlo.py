"""The energy of a force field as the Monte Carlo kernel takes it: pair tables, the far field of an Ewald sum, triplets."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...forms.prolate import ProlateSplit, prolate
from ...native import core
from ...units import COULOMB
from ..cell import widths
from .far_field import SPLIT_ERROR, spectrum_polynomial
from .interactions import Interactions
from .tables import PairTables
from .triplets import triplet_energy

NEIGHBOUR = 4.7
"""Time per neighbour within the cutoff and trial [ns], before and after the move; this and what follows on one core of a Zen 4 with AVX-512."""
WAVE_VECTOR = 0.9
"""Time per wave vector and trial [ns]."""
SHORTEST = 5.0
"""Shortest cutoff that is tried [Å]."""


@dataclass(frozen=True, eq=False)
class MonteCarloEnergy:
    """What the Monte Carlo kernel needs to know of a force field; made by ``monte_carlo_energy``."""

    interactions: Interactions
    """The same energy for the rest of the core; 1/r may be split otherwise than is fastest there."""

    @property
    def tables(self) -> PairTables | None:
        """Of the pairs in real space; None beside triplets."""
        return self.interactions.tables if self.interactions.added is not None or not self.interactions.bound.triplets else None

    @property
    def cutoff(self) -> float:
        """The longest reach in real space [Å]."""
        return self.interactions.cutoff

    def terms(self) -> list[Any]:
        """What acts besides the pairs of the tables, made anew: for one kernel."""
        terms = [far_field_energy(self.interactions), triplet_energy(self.interactions.bound)]
        return [term for term in terms if term is not None]

    def install(self, kernel: Any) -> None:
        """Make it the energy of a ``MonteCarlo`` kernel whose types are those of the force field bound to the atoms."""
        kernel.set_pairs(self.tables)
        for term in self.terms():
            kernel.add(term)


def monte_carlo_energy(interactions: Interactions, cell: NDArray[np.float64], r_max: float = 0.0) -> MonteCarloEnergy:
    """The energy of a force field for Monte Carlo moves.

    An Ewald sum is as exact as in molecular dynamics, but its near part ends farther out: a move recomputes the neighbours of one atom, yet
    all wave vectors. With the fastest cutoff the time of a trial grows with the square root of the number of atoms.

    Parameters
    ----------
    interactions
        The force field made ready for the atoms, as ``NativeEngine.interactions`` gives it.
    cell
        Rows are cell vectors ``(3, 3)`` [Å].
    r_max
        How far the kernel counts distances anyway [Å]: up to there neighbours cost little more.

    Raises
    ------
    InputError
        If the cell is too narrow for the cutoffs.
    """
    if interactions.split is not None:
        interactions = replace(interactions, split=fastest_split(interactions, cell, r_max))
    narrowest = float(widths(cell).min())
    if interactions.cutoff > narrowest / 2:
        many = len(interactions.bound.types) * (2 * interactions.cutoff / narrowest) ** 3
        raise InputError(
            f"A cutoff of {interactions.cutoff:g} Å is beyond half the narrowest width of the cell ({narrowest / 2:.3g} Å).",
            "The Monte Carlo moves one image of every atom.",
            f"Use about {math.ceil(many / 10) * 10} atoms or more.",
        )
    return MonteCarloEnergy(interactions)


def fastest_split(interactions: Interactions, cell: NDArray[np.float64], r_max: float = 0.0) -> ProlateSplit:
    """The split of 1/r with which near and far part of a trial together take the least time, at the accuracy asked of the interactions."""
    bandwidth = next(c for c in np.arange(5, 40, 0.25).tolist() if SPLIT_ERROR * float(prolate(c)(1.0)) < 0.75 * interactions.accuracy)
    volume, half = abs(float(np.linalg.det(cell))), float(widths(cell).min()) / 2
    density = len(interactions.bound.types) / volume
    shortest = min(half, max([SHORTEST, *(term.cutoff for term in interactions.bound.pairs.values())]))

    def time(cutoff: float) -> float:
        neighbours = 4 / 3 * math.pi * density * max(0.0, cutoff**3 - min(r_max, half) ** 3)
        return float(NEIGHBOUR * neighbours + WAVE_VECTOR * volume * (bandwidth / cutoff) ** 3 / (12 * math.pi**2))

    cutoffs = [shortest, *np.arange(SHORTEST, half, 0.25), half]
    return ProlateSplit(bandwidth, min((float(r) for r in cutoffs if r >= shortest), key=time))


def far_field_energy(interactions: Interactions) -> Any:
    """The far field of an Ewald sum as an energy of Monte Carlo moves; None where there is none."""
    split, bound = interactions.split, interactions.bound
    if split is None:
        return None
    psi = 4 * math.pi * COULOMB * spectrum_polynomial(split.psi)
    return core().reciprocal_energy(bound.charges, split.largest_k, psi, COULOMB * split.far_at_zero)
