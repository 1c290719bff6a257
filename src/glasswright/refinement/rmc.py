"""Reverse Monte Carlo (McGreevy and Pusztai, doi 10.1080/08927028808080958): moves are judged by the data alone."""

from __future__ import annotations

from ..forcefield import Source
from .method import Conditions, Need
from .problem import Problem
from .sampling import Tried
from .walk import Walk


class ReverseMonteCarlo(Walk):
    """Accepts with min(1, exp(-N Σ w_k ΔR_k²/T_chi)); an energy, where one is known, is only reported."""

    name = "rmc"
    needs: frozenset[Need] = frozenset({"data"})
    by_data, by_energy = True, False
    sources = (Source("McGreevy and Pusztai, Reverse Monte Carlo simulation, Mol. Simul. 1, 359 (1988)", "10.1080/08927028808080958"),)

    def weight(self, problem: Problem) -> float:
        return 0.0

    def balanced(self, problem: Problem, now: Conditions, tried: Tried) -> float | None:
        return None
