"""Hybrid reverse Monte Carlo (Opletal et al., doi 10.1080/089270204000002584): moves are judged by data and energy together."""

from __future__ import annotations

from ..forcefield import Source
from .balance import balanced
from .method import Need, State
from .problem import Problem
from .sampling import Tried
from .walk import Walk


class HybridMonteCarlo(Walk):
    """Accepts with min(1, exp(-w_E ΔU/kT - N Σ w_k ΔR_k²/T_chi)); w_E is given, or balanced after every block."""

    name = "hybrid"
    needs: frozenset[Need] = frozenset({"data", "energy of moves"})
    by_data, by_energy = True, True
    sources = (
        Source("Opletal et al., Hybrid approach for generating realistic amorphous carbon structure, Mol. Simul. 28, 927 (2002)", "10.1080/089270204000002584"),
    )

    def weight(self, problem: Problem, state: State, tried: Tried | None) -> float:
        given = problem.settings.energy_weight
        if given is not None:
            return given
        return 1.0 if tried is None else balanced(problem.weights, problem.settings.balance, state.conditions, tried)
