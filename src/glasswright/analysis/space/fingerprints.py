"""Local-structure fingerprints: the surroundings of every atom as numbers that no rotation, translation or exchange of like atoms changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from ...native import neighbour_pairs
from ..frames import check, elements_and_types
from .bond_order import spherical_harmonics
from .nearest import directions_of

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """One row per atom, one named column per quantity."""

    values: Floats
    """``(n_atoms, n_columns)``"""
    names: tuple[str, ...]
    """``G(O, 1.6)``: oxygens at about 1.6 Å; ``A(O 1.6, Si 3.1, 2)``: angles between such an oxygen and such a silicon, degree 2."""

    def similarity(self, other: Fingerprints | None = None) -> Floats:
        """Cosine of the angle between the fingerprints of every pair of atoms ``(n_atoms, n_other)``: 1 for equal surroundings."""
        if other is not None and other.names != self.names:
            raise InputError("These fingerprints have different columns.", "They were made of other elements or with other settings.")
        a, b = (_unit(f.values) for f in (self, other or self))
        return np.asarray(a @ b.T)

    def distance(self, other: Fingerprints | None = None) -> Floats:
        """√(2 - 2 similarity) of every pair of atoms ``(n_atoms, n_other)``: 0 for equal surroundings."""
        return np.asarray(np.sqrt(np.maximum(2 - 2 * self.similarity(other), 0.0)))


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1), np.finfo(float).tiny)[:, None])


def fingerprints(
    atoms: Atoms,
    cutoff: float = 5.0,
    shells: ArrayLike | None = None,
    max_degree: int = 4,
    angular_cutoff: float = 3.5,
    elements: Sequence[str] | None = None,
) -> Fingerprints:
    """Radial and angular symmetry functions of every atom, by the elements of its neighbours.

    Radial: G(b, μ) = Σ_j exp(-(r_j - μ)²/2σ²) f(r_j) over neighbours of element b (Behler and Parrinello, doi 10.1103/PhysRevLett.98.146401),
    f falling to 0 at the cutoff as half a cosine. Angular: A(b μ, c ν, l) = Σ_jk g_μ(r_j) g_ν(r_k) P_l(cos θ_jk), g as in G: the power
    spectrum of the neighbour density (Bartók, Kondor and Csányi, doi 10.1103/PhysRevB.87.184115), l = 1 up, j = k included.

    Parameters
    ----------
    cutoff
        Of the radial functions [Å].
    shells
        Places μ ``(n,)`` [Å], evenly spaced; σ is their spacing. None: every 0.4 Å from 1.2 Å.
    max_degree
        Largest l; 0: radial functions alone.
    angular_cutoff
        Of the angular functions [Å]; they use every second shell below it.
    elements
        Columns for these; None: those present. Give them to compare structures of different composition.
    """
    check(atoms)
    places = np.arange(1.2, cutoff, 0.4) if shells is None else np.atleast_1d(np.asarray(shells, dtype=float))
    if not (0 < angular_cutoff <= cutoff < np.inf and places.size > 1 and (np.diff(places) > 0).all() and 0 <= max_degree <= 12):
        raise InputError(
            "Fingerprints cannot be made with these settings.",
            mend="Give 0 < angular_cutoff <= cutoff in Å, at least two increasing shells, and max_degree from 0 to 12.",
        )
    kinds = elements_and_types(atoms)[0] if elements is None else tuple(elements)
    if unknown := sorted(set(atoms.symbols) - set(kinds)):
        raise InputError(f"The columns lack {', '.join(unknown)}.", mend="Name every element of the structure in elements.")
    types = np.array([kinds.index(s) for s in atoms.symbols])
    width = float(places[1] - places[0])
    pairs = neighbour_pairs(atoms.positions, atoms.cell, np.zeros(len(atoms), dtype=np.int64), [[cutoff]])
    distance, n, k = pairs.distances, len(atoms), len(kinds)
    group = pairs.first * k + types[pairs.second]
    columns, names = [], []
    for place in places:
        weight = _shell(distance, place, width, cutoff)
        columns.append(np.bincount(group, weight, minlength=n * k).reshape(n, k))
        names += [f"G({e}, {place:.3g})" for e in kinds]
    if max_degree:
        near = distance < angular_cutoff
        centres = places[::2][places[::2] < angular_cutoff]
        weights = np.stack([_shell(distance[near], place, 2 * width, angular_cutoff) for place in centres])
        channels = [f"{e} {place:.3g}" for e in kinds for place in centres]
        for degree, y in enumerate(spherical_harmonics(directions_of(pairs)[near], range(1, max_degree + 1)), 1):
            density = _density(group[near], weights, y, n, k)
            for a, b in combinations_with_replacement(range(len(channels)), 2):
                product = (density[a] * density[b].conj()).real
                columns.append(4 * np.pi / (2 * degree + 1) * (2 * product.sum(axis=1) - product[:, 0])[:, None])
                names.append(f"A({channels[a]}, {channels[b]}, {degree})")
    return Fingerprints(np.concatenate(columns, axis=1), tuple(names))


def _density(group: NDArray[np.int64], weights: Floats, y: NDArray[np.complex128], n: int, k: int) -> NDArray[np.complex128]:
    """Σ_j g(r_j) Y_lm around every atom, for every element and shell in turn ``(channels, n_atoms, l + 1)``."""
    density = np.empty((k, len(weights), n, y.shape[1]), dtype=complex)
    for s, weight in enumerate(weights):
        for m, column in enumerate(y.T):
            sums = np.bincount(group, weight * column.real, minlength=n * k) + 1j * np.bincount(group, weight * column.imag, minlength=n * k)
            density[:, s, :, m] = sums.reshape(n, k).T
    return density.reshape(-1, n, y.shape[1])


def _shell(distance: Floats, place: float, width: float, cutoff: float) -> Floats:
    return np.asarray(np.exp(-0.5 * ((distance - place) / width) ** 2) * 0.5 * (1 + np.cos(np.pi * np.minimum(distance / cutoff, 1))))
