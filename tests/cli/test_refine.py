"""``glasswright refine`` as it is typed: what it leaves, how it is stopped, how it says no."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import glasswright as gw
from glasswright.io.run_writer import read_checkpoint
from unit.test_refine import Q, network

SMALL = ("-n", "192", "--moves", "80", "block=10")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data file with the S(Q) of a known structure."""
    folder = tmp_path_factory.mktemp("data")
    curve = gw.analysis.structure_factor(network(), Q, radiation="neutron")
    np.savetxt(folder / "s_of_q.dat", np.column_stack([curve.x, curve.y]))
    (folder / "exp.toml").write_text(
        """
[sample]
composition = "SiO2"
density = "2.17 g/cm3"

[[data]]
file = "s_of_q.dat"
kind = "S(Q)"
radiation = "neutron"
name = "neutrons"

[minimum_distances]
Si-O = 1.35

[refine]
chi_temperature = [0.1, 0.002]
"""
    )
    return folder / "exp.toml"


def test_a_refinement_is_one_command(glasswright, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = glasswright("refine", "rmc", "--data", str(data), "--start", "SiO2", "--out", str(out), *SMALL)
    assert done.exit_code == 0, done.stderr
    assert "neutrons" in done.stdout and "R_chi" in done.stdout and "glass.extxyz" in done.stdout and "report.html" in done.stdout
    run = gw.read_run(out)
    assert run.outcome == "done" and run.settings["settings"]["chi_temperature"] == [0.1, 0.002]
    assert run.settings["settings"]["minimum_distances"] == {"O-Si": 1.35}
    again = glasswright("refine", "rmc", "--data", str(data), "--out", str(out), *SMALL)
    assert again.exit_code == 2 and "exists already" in again.stderr


def test_by_the_gradient(glasswright, data: Path, tmp_path: Path) -> None:
    """The energy of the force field that suits the sample best, which nobody named, in a cell narrower than twice its cutoff."""
    out = tmp_path / "run"
    done = glasswright(
        "refine", "gradient", "--data", str(data), "--start", "SiO2", "--out", str(out), "-n", "192", "--moves", "4", "block=1", "gradient_steps=5"
    )
    assert done.exit_code == 0, done.stderr
    assert "energy" in done.stdout and "report.html" in done.stdout
    run = gw.read_run(out)
    assert run.history["r_chi"][-1] < run.history["r_chi"][0] and run.history["objective"][-1] < run.history["objective"][0]
    assert "refinement by the gradient" in (out / "report.html").read_text()
    refused = glasswright("refine", "gradient", "--data", str(data), "--out", str(tmp_path / "other"), "gradient_by=cg")
    assert refused.exit_code == 2 and "lbfgs, adam, langevin" in refused.stderr


def test_ctrl_c_leaves_a_run_that_resumes_exactly(glasswright, data: Path, tmp_path: Path) -> None:
    words = ("--data", str(data), "--start", "SiO2", "-n", "192", "--moves", "600", "block=5")
    whole = gw.refine("rmc", data, "SiO2", n_atoms=192, moves=600, block=5, report=False)
    stopped = tmp_path / "stopped"
    command = [sys.executable, "-m", "glasswright", "refine", "rmc", *words, "--out", str(stopped)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if (stopped / "history.csv").is_file() and (stopped / "history.csv").read_text().count("\n") > 5:
            break
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and f"glasswright resume {stopped}" in said.replace("\n", " ")
    assert gw.read_run(stopped).outcome == "stopped by the user"
    assert read_checkpoint(stopped) is not None, "what was done is kept"
    done = glasswright("resume", str(stopped))
    assert done.exit_code == 0, done.stderr
    assert "neutrons" in done.stdout
    np.testing.assert_array_equal(gw.read_run(stopped).atoms.positions, whole.atoms.positions)


@pytest.mark.slow
def test_replicas_from_the_command_line(glasswright, data: Path, tmp_path: Path) -> None:
    done = glasswright("refine", "rmc", "--data", str(data), "--out", str(tmp_path / "set"), "--replicas", "2", *SMALL)
    assert done.exit_code == 0, done.stderr
    members = gw.read_run(tmp_path / "set").replicas
    assert [m.outcome for m in members] == ["done", "done"]
    assert "replica-*/glass.extxyz" in done.stdout.replace("\n", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("rmcc", "--data", "DATA"), "Did you mean rmc"),
        (("rmc",), "nothing to start from"),
        (("rmc", "--start", "SiO2"), "needs measured data"),
        (("rmc", "--data", "none.toml"), "cannot be read"),
        (("rmc", "--data", "DATA", "moevs=3"), "Did you mean 'moves'"),
        (("rmc", "--data", "DATA", "nonsense"), "'nonsense' is not understood"),
        (("rmc", "--data", "DATA", "method=fear"), "given twice"),
        (("rmc", "--data", "DATA", "--start", "GeO2"), "there are Ge, O"),
        (("hybrid", "--data", "DATA", "--forcefield", "nothing"), "nothing"),
        (("rmc", "--data", "DATA", "chi_temperature=cold"), "chi_temperature"),
    ],
)
def test_wrong_words_end_with_a_sentence(glasswright, data: Path, tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    typed = [str(data) if word == "DATA" else word for word in words]
    done = glasswright("refine", *typed, "--out", str(tmp_path / "run"), *SMALL)
    assert done.exit_code == 2, (done.stdout, done.stderr, done.exception)
    assert message in done.stderr.replace("\n", " ") and "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()
