"""Resolution of an instrument: a Gaussian of constant or relative width."""

from __future__ import annotations

import numpy as np
import pytest

from glasswright.analysis import broaden
from glasswright.curve import Curve
from glasswright.errors import InputError


def gaussian(x, centre, width):
    return np.exp(-0.5 * ((x - centre) / width) ** 2)


def test_widths_add_in_squares():
    x = np.arange(0, 10, 0.01)
    seen = broaden(Curve(x, gaussian(x, 5, 0.3), None, "S(Q)"), constant=0.4)
    assert np.allclose(seen.y, 0.3 / 0.5 * gaussian(x, 5, 0.5), atol=1e-4)
    both = broaden(Curve(x, gaussian(x, 5, 0.3), None, "S(Q)"), constant=0.24, relative=0.32 / 5)
    assert both.y[500] == pytest.approx(0.6, abs=2e-3)  # the relative width changes across the peak


def test_relative_width_grows_with_q():
    x = np.arange(0.5, 30, 0.01)
    seen = broaden(Curve(x, gaussian(x, 4, 0.1) + gaussian(x, 16, 0.1), None, "S(Q)"), relative=0.02)
    assert seen.y[350] == pytest.approx(0.1 / np.hypot(0.1, 0.08), rel=0.01)
    assert seen.y[1550] == pytest.approx(0.1 / np.hypot(0.1, 0.32), rel=0.01)


def test_what_is_flat_or_sharp_stays():
    x = np.sort(np.random.default_rng(0).random(400)) * 10
    flat = broaden(Curve(x, np.full(400, 2.5), np.full(400, 0.1), "S(Q)"), constant=0.3)
    assert np.allclose(flat.y, 2.5)
    assert np.allclose(flat.sigma, 0.1)
    curve = Curve(x, np.sin(x), None, "S(Q)")
    assert np.array_equal(broaden(curve).y, curve.y)
    even = np.arange(0, 10, 0.05)
    inner = (even > 2) & (even < 8)
    assert np.allclose(broaden(Curve(even, 3 * even, None, "S(Q)"), constant=0.2).y[inner], 3 * even[inner])


def test_elsewhere_than_the_curve_and_in_r():
    r = np.arange(0.02, 8, 0.01)
    at = np.array([1.5, 1.62, 3.0])
    seen = broaden(Curve(r, gaussian(r, 1.62, 0.05), None, "T(r)", "Å"), constant=0.05, x=at)
    assert np.allclose(seen.y, gaussian(at, 1.62, 0.05 * 2**0.5) / 2**0.5, atol=1e-3)
    assert seen.kind == "T(r)"
    assert seen.metadata["resolution"] == 0.05


@pytest.mark.parametrize("wrong", [{"constant": -1}, {"relative": float("nan")}, {"constant": float("inf")}])
def test_impossible_widths_are_refused(wrong):
    with pytest.raises(InputError):
        broaden(Curve([1.0, 2.0], [1.0, 1.0], None, "S(Q)"), **wrong)
