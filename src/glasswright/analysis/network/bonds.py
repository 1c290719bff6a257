"""The bonds of one configuration as a network: which atoms make it, which link it, which modify it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from ...composition import CONDITIONAL_FORMERS, MODIFIERS, NETWORK_FORMERS
from ...errors import InputError
from ..findings import Number
from ..frames import Pair, elements_and_types, frames_of, pairs_of
from ..pairs.coordination import Cutoffs, neighbours
from ..pairs.cutoffs import ANIONS, bonded_pairs, covalent_distance
from ..pairs.cutoffs import cutoffs as measured_cutoffs

if TYPE_CHECKING:
    from ase import Atoms

CHALCOGENS = frozenset({"S", "Se", "Te"})
LIKE = 1.15
"""Longest bond between two formers or two linkers, over the sum of their covalent radii."""


@dataclass(frozen=True)
class Roles:
    """What the elements of a glass do in its network."""

    formers: tuple[str, ...]
    """Centres of the polyhedra: Si, B, Al, Ge, ..., where there is none of them what is no modifier (Be, Zn); in a glass without linkers
    (a-Si, a metal) every element."""
    linkers: tuple[str, ...]
    """Corners of the polyhedra: the anions, in a chalcogenide S, Se, Te; none in an elemental glass."""
    modifiers: tuple[str, ...]
    """The others."""


def network_formers(elements: Sequence[str]) -> tuple[str, ...]:
    """Elements whose bonds to oxygen make the network: Si, Ge, B, P, ... and Al, Ga; other conditional formers only where there is none."""
    present = set(elements)
    return tuple(sorted(present & (NETWORK_FORMERS | {"Al", "Ga"}) or present & CONDITIONAL_FORMERS))


def roles(elements: Sequence[str]) -> Roles:
    """Formers, linkers and modifiers among the elements of a glass."""
    present = set(elements)
    linkers = present & ANIONS or present & CHALCOGENS
    if linkers == present:
        linkers = set()
    rest = present - linkers
    formers = set(network_formers(sorted(rest))) or rest - MODIFIERS - {"H"} if linkers else present
    return Roles(tuple(sorted(formers)), tuple(sorted(linkers)), tuple(sorted(rest - formers)))


@dataclass(frozen=True, eq=False)
class Bonds:
    """Bonds of one configuration, each from both its ends, sorted by the first atom."""

    elements: tuple[str, ...]
    types: NDArray[np.int64]
    """Index of each atom's element ``(n_atoms,)``."""
    first: NDArray[np.int64]
    """``(n_bonds,)``"""
    second: NDArray[np.int64]
    """``(n_bonds,)``"""
    shifts: NDArray[np.int64]
    """Cell vectors to add to the second atom ``(n_bonds, 3)``; small, as atoms are counted from inside the cell."""
    vectors: NDArray[np.float64]
    """From the first atom to the image of the second ``(n_bonds, 3)`` [Å]."""

    @cached_property
    def roles(self) -> Roles:
        return roles(self.elements)

    @cached_property
    def lengths(self) -> NDArray[np.float64]:
        """``(n_bonds,)`` [Å]"""
        return np.asarray(np.sqrt(np.einsum("ij,ij->i", self.vectors, self.vectors)))

    @cached_property
    def number(self) -> NDArray[np.int64]:
        """Bonds of each atom ``(n_atoms,)``."""
        return np.bincount(self.first, minlength=len(self.types))

    @cached_property
    def start(self) -> NDArray[np.int64]:
        """Where the bonds of each atom begin ``(n_atoms,)``."""
        return np.concatenate([[0], np.cumsum(self.number)[:-1]])

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Neighbours of each atom by element ``(n_atoms, n_elements)``."""
        n = len(self.elements)
        return np.bincount(self.first * n + self.types[self.second], minlength=len(self.types) * n).reshape(-1, n)

    @cached_property
    def formers_around(self) -> NDArray[np.int64]:
        """Network formers bonded to each atom ``(n_atoms,)``."""
        return np.asarray(self.counts[:, self.columns(self.roles.formers)].sum(axis=1))

    @cached_property
    def bridging(self) -> NDArray[np.bool_]:
        """Atoms that link two or more network formers ``(n_atoms,)``."""
        return self.of(self.roles.linkers) & (self.formers_around >= 2)

    def columns(self, elements: Sequence[str]) -> list[int]:
        """Indices of elements."""
        return [self.elements.index(e) for e in elements]

    def of(self, elements: Sequence[str]) -> NDArray[np.bool_]:
        """Atoms that are one of these elements ``(n_atoms,)``."""
        return np.isin(self.types, self.columns(elements))

    def only(self, chosen: NDArray[np.bool_]) -> Bonds:
        """Some of the bonds; to stay a network, both directions of each."""
        if chosen.all():
            return self
        return Bonds(self.elements, self.types, self.first[chosen], self.second[chosen], self.shifts[chosen], self.vectors[chosen])

    def among(self, first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Bonds:
        """The bonds between two groups of atoms."""
        return self.only((first[self.first] & second[self.second]) | (second[self.first] & first[self.second]))

    def couples(self, centres: NDArray[np.bool_] | None = None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All couples of bonds from one atom (of some centres only), each once: indices of either bond."""
        left, right = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        several = self.number * (self.number > 1) * (1 if centres is None else centres)
        for m in range(2, int(several.max(initial=0)) + 1):
            i, j = np.triu_indices(m, 1)
            begin = self.start[several == m][:, None]
            left.append((begin + i).ravel())
            right.append((begin + j).ravel())
        return np.concatenate(left), np.concatenate(right)

    def keys(self, first: NDArray[np.int64], second: NDArray[np.int64], shifts: NDArray[np.int64]) -> NDArray[np.int64]:
        """One integer for each connection of an atom to the image of another, in the order of its first atom."""
        n, reach = len(self.types), 2 * int(np.abs(self.shifts).max(initial=0))  # differences of two shifts too
        code = first * n + second
        for axis in range(3):
            code = code * (2 * reach + 1) + shifts[:, axis] + reach
        return np.asarray(code)

    def pair_keys(self, first: NDArray[np.int64], second: NDArray[np.int64], shifts: NDArray[np.int64]) -> NDArray[np.int64]:
        """One integer for each pair, whichever end it is seen from."""
        return np.minimum(self.keys(first, second, shifts), self.keys(second, first, -shifts))


