"""The first sharp diffraction peak: a known shape comes back, with errors that mean something."""

from __future__ import annotations

import numpy as np
import pytest

from glasswright.analysis import first_sharp_diffraction_peak
from glasswright.curve import Curve

Q = np.arange(0.4, 12, 0.02)
POSITION, HEIGHT, LEFT, RIGHT = 1.52, 1.1, 0.25, 0.35


def shape(q=Q):
    width = np.where(q < POSITION, LEFT, RIGHT)
    return HEIGHT / (1 + ((q - POSITION) / width) ** 2) + 0.1 + 0.08 * q


def test_a_split_lorentzian_comes_back():
    peak = first_sharp_diffraction_peak(Curve(Q, shape(), None, "S(Q)", "1/Å"))
    assert peak.position.value == pytest.approx(POSITION, abs=1e-5)
    assert peak.height.value == pytest.approx(HEIGHT, abs=1e-5)
    assert peak.width.value == pytest.approx(LEFT + RIGHT, abs=1e-5)
    assert peak.area.value == pytest.approx(np.pi / 2 * HEIGHT * (LEFT + RIGHT), abs=1e-4)
    assert peak.asymmetry.value == pytest.approx((RIGHT - LEFT) / (RIGHT + LEFT), abs=1e-4)
    assert peak.top.value == pytest.approx(shape(np.array([POSITION]))[0], abs=1e-5)
    assert peak.coherence_length.value == pytest.approx(2 * np.pi / 0.6, abs=1e-3)
    assert peak.repeat_distance.value == pytest.approx(2 * np.pi / POSITION, abs=1e-4)
    assert peak.position.unit == "1/Å"
    assert peak.coherence_length.unit == "Å"
    assert np.allclose(peak.curve.y, np.interp(peak.curve.x, Q, shape()), atol=1e-5)


def test_uncertainties_cover_the_noise():
    """Of forty noisy curves, the deviation over the stated uncertainty has unit size: between 0.6 and 1.5 allows for the number."""
    rng = np.random.default_rng(4)
    pulls = []
    for _ in range(40):
        peak = first_sharp_diffraction_peak(Curve(Q, shape() + rng.normal(0, 0.02, Q.size), None, "S(Q)"), (0.76, 2.3))
        pulls.append([(n.value - true) / n.spread for n, true in ((peak.position, POSITION), (peak.height, HEIGHT), (peak.width, LEFT + RIGHT))])
    assert np.all((np.std(pulls, axis=0) > 0.6) & (np.std(pulls, axis=0) < 1.5))


def test_points_that_g_of_r_cannot_tell_apart_do_not_count():
    """A box of 2 r_max resolves π/r_max: the errors are those of so many points only."""
    noisy = shape() + np.random.default_rng(1).normal(0, 0.02, Q.size)
    free = first_sharp_diffraction_peak(Curve(Q, noisy, None, "S(Q)"))
    tied = first_sharp_diffraction_peak(Curve(Q, noisy, None, "S(Q)", metadata={"r_max": 18.0}))
    assert tied.position.value == free.position.value
    assert tied.position.spread > 2 * free.position.spread


def test_no_peak_is_none():
    assert first_sharp_diffraction_peak(Curve(Q, np.ones_like(Q), None, "S(Q)")) is None
    assert first_sharp_diffraction_peak(Curve(Q, 1 + np.exp(-((Q - 5) ** 2)), None, "S(Q)")) is None  # a first peak at 5 1/Å is another one
    assert first_sharp_diffraction_peak(Curve(Q, shape(), None, "S(Q)"), (1.5, 1.6)) is None  # too few points


def test_a_range_can_be_given():
    peak = first_sharp_diffraction_peak(Curve(Q, shape(), None, "S(Q)"), (1.0, 2.0))
    assert peak.curve.x[0] == pytest.approx(1.0)
    assert peak.curve.x[-1] == pytest.approx(2.0)
