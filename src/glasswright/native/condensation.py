"""Linear maps of a histogram in the fewest numbers that the compiled core must read for them."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Single = NDArray[np.float32]

WIDTH = 8
"""Nodes that every bin is spread over: with two nodes for the shortest half wave and a half, what is left is the rounding of single precision."""
STEPS = (12, 10, 8, 6, 5, 4, 3, 2)
"""Bins from node to node that are tried."""
LEFT = 5e-7
"""Largest error of a row, relative to the largest entry, that a coarser grid of nodes may leave."""


def factored(rows: Single) -> tuple[Single, Single]:
    """Weights ``(n, n_types, n_types)`` and matrices ``(n, n_bins, rank)`` whose products summed over n are the rows, n as small as may be.

    Weights that do not depend on Q, as with neutrons, need one matrix for all pairs of types.

    Raises
    ------
    ValueError
        If the rows are not finite, or not symmetric in the types.
    """
    if rows.ndim != 4 or rows.shape[0] != rows.shape[1] or rows.size == 0 or not np.array_equal(rows, rows.swapaxes(0, 1)):
        raise ValueError("The rows of a residual must be finite and symmetric in the types, of the shape (types, types, bins, rank).")
    n_types = len(rows)
    first, second = np.triu_indices(n_types)
    pairs = rows[first, second]
    flat = pairs.reshape(len(pairs), -1).astype(float)
    # As far from overflow as the core asks for.
    if not np.all(np.abs(flat) < 1e15):
        raise ValueError("The rows of a residual must be finite.")
    gram = flat @ flat.T
    values, vectors = np.linalg.eigh(gram)
    n = max(1, int((values > 1e-13 * values[-1]).sum()))
    if n < n_types:
        vectors = vectors[:, ::-1][:, :n]
        matrices = (vectors.T @ flat).reshape(n, *pairs.shape[1:])
    else:  # as many matrices as a moving atom has types of neighbours
        n, vectors, matrices = len(pairs), np.eye(len(pairs)), pairs.astype(float)
    weights = np.zeros((n, n_types, n_types))
    weights[:, first, second] = weights[:, second, first] = vectors.T
    return weights.astype(np.float32), matrices.astype(np.float32)


def condensed(matrices: Single) -> tuple[Single, int, Single]:
    """A window ``(WIDTH * step,)``, the step between nodes, and matrices on the nodes ``(n, n_nodes, rank)``, for matrices ``(n, n_bins, rank)``.

    What scattering makes of distances holds no wave shorter than 2π/Q_max, which is many bins. It is then a sum of windows around nodes a
    few bins apart, found by least squares; matrices with shorter waves keep a node for every bin.
    """
    n, n_bins, rank = matrices.shape
    columns = matrices.transpose(1, 0, 2).reshape(n_bins, -1).astype(float)
    size = float(np.abs(columns).max())
    probe = columns @ np.random.default_rng(0).choice([-1.0, 1.0], size=(columns.shape[1], 4))
    for step in STEPS:
        if n_bins < 2 * WIDTH * step:
            continue
        spread, solve = _windows(n_bins, step)
        if np.abs(spread @ (solve @ probe) - probe).max() > LEFT * max(float(np.abs(probe).max()), size):
            continue
        nodes = solve @ columns
        if np.abs(spread @ nodes - columns).max() <= LEFT * size:
            return _window(step).astype(np.float32), step, np.ascontiguousarray(nodes.reshape(-1, n, rank).swapaxes(0, 1), dtype=np.float32)
    return np.ones(1, np.float32), 1, matrices


def _window(step: int) -> NDArray[np.float64]:
    """Kaiser's window on ``WIDTH * step`` bins."""
    z = (2 * np.arange(WIDTH * step) + 1) / (WIDTH * step) - 1
    return np.asarray(np.i0(2.1 * WIDTH * np.sqrt(1 - z**2)) / np.i0(2.1 * WIDTH), dtype=float)


@cache
def _windows(n_bins: int, step: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The windows around all nodes on all bins ``(n_bins, n_nodes)``, and its least-squares inverse."""
    window, ahead = _window(step), step * (WIDTH - 1)
    spread = np.zeros((n_bins, (n_bins - 1) // step + WIDTH))
    for node in range(spread.shape[1]):
        bins = np.arange(len(window)) + node * step - ahead
        inside = (bins >= 0) & (bins < n_bins)
        spread[bins[inside], node] = window[inside]
    # What the outermost nodes carry hardly reaches a bin: a trace of the diagonal keeps them small.
    gram = spread.T @ spread
    gram[np.diag_indices_from(gram)] += 1e-13 * gram.max()
    return spread, np.asarray(np.linalg.solve(gram, spread.T), dtype=float)
