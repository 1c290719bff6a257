"""The compiled core, behind functions that take and return arrays."""

from .pairs import NeighbourPairs, neighbour_pairs, pair_histogram

__all__ = ["NeighbourPairs", "neighbour_pairs", "pair_histogram"]
