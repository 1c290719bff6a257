"""Every method by its name."""

from __future__ import annotations

from .hybrid import HybridMonteCarlo
from .method import Method
from .monte_carlo import EnergyMonteCarlo
from .rmc import ReverseMonteCarlo


def method_of(name: str) -> Method:
    """The method of this name (``settings.METHODS``)."""
    every: dict[str, type[Method]] = {"rmc": ReverseMonteCarlo, "hybrid": HybridMonteCarlo, "monte_carlo": EnergyMonteCarlo}
    return every[name]()
