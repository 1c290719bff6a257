"""A disk that fills up in mid-run: the run stops with a sentence, and goes on once there is room."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import glasswright as gw
from glasswright.errors import RunFailed

SETTINGS = {
    "n_atoms": 192,
    "forcefield": "bks",
    "rate": "5000 K/ps",
    "melt_time": "1 ps",
    "melt_time_max": "1 ps",
    "relax_time_max": "1 ps",
    "relax_time": "0.5 ps",
    "sample_time": "0.5 ps",
    "path_frames": 400,
    "checkpoint_steps": 200,
    "report": False,
}


def mount(path: Path, size: str, *options: str) -> bool:
    return subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join([f"size={size}", *options]), "tmpfs", str(path)], capture_output=True).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        mounted = mount(disk, "400k")
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("a small file system cannot be mounted here (needs root)")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_stops_the_run_and_loses_nothing(small_disk: Path, tmp_path: Path) -> None:
    out = small_disk / "run"
    with pytest.raises(RunFailed, match=r"disk|write a file") as stopped:
        gw.quench("SiO2", out=out, **SETTINGS)
    assert "oom" in str(stopped.value)  # make room
    with pytest.raises(RunFailed, match=r"disk|write a file"):
        gw.resume(out, report=False)
    assert not (out / "glass.extxyz").exists()
    assert mount(small_disk, "60m", "remount")
    run = gw.resume(out, report=False)
    assert run.outcome == "done"
    whole = gw.quench("SiO2", out=tmp_path / "whole", **SETTINGS)
    assert np.array_equal(run.atoms.positions, whole.atoms.positions)
