"""What the bonds of a structure are asked to be: coordination numbers, angles, neighbours that stay; and groups that move as one.

Every constraint has a *violation*, 0 where it is met: neighbours missing or too many, degrees or Å outside a range. A soft constraint
costs ``weight`` times that in the exponent of the acceptance of a Monte Carlo move; a hard one refuses every move that would raise it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis.network.angles import frame_angles
from ..errors import InputError
from ..forcefield import Pair, pair_key, triplet_key
from ..native import NeighbourPairs, core, neighbour_pairs

if TYPE_CHECKING:
    from ase import Atoms

WEIGHT = 10.0
"""Of a constraint unless given: a move that breaks one bond is then accepted once in 20,000 times, all else equal."""


@dataclass(frozen=True)
class Constraint(ABC):
    """Something that is asked of the bonds."""

    _: KW_ONLY
    weight: float = WEIGHT
    """Of a violation by one unit, in the exponent of the acceptance; not used where ``hard``."""
    hard: bool = False
    """No move may raise the violation."""

    def __post_init__(self) -> None:
        if not 0 < self.weight < float("inf"):
            raise InputError(f"The weight {self.weight!r} of a constraint is not possible.", mend="Give a number above 0; 10 keeps bonds as they are.")

    @abstractmethod
    def violation(self, atoms: Atoms) -> float:
        """By how much these atoms violate it."""

    @abstractmethod
    def cost(self, elements: Sequence[str], atoms: Atoms) -> Any:
        """For the Monte Carlo kernel.

        Parameters
        ----------
        elements
            Element of each type of atom of the kernel; several types may be of one element.
        atoms
            The structure at the start.

        Raises
        ------
        InputError
            If the constraint speaks of an element that is not there.
        """

    @abstractmethod
    def spans(self) -> Iterable[tuple[Pair, float, float]]:
        """Pairs of elements, and between which distances they are to be [Å]."""


@dataclass(frozen=True)
class Coordination(Constraint):
    """How many neighbours of one element atoms of another (or the same) have."""

    centre: str
    neighbour: str
    cutoff: float | tuple[float, float]
    """Neighbours are closer than this, or between two distances [Å]."""
    number: int | tuple[int, int]
    """Neighbours of an atom: so many, or from so many to so many."""
    fraction: float | None = None
    """The share of the centres that have that number; None: all of them, and the violation is the number of neighbours missing or too many,
    over all centres. With a share it is the number of centres by which it is missed."""
    tolerance: float = 0.0
    """By how much the share may be missed."""

    def __post_init__(self) -> None:
        super().__post_init__()
        low, high = self.range
        if not 0 <= low <= high <= 100:
            raise InputError(f"A coordination number of {self.number!r} is not possible.", mend="Give a whole number, or the least and the most.")
        _checked_range(self.distances, f"{self.centre}-{self.neighbour} neighbours")
        if not (self.fraction is None or 0 <= self.fraction <= 1) or not 0 <= self.tolerance <= 1:
            raise InputError("A fraction of atoms and its tolerance are between 0 and 1.", f"{self.fraction!r} and {self.tolerance!r} are not both.")

    @property
    def range(self) -> tuple[int, int]:
        """Least and most neighbours."""
        return (self.number, self.number) if isinstance(self.number, int) else (int(self.number[0]), int(self.number[1]))

    @property
    def distances(self) -> tuple[float, float]:
        """Of neighbours [Å]."""
        return (0.0, float(self.cutoff)) if isinstance(self.cutoff, (int, float)) else (float(self.cutoff[0]), float(self.cutoff[1]))

    def violation(self, atoms: Atoms) -> float:
        low, high = self.distances
        pairs = _neighbours(atoms, {pair_key(self.centre, self.neighbour): high})
        symbols = np.array(atoms.get_chemical_symbols())
        kept = (symbols[pairs.first] == self.centre) & (symbols[pairs.second] == self.neighbour) & (pairs.distances >= low)
        numbers = np.bincount(pairs.first[kept], minlength=len(atoms))[symbols == self.centre]
        least, most = self.range
        outside = np.maximum(0, np.maximum(least - numbers, numbers - most))
        if self.fraction is None:
            return float(outside.sum())
        return float(max(0.0, abs(np.sum(outside == 0) - self.fraction * len(numbers)) - self.tolerance * len(numbers)))

    def cost(self, elements: Sequence[str], atoms: Atoms) -> Any:
        share = -1.0 if self.fraction is None else self.fraction
        kinds = _kinds(elements, self.centre), _kinds(elements, self.neighbour)
        return core().coordination_constraint(*kinds, *self.distances, *self.range, share, self.tolerance, self.weight, self.hard)

    def spans(self) -> Iterable[tuple[Pair, float, float]]:
        if self.range[0] > 0 and self.fraction != 0:
            yield (pair_key(self.centre, self.neighbour), *self.distances)


@dataclass(frozen=True)
class BondAngle(Constraint):
    """The angles between the bonds of an atom; the violation is the sum of the degrees outside a range."""

    end: str
    centre: str
    other_end: str
    cutoff: float | tuple[float, float]
    """Bonds are shorter than this [Å]; two values: those to the one end and to the other."""
    angle: tuple[float, float]
    """Least and largest angle [degrees]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        low, high = self.angle
        if not 0 <= low <= high <= 180:
            raise InputError(f"Angles from {low!r} to {high!r} degrees are not possible.", mend="Give the least and the largest, between 0 and 180.")
        for cutoff in self.cutoffs:
            _checked_range((0.0, cutoff), "bonds")
        if self.end == self.other_end and self.cutoffs[0] != self.cutoffs[1]:
            raise InputError(f"Both ends are {self.end}, and their bonds have two cutoffs.", mend="Give one cutoff.")

    @property
    def cutoffs(self) -> tuple[float, float]:
        """Of the bonds to the one end and to the other [Å]."""
        return (float(self.cutoff),) * 2 if isinstance(self.cutoff, (int, float)) else (float(self.cutoff[0]), float(self.cutoff[1]))

    def violation(self, atoms: Atoms) -> float:
        bonds = {pair_key(self.centre, end): r for end, r in zip((self.end, self.other_end), self.cutoffs, strict=True)}
        angles = frame_angles(atoms, bonds).get(triplet_key(self.end, self.centre, self.other_end), np.zeros(0))
        return float(np.maximum(0, np.maximum(self.angle[0] - angles, angles - self.angle[1])).sum())

    def cost(self, elements: Sequence[str], atoms: Atoms) -> Any:
        kinds = (_kinds(elements, name) for name in (self.centre, self.end, self.other_end))
        return core().angle_constraint(*kinds, *self.cutoffs, *self.angle, self.weight, self.hard)

    def spans(self) -> Iterable[tuple[Pair, float, float]]:
        for end, cutoff in zip((self.end, self.other_end), self.cutoffs, strict=True):
            yield pair_key(self.centre, end), 0.0, cutoff


