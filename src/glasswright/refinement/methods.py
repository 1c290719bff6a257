"""Every method by its name."""

from __future__ import annotations

from .epsr import EmpiricalPotentialRefinement
from .fear import ForceEnhancedRefinement
from .gradient import GradientRefinement
from .hybrid import HybridMonteCarlo
from .method import Method
from .monte_carlo import EnergyMonteCarlo
from .rmc import ReverseMonteCarlo


def method_of(name: str) -> Method:
    """The method of this name (``settings.METHODS``)."""
    every = (ReverseMonteCarlo, HybridMonteCarlo, EnergyMonteCarlo, EmpiricalPotentialRefinement, ForceEnhancedRefinement, GradientRefinement)
    return next(method() for method in every if method.name == name)
