"""How close atoms may lie in a random packing."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

OXIDE_FRACTION, ELEMENT_FRACTION = 2 / 3, 0.6
"""Default minimum distance over contact distance. Random insertion can fill about 38 % of space with spheres; at these
fractions glasses at their own density stay below 25 % and are packed in a second, and no two atoms start fused."""
_OXYGEN = 1.35  # Shannon's radius of two-fold O2- [Å], doi 10.1107/S0567739476001551


def minimum_distance(a: str, b: str, oxide: bool) -> float:
    """Default minimum distance of two elements [Å]: two thirds of their contact distance in oxides, 0.6 among elements.

    In an oxide, contact is the sum of ionic radii for oxygen with oxygen, of covalent radii for a cation with oxygen, and for two
    cations √2 times their mean distance to the oxygen that they share (edges of octahedra or tetrahedra; a shared face is closer
    and unwanted). Among elements it is the sum of covalent radii (doi 10.1039/b801115j).
    """
    from ase.data import atomic_numbers, covalent_radii

    radius_a, radius_b, oxygen = (float(covalent_radii[atomic_numbers[e]]) for e in (a, b, "O"))
    if not oxide:
        return ELEMENT_FRACTION * (radius_a + radius_b)
    if a == b == "O":
        contact = 2 * _OXYGEN
    elif "O" in (a, b):
        contact = radius_a + radius_b
    else:
        contact = math.sqrt(2) * ((radius_a + radius_b) / 2 + oxygen)
    return OXIDE_FRACTION * contact


def distance_matrix(elements: list[str], oxide: bool, given: Mapping[object, float] | None) -> NDArray[np.float64]:
    """Minimum distances of all pairs ``(n_elements, n_elements)`` [Å]: the defaults, overridden by ``given``.

    Raises
    ------
    InputError
        If a pair is not of these elements, or a distance is no positive number.
    """
    matrix = np.array([[minimum_distance(a, b, oxide) for b in elements] for a in elements])
    for key, value in (given or {}).items():
        pair = tuple(key.split("-")) if isinstance(key, str) else key
        if not isinstance(pair, tuple) or len(pair) != 2 or not set(pair) <= set(elements):
            raise InputError(f"{key!r} is not a pair of {', '.join(elements)}.", mend='Write minimum distances like {("O", "Si"): 1.4}.')
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            raise InputError(f"The minimum distance of {pair[0]}-{pair[1]} is {value!r}.", mend="Give a distance in Å.")
        i, j = elements.index(pair[0]), elements.index(pair[1])
        matrix[i, j] = matrix[j, i] = value
    return matrix
