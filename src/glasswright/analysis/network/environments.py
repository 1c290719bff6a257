"""First shells: how many neighbours of which kind, and which of them are defects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..findings import Number
from ..frames import Pair
from ..pairs.coordination import Cutoffs
from ..pairs.cutoffs import ANIONS
from .bonds import Bonds, Roles, Source, all_bonds, shares

EXPECTED: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        **dict.fromkeys(("Si", "Ge", "P", "Al", "Ga", "Be", "Zn"), (4,)),
        "B": (3, 4),
        "V": (4, 5),
        "Te": (3, 4),
        **dict.fromkeys(("As", "Sb", "Bi"), (3,)),
        **dict.fromkeys(("Ti", "Nb", "Ta", "Mo", "W"), (4, 5, 6)),
    }
)
"""Neighbours of a network former that are no defect: Zachariasen's rules (doi 10.1021/ja01349a006), with the changes of coordination that
modifiers bring about (boron, tellurium) and the variable coordination of the conditional formers."""
COVALENT: Mapping[str, int] = MappingProxyType(
    {**dict.fromkeys(("C", "Si", "Ge", "Sn"), 4), **dict.fromkeys(("N", "P", "As", "Sb", "Bi"), 3), **dict.fromkeys(("S", "Se", "Te"), 2)}
)
"""Neighbours of an atom in a covalent glass: 8 - N."""


def environments(source: Source, cutoffs: Cutoffs | None = None) -> dict[str, dict[str, Number]]:
    """What the first shells are made of: element → {shell: share of these atoms}, most frequent first.

    A shell is written as the centre with its neighbours, ``"SiO4"``, ``"GeGeSe3"``; a lone atom is its element alone.
    """
    return _by_element(all_bonds(source, cutoffs), _shells)


def coordination_fractions(source: Source, cutoffs: Cutoffs | None = None) -> dict[Pair, dict[int, Number]]:
    """Coordination numbers: (centre, neighbour) → {number of neighbours: share of the centres}, for every pair of elements that bonds."""
    frames = all_bonds(source, cutoffs)
    elements = frames[0].elements
    found = {}
    for i, centre in enumerate(elements):
        for j, neighbour in enumerate(elements):
            counts = [b.counts[b.types == i, j] for b in frames]
            most = max(int(c.max()) for c in counts)
            if most:
                each = [np.bincount(c, minlength=most + 1) / c.size for c in counts]
                found[centre, neighbour] = {n: Number.over([float(e[n]) for e in each]) for n in range(most + 1)}
    return found


def four_coordinated(source: Source, element: str = "B", cutoffs: Cutoffs | None = None) -> Number:
    """Share of the atoms of an element with four linkers around them: N4 of a borate, as NMR quotes it.

    Raises
    ------
    InputError
        If there is no such atom.
    """
    frames, found = all_bonds(source, cutoffs), []
    if element not in frames[0].elements:
        raise InputError(f"There is no {element} in this glass.", mend=f"The elements are {', '.join(frames[0].elements)}.")
    for bonds in frames:
        around = bonds.counts[:, bonds.columns(bonds.roles.linkers)].sum(axis=1)[bonds.of([element])]
        found.append(float(np.mean(around == 4)))
    return Number.over(found)


def coordination_defects(source: Source, cutoffs: Cutoffs | None = None) -> dict[str, dict[str, Number]]:
    """Atoms of the network with an unexpected number of neighbours: element → {defect: share of these atoms}, most frequent first.

    Expected are the numbers of ``EXPECTED`` for network formers of an oxide or halide, 8 - N in a covalent glass. A linker
    between two formers is as expected; so is one with fewer where a modifier is bonded to it, else it dangles.
    A defect is written as its coordination in the network with its shell there: ``"[5]Si: SiO5"``, ``"[1]O: OSi"``, ``"[3]O: OAlSi2"``.
    """
    return _by_element(all_bonds(source, cutoffs), _defects)


def _by_element(frames: Sequence[Bonds], count: Callable[[Bonds, str], dict[str, int]]) -> dict[str, dict[str, Number]]:
    elements = frames[0].elements
    found = {e: shares([count(bonds, e) for bonds in frames], [int(bonds.of([e]).sum()) for bonds in frames]) for e in elements}
    return {element: cases for element, cases in found.items() if cases}


def _shells(bonds: Bonds, element: str) -> dict[str, int]:
    kinds, times = np.unique(bonds.counts[bonds.of([element])], axis=0, return_counts=True)
    return {element + shell_name(bonds.elements, kind): int(n) for kind, n in zip(kinds, times, strict=True)}


def shell_name(elements: Sequence[str], counts: NDArray[np.int64]) -> str:
    """Neighbours as a formula, cations before anions: ``GeSe3``."""
    order = sorted(np.flatnonzero(counts).tolist(), key=lambda i: (elements[i] in ANIONS, elements[i]))
    return "".join(f"{elements[i]}{counts[i] if counts[i] > 1 else ''}" for i in order)


def _defects(bonds: Bonds, element: str) -> dict[str, int]:
    role, expected = bonds.roles, _expected(element, bonds.roles)
    if element in role.modifiers or not expected:
        return {}
    network, modifiers = bonds.counts.copy(), bonds.columns(role.modifiers)
    network[:, modifiers] = 0
    number = network.sum(axis=1)
    wrong = bonds.of([element]) & ~np.isin(number, expected)
    if element in role.linkers:  # fewer formers are as expected where a modifier makes up for them
        wrong &= (number > max(expected)) | (bonds.counts[:, modifiers].sum(axis=1) == 0)
    kinds, times = np.unique(network[wrong], axis=0, return_counts=True)
    return {f"[{kind.sum()}]{element}: {element}{shell_name(bonds.elements, kind)}": int(n) for kind, n in zip(kinds, times, strict=True)}


def _expected(element: str, role: Roles) -> tuple[int, ...]:
    if set(role.linkers) & ANIONS:
        return (2,) if element in role.linkers else EXPECTED.get(element, ())
    return (COVALENT[element],) if element in COVALENT else ()
