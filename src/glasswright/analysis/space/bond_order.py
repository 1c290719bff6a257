"""Bond-orientational order: q_l and w_l of Steinhardt, Nelson and Ronchetti, and their averages over the first shell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import factorial, prod, sqrt
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...native import NeighbourPairs
from ..pairs.coordination import Cutoffs, neighbours
from .nearest import directions_of, nearest_neighbours
from .voronoi import VoronoiCells, voronoi_cells

if TYPE_CHECKING:
    from ase import Atoms

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BondOrder:
    """Bond-orientational order of every atom of a configuration; each quantity ``l`` → ``(n_atoms,)``, NaN for an atom without neighbours."""

    q: Mapping[int, Floats]
    """``q_l = √(4π/(2l+1) Σ_m |q_lm|²)``, q_lm the mean of Y_lm over neighbours."""
    w: Mapping[int, Floats]
    """``w_l = Σ (l l l; m₁ m₂ m₃) q_lm₁ q_lm₂ q_lm₃ / (Σ_m |q_lm|²)^(3/2)``."""
    q_average: Mapping[int, Floats]
    """q_l from q_lm averaged over an atom and its neighbours: tells crystals apart better (Lechner and Dellago, doi 10.1063/1.2977970)."""
    w_average: Mapping[int, Floats]


def bond_order(atoms: Atoms, around: Cutoffs | int | VoronoiCells | Literal["voronoi"] = "voronoi", degrees: Sequence[int] = (4, 6)) -> BondOrder:
    """Bond-orientational order parameters (Steinhardt et al., doi 10.1103/PhysRevB.28.784) of a configuration.

    Parameters
    ----------
    around
        Who is a neighbour: cutoffs [Å] of pairs of elements, a number of nearest atoms, or ``"voronoi"``: all that share a face,
        weighted with its area, which has no parameter and no jumps (Mickel et al., doi 10.1063/1.4774084); Voronoi cells made before will do.
    degrees
        The l wanted.
    """
    if not degrees or not all(isinstance(d, int) and 0 < d <= 20 for d in degrees):
        raise InputError(f"The degrees {degrees!r} are not possible.", mend="Give whole numbers from 1 to 20: (4, 6).")
    first, second, unit, weight = _bonds(atoms, around)
    n = len(atoms)
    total = np.bincount(first, weight, minlength=n)
    bonds = np.bincount(first, minlength=n)
    found: tuple[dict[int, Floats], ...] = ({}, {}, {}, {})
    with np.errstate(invalid="ignore"):
        for degree, y in zip(degrees, spherical_harmonics(unit, degrees), strict=True):
            moments = _sums(first, weight[:, None] * y, n) / total[:, None]
            shell = (moments + _sums(first, moments[second], n)) / (1 + bonds)[:, None]
            for k, m in enumerate((moments, shell)):
                norm = (np.abs(m) ** 2) @ np.array([1.0] + [2.0] * degree)
                found[2 * k][degree] = np.sqrt(4 * np.pi / (2 * degree + 1) * norm)
                found[2 * k + 1][degree] = _third_order(m, degree) / norm**1.5
    return BondOrder(*found)


def _bonds(atoms: Atoms, around: Cutoffs | int | VoronoiCells | str) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, Floats]:
    if isinstance(around, str | VoronoiCells):
        if around != "voronoi" and isinstance(around, str):
            raise InputError(f"Neighbours {around!r} are unknown.", mend='Give cutoffs {("O", "Si"): 2.3}, a number of nearest atoms, or "voronoi".')
        cells = voronoi_cells(atoms) if isinstance(around, str) else around
        pairs = NeighbourPairs(cells.first, cells.second, np.zeros((0, 3), dtype=np.int64), cells.vectors)
        return pairs.first, pairs.second, directions_of(pairs), cells.areas
    pairs = nearest_neighbours(atoms, around) if isinstance(around, int) else neighbours(atoms, around)
    return pairs.first, pairs.second, directions_of(pairs), np.ones(len(pairs.first))


def _sums(group: NDArray[np.int64], values: Complex, n: int) -> Complex:
    """Sums over the rows of each group ``(n, columns)``."""
    columns = [np.bincount(group, v.real, minlength=n) + 1j * np.bincount(group, v.imag, minlength=n) for v in values.T]
    return np.stack(columns, axis=1)


def spherical_harmonics(unit: Floats, degrees: Sequence[int]) -> list[Complex]:
    """Y_lm of unit vectors ``(n, 3)`` for each degree l: m = 0 to l ``(n, l + 1)``; Y_l,-m = (-1)^m conj(Y_lm).

    Normalised Legendre functions by their recursion in l, which is stable.
    """
    x, (top, around) = unit[:, 2], (max(degrees), unit[:, 0] + 1j * unit[:, 1])
    columns: dict[tuple[int, int], Complex] = {}
    power = np.full(len(unit), np.sqrt(0.25 / np.pi), dtype=complex)  # Y_mm
    for m in range(top + 1):
        if m:
            power = -np.sqrt((2 * m + 1) / (2 * m)) * power * around
        before, now = np.zeros_like(power), power
        for degree in range(m, top + 1):
            columns[degree, m] = now
            up = degree + 1
            a, b = np.sqrt((4 * up**2 - 1) / (up**2 - m**2)), np.sqrt((degree**2 - m**2) / (4 * degree**2 - 1)) if degree else 0.0
            before, now = now, a * (x * now - b * before)
    return [np.stack([columns[degree, m] for m in range(degree + 1)], axis=1) for degree in degrees]


def _third_order(moments: Complex, degree: int) -> Floats:
    """Σ (l l l; m₁ m₂ m₃) q_lm₁ q_lm₂ q_lm₃ of every atom; real."""
    signs = (-1.0) ** np.arange(degree, 0, -1)
    full = np.concatenate([signs * moments[:, :0:-1].conj(), moments], axis=1)
    result = np.zeros(len(moments))
    for m1 in range(-degree, degree + 1):
        for m2 in range(max(-degree, -degree - m1), min(degree, degree - m1) + 1):
            factor = wigner_3j(degree, m1, m2)
            if factor:
                result += factor * (full[:, m1 + degree] * full[:, m2 + degree] * full[:, degree - m1 - m2]).real
    return result


@cache
def wigner_3j(degree: int, m1: int, m2: int) -> float:
    """Wigner 3j symbol (l l l; m₁ m₂ m₃) with m₃ = -m₁ - m₂, by Racah's formula in exact fractions."""
    m3 = -m1 - m2
    total = Fraction(0)
    for t in range(degree + 1):
        arguments = (t, t + m1, t - m2, degree - t, degree - t - m1, degree - t + m2)
        if min(arguments) >= 0:
            total += Fraction((-1) ** t, prod(map(factorial, arguments)))
    square = Fraction(factorial(degree) ** 3 * prod(factorial(degree + m) * factorial(degree - m) for m in (m1, m2, m3)), factorial(3 * degree + 1))
    return float(-total if m3 % 2 else total) * sqrt(square)
