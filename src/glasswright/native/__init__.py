"""The compiled core, behind functions that take and return arrays."""

from .builds import core, instruction_sets
from .pairs import NeighbourPairs, neighbour_pairs, pair_histogram

__all__ = ["NeighbourPairs", "core", "instruction_sets", "neighbour_pairs", "pair_histogram"]
