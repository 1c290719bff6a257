"""From a histogram of pairs to what an instrument sees: one linear map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..analysis.frames import Pair, shell_volumes
from ..analysis.scattering.as_measured import Resolution, cell_edges, needed_q, resolution_of, seen_weights
from ..analysis.scattering.real_space import Q_STEP
from ..analysis.scattering.resolution import REACH, averaging
from ..experiment import Experiment
from ..experiment.transform import sine_transform
from .pair_bins import PHASE, PairBins

SHARP = 0.03
"""A resolution whose width times r_max is smaller damps no wave by more than 5e-4, and is left out."""
FINEST = 0.005
"""Smallest step of Q under a resolution [1/Å]."""


@dataclass(frozen=True, eq=False)
class PairMap:
    """excess = instrumentᵀ Σ_ab weights_ab · (kernelᵀ e_ab), where e_ab = per_pair · (h_ab - ideal) is what the shells hold in excess.

    With a kernel sin(Qr)/(Qr), kernelᵀ e_ab is the Faber-Ziman S_ab(Q) - 1 (as in ``analysis.scattering.shells``).
    """

    bins: PairBins
    q: NDArray[np.float64]
    """``(n_q,)`` [1/Å]; r [Å] of a counted curve."""
    kernel: NDArray[np.float64]
    """``(n_bins, n_q)``"""
    weights: Mapping[Pair, NDArray[np.float64]]
    """Pair of elements → ``(n_q,)``: what S_ab(Q) - 1 counts in the total."""
    instrument: NDArray[np.float64] | None
    """Resolution, and for curves in r the transform with its window ``(n_q, n_x)``; None: nothing is changed."""

    def __call__(self, histogram: ArrayLike) -> NDArray[np.float64]:
        """S(Q) - 1 or g(r) - 1 ``(n_x,)``, as the instrument sees a histogram ``(n_types, n_types, n_bins)``."""
        total = np.sum([self.weights[pair] * excess for pair, excess in self.partials(histogram).items()], axis=0)
        return np.asarray(total if self.instrument is None else total @ self.instrument)

    def partials(self, histogram: ArrayLike) -> dict[Pair, NDArray[np.float64]]:
        """S_ab(Q) - 1 of every pair of elements at ``q`` ``(n_q,)``; of a counted curve g_ab(r) - 1."""
        b = self.bins
        return {pair: (b.per_pair(pair) * (b.counted(histogram, pair) - b.counted(b.ideal, pair))) @ self.kernel for pair in b.pairs}

    def slopes(self, pair: Pair, basis: NDArray[np.float64]) -> NDArray[np.float64]:
        """What one pair more in a shell changes along the columns of ``basis`` ``(n_x, rank)``: ``(n_bins, rank)``."""
        through = basis if self.instrument is None else self.instrument @ basis
        return np.asarray(self.bins.per_pair(pair) * (self.kernel @ (self.weights[pair][:, None] * through)))

    @cached_property
    def gram(self) -> NDArray[np.float64]:
        """A D⁻² Aᵀ ``(n_x, n_x)`` of the map A from h to the curve, D² = 1/ideal: how far fluctuations of a gas of atoms move each point.

        The volumes of shells are common to all pairs, so one product serves them all.
        """
        b = self.bins
        shells = (self.kernel * b.volumes[:, None]).T @ self.kernel
        pairs = np.zeros_like(shells)
        for pair, w in self.weights.items():
            # per_pair² · ideal = per_pair · n_atoms/volume · (shell volume)
            pairs += b.per_pair(pair) * b.density * np.outer(w, w)
        product = shells * pairs
        return product if self.instrument is None else self.instrument.T @ product @ self.instrument


def pair_map(experiment: Experiment, bins: PairBins) -> PairMap:
    """The map for an experiment, on its own points."""
    if experiment.counted:
        return _counted(experiment, bins)
    highest = PHASE * (1 + 1e-9) / bins.width
    q, instrument = _instrument(experiment, bins, highest)
    # The same clamp as in as_measured: a step beyond the end at most.
    at = np.minimum(q, highest)
    phase = np.outer(bins.r, at)
    # A distance is known to half a shell: that damps its wave by sinc, which is undone.
    kernel = np.sin(phase) / phase / np.sinc(0.5 * bins.width * at / np.pi)
    return PairMap(bins, q, kernel, seen_weights(bins.fractions, experiment, q), instrument)


def _instrument(experiment: Experiment, bins: PairBins, highest: float) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Where S(Q) is needed ``(n_q,)``, and what becomes of it, as in ``as_measured`` ``(n_q, n_x)``; None: nothing."""
    x, resolution = experiment.curve.x, resolution_of(experiment)
    if experiment.in_q:
        if float(resolution.width(x[-1:])[0]) * bins.r_max < SHARP:
            return x, None
        q = _blurring_grid(x, resolution, highest)
        return q, averaging(q, x, resolution.width(x))
    q = needed_q(experiment, highest)
    low, high = experiment.q_range or (float(q[0]), float(q[-1]))
    inside = q[(q >= min(low, q[-1])) & (q <= high + 1e-9)]
    seen = averaging(q, inside, resolution.width(inside))
    return q, sine_transform(inside, seen, x, experiment.window, high) / (4 * np.pi * bins.density * x)


def _blurring_grid(x: NDArray[np.float64], resolution: Resolution, highest: float) -> NDArray[np.float64]:
    """Q in steps of the resolution: with them the trapezium rule over its Gaussian is exact to 1e-8, as S(Q) of a box has no finer features."""
    low, high = (float(v) for v in x[[0, -1]] + REACH * resolution.width(x[[0, -1]]) * [-1, 1])
    fine = np.arange(max(FINEST, low), min(high, highest) + FINEST, FINEST)
    steps = np.cumsum(FINEST / np.clip(resolution.width(fine), FINEST, Q_STEP))
    return np.asarray(np.interp(np.arange(np.ceil(steps[-1]) + 1), np.append(0.0, steps), np.append(fine, 2 * fine[-1] - fine[-2])))


def _counted(experiment: Experiment, bins: PairBins) -> PairMap:
    """g(r) - 1 on bins of the curve's own: shells that lie across an edge are shared by length."""
    x = experiment.curve.x
    edges = cell_edges(x)
    overlap = np.minimum(edges[1:], bins.edges[1:, None]) - np.maximum(edges[:-1], bins.edges[:-1, None])
    share = np.clip(overlap / bins.width, 0, 1)
    share[share < 1e-6] = 0
    share[share > 1 - 1e-6] = 1
    kernel = share / (bins.density * shell_volumes(edges))
    return PairMap(bins, x, kernel, seen_weights(bins.fractions, experiment, x), None)
