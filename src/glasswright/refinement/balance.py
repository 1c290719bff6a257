"""Weights of hybrid Monte Carlo with which neither data nor energy dominates."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .. import units
from .method import Conditions
from .sampling import Tried

_FASTEST = 2.0
"""Largest factor by which a weight changes after one block."""


def balanced(weights: Sequence[float], balance: float, conditions: Conditions, tried: Tried) -> float:
    """w_E for the next block: that with which the moves accepted in the last one had changed energy and data terms of the exponent alike.

    With w_E too large only moves that hardly change the energy are accepted, whatever they do to the data, and the other way round; so equal
    mean changes, Σ|w_E ΔU/kT| = Σ|N Σ_k w_k ΔR_k²/T_chi| / ``balance``, are where both are heard. The weight goes half of the way, on a
    logarithmic scale.
    """
    if not (tried.energy_change and conditions.temperature and conditions.chi_temperature):
        return conditions.energy_weight
    data = sum(w * change for w, change in zip(weights, tried.data_change, strict=True)) / conditions.chi_temperature
    energy = tried.energy_change / (units.BOLTZMANN * conditions.temperature)
    factor = math.sqrt(data / energy / balance / conditions.energy_weight)
    return conditions.energy_weight * min(max(factor, 1 / _FASTEST), _FASTEST)
