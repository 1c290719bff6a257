"""Measurements of glasses: facts, tables and curves, each with its source."""

from .curves import MeasuredCurve, library_experiment, measured_curves, shipped_experiment
from .facts import Fact, facts, is_expected
from .place import data_folder
from .qn import MeasuredQn, measured_qn
from .tables import MeasuredTable, measured_table

__all__ = [
    "Fact",
    "MeasuredCurve",
    "MeasuredQn",
    "MeasuredTable",
    "data_folder",
    "facts",
    "is_expected",
    "library_experiment",
    "measured_curves",
    "measured_qn",
    "measured_table",
    "shipped_experiment",
]
