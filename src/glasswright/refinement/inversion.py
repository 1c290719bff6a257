"""From the misfit to data to a change of the partials: the inversion of weights in EPSR.

Soper's partial structure factors with the data in them minimise, at each Q, the misfit to the M data sets, with weight f², together with the
change of the N partials from those of the simulation, with weight (1-f)²: the least-squares solution of M + N equations for N unknowns
(doi 10.1103/PhysRevB.72.104204). f is the feedback factor. Here the change of each partial is a series of functions of the basis from the
beginning, Δg_ab(r) = Σ_k x_ab,k p_k(r), so that every data set enters through its own linear map, with its weights, range, window and
resolution, and curves in r stand beside curves in Q.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..targets import Binwise, PairBins, Residual
from .empirical_potential import Basis

Floats = NDArray[np.float64]

RIDGE = 1e-6
"""Share of the largest eigenvalue that is added to all: functions of a basis overlap, and differences between neighbours must not run away."""
N_Q = 150
"""Values of Q at which a change of the partials is weighed."""
LOWEST = 0.5
"""The first of them [1/Å]."""


def partial_changes(
    residuals: Sequence[Residual | Binwise], weights: Sequence[float], histogram: Floats, bins: PairBins, basis: Basis, feedback: float
) -> Floats:
    """x_ab,k, symmetric in the types ``(n_types, n_types, n_functions)``: how the partials should change for the data.

    Parameters
    ----------
    residuals, weights
        One per data set.
    histogram
        Mean of the simulation, unordered pairs ``(n_types, n_types, n_bins)``; the part a <= b is read.
    bins
        What it means.
    basis
        Functions of r.
    feedback
        f, above 0 and below 1: how far the data are trusted against the simulation.
    """
    n, k = len(bins.elements), len(basis.centres)
    pairs = [(a, b) for a in range(n) for b in range(a, n)]
    values = basis.values(bins.r)
    matrix, vector = np.zeros((k * len(pairs), k * len(pairs))), np.zeros(k * len(pairs))
    for residual, weight in zip(residuals, weights, strict=True):
        columns = np.concatenate([_seen(residual, a, b, bins.ideal[a, b] * values) for a, b in pairs])
        share = feedback**2 * weight / float(np.sum(weights))
        matrix += share * columns @ columns.T
        vector -= share * columns @ residual.vector(histogram)
    # Each partial weighs like a data set: its change over what it is.
    q = np.linspace(LOWEST, np.pi / (basis.centres[1] - basis.centres[0]), N_Q)
    transform = basis.transform(q)
    to_q = 4 * np.pi * bins.density * (bins.r**2 * bins.width)[:, None] * np.sinc(np.outer(bins.r, q) / np.pi)
    for place, (a, b) in enumerate(pairs):
        excess = (histogram[a, b] / bins.ideal[a, b] - 1) @ to_q
        own = slice(place * k, (place + 1) * k)
        matrix[own, own] += (1 - feedback) ** 2 / len(pairs) * transform @ transform.T / float(excess @ excess)
    matrix[np.diag_indices(len(matrix))] += RIDGE * np.linalg.eigvalsh(matrix)[-1]
    found = np.linalg.solve(matrix, vector).reshape(-1, k)
    change = np.zeros((n, n, k))
    for (a, b), x in zip(pairs, found, strict=True):
        change[a, b] = change[b, a] = x
    return change


def _seen(residual: Residual | Binwise, a: int, b: int, more: Floats) -> Floats:
    """What further pairs ``(n_functions, n_bins)`` change in the vector of a residual ``(n_functions, rank)``."""
    if isinstance(residual, Binwise):
        return np.asarray(more * residual.weight[a, b])
    return np.asarray(more @ np.asarray(residual.rows[a, b], dtype=float))
