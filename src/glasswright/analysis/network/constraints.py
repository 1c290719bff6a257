"""Topological constraint counting: how rigid a network is, from its bonds or from how they move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...composition.oxides import OXIDATION_STATES
from ...errors import InputError
from ..findings import Number
from ..frames import frames_of
from ..pairs.coordination import Cutoffs
from .angles import Triplet, triplet_codes
from .bonds import Bonds, Source, all_bonds, bond_cutoffs, bonds_of

if TYPE_CHECKING:
    from ase import Atoms

ANGLE_LIMIT = 15.0
"""An angle that deviates more from its mean [degrees, standard deviation] is no constraint."""
BOND_LIMIT = 0.07
"""A bond whose length deviates more from its mean [standard deviation over mean] is none: about half of Lindemann's criterion of melting."""
FEWEST = 10
"""Configurations that a deviation in time needs."""


@dataclass(frozen=True)
class Constraints:
    """Constraints per atom; 3 make a network isostatic, fewer leave it flexible, more stress it."""

    stretching: Number
    """Bonds of fixed length per atom."""
    bending: Number
    """Fixed angles per atom, those that follow from others not counted."""
    total: Number
    """Both."""
    by_element: Mapping[str, float]
    """Constraints per atom of each element; half of each bond belongs to either end."""
    method: str
    """How they were counted."""
    deviations: Mapping[Triplet, float] = field(default_factory=dict)
    """From motion only: standard deviation in time of an angle [degrees], mean over all of its kind."""
    fixed: Mapping[Triplet, float] = field(default_factory=dict)
    """From motion only: share of the angles of a kind that stay fixed."""


def mean_field_constraints(source: Source, cutoffs: Cutoffs | None = None, bridges: bool = True) -> Constraints:
    """Constraints by coordination numbers: r/2 bonds and 2r - 3 angles of an atom with r neighbours.

    After Phillips (doi 10.1016/0022-3093(79)90033-4) and Thorpe (doi 10.1016/0022-3093(83)90424-6). The bonds are those of
    the network. Modifiers are held by as many bonds as they have charges, and by no angles, nor are angles at non-bridging
    linkers counted: the convention that puts the threshold of sodium silicates, n = (11 - 10x)/3, at 20 % of Na2O.

    Parameters
    ----------
    bridges
        Whether the angle at a linker between two formers is a constraint. In silica it is known to be broken (Si-O-Si): 3 per atom
        instead of 3.67.
    """
    frames = all_bonds(source, cutoffs)
    each = [_mean_field(bonds, bridges) for bonds in frames]
    return _constraints(each, [bonds.types for bonds in frames], frames[0].elements, f"mean field, bridging angles {'counted' if bridges else 'left out'}")


