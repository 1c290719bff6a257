"""The compiled core, behind functions that take and return arrays."""

from .builds import core, instruction_sets
from .pairs import NeighbourPairs, neighbour_pairs, pair_histogram
from .reciprocal import nearest_vectors, shell_sums

__all__ = ["NeighbourPairs", "core", "instruction_sets", "nearest_vectors", "neighbour_pairs", "pair_histogram", "shell_sums"]
