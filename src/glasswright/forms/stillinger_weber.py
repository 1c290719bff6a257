"""The three-body part of the Stillinger-Weber potential, and the reference of the whole: energy, forces and virial in NumPy.

E = Σ_pairs φ2(r_ij) + Σ_i Σ_{j<k} h_ijk  (doi 10.1103/PhysRevB.31.5262, equations 2.3 to 2.5), where i is the atom at the angle.
The two-body part is the pair form of the same name; with several species the strength of an angle comes from its triplet, the decay
with the length of each bond from the pair that it joins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..forcefield import BoundForceField, triplet_key
from .tabulate import short_range

STILLINGER_WEBER = "stillinger-weber"
"""Name of the form, of pairs and of triplets."""


@dataclass(frozen=True)
class TripletForm:
    """A named three-body form; its formula is its identity."""

    name: str
    formula: str
    parameters: tuple[str, ...]
    units: tuple[str, ...]
    limits: tuple[tuple[float, float], ...]
    """Least and largest sensible value of each parameter."""


TRIPLET_FORMS: dict[str, TripletForm] = {
    STILLINGER_WEBER: TripletForm(
        STILLINGER_WEBER,
        "epsilon lambda exp(gamma sigma/(r - a sigma)) exp(gamma' sigma'/(r' - a' sigma')) (cos theta - cos_theta0)^2",
        ("epsilon", "lambda", "cos_theta0"),
        ("eV", "", ""),
        ((0.0, 100.0), (0.0, 1e4), (-1.0, 1.0)),
    )
}
"""Every triplet form by name. gamma, sigma and a are those of the pairs centre-end, primed for the second end."""


@dataclass(frozen=True, eq=False)
class Contribution:
    """What one part of a potential adds."""

    energy: float
    """[eV]"""
    forces: NDArray[np.float64]
    """``(n_atoms, 3)`` [eV/Å]"""
    virial: NDArray[np.float64]
    """-dE/dε ``(3, 3)`` [eV]; the stress is its negative over the volume."""


def two_body(bound: BoundForceField, positions: NDArray[np.float64], cell: NDArray[np.float64]) -> Contribution:
    """The pair part, over every periodic image within the cutoffs.

    Parameters
    ----------
    bound
        A Stillinger-Weber force field resolved for the atoms.
    positions
        ``(n_atoms, 3)`` [Å]
    cell
        Rows are cell vectors ``(3, 3)`` [Å].
    """
    total, forces, virial = 0.0, np.zeros((len(positions), 3)), np.zeros((3, 3))
    for (a, b), i, j, step, r in _bonds(bound, positions, cell):
        term = bound.pair_term(a, b)
        if term is None:
            continue
        energy, force = short_range(term, r)
        pull = (force / r)[:, None] * step  # on j, half of it: every bond is seen from both ends
        total += 0.5 * float(energy.sum())
        np.add.at(forces, j, 0.5 * pull)
        np.add.at(forces, i, -0.5 * pull)
        virial += 0.5 * step.T @ pull
    return Contribution(total, forces, virial)


def three_body(bound: BoundForceField, positions: NDArray[np.float64], cell: NDArray[np.float64]) -> Contribution:
    """The part of the angles, over every periodic image within the cutoffs; parameters as those of ``two_body``.

    With unit vectors u, u' along the bonds and g = exp(gamma sigma/(r - a sigma)): h = K g g' (u·u' - cos_theta0)², K = epsilon lambda.
    """
    total, forces, virial = 0.0, np.zeros((len(positions), 3)), np.zeros((3, 3))
    bonds = list(_bonds(bound, positions, cell))
    for m, (pair, i, j, step, r) in enumerate(bonds):
        for n, (other, i2, k, step2, r2) in enumerate(bonds[m:], m):
            if pair[0] != other[0]:
                continue
            strength, cosine = _strength(bound, pair, other[1])
            # Bonds (first of the list, second of the list) that share their centre; each angle once.
            first, second = _matches(i, i2)
            if n == m:
                first, second = first[first < second], second[first < second]
            (g, dg), (g2, dg2) = _screen(bound, pair, r[first]), _screen(bound, other, r2[second])
            u, v = step[first] / r[first, None], step2[second] / r2[second, None]
            c = np.einsum("ij,ij->i", u, v)
            away = c - cosine
            energy, bend = strength * g * g2 * away**2, 2 * strength * g * g2 * away
            on_j = -(strength * dg * g2 * away**2)[:, None] * u - (bend / r[first])[:, None] * (v - c[:, None] * u)
            on_k = -(strength * g * dg2 * away**2)[:, None] * v - (bend / r2[second])[:, None] * (u - c[:, None] * v)
            total += float(energy.sum())
            np.add.at(forces, j[first], on_j)
            np.add.at(forces, k[second], on_k)
            np.add.at(forces, i[first], -on_j - on_k)
            virial += step[first].T @ on_j + step2[second].T @ on_k
    return Contribution(total, forces, virial)


Bonds = tuple[tuple[str, str], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]
"""Species of centre and end, their indices, vectors centre → end ``(n, 3)`` and lengths ``(n,)`` [Å]."""


def _bonds(bound: BoundForceField, positions: NDArray[np.float64], cell: NDArray[np.float64]) -> Iterator[Bonds]:
    """Every bond shorter than the cutoff of its pair, seen from both ends, sorted by species."""
    from vesin import NeighborList

    found = NeighborList(cutoff=bound.cutoff, full_list=True).compute(points=positions, box=cell, periodic=True, quantities="ijDd")
    i, j, step, r = (np.asarray(values) for values in found)
    i, j = i.astype(np.int64), j.astype(np.int64)
    for s, a in enumerate(bound.species):
        for t, b in enumerate(bound.species):
            term = bound.pair_term(a, b)
            if term is not None:
                mine = (bound.types[i] == s) & (bound.types[j] == t) & (r < term.cutoff)
                yield (a, b), i[mine], j[mine], step[mine], r[mine]


def _matches(i: NDArray[np.int64], other: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every pair of positions with equal entries in two arrays."""
    order = np.argsort(other, kind="stable")
    low, high = np.searchsorted(other[order], i, "left"), np.searchsorted(other[order], i, "right")
    count = high - low
    first = np.repeat(np.arange(len(i)), count)
    within = np.arange(len(first)) - np.repeat(np.cumsum(count) - count, count)
    return first, order[np.repeat(low, count) + within]


def _strength(bound: BoundForceField, pair: tuple[str, str], other_end: str) -> tuple[float, float]:
    """epsilon lambda [eV] and cos_theta0 of an angle."""
    p = bound.triplets[triplet_key(pair[1], pair[0], other_end)].parameters
    return p["epsilon"] * p["lambda"], p["cos_theta0"]


def _screen(bound: BoundForceField, pair: tuple[str, str], r: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """exp(gamma sigma/(r - a sigma)) and its derivative [1/Å]."""
    term = bound.pair_term(*pair)
    if term is None:
        return np.zeros_like(r), np.zeros_like(r)
    reach, gap = term.parameters["gamma"] * term.parameters["sigma"], np.minimum(r - term.parameters["a"] * term.parameters["sigma"], -1e-3)
    g = screen(term.parameters, r)
    return g, -reach / gap**2 * g


def screen(p: Mapping[str, Any], r: Any, xp: Any = np) -> Any:
    """exp(gamma sigma/(r - a sigma)): how the angles of a bond fade as it grows; zero from a sigma on."""
    gap = r - p["a"] * p["sigma"]
    inside = gap < -1e-3  # nearer to the cutoff it is zero to the last bit
    return xp.where(inside, xp.exp(p["gamma"] * p["sigma"] / xp.where(inside, gap, -1.0)), 0.0)
