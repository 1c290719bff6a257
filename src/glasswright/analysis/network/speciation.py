"""The network: bridging oxygens and Qn populations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..pairs.coordination import Cutoffs
from .bonds import Bonds, Source, all_bonds, network_formers


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


def oxygen_speciation(source: Source, cutoffs: Cutoffs | None = None) -> OxygenSpeciation:
    """Bridging, non-bridging and free oxygens and triclusters, averaged over configurations.

    Raises
    ------
    InputError
        If there is no oxygen or no network former.
    """
    frames, _ = _network(source, cutoffs)
    number = np.concatenate([bonds.number[bonds.of(["O"])] for bonds in frames])
    fractions = np.bincount(np.minimum(number, 3), minlength=4) / number.size
    return OxygenSpeciation(*(float(f) for f in fractions))


def qn(source: Source, cutoffs: Cutoffs | None = None) -> dict[str, dict[int, float]]:
    """Qn populations: network former → {number of bridging oxygens: fraction of these atoms}, averaged over configurations.

    An oxygen bridges when two or more network formers are within the cutoff. n runs from 0 to 4, further where found.

    Raises
    ------
    InputError
        If there is no oxygen or no network former.
    """
    frames, formers = _network(source, cutoffs)
    counts: dict[str, list[NDArray[np.int64]]] = {f: [] for f in formers}
    for bonds in frames:
        bridges = np.bincount(bonds.first[bonds.bridging[bonds.second]], minlength=len(bonds.types))
        for former in formers:
            counts[former].append(bridges[bonds.of([former])])
    found = {}
    for former, parts in counts.items():
        values = np.concatenate(parts)
        fractions = np.bincount(values, minlength=5) / values.size
        found[former] = {n: float(f) for n, f in enumerate(fractions)}
    return found


def _network(source: Source, cutoffs: Cutoffs | None) -> tuple[Sequence[Bonds], tuple[str, ...]]:
    """Bonds between oxygen and network formers, and these."""
    everything = all_bonds(source, cutoffs)
    elements = everything[0].elements
    formers = network_formers(elements)
    if "O" not in elements or not formers:
        raise InputError(f"There is no oxide network in a glass of {', '.join(elements)}.", "Qn and bridging oxygens need oxygen and a network former.")
    return [bonds.among(bonds.of(["O"]), bonds.of(formers)) for bonds in everything], formers
