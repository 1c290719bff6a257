"""What modifiers do: where they sit, and whether they break bridges or balance charges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..findings import Number
from ..pairs.coordination import Cutoffs
from .bonds import Source, all_bonds, linked


@dataclass(frozen=True)
class Surroundings:
    """The linkers around one kind of modifier."""

    non_bridging: Number
    """Non-bridging and free linkers around it, mean."""
    bridging: Number
    """Bridging ones."""
    modifying: Number
    """Share of the atoms with at least one non-bridging or free linker around."""
    compensating: Number
    """Share with bridging linkers only: in a glass with four-coordinated Al or B these balance its charge."""


def modifier_surroundings(source: Source, cutoffs: Cutoffs | None = None) -> dict[str, Surroundings]:
    """Bridging and non-bridging linkers around each kind of modifier.

    Raises
    ------
    InputError
        If nothing links network formers.
    """
    frames = all_bonds(source, cutoffs)
    role, found = linked(frames[0]), dict[str, Surroundings]()
    for element in role.modifiers:
        columns = []
        for bonds in frames:
            atoms, linkers = bonds.of([element]), bonds.of(role.linkers)
            around = [np.bincount(bonds.first[kind[bonds.second]], minlength=len(atoms))[atoms] for kind in (linkers & ~bonds.bridging, bonds.bridging)]
            broken, bridges = around
            columns.append([broken.mean(), bridges.mean(), (broken > 0).mean(), ((broken == 0) & (bridges > 0)).mean()])
        found[element] = Surroundings(*(Number.over([float(v) for v in column]) for column in zip(*columns, strict=True)))
    return found
