"""A few steps in the energy landscape from given positions, again and again: what alternates with Monte Carlo in FEAR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ..units import BOLTZMANN, MASS_VELOCITY2

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

TIMESTEP = 1.6
"""Of the dynamics [fs]: they need not conserve energy for long."""
DAMPING = 100.0
"""Relaxation time of their thermostat [fs]."""
LONGEST = 0.1
"""How far an atom moves in one of their steps at most [Å]: moves judged by the data alone leave some far too close to others."""


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
    """Follows the forces on certain atoms in a fixed cell."""

    def minimised(self, positions: NDArray[np.float64], steps: int, force_tolerance: float = 1e-3) -> Relaxed:
        """At most so many steps downhill from ``positions`` ``(n_atoms, 3)`` [Å]; fewer once no force component exceeds the tolerance [eV/Å]."""

    def heated(self, positions: NDArray[np.float64], steps: int, temperature: float, seed: int) -> NDArray[np.float64]:
        """Positions ``(n_atoms, 3)`` [Å] after so many steps of dynamics at a temperature [K], from velocities drawn anew."""


class CalculatorRelaxation:
    """By any ASE calculator: the limited-memory BFGS of ASE, and Langevin dynamics.

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

    def minimised(self, positions: NDArray[np.float64], steps: int, force_tolerance: float = 1e-3) -> Relaxed:
        """See ``Relaxation``."""
        from ase.optimize import LBFGS

        self._atoms.set_positions(positions)
        LBFGS(self._atoms, logfile=None, maxstep=self._longest_move).run(fmax=force_tolerance, steps=steps)
        forces = self._atoms.get_forces()
        return Relaxed(self._atoms.get_positions(), float(self._atoms.get_potential_energy()), float(np.abs(forces).max()))

    def heated(self, positions: NDArray[np.float64], steps: int, temperature: float, seed: int) -> NDArray[np.float64]:
        """See ``Relaxation``."""
        random, masses = np.random.default_rng(seed), self._atoms.get_masses()[:, None]
        spread, keep = np.sqrt(BOLTZMANN * temperature / (MASS_VELOCITY2 * masses)), np.exp(-TIMESTEP / DAMPING)
        x, v = np.array(positions, dtype=float), spread * random.standard_normal(positions.shape)
        for _ in range(steps):
            self._atoms.set_positions(x)
            v = keep * (v + TIMESTEP * self._atoms.get_forces() / (MASS_VELOCITY2 * masses))
            v += np.sqrt(1 - keep**2) * spread * random.standard_normal(x.shape)
            way = TIMESTEP * np.linalg.norm(v, axis=1, keepdims=True)
            v *= LONGEST / np.maximum(way, LONGEST)
            x += TIMESTEP * v
        return x
