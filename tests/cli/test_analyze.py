"""``glasswright analyze`` on files from anywhere: no force field, no run directory, a page of pictures at the end."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.io import write
from ase.spacegroup import crystal

from glasswright.analysis.store import read_findings
from glasswright.analysis.survey import GROUPS
from glasswright.io.run import Run

verb = importlib.import_module("glasswright.workflows.analyze")


def quartz(seed: int = 1) -> Atoms:
    basis = [(0.4697, 0, 2 / 3), (0.4135, 0.2669, 0.1191 + 2 / 3)]
    atoms = crystal(("Si", "O"), basis=basis, spacegroup=154, cellpar=[4.9160, 4.9160, 5.4054, 90, 90, 120]).repeat((3, 3, 3))
    atoms.positions += np.random.default_rng(seed).normal(0, 0.05, atoms.positions.shape)
    return atoms


@pytest.fixture(autouse=True)
def no_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GLASSWRIGHT_DATA", str(tmp_path / "nowhere"))
    monkeypatch.chdir(tmp_path)


FORMATS = {"a.extxyz": "extxyz", "a.cif": "cif", "POSCAR": "vasp", "a.data": "lammps-data", "a.traj": "traj"}


@pytest.mark.parametrize("name", FORMATS)
def test_any_format_gives_tables_and_a_page(glasswright, name: str) -> None:
    write(name, quartz(), format=FORMATS[name])
    types = ["--types", "O,Si"] if FORMATS[name] == "lammps-data" else []
    result = glasswright("analyze", name, "--only", "pairs", "--out", "found", *types)
    assert result.exit_code == 0, (result.stderr, result.exception)
    page = Path("found/analysis.html")
    assert f"page: {page}" in result.stdout
    assert "Si-O coordination" in result.stdout
    assert read_findings(Path("found")).populations["coordination_Si-O"].cases["4"].value == 1
    text = page.read_text(encoding="utf-8")
    assert "SiO<sub>2</sub>" in text and "<h2>Distances</h2>" in text and "resume" not in text
    assert text.count("<svg") >= 4


def test_the_default_directory_is_named_after_the_file_and_opens_as_a_run(glasswright) -> None:
    write("mine.extxyz", quartz())
    assert glasswright("analyze", "mine.extxyz", "--only", "pairs").exit_code == 0
    run = Run("mine-analysis")
    assert run.settings["name"] == "mine.extxyz"
    assert len(run.atoms) == 243
    assert "rdf_O-Si" in run.curves()
    assert glasswright("report", "mine-analysis").exit_code == 0


def test_several_configurations_are_averaged_and_the_number_can_be_chosen(glasswright) -> None:
    write("many.extxyz", [quartz(seed) for seed in range(25)])
    result = glasswright("analyze", "many.extxyz", "--only", "pairs", "--out", "found")
    assert "Averaged over 20 of the 25 configurations" in result.stdout
    assert read_findings(Path("found")).curves["rdf_O-Si"].metadata["frames"] == 20
    glasswright("analyze", "many.extxyz", "--only", "pairs", "--frames", "3", "--out", "found")
    found = read_findings(Path("found"))
    assert found.curves["rdf_O-Si"].metadata["frames"] == 3
    assert found.curves["rdf_O-Si"].sigma is not None
    assert "mean over 3 configurations" in Path("found/analysis.html").read_text(encoding="utf-8")


def test_a_file_without_a_cell_is_refused_until_it_is_given_one(glasswright) -> None:
    atoms = quartz()
    lines = [f"{s} {x} {y} {z}" for s, (x, y, z) in zip(atoms.symbols, atoms.positions, strict=True)]
    Path("plain.xyz").write_text("\n".join([str(len(atoms)), "no cell", *lines]) + "\n")
    result = glasswright("analyze", "plain.xyz")
    assert result.exit_code == 2
    assert "no periodic cell" in result.stderr and "--cell" in result.stderr
    assert glasswright("analyze", "plain.xyz", "--cell", "14.748,14.748,16.216,90,90,120", "--only", "pairs", "--out", "found").exit_code == 0
    assert read_findings(Path("found")).populations["coordination_Si-O"].cases["4"].value == 1
    for wrong in ("1,2", "a,b,c", "-3", ""):
        assert glasswright("analyze", "plain.xyz", f"--cell={wrong}").exit_code == 2


def test_groups_are_listed_and_unknown_ones_refused(glasswright) -> None:
    screen = glasswright("analyze", "--list").stdout
    assert all(name in screen for name in GROUPS)
    assert glasswright("analyze").exit_code == 2
    write("a.extxyz", quartz())
    result = glasswright("analyze", "a.extxyz", "--only", "colours")
    assert result.exit_code == 2
    assert "colours" in result.stderr and "rings" in result.stderr


def test_what_one_group_finds_stays_when_another_is_asked_for(glasswright) -> None:
    write("a.extxyz", quartz())
    glasswright("analyze", "a.extxyz", "--only", "pairs", "--out", "found")
    glasswright("analyze", "a.extxyz", "--only", "network", "--out", "found")
    found = read_findings(Path("found"))
    assert "rdf_O-Si" in found.curves and "angle_O-Si-O" in found.curves
    quantities = [row["quantity"] for row in Run("found").table("summary")]
    assert quantities.index("density") < quantities.index("O-Si-O angle")
    assert len(quantities) == len(set(quantities))


def test_dynamics_of_a_wrapped_trajectory_needs_only_the_interval(glasswright) -> None:
    """Atoms that drift apart at constant speed through the boundaries: MSD = (v t)², whatever the wrapping."""
    start, frames = quartz(), []
    speed = np.where(start.symbols == "Si", 0.6, -0.3 * 28.085 / 15.999)[:, None] * [1.0, 0, 0]  # no motion of the centre of mass
    for step in range(30):
        atoms = start.copy()
        atoms.positions += speed * step
        atoms.wrap()
        frames.append(atoms)
    write("a.extxyz", frames)
    assert "nothing here" in glasswright("analyze", "a.extxyz", "--only", "dynamics", "--out", "found").stdout
    result = glasswright("analyze", "a.extxyz", "--only", "dynamics", "--interval", "20 fs", "--out", "found")
    assert result.exit_code == 0, (result.stderr, result.exception)
    curve = read_findings(Path("found")).curves["msd_Si"]
    assert curve.x[1] == pytest.approx(20) and curve.x_unit == "fs"
    assert curve.y[1:10] == pytest.approx((0.6 * curve.x[1:10] / 20) ** 2, rel=1e-3)


def test_a_group_that_finds_nothing_says_so_where_it_was_asked_for(glasswright) -> None:
    write("a.extxyz", quartz())
    assert "Of dynamics there is nothing here." in glasswright("analyze", "a.extxyz", "--only", "dynamics", "--out", "found").stdout


def test_the_directory_of_a_run_is_not_written_over(glasswright, synthetic_run, tmp_path) -> None:
    write("a.extxyz", quartz())
    path = synthetic_run(tmp_path / "run")
    before = (path / "run.toml").read_text(encoding="utf-8")
    result = glasswright("analyze", "a.extxyz", "--only", "pairs", "--out", str(path))
    assert result.exit_code == 2
    assert "directory of a run" in result.stderr
    assert (path / "run.toml").read_text(encoding="utf-8") == before


def test_ctrl_c_is_a_word_and_no_traceback(glasswright, monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.extxyz", quartz())

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(verb, "_survey", interrupted)
    result = glasswright("analyze", "a.extxyz")
    assert result.exit_code == 130
    assert "Stopped." in result.stderr and "Traceback" not in result.stderr
