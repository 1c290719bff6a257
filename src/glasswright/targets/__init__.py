"""Data ↔ prediction → residual: what a model is refined against."""

from .pair_bins import PairBins, bins_for
from .residual import Binwise, Residual
from .scattering import SCALE_RANGE, Target, scattering_target

__all__ = ["SCALE_RANGE", "Binwise", "PairBins", "Residual", "Target", "bins_for", "scattering_target"]
