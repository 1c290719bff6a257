"""Partial structure factors of a set of configurations, and the totals that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...curve import Curve
from ...library.scattering import Radiation, weights
from ..frames import Pair, mean_and_error

CONVENTION = {"normalisation": "Faber-Ziman, 1 at large Q"}


@dataclass(frozen=True, eq=False)
class PartialSamples:
    """Partial structure factors of every configuration: totals for any radiation follow without another pass over the atoms."""

    q: NDArray[np.float64]
    """``(n_q,)`` [1/Å]"""
    samples: Mapping[Pair, NDArray[np.float64]]
    """Faber-Ziman S_ab(Q) ``(n_frames, n_q)``."""
    fractions: Mapping[str, float]
    """Element → atom fraction."""
    about: Mapping[str, object]
    """How they were made."""

    def total(self, radiation: Radiation, isotopes: Mapping[str, str] | None = None) -> Curve:
        """S(Q) = 1 + Σ w_ab(Q) [S_ab(Q) - 1]."""
        w = weights(self.fractions, radiation, self.q, isotopes)
        excess = [w[pair] * (values - 1) for pair, values in self.samples.items()]
        mean, error = mean_and_error(1 + np.sum(excess, axis=0))
        return Curve(self.q, mean, error, "S(Q)", "1/Å", "", radiation, {**self.about, "radiation": radiation, "isotopes": dict(isotopes or {})})

    def partials(self) -> dict[Pair, Curve]:
        """S_ab(Q), each 1 at large Q."""
        curves = {}
        for (a, b), values in self.samples.items():
            mean, error = mean_and_error(values)
            curves[a, b] = Curve(self.q, mean, error, "S(Q)", "1/Å", "", f"{a}-{b}", self.about)
        return curves
