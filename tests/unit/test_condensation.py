"""Maps of histograms in fewer numbers: the same maps."""

from __future__ import annotations

import numpy as np
import pytest

from glasswright.native.condensation import LEFT, WIDTH, condensed, factored
from glasswright.native.monte_carlo import MonteCarlo, Moves
from glasswright.targets import Residual

BINS, WIDTH_OF_BIN = 300, 0.02
R = (np.arange(BINS) + 0.5) * WIDTH_OF_BIN


def waves(q_max: float, rank: int, seed: int = 0) -> np.ndarray:
    """Columns that hold no wave shorter than 2π/q_max ``(n_bins, rank)``."""
    mixed = np.random.default_rng(seed).normal(size=(200, rank))
    return np.sinc(np.outer(R, np.linspace(0.3, q_max, 200)) / np.pi) @ mixed


def unfolded(window: np.ndarray, step: int, nodes: np.ndarray) -> np.ndarray:
    """``(n, n_bins, rank)`` from nodes ``(n, n_nodes, rank)``."""
    width = len(window) // step
    bins = np.zeros((len(nodes), BINS, nodes.shape[2]))
    for node in range(nodes.shape[1]):
        for place, weight in enumerate(window.astype(float)):
            if 0 <= (k := node * step + place - step * (width - 1)) < BINS:
                bins[:, k] += weight * nodes[:, node]
    return bins


@pytest.mark.parametrize(("q_max", "step"), [(8.0, 12), (20.0, 5), (40.0, 2), (150.0, 1)])
def test_smooth_maps_need_few_nodes(q_max: float, step: int) -> None:
    matrices = np.stack([waves(q_max, 7), waves(q_max, 7, 1)]).astype(np.float32)
    window, found, nodes = condensed(matrices)
    assert found == step
    assert nodes.shape == (2, (BINS - 1) // step + (WIDTH if step > 1 else 1), 7)
    # What the fit leaves, and the rounding of windows and nodes to single precision.
    assert np.abs(unfolded(window, found, nodes) - matrices).max() < 2 * LEFT * np.abs(matrices).max()


def test_rough_maps_stay_as_they_are() -> None:
    rough = np.random.default_rng(0).normal(size=(1, BINS, 4)).astype(np.float32)
    window, step, nodes = condensed(rough)
    assert (window.tolist(), step) == ([1.0], 1)
    assert np.array_equal(nodes, rough)
    assert condensed(rough[:, :5])[1] == 1


@pytest.mark.parametrize("n_types", [1, 2, 4])
@pytest.mark.parametrize("curves", [1, 2, 20])
def test_factors_give_the_rows(n_types: int, curves: int) -> None:
    """As many matrices as there are different curves, or one for every pair of types."""
    rng = np.random.default_rng(n_types)
    weights = rng.uniform(0.5, 2, (curves, n_types, n_types))
    rows = np.einsum("sab,skr->abkr", weights + weights.swapaxes(1, 2), rng.normal(size=(curves, BINS, 3))).astype(np.float32)
    found, matrices = factored(rows)
    assert len(matrices) == (curves if curves < n_types else n_types * (n_types + 1) // 2)
    assert np.allclose(np.einsum("sab,skr->abkr", found, matrices), rows, rtol=0, atol=2e-6 * np.abs(rows).max())


@pytest.mark.parametrize(
    "rows", [np.zeros((2, 3, 4, 5)), np.zeros((2, 2, 4)), np.zeros((0, 0, 4, 5)), np.full((1, 1, 3, 3), np.nan), np.full((1, 1, 3, 3), np.inf)]
)
def test_what_is_no_map_is_refused(rows: np.ndarray) -> None:
    with pytest.raises(ValueError, match="residual"):
        factored(rows.astype(np.float32))


@pytest.mark.parametrize("one_curve", [True, False])
@pytest.mark.parametrize("q_max", [8.0, 25.0])
def test_the_kernel_judges_by_nodes_as_by_bins(q_max: float, one_curve: bool) -> None:
    rng = np.random.default_rng(4)
    cell = np.diag([13.0, 12.5, 14.0])
    kernel = MonteCarlo(rng.uniform(0, 1, (150, 3)) @ cell, cell, rng.integers(0, 3, 150), 3, r_max=BINS * WIDTH_OF_BIN, n_bins=BINS, seed=2)
    rows = np.stack([[waves(q_max, 30, 0 if one_curve else a * b) * (1 + a + b + a * b) for a in range(3)] for b in range(3)])
    exact = Residual(rows.astype(np.float32), np.zeros(30), 0.0)
    term = Residual(exact.rows, -1.05 * exact.vector(kernel.histogram), 0.5)
    assert condensed(factored(term.rows)[1])[1] > 1
    kernel.set_data([term])
    assert kernel.residuals[0] == pytest.approx(term.squared(kernel.histogram), rel=1e-4)
    counts = kernel.run(4000, chi_temperature=1e6, moves=Moves(0.6, swaps=0.1))
    assert 100 < counts.accepted < 3900
    assert counts.drift < 1e-5
    assert kernel.residuals[0] == pytest.approx(term.squared(kernel.histogram), rel=1e-4)
