"""What the report shows of scattering: every curve named, every number with its spread, the fit drawn."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from ase.io import read, write

from glasswright import analysis
from glasswright.analysis.sample import Sample
from glasswright.analysis.scattering.survey import survey_scattering
from glasswright.io.run import Run
from glasswright.report.contents import Contents
from glasswright.report.scattering import plot_first_peaks, scattering
from glasswright.workflows.analyze import analyze

GLASSES = Path(__file__).parents[2] / "gallery" / "glasses"


@pytest.fixture(scope="module")
def glasses():
    return [read(GLASSES / f"silica-shik-10Kps-{i}.extxyz.gz") for i in (1, 2)]


@pytest.fixture(scope="module")
def found(glasses):
    return survey_scattering(Sample(glasses))


def test_every_curve_is_there(found):
    totals = {f"sq_{r}{part}" for r in ("neutron", "xray") for part in ("", "_direct")}
    peaks = {f"fsdp_{r}{part}" for r in ("neutron", "xray") for part in ("", "_background")}
    partials = {"sq_partial_O-O", "sq_partial_O-Si", "sq_partial_Si-Si", "sq_bhatia_NN", "sq_bhatia_NC", "sq_bhatia_CC"}
    assert set(found.curves) == totals | peaks | partials | {"t_of_r_neutron", "rdf_total_xray"}


def test_curves_are_those_of_the_public_functions(glasses, found):
    curve = found.curves["sq_xray_direct"]
    again = analysis.structure_factor(glasses, curve.x, "xray", "direct", q_width=0.1)
    assert np.allclose(curve.y, again.y)
    assert curve.x[0] < 2 * np.pi / 17  # below what g(r) to half the box can tell
    partial = found.curves["sq_partial_O-Si"]
    assert np.allclose(partial.y, analysis.partial_structure_factors(glasses, partial.x)["O", "Si"].y, atol=2e-3)  # other shells


def test_numbers_of_the_peak_have_the_spread_of_the_glasses(glasses, found):
    name = "first sharp diffraction peak, position"
    single = [survey_scattering(Sample([g])).numbers[name] for g in glasses]
    assert found.numbers[name].spread == pytest.approx(np.std([n.value for n in single], ddof=1), abs=2e-3)  # the larger box alone has a larger half
    assert single[0].spread is None
    assert found.numbers[name].value == pytest.approx(1.58, abs=0.03)
    assert found.numbers["X-ray " + name].unit == "1/Å"
    width, length = (found.numbers[f"first sharp diffraction peak, {what}"].value for what in ("full width at half height", "coherence length"))
    assert width * length == pytest.approx(2 * np.pi)


def test_the_report_shows_the_peak_in_numbers(glasses, tmp_path, monkeypatch):
    """Of one glass with the uncertainty of the fit."""
    write(tmp_path / "glass.extxyz", glasses[0])
    monkeypatch.setenv("GLASSWRIGHT_DATA", str(tmp_path))
    analyze(tmp_path / "glass.extxyz", groups=["scattering"], out=tmp_path / "out")
    text = scattering(Contents(Run(tmp_path / "out")))
    assert "First sharp diffraction peak in numbers" in text
    row = next(r for r in text.split("<tr>") if ">position<" in r)
    assert len(re.findall(r"1\.5\d* ± 0\.0\d+", row)) == 2
    assert "Bhatia-Thornton" in text
    assert "Partial structure factors" in text


def test_the_fit_is_drawn_over_s_of_q(found):
    curves = {"S(Q)": found.curves["sq_neutron"], "direct": found.curves["sq_neutron_direct"], "fit": found.curves["fsdp_neutron"]}
    (axes,) = plot_first_peaks({"neutron": curves}).axes
    assert {line.get_label() for line in axes.lines} == {"direct sum", "S(Q) by transform", "fit"}
    assert "S(Q)" in axes.get_ylabel()
    assert axes.get_xlim()[1] < 4
