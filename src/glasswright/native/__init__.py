"""The compiled core, behind functions that take and return arrays."""

from .builds import core, instruction_sets, without_core
from .correlations import displacements, mean_cosines, mean_phases
from .pairs import NeighbourPairs, neighbour_pairs, pair_histogram
from .reciprocal import nearest_vectors, shell_sums
from .rings import BondRings, bond_rings

__all__ = [
    "BondRings",
    "NeighbourPairs",
    "bond_rings",
    "core",
    "displacements",
    "instruction_sets",
    "mean_cosines",
    "mean_phases",
    "nearest_vectors",
    "neighbour_pairs",
    "pair_histogram",
    "shell_sums",
    "without_core",
]
