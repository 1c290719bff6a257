"""What a doing hands back: values with their outcome and provenance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .curve import Curve


@dataclass(frozen=True, eq=False)
class Score:
    """How well a model agrees with one measured curve."""

    r_chi: float
    """sqrt(Σ (y_exp - y_sim)² / Σ y_exp²), as normalised by the experimenters; on i(Q) ∝ S(Q) - 1 in Q, on g(r) in r."""
    r_chi_scaled: float
    """The same after the simulated curve was fitted to the measured one by the policy."""
    scale: float
    """Factor on the simulated curve that fits best."""
    policy: str
    """What was fitted, in words."""
    curves: Mapping[str, Curve]
    """``measured`` and ``simulated``, in the measured kind and on the measured abscissa."""
    sentence: str
    """The result in words: range, residual, caveats."""
