"""The page of a refinement, and what an analysis adds for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import glasswright as gw
from glasswright.io.experiments import read_data_sets
from glasswright.io.run_writer import write_run_toml
from glasswright.report import refinement as page
from glasswright.report import write_report
from glasswright.report.contents import Contents
from glasswright.workflows.analyze import COMPARISON
from glasswright.workflows.measured import comparison
from glasswright.workflows.refined import title

Make = Callable[..., Path]


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory, synthetic_refinement: Make) -> Path:
    path = synthetic_refinement(tmp_path_factory.mktemp("refined") / "run")
    gw.analyze(gw.read_run(path), groups=["pairs", "scattering"])
    return path


def test_the_data_stand_beside_the_structure_before_and_after(analysed: Path) -> None:
    run = gw.read_run(analysed)
    curves = run.curves()
    for data in read_data_sets(analysed):
        for atoms, name in ((run.atoms, "compared"), (gw.read_run(analysed).replicas[0].path / "start.extxyz", "start")):
            score = gw.compare(atoms, data.experiment)
            found = curves[f"{name}_{data.name}"]
            assert found.metadata["r_chi"] == pytest.approx(score.r_chi, rel=1e-6)
            np.testing.assert_allclose(found.y, score.curves["simulated"].y, rtol=1e-6, atol=1e-7)
        assert curves[f"fitted_{data.name}"].metadata["r_chi_scaled"] == pytest.approx(gw.compare(run.atoms, data.experiment).r_chi_scaled, rel=1e-6)
    rows = {row["quantity"]: float(row["simulated"]) for row in run.table("summary")}
    assert rows["R_chi, xray, before"] == pytest.approx(curves["start_xray"].metadata["r_chi"], rel=1e-4)


def test_a_fixed_scale_is_not_fitted(tmp_path: Path, synthetic_refinement: Make) -> None:
    path = synthetic_refinement(tmp_path / "run")
    for file in (path / "experiments").glob("*.csv"):
        file.write_text(file.read_text().replace('"scale": "fit"', '"scale": 1.0'))
    found = gw.analyze(gw.read_run(path), groups=["scattering"]).groups[COMPARISON]
    assert found.numbers["R_chi, neutron, scaled"].value == found.numbers["R_chi, neutron"].value
    assert "with a fitted scale" not in write_report(path).read_text().partition("</header>")[0]


def test_a_curve_of_the_library_that_was_refined_against_is_not_shown_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    from ase.build import bulk

    from glasswright.analysis.sample import Sample

    germania = bulk("Ge", "diamond", a=8.0, cubic=True).repeat(2)
    sample = Sample([_with_oxygen(germania)])
    known = gw.measurements.shipped_experiment("geo2-70ge")
    part = replace(known, curve=replace(known.curve, x=known.curve.x[20:-50], y=known.curve.y[20:-50], sigma=None), name="my own copy")
    everything = comparison(sample, gw.Composition("GeO2"), [])
    rest = comparison(sample, gw.Composition("GeO2"), [], [part])
    assert {n for n in everything.curves if n.startswith("measured")} - set(rest.curves) == {"measured_f_of_q_neutron_70Ge"}


def _with_oxygen(formers: object) -> object:
    from ase import Atoms

    positions = formers.get_positions()  # type: ignore[attr-defined]
    rng = np.random.default_rng(1)
    oxygen = rng.random((2 * len(positions), 3)) * np.diag(formers.cell)  # type: ignore[attr-defined]
    return Atoms(["Ge"] * len(positions) + ["O"] * len(oxygen), np.vstack([positions, oxygen]), cell=formers.cell, pbc=True)  # type: ignore[attr-defined]


def test_the_page_shows_the_course_the_trade_and_the_end(analysed: Path) -> None:
    text = write_report(analysed).read_text()
    for words in ("hybrid reverse Monte Carlo", "Residuals and energy along the moves", "Residual against energy", "R_chi and U are flat.", "before, refined"):
        assert words in text
    header = text.partition("</header>")[0]
    assert "S(Q)-1, neutron" in header and "eV/atom" in header and "before" in header
    assert text.index('<section id="refinement">') < text.index('<section id="scattering">')
    assert "Throughout: T<sub>χ</sub> = 0.001." in text


def test_an_interrupted_refinement_shows_how_far_it_came(tmp_path: Path, synthetic_refinement: Make) -> None:
    text = write_report(synthetic_refinement(tmp_path / "run", stopped=True)).read_text()
    assert "Not finished." in text and "Residuals and energy along the moves" in text and "glasswright resume" in text


def test_a_method_without_energy_or_data_shows_what_it_has(tmp_path: Path, synthetic_refinement: Make) -> None:
    path = synthetic_refinement(tmp_path / "run", method="rmc")
    header, *rows = [line.split(",") for line in (path / "history.csv").read_text().splitlines()]
    for gone, shown in (("energy [eV/atom]", "R_chi and U are flat"), ("r_chi", "U (eV/atom)")):
        kept = [i for i, name in enumerate(header) if not name.startswith(gone)]
        (path / "history.csv").write_text("".join(",".join(row[i] for i in kept) + "\n" for row in (header, *rows)))
        text = write_report(path).read_text()
        assert shown in text and "Residual against energy" not in text


def test_replicas_of_a_refinement_have_one_page(tmp_path: Path, synthetic_refinement: Make) -> None:
    for number in (1, 2):
        synthetic_refinement(tmp_path / f"replica-{number:02d}", seed=number)
    document = gw.read_run(tmp_path / "replica-01").settings
    write_run_toml(tmp_path, {**document, "kind": "replicas"})
    analysis = gw.analyze(gw.read_run(tmp_path), groups=["scattering"])
    assert analysis.numbers["R_chi, neutron"].spread is not None
    text = write_report(tmp_path).read_text()
    assert "the other replica" in text and "replica\N{NON-BREAKING HYPHEN}02" in text and "end of each replica" in text


def test_the_front_is_what_nothing_beats() -> None:
    r, u = np.array([0.3, 0.2, 0.1, 0.1, np.nan, 0.4]), np.array([1.0, 3.0, 4.0, 5.0, 0.0, 1.0])
    assert page.pareto(r, u).tolist() == [2, 1, 0]
    assert page.pareto(r[:0], u[:0]).tolist() == []


def test_titles_name_isotopes(analysed: Path) -> None:
    data = read_data_sets(analysed)[0]
    known = gw.measurements.shipped_experiment("geo2-73ge")
    assert title(replace(data, experiment=known)) == "F(Q), neutron with 73Ge"


def test_another_glass_is_drawn_beside_it(analysed: Path, tmp_path: Path, synthetic_run: Make) -> None:
    quenched = synthetic_run(tmp_path / "quenched")
    energy = page.plot_course(gw.read_run(analysed).history, levels=page._levels(Contents(gw.read_run(analysed), [gw.read_run(quenched)]))).axes[1]
    assert [text.get_text() for text in energy.texts] == ["quenched, minimised"]
    assert energy.get_ylim()[0] < -19.23  # its energy, below all of the refinement's
    text = write_report(analysed, beside=[quenched]).read_text()
    assert '<section id="beside">' in text and "quenched, minimised" in text
    assert '<section id="beside">' not in write_report(analysed).read_text()


def test_energies_by_another_force_field_are_not_drawn(analysed: Path, tmp_path: Path, synthetic_run: Make) -> None:
    quenched = synthetic_run(tmp_path / "quenched")
    document = (quenched / "run.toml").read_text()
    (quenched / "run.toml").write_text(document.replace('name = "teter"', 'name = "bks"'))
    assert page._levels(Contents(gw.read_run(analysed), [gw.read_run(quenched)])) == {}
