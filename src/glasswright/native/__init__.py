"""The compiled core, behind functions that take and return arrays."""

from .builds import core, instruction_sets
from .pairs import NeighbourPairs, neighbour_pairs, pair_histogram
from .reciprocal import nearest_vectors, shell_sums
from .rings import BondRings, bond_rings

__all__ = ["BondRings", "NeighbourPairs", "bond_rings", "core", "instruction_sets", "nearest_vectors", "neighbour_pairs", "pair_histogram", "shell_sums"]
