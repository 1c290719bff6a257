"""Hybrid reverse Monte Carlo (Opletal et al., doi 10.1080/089270204000002584): moves are judged by data and energy together."""

from __future__ import annotations

from ..forcefield import Source
from .balance import balanced
from .method import Conditions, Need
from .problem import Problem
from .sampling import Tried
from .walk import Walk


class HybridMonteCarlo(Walk):
    """Accepts with min(1, exp(-w_E ΔU/kT - N Σ w_k ΔR_k²/T_chi)); with w_E = 1 T_chi is balanced after every block, unless w_E is given."""

    name = "hybrid"
    needs: frozenset[Need] = frozenset({"data", "energy of moves"})
    by_data, by_energy = True, True
    sources = (
        Source("Opletal et al., Hybrid approach for generating realistic amorphous carbon structure, Mol. Simul. 28, 927 (2002)", "10.1080/089270204000002584"),
    )

    def weight(self, problem: Problem) -> float:
        given = problem.settings.energy_weight
        return 1.0 if given is None else given

    def balanced(self, problem: Problem, now: Conditions, tried: Tried) -> float | None:
        s = problem.settings
        return None if s.energy_weight is not None else balanced(problem.weights, s.balance, s.chi_temperature[1], now, tried)
