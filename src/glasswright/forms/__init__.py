"""Functional forms, written once for NumPy and JAX, and the tables made of them."""

from .cores import CORES, Splice, splice
from .pair import PAIR_FORMS, PairForm
from .rules import RULES
from .second_moment import SECOND_MOMENT
from .stillinger_weber import STILLINGER_WEBER, TRIPLET_FORMS, TripletForm
from .tersoff import BOND_ORDER_FORMS, TERSOFF, BondOrderForm

__all__ = [
    "BOND_ORDER_FORMS",
    "CORES",
    "PAIR_FORMS",
    "RULES",
    "SECOND_MOMENT",
    "STILLINGER_WEBER",
    "TERSOFF",
    "TRIPLET_FORMS",
    "BondOrderForm",
    "PairForm",
    "Splice",
    "TripletForm",
    "splice",
]
