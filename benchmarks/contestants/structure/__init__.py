"""Ways to analyse one structure: every contestant of ``make bench-analysis``, a file for each task.

A contestant is a function that takes the structure, brings it into the form its program wants, and returns the call to time; the call
returns its answer as arrays.
"""

from . import direct_sum, neighbours, network, rdf, rings, voronoi, wandering  # noqa: F401  they register their contestants
from .contestant import CONTESTANTS

__all__ = ["CONTESTANTS"]
