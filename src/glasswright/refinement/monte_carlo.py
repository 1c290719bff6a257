"""Monte Carlo with an energy (Metropolis et al., doi 10.1063/1.1699114); data, where there are any, are only compared."""

from __future__ import annotations

from ..forcefield import Source
from .method import Conditions, Need
from .problem import Problem
from .sampling import Tried
from .walk import Walk


class EnergyMonteCarlo(Walk):
    """Accepts with min(1, exp(-ΔU/kT)): the canonical ensemble once the temperature no longer falls."""

    name = "monte_carlo"
    needs: frozenset[Need] = frozenset({"energy of moves"})
    by_data, by_energy = False, True
    sources = (Source("Metropolis et al., Equation of state calculations by fast computing machines, J. Chem. Phys. 21, 1087 (1953)", "10.1063/1.1699114"),)

    def weight(self, problem: Problem) -> float:
        return 1.0

    def balanced(self, problem: Problem, now: Conditions, tried: Tried) -> float | None:
        return None