def _mean_field(bonds: Bonds, bridges: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bonds and angles that belong to each atom ``(2, n_atoms)``."""
    role = bonds.roles
    inside = bonds.of([*role.formers, *role.linkers])
    r = bonds.among(inside, inside).number
    stretching, bending = r / 2, np.where(r > 1, 2.0 * r - 3, 0.0)
    if not bridges:
        bending[bonds.of(role.linkers)] = 0
    held = 0.0
    for element in role.modifiers:
        charge, atoms = int(OXIDATION_STATES[element][0]) if element in OXIDATION_STATES else 1, bonds.of([element])
        stretching[atoms] = charge / 2
        held += float(charge * np.count_nonzero(atoms)) / 2
    others = bonds.of(role.linkers)
    ends = others & (bonds.formers_around < 2) if np.any(others & (bonds.formers_around < 2)) else others
    stretching[ends] += held / max(int(np.count_nonzero(ends)), 1)
    return stretching, bending


def moving_constraints(
    trajectory: Sequence[Atoms], cutoffs: Cutoffs | None = None, angle_limit: float = ANGLE_LIMIT, bond_limit: float = BOND_LIMIT
) -> Constraints:
    """Constraints by what stays fixed while atoms move: bonds and angles whose deviation in time is below a limit.

    The bonds of the first configuration are followed, each with its own mean and deviation, so that disorder between atoms
    does not count as motion (Bauchy and Micoulaut, doi 10.48550/arXiv.1007.1063 and 10.48550/arXiv.1506.06483). Angles between
    bonds that are not fixed are none; of the fixed angles of an atom those that follow from the others are not counted (a
    framework of directions on the sphere: 2r - 3 of them where all are fixed).

    Parameters
    ----------
    trajectory
        At least ten configurations of the same atoms in the order of time, at one temperature; wrapped or not.
    angle_limit
        Standard deviation of a fixed angle [degrees].
    bond_limit
        Standard deviation of a fixed bond, over its mean length.

    Raises
    ------
    InputError
        If there are fewer than ten configurations.
    """
    frames = frames_of(trajectory)
    if len(frames) < FEWEST:
        what = f"{len(frames)} configurations are too few to see which bonds and angles stay fixed."
        raise InputError(what, f"A deviation in time needs {FEWEST}.", "Use mean_field_constraints, or store more configurations.")
    bonds, vectors = _followed(frames[0], bond_cutoffs(frames) if cutoffs is None else cutoffs)
    couples = bonds.couples()
    length, angle = _Moments(len(vectors)), _Moments(len(couples[0]))
    for atoms in frames:
        cell = np.asarray(atoms.cell)
        now = atoms.positions[bonds.second] - atoms.positions[bonds.first]
        fractions = now @ np.linalg.inv(cell)
        now = (fractions - np.round(fractions - vectors)) @ cell  # the image it was bonded to, wherever either has moved
        lengths = np.sqrt(np.einsum("ij,ij->i", now, now))
        unit = now / np.maximum(lengths, 1e-12)[:, None]
        length.add(lengths)
        angle.add(np.degrees(np.arccos(np.einsum("ij,ij->i", unit[couples[0]], unit[couples[1]]).clip(-1, 1))))
    fixed = length.deviation < bond_limit * length.mean
    kept = (angle.deviation < angle_limit) & fixed[couples[0]] & fixed[couples[1]]
    stretching = np.asarray(np.bincount(bonds.first, weights=fixed / 2, minlength=len(bonds.types)), dtype=np.float64)
    method = f"motion in {len(frames)} configurations, deviations below {angle_limit:g} degrees and {100 * bond_limit:g} %"
    found = _constraints([(stretching, _independent(bonds, couples, kept))], [bonds.types], bonds.elements, method)
    return replace(found, deviations=_by_triplet(bonds, couples, angle.deviation), fixed=_by_triplet(bonds, couples, kept))


def _followed(atoms: Atoms, cutoffs: Cutoffs) -> tuple[Bonds, NDArray[np.float64]]:
    """Bonds to follow, and their vectors in units of the cell ``(n_bonds, 3)``."""
    bonds = bonds_of(atoms, cutoffs)
    return bonds, bonds.vectors @ np.linalg.inv(np.asarray(atoms.cell))


class _Moments:
    """Mean and deviation of many quantities over configurations, one configuration at a time (Welford, doi 10.2307/1266577)."""

    def __init__(self, size: int) -> None:
        self.number, self.mean, self._squares = 0, np.zeros(size), np.zeros(size)

    def add(self, values: NDArray[np.float64]) -> None:
        self.number += 1
        off = values - self.mean
        self.mean = self.mean + off / self.number
        self._squares += off * (values - self.mean)

    @property
    def deviation(self) -> NDArray[np.float64]:
        return np.asarray(np.sqrt(self._squares / max(self.number - 1, 1)))


def _independent(bonds: Bonds, couples: tuple[NDArray[np.int64], NDArray[np.int64]], kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Fixed angles of each atom that do not follow from its others ``(n_atoms,)``."""
    found = np.zeros(len(bonds.types))
    centre = bonds.first[couples[0]]
    for m in np.unique(bonds.number[bonds.number > 1]):
        atoms = np.flatnonzero(bonds.number == m)
        angles = kept[bonds.number[centre] == m].reshape(len(atoms), -1)  # couples come atom by atom
        patterns, which = np.unique(angles, axis=0, return_inverse=True)
        found[atoms] = _ranks(int(m), patterns)[which.ravel()]
    return found


def _ranks(m: int, patterns: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Independent ones among fixed angles between m directions ``(n_patterns,)``: generic rigidity is that of points in a plane."""
    points = np.random.default_rng(1).random((m, 2))
    i, j = np.triu_indices(m, 1)
    rows = np.zeros((len(i), m, 2))
    rows[np.arange(len(i)), i] = points[i] - points[j]
    rows[np.arange(len(i)), j] = points[j] - points[i]
    matrix = rows.reshape(len(i), 2 * m)
    return np.asarray(np.linalg.matrix_rank(patterns[:, :, None] * matrix, tol=1e-9))


def _by_triplet(bonds: Bonds, couples: tuple[NDArray[np.int64], NDArray[np.int64]], values: NDArray[np.float64] | NDArray[np.bool_]) -> dict[Triplet, float]:
    """Mean over the angles of each triplet of elements."""
    code, names = triplet_codes(bonds, *couples)
    return {names(c): float(values[code == c].mean()) for c in map(int, np.unique(code))}


def _constraints(
    each: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], types: Sequence[NDArray[np.int64]], elements: Sequence[str], method: str
) -> Constraints:
    stretching, bending = (Number.over([float(one[k].mean()) for one in each]) for k in (0, 1))
    total = Number.over([float((s + b).mean()) for s, b in each])
    by_element = {e: float(np.mean([(s + b)[t == i].mean() for (s, b), t in zip(each, types, strict=True)])) for i, e in enumerate(elements)}
    return Constraints(stretching, bending, total, by_element, method)
