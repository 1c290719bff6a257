"""The temperature of the data with which neither data nor energy dominates in hybrid Monte Carlo."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .. import units
from .method import Conditions
from .sampling import Tried

_FASTEST = 2.0
"""Largest factor by which it changes after one block."""


def balanced(weights: Sequence[float], balance: float, lowest: float, conditions: Conditions, tried: Tried) -> float:
    """T_chi for the next block: that with which the moves accepted in the last one had changed the two terms of the exponent alike.

    With T_chi too high the moves that are accepted hardly change the energy, whatever they do to the data, and the other way round; so equal
    changes, Σ|N Σ_k w_k ΔR_k²/T_chi| = ``balance`` · Σ|w_E ΔU/kT|, are where both are heard. T_chi goes half of the way, on a logarithmic
    scale, and never below ``lowest``: the temperature of the energy is the physical one, and its annealing is what finds low energies.
    """
    if not (tried.energy_change and conditions.temperature and conditions.chi_temperature):
        return conditions.chi_temperature
    data = sum(w * change for w, change in zip(weights, tried.data_change, strict=True)) / conditions.chi_temperature
    energy = conditions.energy_weight * tried.energy_change / (units.BOLTZMANN * conditions.temperature)
    factor = min(max(math.sqrt(data / energy / balance), 1 / _FASTEST), _FASTEST)
    return max(conditions.chi_temperature * factor, lowest)
