"""Is a quantity still drifting?"""

import numpy as np
import pytest

from glasswright.analysis.flatness import drift


def test_a_straight_line_is_found_exactly() -> None:
    found = drift(np.linspace(1.0, 3.0, 1000, endpoint=False))
    assert found.change == pytest.approx(2.0, rel=1e-9)
    assert not found.is_flat(0.1)


def test_noise_without_a_trend_is_flat_and_its_error_is_honest() -> None:
    rng = np.random.default_rng(1)
    z = []
    for _ in range(400):
        found = drift(rng.normal(size=500))
        z.append(found.change / found.error)
    # Student's t with 8 degrees of freedom has a standard deviation of 1.15; 400 draws know it to 4 %.
    assert np.std(z) == pytest.approx(1.15, rel=0.15)


def test_a_trend_under_correlated_noise_is_seen() -> None:
    rng = np.random.default_rng(2)
    noise = np.convolve(rng.normal(size=1100), np.ones(20) / 20, mode="valid")[:1000]
    assert not drift(noise + np.linspace(0, 3, 1000)).is_flat(0.0)


def test_too_few_looks_are_taken_for_flat_never_for_drifting() -> None:
    assert drift([1.0, 2.0]).is_flat(0.0)
