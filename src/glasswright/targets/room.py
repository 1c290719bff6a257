"""Whether there is room for what is asked: hard cores at a density, neighbours around an atom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..analysis.frames import Pair
from ..errors import InputError
from ..native import neighbour_pairs
from .constraints import Coordination

if TYPE_CHECKING:
    from ase import Atoms

DENSEST = 0.7405
"""Share of space that spheres fill at most."""
HARDLY_MOBILE = 0.5
"""Share of space beyond which hard spheres hardly move: they freeze at 0.494."""


def core_doubts(atoms: Atoms, minimum_distances: Mapping[Pair, float], *, start: bool = True) -> list[str]:
    """Minimum distances against the density, and against the start where that is wanted.

    Raises
    ------
    InputError
        If hard cores of this size fill more space than there is.
    """
    if not minimum_distances:
        return []
    elements = sorted(set(atoms.get_chemical_symbols()))
    symbols = np.array(atoms.get_chemical_symbols())
    numbers = np.array([np.sum(symbols == e) for e in elements])
    distances = np.array([[minimum_distances.get((min(a, b), max(a, b)), 0.0) for b in elements] for a in elements])
    filled = filled_space(numbers, distances, float(atoms.cell.volume))
    found = []
    if filled > DENSEST:
        what = f"At their minimum distances the atoms would fill {100 * filled:.0f} % of space, and spheres fill {100 * DENSEST:.0f} % at most."
        raise InputError(what, f"The density is {len(atoms) / atoms.cell.volume:.4f} atoms/Å³.", "Lower the minimum distances, or the density.")
    if filled > HARDLY_MOBILE:
        found.append(f"At their minimum distances the atoms fill {100 * filled:.0f} % of space: few moves will find room.")
    if not start:
        return found
    types = np.searchsorted(elements, symbols)
    near = neighbour_pairs(atoms.positions, atoms.cell.array, types, distances)
    if len(near.first):
        i = int(np.argmin(near.distances / distances[types[near.first], types[near.second]]))
        pair = "-".join(sorted((str(symbols[near.first[i]]), str(symbols[near.second[i]]))))
        count = len(near.first) // 2
        many = f"{count} pairs are" if count > 1 else "one pair is"
        found.append(f"In the start {many} closer than the minimum distance; the worst is {pair} at {near.distances[i]:.2f} Å.")
    return found


def filled_space(numbers: NDArray[np.int64], distances: NDArray[np.float64], volume: float) -> float:
    """Share of space that spheres fill which cannot overlap: radii R_a + R_b within each minimum distance, as large as they can be.

    Parameters
    ----------
    numbers
        Of atoms ``(n_elements,)``.
    distances
        Minimum distances ``(n_elements, n_elements)`` [Å].
    volume
        [Å³]
    """
    best = 0.0
    # The sum of cubes is largest at a corner: some elements take all they can, the others what is left.
    for order in permutations(range(len(numbers))) if len(numbers) <= 6 else [tuple(np.argsort(-np.diag(distances)))]:
        radii: dict[int, float] = {}
        for a in order:
            radii[a] = max(0.0, min([distances[a, a] / 2, *(distances[a, b] - radii[b] for b in radii)]))
        best = max(best, float(sum(4 / 3 * np.pi * r**3 * numbers[a] for a, r in radii.items())) / volume)
    return best


def check_neighbours(atoms: Atoms, constraints: Sequence[Coordination], minimum_distances: Mapping[Pair, float]) -> None:
    """Refuse coordination numbers that no arrangement of atoms has.

    Raises
    ------
    InputError
        If there are too few neighbours, they do not fit around an atom, or two constraints count the same bonds and disagree.
    """
    symbols = atoms.get_chemical_symbols()
    for c in constraints:
        least, share = c.range[0], 1.0 if c.fraction is None else max(0.0, c.fraction - c.tolerance)
        there = symbols.count(c.neighbour) - (c.centre == c.neighbour)
        if share > 0 and least > there:
            raise InputError(
                f"{c.centre} is to have {least} {c.neighbour} neighbours, and there are {there} {c.neighbour} atoms.",
                mend="Take more atoms, or correct number.",
            )
        apart = minimum_distances.get((c.neighbour, c.neighbour), 0.0)
        fit = neighbours_that_fit(c.distances[1], apart)
        if share > 0 and least > fit:
            what = f"{c.centre} is to have {least} {c.neighbour} neighbours within {c.distances[1]:g} Å, and at most {fit} fit."
            raise InputError(what, f"Two {c.neighbour} stay {apart:g} Å apart.", "Lower number or the minimum distance, or raise the cutoff.")
    for c in constraints:
        for other in constraints:
            if (other.centre, other.neighbour, other.distances) == (c.neighbour, c.centre, c.distances) and c.fraction is None and other.fraction is None:
                bonds, most = symbols.count(c.centre) * c.range[0], symbols.count(other.centre) * other.range[1]
                if bonds > most:
                    what = f"Bonds do not add up: {c.centre} asks for {bonds} or more {c.centre}-{c.neighbour} bonds, {other.centre} allows {most}."
                    raise InputError(what, "Each bond is counted from both of its ends.", "Correct one of the two numbers.")


def neighbours_that_fit(cutoff: float, apart: float) -> int:
    """Upper bound on how many atoms lie within ``cutoff`` of one point, ``apart`` from each other [Å].

    Where they are further apart than from the point, they are points on a sphere: N of them have a distance of at most
    sqrt(4 - 1/sin²(πN/(6N - 12))) radii (L. Fejes Tóth, doi 10.1007/978-3-642-65234-9). Else, spheres in a sphere that fill no more of it
    than spheres can.
    """
    if apart <= 0:
        return 10**9
    if apart < cutoff:
        return max(2, int(DENSEST * (1 + 2 * cutoff / apart) ** 3))
    if apart > 2 * cutoff:
        return 1
    return next((n - 1 for n in range(3, 14) if np.sqrt(4 - 1 / np.sin(np.pi * n / (6 * n - 12)) ** 2) < apart / cutoff * (1 - 1e-9)), 13)
