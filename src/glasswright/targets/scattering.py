"""A measured curve as a target: prediction from a histogram of pairs, fitted scale and background, residual for the Monte Carlo kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..analysis.scattering.agreement import Freedom, agreement
from ..analysis.scattering.as_measured import normalisation, within_reach
from ..errors import InputError
from ..experiment import Experiment
from .compression import Basis, compress
from .pair_bins import PHASE, PairBins
from .pair_map import PairMap, pair_map
from .plausibility import same_elements
from .residual import Binwise, Residual

SCALE_RANGE = (0.85, 1.15)
"""Within which a scale is fitted: instruments disagree by up to 13 % (vitreous silica). A free factor goes to zero at random atoms, and
later to large values: more disordered atoms are more numerous, and a factor makes up for their lack of order."""


@dataclass(frozen=True, eq=False)
class Target:
    """A measured curve, the shells in which pairs are counted, and the map between them.

    R is the R_chi of ``glasswright.compare``: sqrt(Σ (y_exp - y_sim)² / Σ y_exp²), of S(Q) - 1 in Q and of g(r) in r.
    """

    name: str
    experiment: Experiment
    """On the points that are compared."""
    map: PairMap
    measured: NDArray[np.float64]
    """S(Q) - 1, or g(r) - 1 in r ``(n_x,)``."""
    weight: float = 1.0
    scale: float | None = None
    """Factor on the simulated excess; None: fitted."""
    background: int | None = None
    """Degree of a fitted polynomial in Q that is added to S(Q) - 1; None: none."""
    tolerance: float = 1e-5
    """Of R in ``residual``."""

    @property
    def bins(self) -> PairBins:
        return self.map.bins

    @property
    def x(self) -> NDArray[np.float64]:
        """Q [1/Å] or r [Å] of the compared points ``(n_x,)``."""
        return self.experiment.curve.x

    @property
    def in_q(self) -> bool:
        return self.experiment.in_q

    @cached_property
    def norm(self) -> float:
        """sqrt(Σ y_exp²), of S(Q) - 1 or g(r)."""
        return float(np.linalg.norm(self.measured if self.in_q else self.measured + 1))

    def predicted(self, histogram: ArrayLike) -> NDArray[np.float64]:
        """S(Q) - 1 or g(r) - 1 of a histogram, as the instrument sees it, without scale and background ``(n_x,)``."""
        return self.map(histogram)

    def fit(self, histogram: ArrayLike) -> tuple[float, tuple[float, ...]]:
        """Scale and background (coefficients of 1, Q, Q², ...) with which a histogram fits best, the scale within ``SCALE_RANGE``."""
        y = self.predicted(histogram)
        scale = self.scale
        if scale is None:
            free = agreement(self.x, self.measured, y[None], Freedom(True, self.background), in_q=self.in_q)
            if SCALE_RANGE[0] <= free.scale <= SCALE_RANGE[1]:
                return free.scale, free.background
            scale = float(np.clip(free.scale, *SCALE_RANGE))
        return scale, agreement(self.x, self.measured, (scale * y)[None], Freedom(False, self.background), in_q=self.in_q).background

    def difference(self, histogram: ArrayLike, scale: float | None = None, background: Sequence[float] = ()) -> NDArray[np.float64]:
        """Simulated - measured, of the excess ``(n_x,)``; scale None: scale and background are fitted."""
        if scale is None:
            scale, background = self.fit(histogram)
        return scale * self.predicted(histogram) + self._offset(background)

    def r_chi(self, histogram: ArrayLike, scale: float | None = None, background: Sequence[float] = ()) -> float:
        """R_chi of a histogram; scale None: scale and background are fitted."""
        return float(np.linalg.norm(self.difference(histogram, scale, background))) / self.norm

    def residual(self, scale: float, background: Sequence[float] = ()) -> Residual | Binwise:
        """R² as a quadratic form of the histogram, at this scale and background.

        A counted g(r) whose bins are the shells is left as it is; everything else is written in the directions that pairs can move.
        """
        bins, n = self.bins, len(self.bins.elements)
        if self._on_the_bins:
            weight = np.zeros((n, n, bins.n_bins))
            at = self.map.kernel.argmax(axis=0)
            for pair, w in self.map.weights.items():
                for a, b in bins.types_of(pair):
                    weight[a, b, at] = weight[b, a, at] = scale / self.norm * bins.per_pair(pair) * w * self.map.kernel[at, np.arange(len(at))]
            target = np.zeros(bins.n_bins)
            # The weights sum to 1: a gas of atoms has g(r) - 1 = 0.
            target[at] = (scale - self._offset(background)) / self.norm
            return Binwise(weight, target, 0.0)
        start = self._offset(background) / self.norm
        along = self.basis.directions.T @ start
        rows = np.asarray(scale * self._rows, dtype=np.float32)
        # Rounded rows are exact where most histograms nearly are: at the gas.
        upper = np.triu_indices(n)
        offset = along - np.einsum("pk,pkr->r", bins.ideal[upper], rows[upper], dtype=np.float64)
        return Residual(rows, offset, max(0.0, float(start @ start - along @ along)))

    @property
    def rank(self) -> int:
        """Numbers that the kernel carries along for this curve."""
        return self.bins.n_bins if self._on_the_bins else self.basis.rank

    @property
    def error_bound(self) -> float:
        """By how much the R of ``residual`` can be wrong at most, at scale 1 (``Basis.error``)."""
        return 0.0 if self._on_the_bins else self.basis.error(self.bins.n_atoms)

    @property
    def memory(self) -> int:
        """Of the residual that the kernel takes [bytes]."""
        n = len(self.bins.elements) ** 2 * self.bins.n_bins
        return 8 * n if self._on_the_bins else 4 * n * self.basis.rank

    @property
    def sentence(self) -> str:
        """What is compared, and in how many numbers."""
        unit = self.experiment.kind.x_unit
        text = f"{self.name}: {self.experiment.radiation} {self.experiment.kind.name}, {len(self.x)} points from {self.x[0]:.2f} to {self.x[-1]:.2f} {unit}"
        if self._on_the_bins:
            return f"{text}, on the bins themselves ({self.memory / 1e6:.1f} MB)."
        return f"{text}, in {self.rank} numbers ({self.memory / 1e6:.1f} MB; R_chi right to {max(self.error_bound, 1e-7):.0e})."

    @cached_property
    def basis(self) -> Basis:
        """The directions of the curve that are kept."""
        return compress(self.map, self.norm, self.tolerance)

    @cached_property
    def _on_the_bins(self) -> bool:
        """Whether each point is one shell."""
        return self.experiment.counted and bool(np.all((self.map.kernel > 0).sum(axis=0) == 1) and np.all((self.map.kernel > 0).sum(axis=1) <= 1))

    @cached_property
    def _rows(self) -> NDArray[np.float64]:
        """Change of R's vector by one pair more, at scale 1 ``(n_types, n_types, n_bins, rank)``."""
        n = len(self.bins.elements)
        rows = np.zeros((n, n, self.bins.n_bins, self.basis.rank))
        for pair in self.bins.pairs:
            slopes = self.map.slopes(pair, self.basis.directions) / self.norm
            for a, b in self.bins.types_of(pair):
                rows[a, b] = rows[b, a] = slopes
        return rows

    def _offset(self, background: Sequence[float]) -> NDArray[np.float64]:
        """Background - measured ``(n_x,)``."""
        return sum((c * self.x**n for n, c in enumerate(background)), np.zeros(len(self.x))) - self.measured


