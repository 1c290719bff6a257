"""Homopolar (wrong) bonds: those that break the alternation of formers and linkers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..findings import Number
from ..frames import Pair, elements_and_types, frames_of, pairs_of
from ..pairs.coordination import Cutoffs
from .bonds import all_bonds, bond_cutoffs, linked, network_cutoffs
from .sharing import linked_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ase import Atoms


@dataclass(frozen=True)
class WrongBonds:
    """Bonds between two formers or between two linkers."""

    of_bonds: Number
    """Share of all bonds of the network."""
    of_atoms: Number
    """Share of the atoms of these two elements that have such a bond."""


def homopolar_bonds(source: Atoms | Sequence[Atoms], cutoffs: Cutoffs | None = None) -> dict[Pair, WrongBonds]:
    """Bonds that a chemically ordered network would not have: pair of elements, alphabetical → how many; every such pair is listed.

    Two formers with a linker in common are not bonded, however near: polyhedra that share edges.

    Parameters
    ----------
    cutoffs
        [Å] None: the measured ones, and between like atoms 1.15 times the sum of the covalent radii.

    Raises
    ------
    InputError
        If nothing links network formers.
    """
    frames = all_bonds(source, _with_like_atoms(frames_of(source)) if cutoffs is None else cutoffs)
    role = linked(frames[0])
    network, found = (*role.formers, *role.linkers), dict[Pair, WrongBonds]()
    for group in (role.formers, role.linkers):
        for a, b in pairs_of(group):
            of_bonds, of_atoms = [], []
            for bonds in frames:
                all_of_network = bonds.among(bonds.of(network), bonds.of(network))
                wrong = bonds.among(bonds.of([a]), bonds.of([b]))
                wrong = wrong.only(~np.isin(bonds.pair_keys(wrong.first, wrong.second, wrong.shifts), linked_pairs(bonds)[2]))
                of_bonds.append(len(wrong.first) / max(len(all_of_network.first), 1))
                of_atoms.append(float(np.mean(wrong.number[bonds.of([a, b])] > 0)))
            found[a, b] = WrongBonds(Number.over(of_bonds), Number.over(of_atoms))
    return found


def _with_like_atoms(frames: Sequence[Atoms]) -> dict[Pair, float]:
    return network_cutoffs(bond_cutoffs(frames), elements_and_types(frames[0])[0], wrong=True)
