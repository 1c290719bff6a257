"""The tight-binding potential in second-moment approximation (doi 10.1103/PhysRevB.48.22, equations 2 and 3).

E = Σ_i [Σ_j s A exp(-p (r_ij/r0 - 1)) - (Σ_j s xi² exp(-2 q (r_ij/r0 - 1)))^½]; the repulsion is the pair form of the same name.
An embedded-atom potential in closed form. The taper s is ours: the authors cut behind the fifth neighbours of the crystal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .pair import Exponential
from .taper import Array, Tapered, quintic

SECOND_MOMENT = "second-moment"
"""Name of the form."""


def density(p: Mapping[str, Array]) -> Tapered:
    """What a neighbour adds to the second moment of the density of states of an atom [eV²]."""
    return Tapered((Exponential(p["xi"] ** 2, 2 * p["q"] / p["r0"], p["r0"]),), p["start"], p["end"], quintic)


def embedding(moment: Array, xp: Any = np) -> Array:
    """-(second moment)^½ [eV]; zero, with slope zero, for an atom without neighbours."""
    present = moment > 0
    return -xp.where(present, xp.sqrt(xp.where(present, moment, 1.0)), 0.0)