def scattering_target(
    experiment: Experiment,
    bins: PairBins,
    weight: float = 1.0,
    scale: float | Literal["fit"] = "fit",
    background: int | None = None,
    tolerance: float = 1e-5,
    name: str = "",
) -> Target:
    """The target that a measured curve is for a model whose pairs are counted in these shells.

    Parameters
    ----------
    weight
        Of this data set among several.
    scale
        Factor on the simulated curve, of S(Q) - 1 or g(r) - 1; ``"fit"``: fitted, within ``SCALE_RANGE``.
    background
        Degree of a polynomial in Q that is fitted too; None: none. Curves in Q only.
    tolerance
        By how much compression may change R_chi.

    Raises
    ------
    InputError
        If sample and model hold other elements, they have hardly a point in common, or the shells are too wide for the data.
    """
    if not _positive(weight):
        raise InputError(f"weight = {weight!r} is not possible.", mend="Give a positive number; 1 is the same for every data set.")
    if scale != "fit" and not _positive(scale):
        raise InputError(f"scale = {scale!r} is not possible.", mend='Give a positive number, or "fit".')
    if not 1e-8 <= tolerance <= 0.01:
        raise InputError(f"tolerance = {tolerance!r} is not possible.", mend="Give something like 1e-5, between 1e-8 and 0.01.")
    Freedom(True, background)  # says what a background may be
    if background is not None and not experiment.in_q:
        raise InputError("A background is fitted in Q only.", f"The curve is a {experiment.kind.name}.", "Leave background out.")
    same_elements(list(bins.number), experiment)
    part = within_reach(experiment, bins.r_max)
    if not experiment.counted:
        _thin_enough(part, bins)
    factor, offset = normalisation(part, part.composition.atom_fractions, part.number_density or bins.density)
    measured = (part.curve.y - offset) / factor
    label = name or experiment.name or f"{experiment.radiation} {experiment.kind.name}"
    return Target(label, part, pair_map(part, bins), measured, float(weight), None if scale == "fit" else float(scale), background, tolerance)


def _thin_enough(experiment: Experiment, bins: PairBins) -> None:
    last = float(experiment.curve.x[-1]) if experiment.in_q else (experiment.q_range or (0.0, 0.0))[1]
    if last * bins.width > PHASE * 1.05:
        what = f"Shells of {bins.width:.3g} Å are too wide for data up to Q = {last:.1f} 1/Å."
        raise InputError(what, mend=f"Use {int(np.ceil(bins.r_max * last / PHASE))} shells or more, or end the data at {PHASE / bins.width:.1f} 1/Å.")


def _positive(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and 0 < float(value) < np.inf
