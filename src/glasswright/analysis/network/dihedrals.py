"""Dihedral (torsion) angles along chains of bonds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...curve import Curve
from ...errors import InputError
from ..pairs.coordination import Cutoffs
from .angles import distributions
from .bonds import Bonds, Source, all_bonds

Chain = tuple[str, str, str, str]
STRAIGHT = 1e-3
"""A chain whose bonds are within so much (sine of the angle) of a straight line has no dihedral angle."""


def dihedral_angles(source: Source, cutoffs: Cutoffs | None = None, bin_width: float = 2.0, signed: bool = False) -> dict[Chain, Curve]:
    """Distributions of dihedral angles along chains of three bonds in the network: elements of the chain → probability density per degree.

    By IUPAC's convention (doi 10.1351/goldbook.T06406) 0° is cis (eclipsed), 180° trans, and the angle is positive where the
    front bond turns clockwise into the rear one. Chains through modifiers are left out, and so are those with three atoms in line.
    A chain and its reverse are one, named so that it comes first in the alphabet.

    Parameters
    ----------
    bin_width
        [degrees]
    signed
        Whether to tell the angle from its mirror image: -180° to 180° instead of 0° to 180°. A glass has as many of both.

    Returns
    -------
    Curves as those of ``bond_angles``.
    """
    if not 0 < bin_width <= 180:
        raise InputError(f"bin_width = {bin_width!r} degrees is not possible.", mend="Give a width between 0 and 180 degrees.")
    n_bins = round(180 / bin_width)
    edges = np.linspace(-180, 180, 2 * n_bins + 1) if signed else np.linspace(0, 180, n_bins + 1)
    return distributions([dihedrals_of(bonds, signed) for bonds in all_bonds(source, cutoffs)], edges, "dihedral")


def dihedrals_of(bonds: Bonds, signed: bool = False) -> dict[Chain, NDArray[np.float64]]:
    """Every dihedral angle of the network of one configuration [degrees], by chain of elements."""
    role = bonds.roles
    inside = bonds.of([*role.formers, *role.linkers])
    network = bonds.among(inside, inside)
    before, middle, after = _chains(network)
    a, b, c = (network.vectors[i] for i in (before, middle, after))  # all along the chain but the first, which leads back
    left, right = np.cross(-a, b), np.cross(b, c)
    lengths = np.maximum(network.lengths, 1e-12)
    sine_left = np.sqrt(np.einsum("ij,ij->i", left, left)) / (lengths[before] * lengths[middle])
    sine_right = np.sqrt(np.einsum("ij,ij->i", right, right)) / (lengths[middle] * lengths[after])
    angle = np.degrees(np.arctan2(lengths[middle] * np.einsum("ij,ij->i", -a, right), np.einsum("ij,ij->i", left, right)))
    if not signed:
        angle = np.abs(angle)
    bent = (sine_left > STRAIGHT) & (sine_right > STRAIGHT)
    chain = [network.types[atoms] for atoms in (network.second[before], network.first[middle], network.second[middle], network.second[after])]
    n, names = len(network.elements), network.elements
    code = np.minimum(_number(chain, n), _number(chain[::-1], n))
    angle, code = angle[bent], code[bent]
    return {(names[k // n**3], names[k // n**2 % n], names[k // n % n], names[k % n]): angle[code == k] for k in map(int, np.unique(code))}


def _number(chain: list[NDArray[np.int64]], n: int) -> NDArray[np.int64]:
    code = np.zeros_like(chain[0])
    for types in chain:
        code = code * n + types
    return code


def _chains(bonds: Bonds) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Every chain of three bonds once: a bond of the second atom, the one from the second to the third, a bond of the third."""
    backward = reverse(bonds)
    middle = np.flatnonzero(np.arange(len(backward)) < backward)
    left, right = bonds.first[middle], bonds.second[middle]
    several = bonds.number[left] * bonds.number[right]
    place = np.arange(several.sum()) - np.repeat(np.cumsum(several) - several, several)
    middle, left, right = (np.repeat(x, several) for x in (middle, left, right))
    before, after = bonds.start[left] + place // bonds.number[right], bonds.start[right] + place % bonds.number[right]
    kept = (before != middle) & (after != backward[middle])
    return before[kept], middle[kept], after[kept]


def reverse(bonds: Bonds) -> NDArray[np.int64]:
    """Index of the same bond seen from its other end ``(n_bonds,)``."""
    keys = bonds.keys(bonds.first, bonds.second, bonds.shifts)
    order = np.argsort(keys)
    found = np.searchsorted(keys[order], bonds.keys(bonds.second, bonds.first, -bonds.shifts))
    return np.asarray(order[found])
