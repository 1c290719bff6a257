"""Partial structure factors of a set of configurations, and the totals that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...curve import Curve
from ...library.scattering import Radiation, weights
from ..frames import Pair, mean_and_error
from .formalisms import Formalism, convert_partials, normalisation


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

    def total(self, radiation: Radiation, isotopes: Mapping[str, str] | None = None, form_factors: Mapping[str, str] | None = None) -> Curve:
        """S(Q) = 1 + Σ w_ab(Q) [S_ab(Q) - 1]; isotopes of neutrons, form factors of X-rays as for ``structure_factor``."""
        w = weights(self.fractions, radiation, self.q, isotopes, form_factors)
        mean, error = mean_and_error(1 + np.sum([w[pair] * (values - 1) for pair, values in self.samples.items()], axis=0))
        about: dict[str, object] = {**self.about, **normalisation("faber-ziman"), "radiation": radiation, "isotopes": dict(isotopes or {})}
        if radiation == "xray":
            about["form_factors"] = {e: (form_factors or {}).get(e, e) for e in self.fractions}
        return Curve(self.q, mean, error, "S(Q)", "1/Å", "", radiation, about)

    def partials(self, formalism: Formalism = "faber-ziman") -> dict[Pair, Curve]:
        """Partial structure factors of the convention."""
        curves = {}
        for (a, b), values in convert_partials(self.samples, self.fractions, "faber-ziman", formalism).items():
            mean, error = mean_and_error(values)
            label = f"{a}{b}" if formalism == "bhatia-thornton" else f"{a}-{b}"
            curves[a, b] = Curve(self.q, mean, error, "S(Q)", "1/Å", "", label, {**self.about, **normalisation(formalism)})
        return curves

    def single(self, frame: int) -> PartialSamples:
        """Those of one configuration."""
        return PartialSamples(self.q, {pair: values[frame : frame + 1] for pair, values in self.samples.items()}, self.fractions, self.about)
