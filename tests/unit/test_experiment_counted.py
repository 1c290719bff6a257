"""Curves whose distances were counted in a simulation."""

from __future__ import annotations

from pathlib import Path

import ase.io
import numpy as np
import pytest

import glasswright as gw
from glasswright.curve import Curve
from glasswright.errors import InputError
from glasswright.experiment import Experiment


def test_a_model_agrees_with_its_own_counted_curve():
    glass = ase.io.read(Path(__file__).parents[2] / "gallery" / "glasses" / "silica-shik-50Kps-2.extxyz.gz")
    g = gw.analysis.total_rdf(glass, "neutron", r_max=10.0, bin_width=0.05)
    target = Experiment(Curve(g.x, g.y, None, "g(r)"), "neutron", gw.Composition("SiO2"), counted=True)
    score = gw.compare(glass, target)
    assert score.r_chi < 1e-9
    assert score.scale == pytest.approx(1, abs=1e-9)
    assert gw.compare(glass, target, resolution="fit").r_chi == score.r_chi
    with pytest.raises(InputError, match=r"counted=True"):
        gw.compare(glass, Experiment(Curve(g.x, g.y, None, "g(r)"), "neutron", gw.Composition("SiO2")))


@pytest.mark.parametrize(
    "details",
    [{"kind": "S(Q)"}, {"radiation": "xray"}, {"q_range": (1.0, 20.0)}, {"window": "lorch"}, {"resolution": 0.1}, {"relative_resolution": 0.1}],
)
def test_what_was_counted_has_no_instrument(details):
    x = np.arange(1, 5, 0.1)
    said = {"kind": "g(r)", "radiation": "neutron", **details}
    with pytest.raises(InputError, match="counted = True does not fit"):
        Experiment(Curve(x, np.ones_like(x), None, said.pop("kind")), composition=gw.Composition("SiO2"), counted=True, **said)


def test_a_comparison_points_out_a_wrong_normalisation():
    glass = ase.io.read(Path(__file__).parents[2] / "gallery" / "glasses" / "silica-shik-50Kps-2.extxyz.gz")
    q = np.arange(0.6, 20.0, 0.05)
    i_of_q = Curve(q, 0.2761 * (gw.analysis.structure_factor(glass, q).y - 1), None, "S(Q)-1")
    score = gw.compare(glass, Experiment(i_of_q, "neutron", gw.Composition("SiO2")))
    assert any("Read as i(Q) it would be" in warning for warning in score.warnings)
