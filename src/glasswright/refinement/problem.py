"""What is refined: atoms, data, energy and constraints, with nothing left to decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..packing.distances import ELEMENT_FRACTION, OXIDE_FRACTION, minimum_distance
from ..targets import PairBins, Target
from ..targets.constraints import Constraint
from .settings import RefineSettings

if TYPE_CHECKING:
    from ase import Atoms

    from ..engines.relaxation import Relaxed
    from ..forms.sampled_pairs import SampledPairs
    from ..native.monte_carlo import MonteCarlo

CLOSEST_IN_OXIDES, CLOSEST_AMONG_ELEMENTS = 0.75, 0.8
"""Default minimum distance over contact distance: a little below where the first peaks of g(r) begin."""

Evaluator = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]
"""Energy [eV] and forces ``(n_atoms, 3)`` [eV/Å] at positions ``(n_atoms, 3)`` [Å]."""


class Energy(Protocol):
    """The energy of the atoms of a problem, by a force field or a calculator."""

    name: str

    @property
    def refusal(self) -> str:
        """Why a kernel cannot evaluate it move by move; empty where it can."""

    def install(self, kernel: MonteCarlo) -> None:
        """Give the kernel pair tables and further terms."""

    def evaluate(self, positions: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Energy [eV] and forces ``(n_atoms, 3)`` [eV/Å] at positions ``(n_atoms, 3)`` [Å]."""

    def evaluator(self) -> Evaluator:
        """``evaluate`` for a walk in small steps. It may remember its last neighbours; a new one does not, so that a walk repeats itself."""

    def relax(self, positions: NDArray[np.float64], steps: int) -> Relaxed:
        """A few steps of minimisation from these positions."""

    def heat(self, positions: NDArray[np.float64], steps: int, temperature: float, seed: int) -> NDArray[np.float64]:
        """Positions after a few steps of dynamics at a temperature [K], from velocities drawn anew."""

    def added(self, pairs: SampledPairs) -> Energy:
        """The same with further pair energies."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Atoms to move and what decides about moves."""

    atoms: Atoms
    """The start; never modified."""
    kinds: tuple[str, ...]
    """Species, sorted: the types of the kernel and of its histograms."""
    types: NDArray[np.int64]
    """Index into ``kinds`` of each atom ``(n_atoms,)``."""
    bins: PairBins
    targets: tuple[Target, ...]
    minimum_distances: NDArray[np.float64]
    """``(n_kinds, n_kinds)`` [Å]"""
    settings: RefineSettings
    energy: Energy | None = None
    groups: tuple[NDArray[np.int64], ...] = ()
    """Atoms that move together in cluster moves."""
    constraints: tuple[Constraint, ...] = ()

    @property
    def n_atoms(self) -> int:
        return len(self.types)

    @property
    def weights(self) -> tuple[float, ...]:
        """Of the data sets."""
        return tuple(target.weight for target in self.targets)


def closest(elements: Sequence[str], oxide: bool, given: Mapping[str, float] | None) -> NDArray[np.float64]:
    """Minimum distances ``(n, n)`` [Å] of kinds of these elements: as given, else a share of the contact distance.

    Raises
    ------
    InputError
        If a pair is given that is not of these elements.
    """
    share = CLOSEST_IN_OXIDES / OXIDE_FRACTION if oxide else CLOSEST_AMONG_ELEMENTS / ELEMENT_FRACTION
    matrix = np.array([[share * minimum_distance(a, b, oxide) for b in elements] for a in elements])
    for pair, distance in (given or {}).items():
        a, b = pair.split("-")
        found = [(i, j) for i, x in enumerate(elements) for j, y in enumerate(elements) if {x, y} == {a, b} and (a != b or x == y == a)]
        if not found:
            raise InputError(
                f"A minimum distance is given for {pair}, and there are {', '.join(sorted(set(elements)))}.", mend="Correct the pair, or leave it out."
            )
        for i, j in found:
            matrix[i, j] = distance
    return matrix
