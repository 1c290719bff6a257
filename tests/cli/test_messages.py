"""A command that ends early says why and what to do."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a Linux device that is always full")
def test_full_disk(glasswright, tmp_path) -> None:
    picture = tmp_path / "bks.png"
    picture.symlink_to("/dev/full")
    result = glasswright("forcefields", "plot", "bks", "--out", str(picture))
    assert result.exit_code == 1
    assert result.stderr.splitlines() == ["error: The disk is full.", "Make room."]


def test_impossible_path(glasswright, tmp_path) -> None:
    result = glasswright("forcefields", "plot", "bks", "--out", str(tmp_path / "absent" / "bks.png"))
    assert result.exit_code == 2
    assert "absent/bks.png: No such file or directory." in result.stderr


def test_a_picture(glasswright, tmp_path) -> None:
    picture = tmp_path / "bks.svg"
    result = glasswright("forcefields", "plot", "bks/dsf", "--out", str(picture))
    assert result.exit_code == 0
    assert picture.read_text(encoding="utf-8").lstrip().startswith("<?xml")


def test_version(glasswright) -> None:
    import glasswright as package

    assert glasswright("--version").stdout == f"glasswright {package.__version__}\n"


def test_stopped_by_hand(glasswright, tmp_path) -> None:
    directory = tmp_path / "run"
    words = ["quench", "SiO2", "--atoms", "150", "--forcefield", "bks", "--coulomb", "dsf", "--out", str(directory)]
    with subprocess.Popen([sys.executable, "-m", "glasswright", *words], stderr=subprocess.PIPE, text=True) as process:
        while not (directory / "thermo.csv").is_file():
            assert process.poll() is None, process.stderr.read()  # it has not failed while we wait for its first sample
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, screen = process.communicate(timeout=120)
    assert process.returncode == 130, screen
    assert f"glasswright resume {directory}" in screen.replace("\n", "")
    assert "Traceback" not in screen
    again = glasswright(*words)
    assert again.exit_code == 2
    assert again.stderr.startswith(f"error: {directory} exists already.")