@dataclass(frozen=True)
class Neighbours(Constraint):
    """Atoms keep the neighbours that they have at the start; the violation is the sum of the Å by which their distances are outside a range."""

    centre: str
    neighbour: str
    cutoff: float
    """Neighbours at the start are closer than this [Å]."""
    distance: tuple[float, float]
    """Least and largest distance [Å]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _checked_range((0.0, self.cutoff), "neighbours")
        _checked_range(self.distance, f"{self.centre}-{self.neighbour} distances")

    def bonds(self, start: Atoms) -> Bonds:
        """The pairs that are to be kept."""
        pairs = _bonded(start, self.centre, self.neighbour, self.cutoff)
        if not len(pairs):
            raise InputError(f"No {self.neighbour} is closer than {self.cutoff:g} Å to any {self.centre} at the start.", mend="Give a longer cutoff.")
        return Bonds(pairs, self.distance, weight=self.weight, hard=self.hard)

    def violation(self, atoms: Atoms) -> float:
        """Of atoms that are the start themselves."""
        return self.bonds(atoms).violation(atoms)

    def cost(self, elements: Sequence[str], atoms: Atoms) -> Any:
        return self.bonds(atoms).cost(elements, atoms)

    def spans(self) -> Iterable[tuple[Pair, float, float]]:
        yield (pair_key(self.centre, self.neighbour), *self.distance)


@dataclass(frozen=True)
class Bonds(Constraint):
    """Given pairs of atoms keep their distance; the violation is the sum of the Å outside a range."""

    pairs: NDArray[np.int64] = field(compare=False)
    """Indices of atoms ``(n, 2)``."""
    distance: tuple[float, float]
    """Least and largest distance [Å], of nearest images."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _checked_range(self.distance, "distances")
        if np.ndim(self.pairs) != 2 or np.shape(self.pairs)[1] != 2:
            raise InputError("Bonds are pairs of atoms.", f"An array of shape {np.shape(self.pairs)} was given.", "Give indices of atoms (n, 2).")

    def violation(self, atoms: Atoms) -> float:
        self._check(atoms)
        fractions = np.linalg.solve(atoms.cell.array.T, atoms.positions.T).T
        step = fractions[self.pairs[:, 1]] - fractions[self.pairs[:, 0]]
        length = np.linalg.norm((step - np.round(step)) @ atoms.cell.array, axis=1)
        return float(np.maximum(0, np.maximum(self.distance[0] - length, length - self.distance[1])).sum())

    def cost(self, elements: Sequence[str], atoms: Atoms) -> Any:
        self._check(atoms)
        return core().bond_constraint(np.ascontiguousarray(self.pairs, dtype=np.int64), *self.distance, self.weight, self.hard)

    def spans(self) -> Iterable[tuple[Pair, float, float]]:
        return ()

    def _check(self, atoms: Atoms) -> None:
        if len(self.pairs) and not 0 <= np.min(self.pairs) <= np.max(self.pairs) < len(atoms):
            raise InputError(f"Bonds name atoms that are not there: there are {len(atoms)}, counted from 0.")


