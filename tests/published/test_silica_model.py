"""The published RMC model of silica glass against measured curves: figures of others that this analysis must reproduce."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from glasswright import analysis
from glasswright.analysis.scattering.fsdp import first_sharp_diffraction_peak
from glasswright.composition import Composition
from glasswright.curve import Curve
from glasswright.experiment import Experiment
from glasswright.library.measurements import data_folder, measured_curves, measured_qn
from glasswright.workflows.compare import compare

DATA = data_folder()
pytestmark = pytest.mark.skipif(DATA is None or not (DATA / "sio2_rmc_model").is_dir(), reason="needs the reference data (GLASSWRIGHT_DATA or ../shared/data)")


@pytest.fixture(scope="module")
def model():
    """3000 atoms, M. Shiga 2024 (MIT): coordinates in units of half-box vectors."""
    text = (DATA / "sio2_rmc_model" / "sio2_rmc.cfg").read_text().splitlines()
    half = 17.831044
    rows = np.array([[float(w) for w in line.split()] for line in text[-3000:]])
    return Atoms("Si1000O2000", positions=(rows + 1) * half, cell=[2 * half] * 3, pbc=True)


def test_structure_as_published(model):
    """Figures of the data folder, whose cutoffs are not stated: hence a digit of tolerance."""
    assert analysis.density(model) == pytest.approx(2.200, abs=5e-4)
    assert np.mean(analysis.coordination(model)["Si", "O"] == 4) == pytest.approx(0.994, abs=1e-3)
    angles = analysis.bond_angles(model)
    assert angles["O", "Si", "O"].metadata["mean"] == pytest.approx(109.2, abs=0.1)
    assert angles["O", "Si", "O"].metadata["deviation"] == pytest.approx(9.6, abs=0.1)
    assert angles["Si", "O", "Si"].metadata["mean"] == pytest.approx(151.7, abs=0.1)


def test_residual_against_isis(model):
    """R_chi of the model is about 0.16: an independent evaluation in this project's benchmarks gave at most 0.165 by transform."""
    experiment = Experiment.from_file(DATA / "sio2_neutron" / "i_of_q.dat", "i(Q)", composition="SiO2", density=2.2, q_range=(1, 18))
    score = compare(model, experiment)
    assert 0.15 < score.r_chi <= 0.165
    assert score.r_chi_scaled <= score.r_chi
    assert score.scale == pytest.approx(1, abs=0.05)
    assert "R_chi" in score.sentence


def test_direct_sum_against_isis(model):
    """At most 0.19 in the benchmarks, with bins of 0.1 1/Å: noisier than the transform, which g(r) to half the box smooths."""
    experiment = Experiment.from_file(DATA / "sio2_neutron" / "i_of_q.dat", "i(Q)", composition="SiO2", density=2.2, q_range=(1, 18))
    curve = experiment.curve
    simulated = 0.2759 * (analysis.structure_factor(model, curve.x, method="direct", q_width=0.1).y - 1)
    r_chi = np.sqrt(np.sum((curve.y - simulated) ** 2) / np.sum(curve.y**2))
    assert 0.15 < r_chi <= 0.19


def test_isis_t_of_r_is_our_transform_of_isis_i_of_q():
    """With a Lorch window to 50 1/Å, where their data end; 0.02 barn/Å² on a curve that reaches 5 is noise and a window not stated."""
    i_of_q = Experiment.from_file(DATA / "sio2_neutron" / "i_of_q.dat", "i(Q)", composition="SiO2", density=2.2, q_range=(0.54, 50)).curve
    t_of_r = Experiment.from_file(DATA / "sio2_neutron" / "t_of_r.dat", "T(r)", composition="SiO2", density=2.2, q_range=(0.54, 50)).curve
    inside = (t_of_r.x > 1.2) & (t_of_r.x < 6)
    r = t_of_r.x[inside]
    ours = 4 * np.pi * 0.0662 * r * 0.2759 + analysis.sine_transform(i_of_q.x, i_of_q.y, r, "lorch", 50.0)
    assert np.sqrt(np.mean((ours - t_of_r.y[inside]) ** 2)) < 0.02
    first = (r > 1.4) & (r < 1.85)
    number = np.sum(r[first] * ours[first]) * 0.01 / (2 / 3 * 0.41491 * 0.5803)
    assert number == pytest.approx(3.88, abs=0.03)


def test_t_of_r_of_the_measurement_follows_from_its_i_of_q():
    """The instrument's own T(r) is the transform of its own i(Q): checks constants and conventions without any model."""
    i_of_q, t_of_r = (e.load().curve for e in measured_curves(Composition("SiO2"))[:2])
    b2 = 0.2759
    r = np.arange(1.3, 6, 0.01)
    d = analysis.sine_transform(i_of_q.x, i_of_q.y, r, "lorch", float(i_of_q.x[-1]))
    ours = 4 * np.pi * 0.0662 * r * b2 + d
    theirs = np.interp(r, t_of_r.x, t_of_r.y)
    # Their window is not stated; a Lorch window to 40 1/Å broadens the Si-O peak by a few hundredths of an Å.
    outside = np.abs(r - 1.62) > 0.25
    assert np.sqrt(np.mean((ours - theirs)[outside] ** 2)) < 0.06
    first = (r > 1.4) & (r < 1.85)
    assert np.sum(r[first] * ours[first]) == pytest.approx(np.sum(r[first] * theirs[first]), rel=0.03)


def test_measured_qn_balances_the_oxygens():
    for percent in (20, 33.3, 50):
        composition = Composition({"Na2O": percent, "SiO2": 100 - percent})
        measured = measured_qn(composition)
        assert sum(measured.fractions.values()) == pytest.approx(1)
        assert sum(n * f for n, f in measured.fractions.items()) == pytest.approx(composition.mean_qn, abs=0.05)


def test_first_sharp_diffraction_peak_of_the_measurement():
    """1.500 1/Å in the notes on the data (neutron), 1.50 (X-ray)."""
    for entry in measured_curves(Composition("SiO2")):
        if entry.kind != "T(r)":
            curve = entry.load().curve
            q = np.arange(0.6, 12, 0.02)
            s = Curve(q, 1 + np.interp(q, curve.x, curve.y) / (0.2759 if entry.radiation == "neutron" else 1), None, "S(Q)")
            assert first_sharp_diffraction_peak(s).position.value == pytest.approx(1.50, abs=0.02)


def test_network_of_the_model(model):
    """99.4 % four-fold leaves 0.6 % of defects, which balance: every silicon too many is an oxygen on three, every one too few a dangling oxygen."""
    defects = {element: {name: n.value for name, n in cases.items()} for element, cases in analysis.coordination_defects(model).items()}
    assert sum(defects["Si"].values()) == pytest.approx(0.006, abs=1e-3)
    five, three = defects["Si"]["[5]Si: SiO5"], defects["Si"]["[3]Si: SiO3"]
    assert 1000 * (five - three) == pytest.approx(2000 * (defects["O"]["[3]O: OSi3"] - defects["O"]["[1]O: OSi"]))
    network = analysis.clusters(model, "Si", "O")
    assert (network.largest.value, network.spanning.value) == (1, 3)
    sharing = analysis.polyhedra_sharing(model)["Si", "Si"]
    assert sharing.corner.value > 0.999
    assert analysis.mean_field_constraints(model).total.value == pytest.approx(11 / 3, abs=0.01)
    assert analysis.mean_field_constraints(model, bridges=False).total.value == pytest.approx(3, abs=0.01)
