"""Guards: a run that has gone wrong stops with a sentence instead of going on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..engines.base import State
from ..errors import RunFailed

CORE_FRACTION = 0.002
"""Fraction of atoms that may be inside a core region at one time before the run stops."""
ENERGY_JUMP = 0.5
"""Largest change of potential energy between two looks at the run [eV/atom]; a melt at 4000 K holds 0.5 eV/atom of kinetic energy."""
DENSITY_LOSS = 0.6
"""A melt at constant pressure that falls below this share of its first density is boiling."""
EXPECTED_IN_BIN = 18.0
"""Atoms expected in a bin of the void search: an empty one has a chance of exp(-18) in an ideal gas, and far less in a liquid."""
VOID_FRACTION = 0.01
"""Share of empty bins above which the melt has cavitated."""
ALONE = 5.0
"""An atom without any neighbour within this distance has left the condensed phase [Å]."""
BONDED = 3.0
"""Nearly every atom of a glass has a neighbour within this distance [Å]; only where some have not is the wider search made, which costs five times as much."""
ALONE_FRACTION = 0.002
"""Share of such atoms above which the melt is evaporating."""


@dataclass(frozen=True, eq=False)
class Guards:
    """What to look for in every state of a run."""

    types: NDArray[np.int64]
    """Species index of each atom ``(n_atoms,)``."""
    core_radii: Mapping[tuple[int, int], float]
    """Distance below which a pair is inside its repulsive core [Å], by species indices (i ≤ j)."""
    names: tuple[str, ...]
    first_density: float
    """Atoms per Å³ at the start."""

    def check(self, state: State, previous: State | None, stage: str, settled: bool) -> None:
        """Raise where the state shows a run gone wrong; ``settled`` is False while a random packing is still being pushed apart.

        Raises
        ------
        RunFailed
            With what was seen, the likely cause, and what to change.
        """
        numbers = (state.potential_energy, state.kinetic_energy, state.pressure, state.temperature)
        if not (np.all(np.isfinite(numbers)) and np.all(np.isfinite(state.positions))):
            raise RunFailed(f"The {stage} has blown up: energies or positions are no longer numbers.", "Usually the time step is too long.", "Halve timestep.")
        if not settled:
            return
        if previous is not None:
            jump = abs(state.potential_energy - previous.potential_energy) / len(self.types)
            if jump > ENERGY_JUMP:
                raise RunFailed(
                    f"The energy jumped by {jump:.2f} eV per atom during the {stage}.",
                    "Atoms have fused or flown apart.",
                    "Use a shorter timestep, a lower melt_temperature or a force field with a repulsive core.",
                )
        self._cavitation(state, stage)
        self._contacts(state, stage)

    def _cavitation(self, state: State, stage: str) -> None:
        density = len(self.types) / state.volume
        if density < DENSITY_LOSS * self.first_density:
            raise RunFailed(
                f"The {stage} is boiling: its density has fallen to {100 * density / self.first_density:.0f} % of the start.",
                f"At {state.temperature:.0f} K the pressure does not hold it together.",
                'Lower melt_temperature, raise melt_pressure ("0.1 GPa" or more) or use ensemble = "nvt".',
            )
        edge = (EXPECTED_IN_BIN / density) ** (1 / 3)
        bins = np.maximum(1, np.floor(np.linalg.norm(state.cell, axis=1) / edge)).astype(int)
        if bins.prod() < 8:
            return
        fractional = (state.positions @ np.linalg.inv(state.cell)) % 1.0
        index = np.minimum((fractional * bins).astype(int), bins - 1)
        filled = np.unique(np.ravel_multi_index(tuple(index.T), tuple(bins))).size
        empty = 1 - filled / bins.prod()
        if empty > VOID_FRACTION:
            raise RunFailed(
                f"The {stage} has cavitated: {100 * empty:.1f} % of it is void.",
                f"The pressure is {state.pressure:.2f} GPa at {density:.4f} atoms per Å³.",
                "Raise the density or melt_pressure, or lower melt_temperature.",
            )

    def _contacts(self, state: State, stage: str) -> None:
        i, j, distance = close_pairs(state.positions, state.cell, max([BONDED, *self.core_radii.values()]))
        if _alone(len(self.types), i, j) > ALONE_FRACTION * len(self.types):
            alone = _alone(len(self.types), *close_pairs(state.positions, state.cell, ALONE)[:2])
            if alone > ALONE_FRACTION * len(self.types):
                raise RunFailed(
                    f"The {stage} is evaporating: {alone} atoms have no neighbour within {ALONE:g} Å.", mend="Lower melt_temperature or raise melt_pressure."
                )
        limit = np.zeros((len(self.names), len(self.names)))
        for (a, b), radius in self.core_radii.items():
            limit[a, b] = limit[b, a] = radius
        inside = distance < limit[self.types[i], self.types[j]]
        fused = np.unique(np.concatenate([i[inside], j[inside]])).size
        if fused > max(2, CORE_FRACTION * len(self.types)):
            k = int(np.flatnonzero(inside)[np.argmin(distance[inside])])
            pair = f"{self.names[self.types[i[k]]]}-{self.names[self.types[j[k]]]}"
            raise RunFailed(
                f"{fused} atoms are inside the repulsive core during the {stage} (closest: {pair} at {distance[k]:.2f} Å).",
                "There the force field is a guard rail, not physics.",
                "Lower melt_temperature, shorten timestep, or choose another force field.",
            )


def _alone(n_atoms: int, i: NDArray[np.int64], j: NDArray[np.int64]) -> int:
    """Number of atoms that occur in no pair."""
    paired = np.zeros(n_atoms, dtype=bool)
    paired[i], paired[j] = True, True
    return int(n_atoms - paired.sum())


def close_pairs(positions: NDArray[np.float64], cell: NDArray[np.float64], cutoff: float) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of atoms within ``cutoff`` [Å] through periodic images: indices i < j (or i = j through an image) and distances."""
    from vesin import NeighborList

    found = NeighborList(cutoff=cutoff, full_list=False).compute(points=positions, box=cell, periodic=True, quantities="ijd")
    i, j, d = found
    return i.astype(np.int64), j.astype(np.int64), d
