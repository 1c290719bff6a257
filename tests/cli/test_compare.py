"""``glasswright compare``: a score from files, and sentences for everything that can be wrong with them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.spacegroup import crystal

from glasswright.io.curves import read_curve
from reference import formats

SAMPLE = ("--composition", "SiO2", "--density", "2.2")
KNOWN = ("--kind", "i(Q)", "--radiation", "neutron", *SAMPLE)


@pytest.fixture
def files(tmp_path) -> tuple[str, str]:
    """A shaken cristobalite of 192 atoms, and a made-up measurement of silica."""
    atoms = crystal(["Si", "O"], [(0.3003, 0.3003, 0), (0.2392, 0.1044, 0.1787)], spacegroup=92, cellpar=[4.9717, 4.9717, 6.9223, 90, 90, 90]).repeat((3, 3, 2))
    atoms.rattle(0.08, seed=1)
    atoms.write(tmp_path / "glass.extxyz")
    return str(tmp_path / "glass.extxyz"), str(formats.gudrun(tmp_path / "data.mint01"))


def test_score_curves_and_picture(glasswright, files, tmp_path) -> None:
    out = tmp_path / "out"
    result = glasswright("compare", *files, *KNOWN, "--q-range", "1", "20", "--background", "1", "--resolution", "0.05", "--out", str(out))
    assert result.exit_code == 0, result.stderr
    assert "R_chi" in result.stdout
    assert "format: gudrun" in result.stdout
    assert "chi² per point" in result.stdout
    score = json.loads((out / "score.json").read_text(encoding="utf-8"))
    assert score["r_chi_scaled"] <= score["r_chi"]
    assert score["resolution"] == [0.05, 0]
    assert len(score["background"]) == 2
    measured, simulated, residual = (read_curve(out / f"{name}.csv") for name in ("measured", "simulated", "residual"))
    assert np.allclose(residual.y, np.interp(residual.x, measured.x, measured.y) - simulated.y, atol=1e-8)
    assert (out / "comparison.svg").stat().st_size > 5000
    assert (out / "comparison.png").read_bytes()[:4] == b"\x89PNG"


def test_nothing_is_fitted_where_nothing_was_asked(glasswright, files) -> None:
    result = glasswright("compare", *files, *KNOWN, "--no-scale")
    assert result.exit_code == 0, result.stderr
    assert "nothing fitted" in result.stdout


def bad(tmp_path: Path, content: str | bytes) -> str:
    path = tmp_path / "bad.dat"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("2 1\n1 1\n", "does not increase"),
        ("1 1\n1 2\n", "given twice"),
        ("1 1\n2 nan\n", "not finite"),
        ("-1 1\n2 1\n", "must be positive"),
        ("Q S\n", "no row of numbers"),
        ("", "no row of numbers"),
        (b"\x00\x01\x02", "binary"),
        ("3\ntitle\n1 1\n2 1\n", "cut short"),
        ("2theta I\n10 1\n20 1\n", "an angle"),
        ("Q/nm^-1 S\n10 1\n20 1\n", "q_unit"),
        ("1 1 -1\n2 1 1\n", "negative uncertainty"),
    ],
)
def test_bad_data(glasswright, files, tmp_path, content, words) -> None:
    result = glasswright("compare", files[0], bad(tmp_path, content), *KNOWN)
    assert result.exit_code == 2, result.stdout
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert not result.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (SAMPLE, "kind of curve"),
        (("--kind", "i(Q)"), "composition"),
        ((*KNOWN, "--radiation", "light"), "radiation"),
        ((*KNOWN, "--isotope", "Si=99Si"), "99Si"),
        ((*KNOWN, "--isotope", "Ge=73Ge"), "holds none"),
        ((*KNOWN, "--isotope", "29Si"), "not understood"),
        ((*KNOWN, "--q-range", "5", "1"), "q_range"),
        ((*KNOWN, "--q-range", "90", "91"), "no row"),
        ((*KNOWN, "--background", "9"), "background"),
        ((*KNOWN, "--resolution", "-1"), "resolution"),
        ((*KNOWN, "--relative-resolution", "nan"), "relative_resolution"),
        ((*KNOWN, "--window", "hann"), "window"),
        ((*KNOWN, "--format", "excel"), "format"),
        ((*KNOWN, "--dataset", "7"), "data set"),
        ((*KNOWN, "--method", "guess"), "method"),
        ((*KNOWN, "--divisor", "<f2>"), "divisor"),
        ((*KNOWN, "--density", "heavy"), "density"),
        (("--kind", "i(Q)", "--composition", "GeO2"), "different glasses"),
        (("--kind", "g(r)", *SAMPLE), "Q range"),
        (("--kind", "T(r)", *SAMPLE, "--q-range", "1", "20", "--background", "1"), "in Q only"),
    ],
)
def test_bad_options(glasswright, files, options, words) -> None:
    result = glasswright("compare", *files, *options)
    assert result.exit_code == 2, (result.stdout, result.exception)
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_a_model_without_a_cell(glasswright, files, tmp_path) -> None:
    Atoms("SiO2", positions=[[0, 0, 0], [1.6, 0, 0], [0, 1.6, 0]]).write(tmp_path / "molecule.xyz", format="extxyz")
    result = glasswright("compare", str(tmp_path / "molecule.xyz"), files[1], *KNOWN)
    assert result.exit_code == 2
    assert "cell" in result.stderr


def test_a_box_too_small_for_the_curve(glasswright, files, tmp_path) -> None:
    low = tmp_path / "low.dat"
    low.write_text("".join(f"{q} 0.9\n" for q in (0.01, 0.02, 0.03, 0.04)))
    result = glasswright("compare", files[0], str(low), *KNOWN)
    assert result.exit_code == 2
    assert "hardly a point in common" in result.stderr


def test_curves_of_the_library_by_name(glasswright, files, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("GLASSWRIGHT_DATA", str(tmp_path))
    result = glasswright("compare", files[0], "sio2-isis")
    assert result.exit_code == 2
    assert "GLASSWRIGHT_DATA" in result.stderr
    (tmp_path / "sio2_neutron").mkdir()
    shutil.copy(files[1], tmp_path / "sio2_neutron" / "i_of_q.dat")
    assert glasswright("compare", files[0], "sio2-isis").exit_code == 0
