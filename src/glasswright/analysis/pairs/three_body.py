"""Three-body correlation of aligned bonds: whether a short bond stands opposite a long one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...native import NeighbourPairs
from ..findings import Map
from ..frames import elements_and_types, frames_of, pairs_of
from .coordination import neighbours
from .cutoffs import covalent_distance, smoothed

if TYPE_CHECKING:
    from ase import Atoms

ALIGNED = 155.0
"""Bonds that make a larger angle than this are aligned [degrees]."""
REACH = 1.45
"""Bonds up to so many times the longest covalent distance are looked at."""
SMOOTHING = 0.06
"""Standard deviation of the Gaussian that smooths the map before its maximum is read [Å]."""


def altbc(source: Atoms | Sequence[Atoms], centre: str | None = None, r_max: float | None = None, bin_width: float = 0.05, min_angle: float = ALIGNED) -> Map:
    """Angular-limited three-body correlation: how often two bonds of lengths r1 and r2 lie opposite each other at an atom.

    In a glass with a Peierls distortion (Ge-Te, Sb, As) the map has two maxima, at (short, long) and (long, short); without, one on
    the diagonal. After Bichara, Pellegatti and Gaspard, Phys. Rev. B 47, 5002 (1993), doi 10.1103/PhysRevB.47.5002.

    Parameters
    ----------
    source
        One configuration or several, periodic.
    centre
        Element of the atom in the middle; None: any.
    r_max
        Longest bond [Å]; None: 1.45 times the longest sum of covalent radii.
    bin_width
        [Å]
    min_angle
        Bonds that make a larger angle than this are opposite each other [degrees].

    Returns
    -------
    Ordered pairs of aligned bonds per atom in the middle and Å², symmetric in r1 and r2; ``metadata["aligned"]`` is how many unordered
    pairs there are per atom.
    """
    frames = frames_of(source)
    elements, _ = elements_and_types(frames[0])
    if centre is not None and centre not in elements:
        raise InputError(f"There is no {centre} among {', '.join(elements)}.", mend="Choose the atom in the middle among these, or leave it out.")
    if not 90 <= min_angle < 180:
        raise InputError(f"min_angle = {min_angle!r} degrees is not possible.", mend="Give an angle from 90 to 180 degrees.")
    reach = REACH * max(covalent_distance(pair) for pair in pairs_of(elements)) if r_max is None else r_max
    if not 0 < bin_width <= reach <= 1000 * bin_width:
        raise InputError(f"Bins of {bin_width!r} Å up to {reach!r} Å are not possible.", mend="Give 0 < bin_width <= r_max, in Å.")
    edges = bin_width * np.arange(int(np.ceil(reach / bin_width - 1e-9)) + 1)
    counts, number = np.zeros((len(edges) - 1, len(edges) - 1)), 0
    for atoms in frames:
        _, types = elements_and_types(atoms)
        middle = np.full(len(atoms), True) if centre is None else types == elements.index(centre)
        first, second = _aligned(neighbours(atoms, dict.fromkeys(pairs_of(elements), edges[-1])), middle, min_angle)
        counts += np.histogram2d(first, second, (edges, edges))[0]
        number += int(middle.sum())
    r = 0.5 * (edges[1:] + edges[:-1])
    values = (counts + counts.T) / (number * edges[1] ** 2)
    about = {"aligned": float(counts.sum()) / number, "min_angle": min_angle, "centre": centre or "any", "frames": len(frames)}
    title = f"Aligned bonds at {centre or 'any atom'}"
    return Map(r, r, values, title, "one bond (Å)", "the bond opposite (Å)", "pairs of bonds per atom and Å²", about)


def _aligned(pairs: NeighbourPairs, middle: NDArray[np.bool_], min_angle: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lengths of the two bonds of every aligned pair, each pair once."""
    lengths = pairs.distances
    number = np.bincount(pairs.first, minlength=middle.size)
    place = np.arange(pairs.first.size) - (np.cumsum(number) - number)[pairs.first]
    # A bond is paired with those that come after it in the list of its atom.
    behind = np.where(middle[pairs.first], number[pairs.first] - 1 - place, 0)
    one = np.repeat(np.arange(pairs.first.size), behind)
    other = one + 1 + np.arange(one.size) - np.repeat(np.cumsum(behind) - behind, behind)
    cosine = np.einsum("ij,ij->i", pairs.vectors[one], pairs.vectors[other]) / np.maximum(lengths[one] * lengths[other], 1e-12)
    aligned = cosine <= np.cos(np.radians(min_angle))
    return lengths[one[aligned]], lengths[other[aligned]]


def alternation(found: Map) -> tuple[float, float] | None:
    """Lengths of the short and the long bond where a map of ``altbc`` is highest [Å]; None for an empty map. Equal: no distortion."""
    if not found.values.any():
        return None
    width = SMOOTHING / float(found.x[1] - found.x[0])
    smooth = np.array([smoothed(row, width) for row in found.values])
    smooth = np.array([smoothed(row, width) for row in smooth.T]).T
    i, j = np.unravel_index(int(smooth.argmax()), smooth.shape)
    return float(min(found.x[i], found.y[j])), float(max(found.x[i], found.y[j]))
