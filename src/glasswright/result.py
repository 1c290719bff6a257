"""What a doing hands back: values with their outcome and provenance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from .curve import Curve

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True, eq=False)
class Score:
    """How well a model agrees with one measured curve.

    Residuals are taken on S(Q) - 1, to which i(Q) is proportional, for curves in Q and on g(r) for curves in r. Errors are those
    of the mean over configurations or replicas (jackknife); None where there is one only.
    """

    r_chi: float
    """sqrt(Σ (y_exp - y_sim)² / Σ y_exp²), as normalised by the experimenters (eq. 1 of doi 10.5802/crgeos.116)."""
    r_chi_scaled: float
    """The same after the simulated curve was fitted to the measured one by the policy."""
    scale: float
    """Factor on the simulated curve that fits best; 1 where it was not fitted."""
    policy: str
    """What was fitted, in words."""
    curves: Mapping[str, Curve]
    """``measured``, ``simulated`` (as the instrument would have seen it), ``fitted`` (by the policy) and ``residual`` (measured - simulated) and
    ``residual_fitted`` over the compared range; in the measured kind."""
    sentence: str
    """The result in words: range, residual, caveats."""
    r_chi_error: float | None = None
    r_chi_scaled_error: float | None = None
    scale_error: float | None = None
    chi_squared: float | None = None
    """Mean over points of ((y_exp - y_sim)/σ)²; None where the uncertainty of the data is not known."""
    chi_squared_scaled: float | None = None
    """The same for the fitted curve."""
    background: tuple[float, ...] = ()
    """Coefficients of 1, Q, Q², ... that were added to S(Q) - 1."""
    resolution: tuple[float, float] = (0.0, 0.0)
    """Standard deviation of the applied resolution: constant [1/Å], and ΔQ/Q."""
    points: int = 0
    """How many measured points were compared."""
    warnings: tuple[str, ...] = field(default=())
    """What should make one doubt the comparison, in sentences."""


@dataclass(frozen=True, eq=False)
class RefineResult:
    """A structure refined from data and energy."""

    atoms: Atoms
    """Where it ended; of a set of replicas the first."""
    r_chi: float | None
    """With the fitted scales and backgrounds; of several data sets the root of the weighted mean square. None without data."""
    energy: float | None
    """Total [eV]; None where no energy is known."""
    history: Mapping[str, NDArray[Any]]
    """Column → values after every block, the start first: ``moves``, ``r_chi``, ``energy`` [eV/atom], ``acceptance``, ``step``, ``chi_temperature``..."""
    scores: Mapping[str, Score]
    """Data set → its comparison as ``compare`` makes it; over all replicas where there are several."""
    outcome: str
    """Why it ended, as a sentence."""
    warnings: tuple[str, ...]
    path: Path
    """The run directory."""
    owner: object = None
    """Keeps a temporary run directory alive."""
