"""kill -9 at a random moment: the run resumes, gives the same glass, and nothing looks complete that is not."""

import os
import random
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from contracts.cases import WHOLE_RUNS

QUENCH = """
composition = "SiO2"
n_atoms = 120
forcefield = "bks"
rate = "2000 K/ps"
melt_time = "1 ps"
melt_time_max = "1 ps"
drift_time = "0.5 ps"
drift_bound = 0.1
relax_time = "0.5 ps"
relax_time_max = "1 ps"
sample_time = "1 ps"
checkpoint_steps = 500
seed = 5
"""


def glasswright(*words: object, kill_after: float | None = None) -> int:
    """Run the command line in a process of its own; its exit status, negative where it was killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "glasswright", *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert process.stderr is not None
    try:
        _, error = process.communicate(timeout=kill_after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return -9
    assert process.returncode in (0, 2), error.decode()
    return process.returncode


def looks_right(run: Path) -> None:
    """What is there is whole; what is not done does not look done."""
    if not (run / "run.toml").exists():
        return
    outcome = tomllib.loads((run / "run.toml").read_text())["outcome"]
    if (run / "report.html").exists():
        assert outcome == "done"
        assert (run / "report.html").read_text().rstrip().endswith("</html>")
    if (run / "glass.extxyz").exists():
        assert len((run / "glass.extxyz").read_text().splitlines()) == 122


def product(run: Path) -> tuple[bytes, ...]:
    return tuple((run / name).read_bytes() for name in ("thermo.csv", "glass.extxyz", "inherent_structure.extxyz"))


@pytest.fixture(scope="module", params=WHOLE_RUNS)
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> tuple[Path, Path, float]:
    folder = tmp_path_factory.mktemp("kill")
    config = folder / "quench.toml"
    config.write_text(f'engine = "{request.param}"\n{QUENCH}')
    start = time.perf_counter()
    assert glasswright("quench", "--config", config, "--out", folder / "whole") == 0
    return config, folder / "whole", time.perf_counter() - start


def kill_and_resume(uninterrupted: tuple[Path, Path, float], out: Path, rng: random.Random) -> int:
    """Kill and resume up to four times, then let the run end; the number of kills."""
    config, whole, length = uninterrupted
    kills = 0
    status = glasswright("quench", "--config", config, "--out", out, kill_after=rng.uniform(0.2, length))
    while status != 0:
        kills += 1
        assert kills < 6
        looks_right(out)
        patience = rng.uniform(0.5, length) if kills < 4 else None
        if (out / "start.extxyz").exists():
            status = glasswright("resume", out, kill_after=patience)
        else:
            status = glasswright("quench", "--config", config, "--out", out, *(["--overwrite"] if out.exists() else []), kill_after=patience)
    assert product(out) == product(whole)
    assert (out / "report.html").exists()
    return kills


def test_a_killed_run_resumes_to_the_same_glass(uninterrupted: tuple[Path, Path, float], tmp_path: Path) -> None:
    rng = random.Random(3)
    assert sum(kill_and_resume(uninterrupted, tmp_path / f"run-{k}", rng) for k in range(2)) >= 1


@pytest.mark.slow
def test_ten_kills(uninterrupted: tuple[Path, Path, float], tmp_path: Path) -> None:
    rng, kills = random.Random(11), 0
    while kills < 10:
        kills += kill_and_resume(uninterrupted, tmp_path / f"run-{kills}", rng)
