"""Functional forms, written once for NumPy and JAX, and the tables made of them."""

from .cores import CORES, Splice, splice
from .pair import PAIR_FORMS, PairForm
from .rules import RULES

__all__ = ["CORES", "PAIR_FORMS", "RULES", "PairForm", "Splice", "splice"]
