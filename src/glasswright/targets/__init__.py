"""Data ↔ prediction → residual: what a model is refined against, and what is asked of its bonds."""

from .constraint_tables import constraint_from_table, constraint_to_table
from .constraints import BondAngle, Bonds, Constraint, Coordination, Neighbours, check_constraints, rigid_groups
from .data_file import DataFile, read_data, targets_of
from .pair_bins import PairBins, bins_for
from .plausibility import check_data
from .residual import Binwise, Residual
from .scattering import SCALE_RANGE, Target, scattering_target

__all__ = [
    "SCALE_RANGE",
    "Binwise",
    "BondAngle",
    "Bonds",
    "Constraint",
    "Coordination",
    "DataFile",
    "Neighbours",
    "PairBins",
    "Residual",
    "Target",
    "bins_for",
    "check_constraints",
    "check_data",
    "constraint_from_table",
    "constraint_to_table",
    "read_data",
    "rigid_groups",
    "scattering_target",
    "targets_of",
]
