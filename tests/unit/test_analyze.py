"""From atoms to curves and tables."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from ase import Atoms
from ase.spacegroup import crystal

from glasswright.analysis import density as mass_density
from glasswright.analysis.findings import pool
from glasswright.analysis.sample import Q_MAX
from glasswright.analysis.scattering.fsdp import first_sharp_diffraction_peak
from glasswright.analysis.scattering.shells import pair_shells
from glasswright.analysis.store import read_findings
from glasswright.composition import Composition
from glasswright.curve import Curve
from glasswright.errors import InputError
from glasswright.experiment import Experiment
from glasswright.io.curves import read_curve, write_curve
from glasswright.io.run import Run
from glasswright.workflows.analyze import analyze
from glasswright.workflows.compare import compare
from glasswright.workflows.samples import run_sample


def quartz(seed=0, shake=0.05):
    atoms = crystal(
        ("Si", "O"), basis=[(0.4697, 0, 2 / 3), (0.4135, 0.2669, 0.1191 + 2 / 3)], spacegroup=154, cellpar=[4.9160, 4.9160, 5.4054, 90, 90, 120]
    ).repeat((4, 4, 3))
    atoms.positions += np.random.default_rng(seed).normal(0, shake, atoms.positions.shape)
    return atoms


def selenide(n=300):
    rng = np.random.default_rng(1)
    points = np.zeros((0, 3))
    while len(points) < n:
        trial = rng.random(3) * 21
        apart = points - trial
        if np.all(np.linalg.norm(apart - 21 * np.round(apart / 21), axis=1) > 2.2):
            points = np.vstack([points, trial])
    return Atoms(["Ge"] * (n // 3) + ["Se"] * (n - n // 3), positions=points, cell=[21] * 3, pbc=True)


@pytest.fixture
def no_data(monkeypatch, tmp_path):
    monkeypatch.setenv("GLASSWRIGHT_DATA", str(tmp_path / "nowhere"))


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_everything_is_written(tmp_path, no_data):
    (tmp_path / "curves").mkdir()
    earlier = Curve([1.0, 2.0], [0.0, 1.0], metadata={"group": "pairs"})
    write_curve(tmp_path / "curves" / "rdf_Na-O.csv", earlier)
    (tmp_path / "tables").mkdir()
    own = [tmp_path / "curves" / "my_measured.csv", tmp_path / "tables" / "mine.csv"]
    for path in own:
        path.write_text("the user's own")
    found = analyze([quartz(1), quartz(2)], tmp_path)
    assert all(path.read_text() == "the user's own" for path in own)
    names = {p.stem for p in (tmp_path / "curves").glob("*.csv")} - {"my_measured"}
    assert names == set(found.curves)
    assert names >= {"rdf_O-Si", "rdf_total_neutron", "rdf_total_xray", "t_of_r_neutron", "sq_neutron", "sq_xray", "angle_O-Si-O", "angle_Si-O-Si"}
    assert np.allclose(read_curve(tmp_path / "curves" / "sq_neutron.csv").y, found.curves["sq_neutron"].y, atol=1e-7)
    summary = {r["quantity"]: r for r in rows(tmp_path / "tables" / "summary.csv")}
    assert float(summary["Si-O distance"]["simulated"]) == pytest.approx(1.61, abs=0.02)
    assert float(summary["Si-O distance"]["measured"]) == 1.62
    assert float(summary["density"]["measured"]) == pytest.approx(2.203)
    assert float(summary["Si-O coordination"]["simulated"]) == 4
    assert summary["O-Si-O angle"]["spread"]
    assert float(summary["non-bridging oxygen fraction"]["measured"]) == 0
    written = read_findings(tmp_path).populations
    assert set(written) == set(found.populations)
    assert written["coordination_Si-O"].cases["4"].value == written["qn_Si"].cases["4"].value == written["oxygen"].cases["bridging"].value == 1


def test_absent_measurements_are_named(no_data):
    assert len(analyze(quartz()).absent) == 3


@pytest.fixture
def data(monkeypatch, tmp_path):
    """An empty folder of measured data; write a file into it with ``data(name, text)``."""
    monkeypatch.setenv("GLASSWRIGHT_DATA", str(tmp_path / "data"))

    def supply(name, text):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    return supply


def silicate():
    """25Na2O-75SiO2 by its composition only: SiO2 of a crystal renamed Na2O."""
    atoms = quartz()
    formers, oxygens = np.flatnonzero(atoms.symbols == "Si"), np.flatnonzero(atoms.symbols == "O")
    for former, oxygen in zip(formers[::4], oxygens[::8], strict=False):
        atoms.numbers[[former, oxygen]] = 11
    return atoms


def test_an_odd_measured_file_is_absent_with_the_reason(data):
    data("sio2_neutron/i_of_q.dat", "no numbers here\n")
    data("sio2_neutron/t_of_r.dat", "1.0 0.1\n2.0 broken\n")
    found = analyze(quartz())
    assert len(found.absent) == 3
    assert any("i(Q)" in sentence and "no row of numbers" in sentence for sentence in found.absent)
    assert any("T(r)" in sentence and "Line 2" in sentence for sentence in found.absent)
    assert not any(name.startswith("measured_") for name in found.curves)


def test_odd_measured_qn_are_absent_with_the_reason(data, tmp_path):
    data("na2o_sio2/qn_nmr_sio2_na.csv", "20,50,48,2,0,0\n25,38,broken,1,0,0\n")
    found = analyze(silicate(), tmp_path / "out")
    assert any("Line 2" in sentence and "qn_nmr" in sentence for sentence in found.absent)
    population = read_findings(tmp_path / "out").populations["qn_Si"]
    assert not population.measured
    assert "Line 2" in population.source


def test_elements_without_a_density_are_analysed_all_the_same(no_data):
    atoms = selenide()
    atoms.symbols[atoms.symbols == "Ge"] = "Ra"
    density = next(row for row in analyze(atoms).summary if row.quantity == "density")
    assert density.simulated.value > 0
    assert density.measured is None


def test_mean_qn_has_a_spread(no_data):
    whole, broken = quartz(1), quartz(2)
    broken.positions[np.flatnonzero(broken.symbols == "O")[:40], 2] += 2.0
    assert analyze([whole, whole]).numbers["mean Qn"].spread == 0
    frames = analyze([whole, broken])
    singles = [analyze(atoms).found for atoms in (whole, broken)]
    values = [s.numbers["mean Qn"].value for s in singles]
    assert values[0] == 4 != values[1]
    assert singles[0].numbers["mean Qn"].spread is None
    assert frames.numbers["mean Qn"].spread > 0
    assert pool(singles).numbers["mean Qn"].spread == pytest.approx(np.std(values, ddof=1))
    row = next(r for r in frames.summary if r.quantity == "mean Qn")
    assert (row.measured, row.note) == (4, "spread over configurations")


def test_frames_of_different_composition_are_refused(no_data):
    with pytest.raises(InputError, match="Configuration 2"):
        analyze([quartz(), silicate()])


def test_a_glass_without_oxygen_has_no_oxygen_in_its_tables(tmp_path):
    found = analyze(selenide(), tmp_path)
    assert not [name for name in found.populations if name == "oxygen" or name.startswith("qn_")]
    assert not any("O" in r["quantity"].split()[0].split("-") for r in rows(tmp_path / "tables" / "summary.csv"))
    assert "rdf_Ge-Se" in found.curves


def test_an_unbalanced_composition_is_analysed_without_facts(no_data):
    atoms = quartz()
    del atoms[0]
    found = analyze(atoms)
    assert all(row.measured is None for row in found.summary)
    assert not found.absent


def test_pooling_gives_mean_and_spread(no_data):
    surveys = [analyze(quartz(seed, 0.02 * seed)).found for seed in (1, 2, 3)]
    pooled = pool(surveys)
    values = [s.numbers["O-Si-O angle, standard deviation"].value for s in surveys]
    assert pooled.numbers["O-Si-O angle, standard deviation"].value == pytest.approx(np.mean(values))
    assert pooled.numbers["O-Si-O angle, standard deviation"].spread == pytest.approx(np.std(values, ddof=1))
    curves = np.array([s.curves["rdf_O-Si"].y for s in surveys])
    assert np.allclose(pooled.curves["rdf_O-Si"].sigma, curves.std(axis=0, ddof=1))
    assert pooled.populations["coordination_Si-O"].cases["4"].value == 1


def test_nothing_to_analyse_is_refused(tmp_path):
    for source in ([], Atoms("Si"), tmp_path / "absent.xyz", tmp_path):
        with pytest.raises(InputError):
            analyze(source)


def synthetic(kind="i(Q)", scale=1.0, **settings):
    """An experiment made from a model: what compare must find again."""
    q = np.arange(1.0, 20.0, 0.05)
    s = pair_shells([quartz()], Q_MAX).partials(q).total("neutron")
    y = s.y if kind == "S(Q)" else scale * 0.27590892 * (s.y - 1)
    return Experiment(Curve(q, y, None, kind, "1/Å"), "neutron", Composition("SiO2"), **settings)


def test_a_model_agrees_with_itself():
    assert compare(quartz(), synthetic()).r_chi < 1e-6
    assert compare(quartz(), synthetic("S(Q)")).r_chi < 1e-6


def test_scale_is_found_again():
    score = compare(quartz(), synthetic(scale=0.87))
    assert score.scale == pytest.approx(0.87, abs=1e-6)
    assert score.r_chi == pytest.approx(0.13 / 0.87, abs=1e-6)
    assert score.r_chi_scaled < 1e-6


def test_background_is_found_again():
    experiment = synthetic()
    curve = experiment.curve
    lifted = Curve(curve.x, curve.y + 0.01 - 1e-5 * curve.x**2, None, curve.kind, curve.x_unit)
    shifted = Experiment(lifted, "neutron", experiment.composition)
    assert compare(quartz(), shifted, background=2).r_chi_scaled < 1e-6
    assert compare(quartz(), shifted).r_chi_scaled > 0.005


def test_resolution_blurs_the_model():
    sharp, blurred = (compare(quartz(), synthetic(resolution=r)).curves["simulated"].y for r in (None, 0.15))
    assert np.abs(blurred).max() < 0.9 * np.abs(sharp).max()


def test_g_of_r_and_t_of_r_agree():
    """The same residual whether the experimenters published g(r), T(r) or D(r) of the same data; the sample is lighter than the model."""
    r = np.arange(1.0, 7.0, 0.02)
    composition = synthetic().composition
    model = quartz(shake=0.1)
    density = 0.8 * len(model) / model.cell.volume
    settings = {"density": 0.8 * mass_density(model), "q_range": (0.5, 25.0), "window": "lorch"}
    g = Curve(r, 1 + 0.5 * np.sin(3 * r), None, "g(r)", "Å")
    ideal = 4 * np.pi * density * r * 0.27590892
    t, d = Curve(r, ideal * g.y, None, "T(r)", "Å"), Curve(r, ideal * (g.y - 1), None, "D(r)", "Å")
    scores = [compare(model, Experiment(c, "neutron", composition, **settings)).r_chi for c in (g, t, d)]
    assert scores[1:] == pytest.approx([scores[0]] * 2, rel=1e-5)


def test_other_elements_and_impossible_requests_are_refused():
    with pytest.raises(InputError, match="different glasses"):
        compare(selenide(), synthetic())
    with pytest.raises(InputError, match="resolution"):
        compare(quartz(), synthetic(), resolution="guess")
    small = Experiment(Curve([0.1, 0.2, 0.25], [1.0, 1, 1], None, "S(Q)", "1/Å"), "neutron", synthetic().composition)
    with pytest.raises(InputError, match="larger box"):
        compare(quartz(), small)


def describe(path, kind, outcome):
    (path / "run.toml").write_text(f'kind = "{kind}"\nname = "made up"\noutcome = "{outcome}"\nwarnings = []\n\n[settings]\n')


def make_run(path, seed, densities=(2.5, 2.7)):
    """A run directory as a melt-quench leaves it: melt, quench and sample frames, thermo rows, product."""
    from glasswright.io.run import THERMO_COLUMNS
    from glasswright.io.trajectory import TrajectoryWriter

    path.mkdir(parents=True)
    describe(path, "melt_quench", "done")
    product = quartz(seed)
    product.write(path / "glass.extxyz")
    writer = TrajectoryWriter(path / "trajectory.gsd", product)
    # GSD keeps lower-triangular cells; quartz has one.
    for i, stage in enumerate(["melt"] * 3 + ["quench"] + ["sample"] * 2):
        atoms = quartz(seed + 10 * i, 0.5 * (i + 1) if stage == "melt" else 0.05)
        writer.append(atoms.positions, np.asarray(atoms.cell), 100.0 * i, stage)
    writer.close()
    header = ",".join(f"{n} [{u}]" if u else n for n, u in THERMO_COLUMNS.items())
    lines = [f"{t},{stage},300,0,{d},1,0,0,0" for t, stage, d in ((0, "melt", 9.9), (1, "sample", densities[0]), (2, "sample", densities[1]))]
    (path / "thermo.csv").write_text("\n".join([header, *lines]) + "\n")


def test_a_run_is_averaged_over_its_sampling(tmp_path, no_data):
    make_run(tmp_path / "run", 1)
    found = analyze(tmp_path / "run")
    assert found.numbers["density"].value == pytest.approx(2.6)
    assert found.curves["rdf_O-Si"].metadata["frames"] == 2
    assert found.curves["msd_Si"].x.tolist() == [0, 100]
    assert found.curves["msd_Si"].y[1] > 0.5
    assert (tmp_path / "run" / "curves" / "msd_Si.csv").is_file()


def test_a_sample_of_a_run_is_its_last_stage_and_its_trajectory_that_of_the_melt(tmp_path):
    make_run(tmp_path / "run", 1)
    run = Run(tmp_path / "run")
    sample = run_sample(run)
    assert [a.info["stage"] for a in sample.frames] == ["sample", "sample"]
    assert [a.info["time"] for a in sample.trajectory] == [0, 100, 200]
    assert len(run_sample(run, 1).frames) == 1
    assert [a.info["time"] for a in run.frames.of_stage("melt")[1:]] == [100, 200]


def test_a_run_at_one_temperature_is_a_trajectory_and_one_that_is_heated_is_none(tmp_path):
    from glasswright.io.trajectory import TrajectoryWriter

    for name, temperatures, expected in (("steady", "[300.0, 300.0]", 4), ("heated", "[300.0, 900.0]", 0)):
        path = tmp_path / name
        path.mkdir()
        (path / "run.toml").write_text(f'kind = "md"\nname = "x"\noutcome = "done"\nwarnings = []\n[settings]\ntemperature = {temperatures}\n')
        quartz().write(path / "glass.extxyz")
        writer = TrajectoryWriter(path / "trajectory.gsd", quartz())
        for i in range(4):
            writer.append(quartz(i).positions, np.asarray(quartz().cell), 10.0 * i, "md")
        writer.close()
        sample = run_sample(Run(path))
        assert len(sample.frames) == 1
        assert len(sample.trajectory) == expected
        assert len(run_sample(Run(path), 3).frames) == 3


def test_replicas_are_pooled_and_written_one_by_one(tmp_path, no_data):
    make_run(tmp_path / "set" / "replica-01", 1, (2.4, 2.4))
    make_run(tmp_path / "set" / "replica-02", 2, (2.6, 2.6))
    describe(tmp_path / "set", "replicas", "done")
    analyze(tmp_path / "set")
    summary = {r["quantity"]: r for r in rows(tmp_path / "set" / "tables" / "summary.csv")}
    assert float(summary["density"]["simulated"]) == pytest.approx(2.5)
    assert float(summary["density"]["spread"]) == pytest.approx(np.std([2.4, 2.6], ddof=1), rel=1e-5)
    assert "2 replicas" in summary["density"]["note"]
    assert read_curve(tmp_path / "set" / "curves" / "rdf_O-Si.csv").metadata["replicas"] == 2
    assert (tmp_path / "set" / "replica-01" / "tables" / "summary.csv").is_file()


def test_a_run_without_a_glass_says_how_to_go_on(tmp_path):
    describe(tmp_path, "melt_quench", "running")
    with pytest.raises(InputError, match="resume"):
        analyze(tmp_path)


def test_residual_of_s_is_taken_on_s_minus_one():
    experiment = synthetic("S(Q)")
    curve = experiment.curve
    damped = Experiment(Curve(curve.x, 1 + 0.87 * (curve.y - 1), None, "S(Q)", "1/Å"), "neutron", experiment.composition)
    assert compare(quartz(), damped).r_chi == pytest.approx(0.13 / 0.87, abs=1e-6)


def test_first_sharp_diffraction_peak():
    q = np.arange(0.4, 12, 0.02)
    s = 1 + 0.5 * np.exp(-0.5 * ((q - 1.513) / 0.2) ** 2) - 0.3 * np.exp(-0.5 * ((q - 2.4) / 0.3) ** 2)
    peak = first_sharp_diffraction_peak(Curve(q, s, None, "S(Q)"))
    position, height = peak.position.value, peak.top.value
    assert position == pytest.approx(1.51, abs=0.01)
    assert height == pytest.approx(1.5, abs=0.01)
    assert first_sharp_diffraction_peak(Curve(q, np.ones_like(q), None, "S(Q)")) is None
    assert first_sharp_diffraction_peak(Curve(q, 1 + np.exp(-((q - 5) ** 2)), None, "S(Q)")) is None
