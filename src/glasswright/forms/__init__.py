"""Functional forms, written once for NumPy and JAX, and the tables made of them."""

from .cores import CORES, Splice, splice
from .pair import PAIR_FORMS, PairForm
from .rules import RULES
from .stillinger_weber import STILLINGER_WEBER, TRIPLET_FORMS, TripletForm

__all__ = ["CORES", "PAIR_FORMS", "RULES", "STILLINGER_WEBER", "TRIPLET_FORMS", "PairForm", "Splice", "TripletForm", "splice"]
