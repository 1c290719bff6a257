"""Van Hove correlation functions: where an atom, and where the others, are after a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...curve import Curve
from ...native import pair_histogram
from ..frames import Pair, mean_and_error, pairs_of
from ..pairs.rdf import bin_edges, over_mean_density
from .motion import TOLERANCE, Motion
from .origins import Averages, Measure, Moved, over_origins

if TYPE_CHECKING:
    from ase import Atoms

ORIGINS = 20
"""Origins over which the distinct part is averaged: pairs are many."""


def van_hove_self(frames: Sequence[Atoms], time: float, r_max: float = 10.0, bin_width: float = 0.05, stride: int | None = None) -> dict[str, Curve]:
    """4πr² G_s(r, t) [1/Å] of each element: the probability density of the distance r that an atom moves in ``time``.

    It integrates to 1 where ``r_max`` is far enough. For diffusion 4πr² (4πDt)^(-3/2) exp[-r²/(4Dt)] (L. van Hove, Phys. Rev. 95, 249
    (1954), doi 10.1103/PhysRev.95.249); a second peak at the distance between neighbours shows jumps.

    Parameters
    ----------
    frames, stride
        As for ``mean_square_displacement``.
    time
        [fs], rounded to a whole step of the trajectory.
    r_max, bin_width
        [Å]
    """
    edges = bin_edges(r_max, bin_width)
    motion = Motion(frames)
    lag = motion.lag(time)
    (averages,) = over_origins(motion, [distances(edges)], [lag * motion.step], stride)
    return van_hove_self_curves(averages, motion.elements, edges)


def distances(edges: NDArray[np.float64]) -> Measure:
    """Probability density of the distance moved ``(n_elements, n_bins)``, to average over origins."""
    n, width = len(edges) - 1, edges[1]

    def measure(moved: Moved) -> NDArray[np.float64]:
        motion = moved.motion
        bins = np.minimum((np.sqrt(moved.squared) / width).astype(np.int64), n)  # the last one is everything beyond
        element = np.repeat(np.arange(len(motion.counts)), motion.counts)
        found = np.bincount(element * (n + 1) + bins, minlength=len(motion.counts) * (n + 1)).reshape(-1, n + 1)[:, :n]
        return np.asarray(found / (motion.counts[:, None] * width))

    return measure


def van_hove_self_curves(averages: Averages, elements: Sequence[str], edges: NDArray[np.float64], lag: int = -1) -> dict[str, Curve]:
    """Curves against distance from averages of the measure, at lag number ``lag`` of them."""
    value, error = averages.estimate(lambda mean: mean)
    r = 0.5 * (edges[1:] + edges[:-1])
    about = {"time": float(averages.time[lag]), "time_unit": averages.unit, "origins": int(averages.counts[:, lag].sum())}
    curves = {}
    for k, element in enumerate(elements):
        sigma = error[lag, k] if np.isfinite(error[lag, k]).all() else None
        curves[element] = Curve(r, value[lag, k], sigma, "4πr²G_s(r,t)", "Å", "1/Å", element, about)
    return curves


def van_hove_distinct(frames: Sequence[Atoms], time: float, r_max: float = 10.0, bin_width: float = 0.05, origins: int = ORIGINS) -> dict[Pair, Curve]:
    """G_d(r, t) of each pair of elements, over the mean density: how likely an atom is found at r from where *another* was ``time`` before.

    1 at large r; at t = 0 the partial g(r). Where the first peak falls towards r = 0 an atom has taken another's place.

    Parameters
    ----------
    time
        [fs], rounded to a whole step of the trajectory.
    origins
        Configurations, evenly spread, that are compared with those ``time`` later.
    """
    edges = bin_edges(r_max, bin_width)
    motion = Motion(frames)
    lag = motion.lag(time)
    every = max(1, int(motion.span - lag) // max(1, origins))
    held: deque[tuple[float, NDArray[np.float64]]] = deque()
    samples = []
    for index, now in enumerate(motion):
        if index % every == 0:
            held.append((now.tick, now.fractional))
        while held and now.tick - held[0][0] >= lag - TOLERANCE:
            tick, start = held.popleft()
            if abs(now.tick - tick - lag) <= TOLERANCE:
                samples.append(_distinct(motion, start, now.fractional, now.cell, edges))
    value, error = mean_and_error(np.array(samples))
    r = 0.5 * (edges[1:] + edges[:-1])
    about = {"time": lag * motion.step, "time_unit": motion.unit, "origins": len(samples), "normalisation": "1 at large r"}
    curves = {}
    for a, b in pairs_of(motion.elements):
        i, j = motion.elements.index(a), motion.elements.index(b)
        curves[a, b] = Curve(r, value[i, j], None if error is None else error[i, j], "G_d(r,t)", "Å", "", f"{a}-{b}", about)
    return curves


def _distinct(
    motion: Motion, start: NDArray[np.float64], now: NDArray[np.float64], cell: NDArray[np.float64], edges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """G_d over the mean density of one origin ``(n_elements, n_elements, n_bins)``, both directions of time averaged."""
    n_types = len(motion.counts)
    types = np.repeat(np.arange(n_types), motion.counts)
    both = np.concatenate([start, now]) @ cell
    counts = pair_histogram(both, cell, np.concatenate([types, types + n_types]), 2 * n_types, edges[-1], len(edges) - 1)
    across = counts[:n_types, n_types:].astype(float)
    moved = np.linalg.norm((now - start) @ cell, axis=1)
    for t in range(n_types):  # of the pairs of an atom with itself only the one that it is
        across[t, t] -= np.histogram(moved[types == t], edges)[0]
    across = 0.5 * (across + across.swapaxes(0, 1))
    return over_mean_density(across, motion.counts, abs(np.linalg.det(cell)), edges)
