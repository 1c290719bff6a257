"""What acts on the atoms in the compiled core: pair tables, the far field of an Ewald sum, triplets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...forcefield import BoundForceField
from ...forms.prolate import ProlateSplit
from ...forms.sampled_pairs import SampledPairs
from ...native import core
from .far_field import FarFieldSettings, choose_far_field
from .tables import PairTables, pair_tables
from .triplets import triplet_term

SKIN = 1.0
"""How far the neighbour list reaches beyond the cutoff [Å]."""


@dataclass(frozen=True, eq=False)
class Interactions:
    """A force field for given atoms, made ready for the compiled core."""

    bound: BoundForceField
    split: ProlateSplit | None
    """How an Ewald sum divides 1/r; None where there is none."""
    accuracy: float
    """Relative force error asked of the far field."""
    double: bool
    """In double precision throughout."""
    threads: int
    added: SampledPairs | None = None
    """What acts between pairs of species besides the force field."""

    @property
    def cutoff(self) -> float:
        """The longest reach of a pair in real space [Å]."""
        reach = [0.0 if self.added is None else self.added.cutoff]
        if self.split is None:
            return max([*reach, self.bound.cutoff])
        return max([*reach, self.split.cutoff, *(term.cutoff for term in self.bound.pairs.values())])

    @cached_property
    def tables(self) -> PairTables:
        """Of all pairs of species; beside triplets, of what is added alone."""
        return pair_tables(self.bound, double_precision=self.double, split=self.split, added=self.added)

    @property
    def atom_masses(self) -> NDArray[np.float64]:
        """Of each atom ``(n_atoms,)`` [u]."""
        return self.bound.masses[self.bound.types]

    @property
    def least_width(self) -> float:
        """Of a cell that holds one image of every pair [Å]."""
        return 2 * self.cutoff

    @cached_property
    def in_double(self) -> Interactions:
        """The same in double precision."""
        return self if self.double else replace(self, double=True)

    def repeated(self, times: int) -> Interactions:
        """The same for so many copies of the atoms, one after another."""
        return self if times == 1 else replace(self, bound=replace(self.bound, types=np.tile(self.bound.types, times)))

    def far_field(self, cell: NDArray[np.float64]) -> FarFieldSettings | None:
        """How the far field is summed in this cell."""
        if self.split is None:
            return None
        return choose_far_field(self.accuracy, cell, len(self.bound.types), cutoff=self.split.cutoff, double_precision=self.double)

    def forces(self, far_field: FarFieldSettings | None) -> Any:
        """``Forces`` of the core, for one simulation."""
        return core().Forces(
            self.bound.types,
            pairs=self.tables.term() if self.added is not None or not self.bound.triplets else None,
            triplets=triplet_term(self.bound, "double" if self.double else "mixed"),
            far_field=far_field.build(self.bound.charges.tolist()) if far_field else None,
            skin=SKIN,
            threads=self.threads,
        )

    def describe(self, cell: NDArray[np.float64]) -> dict[str, object]:
        """Tables and far field for the record."""
        if self.bound.triplets:
            return {"pair": "Stillinger-Weber pairs and triplets, evaluated directly"}
        tables = self.tables
        facts: dict[str, object] = {
            "pair": "one merged table per pair: piecewise polynomials in r²",
            "segments_per_octave": tables.per_octave,
            "degree": tables.degree,
            "table_force_error": tables.error,
        }
        far_field = self.far_field(cell)
        return facts if far_field is None else facts | far_field.describe()

    def dynamics(self, far_field: FarFieldSettings | None, positions: NDArray[np.float64], velocities: NDArray[np.float64], cell: NDArray[np.float64]) -> Any:
        """``Dynamics`` of the core; arrays ``(n_atoms, 3)`` [Å, Å/fs], cell lower triangular [Å]."""
        return core().Dynamics(self.forces(far_field), *map(np.ascontiguousarray, (positions, velocities, cell)), self.bound.masses)