Source: TypeAlias = "Atoms | Sequence[Atoms] | Sequence[Bonds]"
"""One configuration or several, or their bonds where these are known."""


def bonds_of(atoms: Atoms, cutoffs: Cutoffs) -> Bonds:
    """The bonds of a configuration within cutoffs [Å]."""
    pairs = neighbours(atoms, cutoffs, inside=True)
    elements, types = elements_and_types(atoms)
    return Bonds(elements, types, pairs.first, pairs.second, pairs.shifts, pairs.vectors)


def bond_cutoffs(source: Atoms | Sequence[Atoms]) -> dict[Pair, float]:
    """Measured cutoffs [Å] of the pairs of elements that bond; in a chalcogenide those of ``network_cutoffs`` between like atoms."""
    frames = frames_of(source)
    limits = measured_cutoffs(frames)
    return network_cutoffs({pair: limits[pair] for pair in bonded_pairs(frames)}, elements_and_types(frames[0])[0])


def network_cutoffs(bonds: Cutoffs, elements: Sequence[str], wrong: bool | None = None) -> dict[Pair, float]:
    """Cutoffs [Å] of bonds, those between two formers or two linkers set to 1.15 times the sum of the covalent radii (doi 10.1039/b801115j).

    Their g(r) shows no minimum to measure: polyhedra that share edges bring formers close to bonds (Si-Si 2.77 Å in SiS2, 1.25
    times the radii). ``wrong`` tells whether such bonds are among them at all; None: where no anion forbids them.
    """
    role = roles(elements)
    if not role.linkers:
        return dict(bonds)
    like = [pair for group in (role.formers, role.linkers) for pair in pairs_of(group)]
    found = {pair: cutoff for pair, cutoff in bonds.items() if tuple(sorted(pair)) not in like}
    if wrong if wrong is not None else not set(role.linkers) & ANIONS:
        found |= {pair: LIKE * covalent_distance(pair) for pair in like}
    return found


def all_bonds(source: Source, cutoffs: Cutoffs | None = None) -> Sequence[Bonds]:
    """Bonds of every configuration, within cutoffs or what is measured; bonds found before are taken as they are."""
    if not hasattr(source, "get_positions") and len(source) > 0 and isinstance(source[0], Bonds):
        return cast("Sequence[Bonds]", source)
    frames = frames_of(cast("Atoms | Sequence[Atoms]", source))
    limits = bond_cutoffs(frames) if cutoffs is None else cutoffs
    return [bonds_of(atoms, limits) for atoms in frames]


def shares(counts: Sequence[Mapping[str, int]], totals: Sequence[int]) -> dict[str, Number]:
    """What was counted in each configuration, over the total there: mean and spread, most frequent first."""
    together = Counter[str]()
    for one in counts:
        together.update(one)
    names = sorted(together, key=lambda name: (-together[name], name))
    return {name: Number.over([one.get(name, 0) / max(n, 1) for one, n in zip(counts, totals, strict=True)]) for name in names}


def linked(bonds: Bonds) -> Roles:
    """The roles in a network of polyhedra.

    Raises
    ------
    InputError
        If nothing links network formers.
    """
    found = bonds.roles
    if not found.linkers or not found.formers:
        what = f"There is no network of linked polyhedra in a glass of {', '.join(bonds.elements)}."
        raise InputError(what, "It needs a network former (Si, B, Al, Ge, ...) and anions or chalcogens that link it.")
    return found
