"""Coordination numbers and bond lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...curve import Curve
from ...errors import InputError
from ...native import NeighbourPairs, neighbour_pairs
from ..frames import Pair, check, elements_and_types, frames_of
from .cutoffs import cutoff_table, first_shells
from .cutoffs import cutoffs as measured_cutoffs
from .rdf import partial_rdf

if TYPE_CHECKING:
    from ase import Atoms

Cutoffs = Mapping[Pair, float]


def neighbours(atoms: Atoms, cutoffs: Cutoffs, inside: bool = False) -> NeighbourPairs:
    """Neighbours of one configuration within cutoffs [Å] (keys in either order); pairs without a cutoff are never neighbours.

    Shifts are those between atoms where they are or, ``inside``, moved into the cell.

    Raises
    ------
    InputError
        If a cutoff is negative or not finite, or the structure is not periodic.
    """
    check(atoms)
    for pair, cutoff in cutoffs.items():
        if not (np.isfinite(cutoff) and cutoff >= 0):
            raise InputError(f"The cutoff {cutoff!r} of {'-'.join(pair)} is not possible.", mend="Give a positive distance in Å.")
    elements, types = elements_and_types(atoms)
    table = cutoff_table(elements, cutoffs)
    if not table.any():
        none = np.zeros(0, dtype=np.int64)
        return NeighbourPairs(none, none, np.zeros((0, 3), dtype=np.int64), np.zeros((0, 3)))
    return neighbour_pairs(atoms.positions, atoms.cell, types, table, inside=inside)


def coordination(source: Atoms | Sequence[Atoms], cutoffs: Cutoffs | None = None) -> dict[Pair, NDArray[np.int64]]:
    """Number of neighbours of every atom: ``(centre, neighbour)`` → counts, one per centre atom (and configuration).

    Parameters
    ----------
    source
        One configuration or several, periodic.
    cutoffs
        Pair of elements (either order) → distance [Å]; None: the measured first minima of g(r). Only these pairs are counted.
    """
    frames = frames_of(source)
    limits = measured_cutoffs(frames) if cutoffs is None else cutoffs
    parts: dict[Pair, list[NDArray[np.int64]]] = {}
    for atoms in frames:
        elements, types = elements_and_types(atoms)
        pairs = neighbours(atoms, limits)
        counts = np.bincount(pairs.first * len(elements) + types[pairs.second], minlength=len(atoms) * len(elements)).reshape(len(atoms), len(elements))
        for a, b in sorted({p for x, y in limits for p in ((x, y), (y, x)) if {x, y} <= set(elements)}):
            parts.setdefault((a, b), []).append(counts[types == elements.index(a), elements.index(b)])
    return {pair: np.concatenate(c) for pair, c in parts.items()}


@dataclass(frozen=True)
class BondLength:
    """Distances of one pair of elements within their cutoff."""

    mean: float
    """[Å]"""
    deviation: float
    """Standard deviation [Å]."""
    peak: float
    """Position of the first maximum of g(r) [Å]: what a diffraction experiment quotes."""


def bond_lengths(source: Atoms | Sequence[Atoms], cutoffs: Cutoffs | None = None) -> dict[Pair, BondLength]:
    """Mean, spread and peak position of the first-shell distances of each pair of elements, alphabetical."""
    frames = frames_of(source)
    limits = measured_cutoffs(frames) if cutoffs is None else cutoffs
    distances: dict[Pair, list[NDArray[np.float64]]] = {}
    for atoms in frames:
        elements, types = elements_and_types(atoms)
        pairs = neighbours(atoms, limits)
        lengths = pairs.distances
        for x, y in limits:
            a, b = sorted((x, y))
            if a in elements and b in elements:
                chosen = (types[pairs.first] == elements.index(a)) & (types[pairs.second] == elements.index(b))
                distances.setdefault((a, b), []).append(lengths[chosen])
    curves, shells = partial_rdf(frames, 6.0, 0.02), first_shells(frames)
    found = {}
    for pair, parts in distances.items():
        values = np.concatenate(parts)
        if values.size:
            found[pair] = BondLength(float(values.mean()), float(values.std()), _peak(curves[pair], shells[pair][0]))
    return found


def _peak(g: Curve, near: float) -> float:
    """Maximum of g(r) near a place [Å]: centre of the part above four fifths of the highest bin, robust against noise."""
    window = np.abs(g.x - near) < 0.3
    x, y = g.x[window], g.y[window]
    top = y >= 0.8 * y.max()
    return float(np.average(x[top], weights=y[top])) if y.max() > 0 else near
