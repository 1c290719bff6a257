"""The network: bridging oxygens and Qn populations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...composition import CONDITIONAL_FORMERS, NETWORK_FORMERS
from ...errors import InputError
from ..frames import elements_and_types, frames_of
from ..pairs.coordination import Cutoffs, neighbours
from ..pairs.cutoffs import cutoffs as measured_cutoffs

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class OxygenSpeciation:
    """Fractions of the oxygens by the number of network formers they are bonded to; they sum to 1."""

    free: float
    """Bonded to none."""
    non_bridging: float
    """Bonded to one."""
    bridging: float
    """Bonded to two."""
    tricluster: float
    """Bonded to three or more."""


def network_formers(elements: Sequence[str]) -> tuple[str, ...]:
    """Elements whose bonds to oxygen make the network: Si, Ge, B, P, ... and Al, Ga; other conditional formers only where there is none."""
    present = set(elements)
    return tuple(sorted(present & (NETWORK_FORMERS | {"Al", "Ga"}) or present & CONDITIONAL_FORMERS))


def oxygen_speciation(source: Atoms | Sequence[Atoms], cutoffs: Cutoffs | None = None) -> OxygenSpeciation:
    """Bridging, non-bridging and free oxygens and triclusters, averaged over configurations.

    Raises
    ------
    InputError
        If there is no oxygen or no network former.
    """
    frames, limits, formers = _network(source, cutoffs)
    number = np.concatenate([_bonds_per_oxygen(atoms, limits, formers)[0] for atoms in frames])
    fractions = np.bincount(np.minimum(number, 3), minlength=4) / number.size
    return OxygenSpeciation(*(float(f) for f in fractions))


def qn(source: Atoms | Sequence[Atoms], cutoffs: Cutoffs | None = None) -> dict[str, dict[int, float]]:
    """Qn populations: network former → {number of bridging oxygens: fraction of these atoms}, averaged over configurations.

    An oxygen bridges when two or more network formers are within the cutoff. n runs from 0 to 4, further where found.

    Raises
    ------
    InputError
        If there is no oxygen or no network former.
    """
    frames, limits, formers = _network(source, cutoffs)
    counts: dict[str, list[NDArray[np.int64]]] = {f: [] for f in formers}
    for atoms in frames:
        elements, types = elements_and_types(atoms)
        bridges = _bonds_per_oxygen(atoms, limits, formers)[1]
        for former in formers:
            counts[former].append(bridges[types == elements.index(former)])
    found = {}
    for former, parts in counts.items():
        values = np.concatenate(parts)
        fractions = np.bincount(values, minlength=5) / values.size
        found[former] = {n: float(f) for n, f in enumerate(fractions)}
    return found


def _network(source: Atoms | Sequence[Atoms], cutoffs: Cutoffs | None) -> tuple[Sequence[Atoms], Cutoffs, tuple[str, ...]]:
    frames = frames_of(source)
    elements, _ = elements_and_types(frames[0])
    formers = network_formers(elements)
    if "O" not in elements or not formers:
        raise InputError(f"There is no oxide network in a glass of {', '.join(elements)}.", "Qn and bridging oxygens need oxygen and a network former.")
    limits = measured_cutoffs(frames) if cutoffs is None else cutoffs
    bonds = {pair: r for pair, r in limits.items() if (pair[0] == "O" and pair[1] in formers) or (pair[1] == "O" and pair[0] in formers)}
    return frames, bonds, formers


def _bonds_per_oxygen(atoms: Atoms, bonds: Cutoffs, formers: tuple[str, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Formers bonded to each oxygen ``(n_oxygen,)``, and bridging oxygens of every atom ``(n_atoms,)``."""
    elements, types = elements_and_types(atoms)
    is_oxygen = types == elements.index("O")
    pairs = neighbours(atoms, bonds)
    number = np.bincount(pairs.first, minlength=len(atoms))
    from_former = ~is_oxygen[pairs.first] & (number[pairs.second] >= 2)
    return number[is_oxygen], np.bincount(pairs.first[from_former], minlength=len(atoms))
