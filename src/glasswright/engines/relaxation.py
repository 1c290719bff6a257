"""A few steps of minimisation from given positions, again and again: what alternates with Monte Carlo in FEAR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator


@dataclass(frozen=True, eq=False)
class Relaxed:
    """Where a minimisation has come to."""

    positions: NDArray[np.float64]
    """``(n_atoms, 3)`` [Å]"""
    energy: float
    """[eV]"""
    largest_force: float
    """Largest component of a force [eV/Å]."""


class Relaxation(Protocol):
    """Minimises the energy of certain atoms in a fixed cell."""

    def __call__(self, positions: NDArray[np.float64], steps: int, force_tolerance: float = 1e-3) -> Relaxed:
        """At most so many steps downhill from ``positions`` ``(n_atoms, 3)`` [Å]; fewer once no force component exceeds the tolerance [eV/Å]."""


class CalculatorRelaxation:
    """By any ASE calculator, with the limited-memory BFGS of ASE.

    Parameters
    ----------
    atoms
        Elements, cell and whatever else the calculator reads of them; kept unchanged.
    calculator
        Gives energy and forces.
    longest_move
        Of one atom in one step [Å].
    """

    def __init__(self, atoms: Atoms, calculator: Calculator, longest_move: float = 0.2) -> None:
        self._atoms = atoms.copy()
        self._atoms.calc = calculator
        self._longest_move = longest_move

    def __call__(self, positions: NDArray[np.float64], steps: int, force_tolerance: float = 1e-3) -> Relaxed:
        from ase.optimize import LBFGS

        self._atoms.set_positions(positions)
        LBFGS(self._atoms, logfile=None, maxstep=self._longest_move).run(fmax=force_tolerance, steps=steps)
        forces = self._atoms.get_forces()
        return Relaxed(self._atoms.get_positions(), float(self._atoms.get_potential_energy()), float(np.abs(forces).max()))
