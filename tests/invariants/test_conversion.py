"""Conversions between kinds of curve: exact both ways within Q and within r, and each other's inverse between them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glasswright.analysis import convert
from glasswright.curve import Curve
from glasswright.errors import InputError
from glasswright.experiment import KINDS

IN_Q = [name for name, kind in KINDS.items() if kind.in_q]
IN_R = [name for name, kind in KINDS.items() if not kind.in_q]
SILICA = {"composition": "SiO2", "density": 2.2}
RHO = 2.2 / (60.083 * 1.66053906660) * 3
"""Atoms per Å³ of vitreous silica."""


@settings(max_examples=150, deadline=None)
@given(
    names=st.one_of(st.tuples(st.sampled_from(IN_Q), st.sampled_from(IN_Q)), st.tuples(st.sampled_from(IN_R), st.sampled_from(IN_R))),
    first=st.floats(0.05, 2),
    step=st.floats(0.01, 0.5),
    values=st.lists(st.floats(-5, 5), min_size=2, max_size=30),
    isotopes=st.sampled_from([{}, {"Si": "29Si"}]),
    radiation=st.sampled_from(["neutron", "xray"]),
)
def test_there_and_back_within_one_space(names, first, step, values, isotopes, radiation):
    if radiation == "xray" and (isotopes or not all(KINDS[n].xray for n in names)):
        return
    x = first + step * np.arange(len(values))
    sigma = 0.1 + np.abs(values)
    curve = Curve(x, values, sigma, names[0])
    settings_ = {**SILICA, "radiation": radiation, "isotopes": isotopes}
    there = convert(curve, names[1], **settings_)
    back = convert(there, names[0], **settings_)
    assert there.kind == names[1]
    # Rounding of values up to 5 with factors down to 1e-3.
    assert np.allclose(back.y, curve.y, atol=1e-10)
    assert np.allclose(back.sigma, sigma)
    assert np.all(there.sigma > 0)


def test_definitions_one_by_one():
    """Each against the formula it is named by, b(Si) = 4.1491 fm and b(O) = 5.803 fm (Sears); the table kept by periodictable has 5.805."""
    b2 = ((0.41491 + 2 * 0.5803) / 3) ** 2
    q, r = np.array([0.5, 2.0, 7.0]), np.array([0.5, 2.0, 7.0])
    s, g = np.array([0.1, 1.6, 0.9]), np.array([0.1, 1.6, 0.9])
    in_q = {"S(Q)-1": s - 1, "i(Q)": b2 * (s - 1), "F(Q)": b2 * (s - 1), "Q[S(Q)-1]": q * (s - 1)}
    for name, expected in in_q.items():
        assert convert(Curve(q, s, None, "S(Q)"), name, **SILICA).y == pytest.approx(expected, rel=1e-3)
    ideal = 4 * np.pi * RHO * r
    in_r = {"G(r)": ideal * (g - 1), "GK(r)": b2 * (g - 1), "D(r)": b2 * ideal * (g - 1), "T(r)": b2 * ideal * g, "RDF(r)": r * ideal * g}
    for name, expected in in_r.items():
        assert convert(Curve(r, g, None, "g(r)"), name, **SILICA).y == pytest.approx(expected, rel=1e-3)
    assert convert(Curve(q, s, None, "S(Q)"), "i(Q)", **SILICA, radiation="xray").y == pytest.approx(s - 1)
    assert convert(Curve(q, s, None, "S(Q)"), "i(Q)", **SILICA).y_unit == "barn/sr/atom"


@pytest.mark.parametrize("width", [0.1, 0.25])
@pytest.mark.parametrize("distance", [1.6, 3.1])
def test_a_shell_of_neighbours_has_a_known_transform(width, distance):
    """4πρr [g - 1] = A exp(-(r-d)²/2w²)/(w√2π) gives Q [S - 1] = A sin(Qd) exp(-Q²w²/2), for d ≫ w; and back."""
    r, q = np.arange(0.005, 8, 0.005), np.arange(0.02, 60, 0.02)
    peak = 0.8 * np.exp(-0.5 * ((r - distance) / width) ** 2) / (width * np.sqrt(2 * np.pi))
    expected = 0.8 * np.sin(q * distance) * np.exp(-0.5 * (q * width) ** 2)
    there = convert(Curve(r, peak, None, "G(r)"), "Q[S(Q)-1]", **SILICA, x=q)
    assert np.abs(there.y - expected).max() < 1e-4
    back = convert(Curve(q, expected, None, "Q[S(Q)-1]"), "G(r)", **SILICA, x=r[::10])
    # Step 0.02 1/Å and the constant start below it.
    assert np.abs(back.y - peak[::10]).max() < 2e-3
    assert back.metadata["q_range"] == pytest.approx([0.02, 59.98])


def test_noise_is_carried_through_the_transform():
    """The stated uncertainty is the scatter that a thousand noisy measurements show."""
    q = np.arange(0.5, 20, 0.1)
    noise = np.random.default_rng(1).normal(0, 0.05, (400, len(q)))
    settings_ = {**SILICA, "x": np.array([1.6, 2.6, 5.0]), "window": "lorch"}
    scatter = np.std([convert(Curve(q, 1 + n, None, "S(Q)"), "g(r)", **settings_).y for n in noise], axis=0)
    stated = convert(Curve(q, np.ones_like(q), np.full_like(q, 0.05), "S(Q)"), "g(r)", **settings_).sigma
    assert stated == pytest.approx(scatter, rel=0.12)  # 400 samples: 3.5 % of a standard deviation


def test_what_cannot_be_converted_is_refused():
    curve = Curve([1.0, 2.0], [1.0, 1.1], None, "S(Q)")
    for to, arguments in [
        ("g(r)", {"composition": "SiO2"}),
        ("S(q)", SILICA),
        ("T(r)", {**SILICA, "radiation": "xray"}),
        ("g(r)", {**SILICA, "q_max": 0.5}),
        ("g(r)", {**SILICA, "x": [2.0, 1.0]}),
        ("g(r)", {**SILICA, "window": "hann"}),
        ("i(Q)", {**SILICA, "isotopes": {"Si": "99Si"}}),
        ("g(r)", {"composition": "SiO2", "density": -1}),
    ]:
        with pytest.raises(InputError):
            convert(curve, to, **arguments)
    with pytest.raises(InputError, match="positive"):
        convert(Curve([0.0, 1.0], [1.0, 1.0], None, "S(Q)"), "i(Q)", **SILICA)
