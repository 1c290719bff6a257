"""Smooth counts of pairs: what they count, and that their forces are their gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from glasswright.errors import InputError
from glasswright.native import neighbour_pairs, pair_histogram
from glasswright.native.smooth_pairs import SmoothPairs

CELL = np.array([[9.0, 0, 0], [2.0, 8.5, 0], [-1.0, 1.5, 9.5]])
R_MAX, N_BINS = 4.1, 164
RANDOM = np.random.default_rng(3)
POSITIONS, TYPES = RANDOM.uniform(-4, 14, (60, 3)), RANDOM.integers(0, 3, 60)


def smooth(**other: Any) -> SmoothPairs:
    return SmoothPairs(CELL, TYPES, 3, R_MAX, N_BINS, **other)


def test_every_pair_is_a_spline() -> None:
    width = R_MAX / N_BINS
    found = neighbour_pairs(POSITIONS, CELL, TYPES, np.full((3, 3), R_MAX))
    expected = np.zeros((3, 3, N_BINS + 2))
    for i, j, r in zip(found.first, found.second, found.distances, strict=True):
        if i > j:
            continue
        bin_, t = int(r / width), r / width - int(r / width) - 0.5
        a, b = sorted((TYPES[i], TYPES[j]))
        expected[a, b, bin_ : bin_ + 3] += [(0.5 - t) ** 2 / 2, 0.75 - t**2, (0.5 + t) ** 2 / 2]
    sharpened = (14 * expected[..., 1:-1] - expected[..., :-2] - expected[..., 2:]) / 12
    # The last bins lack what has left them.
    np.testing.assert_allclose(smooth().histogram(POSITIONS)[..., :-2], sharpened[..., :-2], atol=2e-4)


def test_waves_are_those_of_whole_counts() -> None:
    """A wave is seen by whole counts with the factor sinc(QΔ/2) of a shell, in the mean over where distances lie in it; by smooth counts always."""
    r = (np.arange(N_BINS) + 0.5) * R_MAX / N_BINS
    distances = neighbour_pairs(POSITIONS, CELL, TYPES, np.full((3, 3), R_MAX)).distances
    for q in (4.0, 12.0, 16.0):
        fade = np.cos(0.5 * np.pi * distances / R_MAX) ** 2
        exact = 0.5 * np.sum(fade * np.cos(q * distances)) * np.sinc(0.5 * q * R_MAX / N_BINS / np.pi)
        seen = (smooth().histogram(POSITIONS) * np.cos(0.5 * np.pi * r / R_MAX) ** 2 * np.cos(q * r)).sum()
        whole = (pair_histogram(POSITIONS, CELL, TYPES, 3, R_MAX, N_BINS) * np.cos(0.5 * np.pi * r / R_MAX) ** 2 * np.cos(q * r)).sum() / 2
        assert seen == pytest.approx(exact, abs=2e-3 * np.sqrt(len(distances)))
        assert abs(seen - exact) < abs(whole - exact)


@pytest.mark.parametrize("threads", [1, 3])
def test_forces_are_the_gradient(threads: int) -> None:
    r = (np.arange(N_BINS) + 0.5) * R_MAX / N_BINS
    values = RANDOM.normal(size=(3, 3))[:, :, None] * np.cos(6 * r) * np.cos(0.5 * np.pi * r / R_MAX) ** 4
    values = values + values.swapaxes(0, 1)
    pairs = smooth(threads=threads)
    upper = np.triu_indices(3)

    def energy(x: Any) -> float:
        return float((values[upper] * pairs.histogram(x)[upper]).sum())

    pairs.histogram(POSITIONS)
    forces = pairs.forces(values)
    for atom, axis in ((0, 0), (17, 1), (59, 2)):
        step = np.zeros_like(POSITIONS)
        step[atom, axis] = 2e-3
        slope = (energy(POSITIONS + step) - energy(POSITIONS - step)) / 4e-3
        # The spline is curved within a step, and distances are in single precision.
        assert -slope == pytest.approx(forces[atom, axis], abs=2e-3)
    np.testing.assert_allclose(forces.sum(axis=0), 0, atol=1e-4)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="out of range"):
        SmoothPairs(CELL, TYPES + 1, 3, R_MAX, N_BINS)
    with pytest.raises(InputError, match="one type per atom"):
        smooth().histogram(POSITIONS[:5])
    with pytest.raises(InputError, match="not finite"):
        smooth().histogram(np.where(TYPES[:, None] == 0, np.nan, POSITIONS))
    with pytest.raises(InputError, match="Moments"):
        smooth().forces(np.zeros((3, 3, N_BINS)))