def check_constraints(constraints: Iterable[Constraint], atoms: Atoms, minimum_distances: Mapping[Pair, float] | None = None) -> None:
    """Refuse constraints that no move could ever meet.

    Parameters
    ----------
    constraints
        Of one refinement.
    atoms
        The structure at the start.
    minimum_distances
        Closer than this two elements never come [Å].

    Raises
    ------
    InputError
        If a constraint speaks of an element that is not there, asks for neighbours closer than atoms may come, or needs distances beyond half
        the cell.
    """
    closest = {pair_key(*pair): r for pair, r in (minimum_distances or {}).items()}
    elements = sorted(set(atoms.get_chemical_symbols()))
    half = 0.5 * float((1 / np.linalg.norm(np.linalg.inv(atoms.cell.array), axis=0)).min())
    for constraint in constraints:
        constraint.cost(elements, atoms)
        for pair, _, longest in constraint.spans():
            if longest <= closest.get(pair, 0.0):
                raise InputError(
                    f"{pair[0]}-{pair[1]} neighbours are to be closer than {longest:g} Å, and never closer than {closest[pair]:g} Å.",
                    "Both cannot be.",
                    "Lower the minimum distance or raise the cutoff of the constraint.",
                )
            if longest > half:
                raise InputError(
                    f"{pair[0]}-{pair[1]} neighbours up to {longest:g} Å are beyond half the narrowest width of the cell ({half:.3g} Å).",
                    mend="Use more atoms.",
                )


def rigid_groups(atoms: Atoms, centre: str, neighbour: str, cutoff: float) -> list[NDArray[np.int64]]:
    """Groups of atoms for moves as one: each atom of an element with its neighbours of another, such as the SiO4 tetrahedra.

    Parameters
    ----------
    atoms
        The structure at the start; groups stay as they are then.
    centre, neighbour
        Elements.
    cutoff
        Neighbours are closer than this [Å].

    Returns
    -------
    Indices of atoms, the centre first; groups may share neighbours. Centres without any are left out.

    Raises
    ------
    InputError
        If there is no such group.
    """
    pairs = _bonded(atoms, centre, neighbour, cutoff, both=True)
    centres, start = np.unique(pairs[:, 0], return_index=True)
    if not len(centres):
        raise InputError(f"No {neighbour} is closer than {cutoff:g} Å to any {centre}.", mend="Give a longer cutoff.")
    return [np.concatenate([[i], members]) for i, members in zip(centres, np.split(pairs[:, 1], start[1:]), strict=True)]


def _bonded(atoms: Atoms, centre: str, neighbour: str, cutoff: float, both: bool = False) -> NDArray[np.int64]:
    """Centre and neighbour ``(n, 2)``, sorted; where the two are of one element every pair once, or ``both`` ways."""
    _checked_range((0.0, cutoff), "neighbours")
    symbols = np.array(atoms.get_chemical_symbols())
    found = _neighbours(atoms, {pair_key(centre, neighbour): cutoff})
    wanted = (symbols[found.first] == centre) & (symbols[found.second] == neighbour)
    if centre == neighbour and not both:
        wanted &= found.first < found.second
    pairs = np.unique(np.column_stack([found.first, found.second])[wanted], axis=0)
    return np.asarray(pairs, dtype=np.int64).reshape(-1, 2)


def _neighbours(atoms: Atoms, cutoffs: Mapping[Pair, float]) -> NeighbourPairs:
    elements, types = np.unique(atoms.get_chemical_symbols(), return_inverse=True)
    table = np.array([[cutoffs.get(pair_key(str(a), str(b)), 0.0) for b in elements] for a in elements])
    return neighbour_pairs(atoms.positions, atoms.cell.array, types, table)


def _kinds(elements: Sequence[str], name: str) -> NDArray[np.int64]:
    chosen = np.array([element == name for element in elements], dtype=np.int64)
    if not chosen.any():
        raise InputError(f"A constraint speaks of {name}, and there is none.", f"There is {', '.join(sorted(set(elements)))}.")
    return chosen


def _checked_range(distances: tuple[float, float], of: str) -> None:
    low, high = distances
    if not 0 <= low < high < float("inf"):
        raise InputError(f"A distance of {of} from {low!r} to {high!r} Å is not possible.", mend="Give positive distances, the shorter first.")
