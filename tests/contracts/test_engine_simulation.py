"""What every engine's simulation promises: stages, chunks, restarts, minimisation, and errors in words."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.md.velocitydistribution import Stationary, thermalize_momenta

from contracts.cases import CELLS, ENGINES, NEEDS, model, named, sample, silica
from glasswright.engines import Simulation, State, engine_names
from glasswright.errors import InputError, RunFailed
from glasswright.forcefield import ForceField
from glasswright.stage import Minimization, Stage
from glasswright.units import GPA, MASS_VELOCITY2

STAGES = {
    "nve": Stage("relax", "nve", 120, 1.0),
    "nvt": Stage("quench", "nvt", 120, 1.0, (3000.0, 2500.0)),
    "npt": Stage("quench", "npt", 120, 1.0, (3000.0, 2500.0), (0.0, 1.0)),
    "npt-anisotropic": Stage("quench", "npt", 120, 1.0, (3000.0, 2500.0), (0.0, 1.0), "anisotropic"),
    "push-off": Stage("push-off", "nvt", 120, 1.0, (3000.0, 3000.0), max_displacement=0.05),
    "langevin": Stage("quench", "nvt", 120, 1.0, (3000.0, 2500.0), thermostat="langevin", seed=7),
    "csvr": Stage("quench", "npt", 120, 1.0, (3000.0, 2500.0), (0.0, 1.0), thermostat="csvr", seed=7),
}
COULOMBS = ("dsf", "ewald", "sw-si")
# What JAX runs it compiles, for seconds: all that a restart must carry, once. (Its integrators are held against the core's in tests/reference.)
COMPILED = {("dsf", "npt-anisotropic"), ("dsf", "langevin"), ("dsf", "csvr"), ("ewald", "nvt"), ("ewald", "npt")}
# Compiled several times, as the cell outgrows its mesh.
SLOW = {("jax", "ewald", "npt")}
RESTARTS = [
    pytest.param(engine, coulomb, ensemble, marks=[*NEEDS.get(engine, ()), *([pytest.mark.slow] if (engine, coulomb, ensemble) in SLOW else ())])
    for engine in engine_names()
    for coulomb in COULOMBS
    for ensemble in STAGES
    if engine != "jax" or (coulomb, ensemble) in COMPILED
]
FLIGHTS = [pytest.param(e, p, marks=NEEDS.get(e, ())) for e in engine_names() for p in ("mixed", "double") if (e, p) != ("jax", "double")]
TRAJECTORIES = [("lammps", coulomb, ensemble, cell) for coulomb in ("ewald", "sw-si") for ensemble in ("nve", "nvt") for cell in CELLS[:3]]
TRAJECTORIES += [("jax", "ewald", "nvt", "triclinic"), ("jax", "sw-si", "nve", "orthorhombic")]


def bks(coulomb: str) -> ForceField:
    """BKS with a cutoff that the smallest melt can hold in one image; or Stillinger-Weber silicon, by its name."""
    if coulomb == "sw-si":
        return model(coulomb)
    return model("bks") if coulomb == "ewald" else model("bks").with_coulomb("dsf", cutoff=5.5)


def opened(engine: str, atoms: Atoms, folder: Path, coulomb: str = "dsf", restart: Path | None = None, **options: object) -> Simulation:
    return named(engine, bks(coulomb), atoms, **options).open(atoms, bks(coulomb), folder, restart)


def same(a: State, b: State) -> None:
    assert a.step == b.step
    for name in ("positions", "velocities", "cell", "stress"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name
    assert (a.potential_energy, a.kinetic_energy, a.conserved_energy) == (b.potential_energy, b.kinetic_energy, b.conserved_energy)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(("engine", "coulomb", "ensemble"), RESTARTS)
def test_restored_run_repeats_the_uninterrupted_one_bit_for_bit(engine: str, tmp_path: Path, ensemble: str, coulomb: str) -> None:
    atoms, stage, saved = sample(coulomb, "cubic"), STAGES[ensemble], tmp_path / "saved"
    if reason := named(engine, bks(coulomb)).refuses(stage):
        pytest.skip(reason)
    with opened(engine, atoms, tmp_path, coulomb) as simulation:
        simulation.set_velocities(3000.0, seed=1)
        simulation.start(Stage("melt", "nvt", 20, 1.0, (3000.0, 3000.0)))
        simulation.advance(20)
        simulation.start(stage)
        simulation.advance(20)
        simulation.advance(20)
        simulation.save(saved)
        expected = [simulation.advance(30), simulation.advance(50)]
    with opened(engine, atoms, tmp_path, coulomb, restart=saved) as simulation:
        assert simulation.state().step == 60
        simulation.start(stage, done=40)
        assert simulation.state().step == 60
        same(simulation.advance(30), expected[0])
        same(simulation.advance(50), expected[1])


def test_next_stage_after_a_restart_does_not_inherit_the_thermostat(engine: str, tmp_path: Path) -> None:
    atoms, saved = silica("cubic"), tmp_path / "saved"
    with opened(engine, atoms, tmp_path) as simulation:
        simulation.set_velocities(3000.0, seed=1)
        simulation.start(STAGES["nvt"])
        simulation.advance(120)
        simulation.save(saved)
        simulation.start(STAGES["nvt"])
        expected = simulation.advance(60)
    with opened(engine, atoms, tmp_path, restart=saved) as simulation:
        simulation.start(STAGES["nvt"])
        same(simulation.advance(60), expected)


@pytest.mark.parametrize(("other", "coulomb", "ensemble", "cell"), [pytest.param(*case, marks=NEEDS[case[0]]) for case in TRAJECTORIES])
def test_engines_agree_on_a_short_trajectory(tmp_path: Path, other: str, coulomb: str, ensemble: str, cell: str) -> None:
    start = sample(coulomb, cell)
    thermalize_momenta(start, temperature_K=3000, rng=np.random.default_rng(1))
    Stationary(start)
    ends = []
    for engine in ("native", other):
        with opened(engine, start, tmp_path / engine, coulomb, precision="double", accuracy=1e-6) as simulation:
            simulation.start(Stage("run", ensemble, 200, 0.5, (3000.0, 3000.0)))  # type: ignore[arg-type]
            ends.append(simulation.advance(200))
    native, found = ends
    # A force error of 1e-6 of 5 eV/Å, grown over 100 fs in which trajectories of a hot melt part e-fold several times.
    assert np.abs(native.positions - found.positions).max() < 2e-3
    assert native.potential_energy == pytest.approx(found.potential_energy, abs=5e-2)
    assert native.temperature == pytest.approx(found.temperature, rel=1e-3)
    assert native.pressure == pytest.approx(found.pressure, abs=0.05)
    assert native.conserved_energy == pytest.approx(found.conserved_energy, abs=1e-2)


def test_states_keep_order_and_units(engine: str, tmp_path: Path) -> None:
    atoms = silica("cubic")[::-1]
    atoms.positions += atoms.cell[0] * 2
    with opened(engine, atoms, tmp_path) as simulation:
        before = simulation.state()
        assert np.allclose(before.positions, atoms.positions, atol=1e-9)
        assert before.temperature == 0
        simulation.set_velocities(2000.0, seed=3)
        state = simulation.state()
    masses = bks("dsf").bind(atoms).masses[bks("dsf").bind(atoms).types]
    assert state.temperature == pytest.approx(2000.0, rel=1e-10)
    assert 0.5 * MASS_VELOCITY2 * np.sum(masses[:, None] * state.velocities**2) == pytest.approx(state.kinetic_energy, rel=1e-6)
    assert np.abs(masses @ state.velocities).max() < 1e-12
    assert state.potential_energy == pytest.approx(before.potential_energy, abs=1e-8)
    # The ideal-gas part of the pressure, from kinetic energy alone.
    assert state.pressure - before.pressure == pytest.approx(2 / 3 * state.kinetic_energy / state.volume * GPA, rel=1e-5)
    assert -np.mean(state.stress[:3]) == pytest.approx(state.pressure)


def test_velocities_come_in_with_the_atoms(engine: str, tmp_path: Path) -> None:
    atoms = silica("cubic")
    atoms.set_velocities(np.random.default_rng(0).normal(0, 1e-2, (len(atoms), 3)))
    with opened(engine, atoms, tmp_path) as simulation:
        velocities = simulation.state().velocities
    assert np.allclose(velocities, atoms.get_velocities() / np.sqrt(MASS_VELOCITY2), rtol=1e-12)


def test_ramps_reach_their_ends_and_conserved_energy_is_constant_without_them(engine: str, tmp_path: Path) -> None:
    with opened(engine, silica("cubic"), tmp_path) as simulation:
        simulation.set_velocities(3000.0, seed=1)
        simulation.start(Stage("hold", "nvt", 400, 1.0, (3000.0, 3000.0)))
        energies = [simulation.advance(50).conserved_energy for _ in range(8)]
        simulation.start(Stage("quench", "nvt", 2000, 1.0, (3000.0, 300.0), thermostat_damping=30.0))
        cold = [simulation.advance(500).temperature for _ in range(4)]
    assert np.ptp(energies) / 144 < 1e-3
    assert cold[0] > cold[1] > cold[2] > cold[3]
    assert cold[-1] == pytest.approx(300.0, rel=0.3)


@pytest.mark.parametrize("method", ["cg", "fire"])
def test_minimization_ends_at_its_tolerance(engine: str, tmp_path: Path, method: str) -> None:
    with opened(engine, silica("cubic"), tmp_path, "ewald") as simulation:
        simulation.set_velocities(300.0, seed=1)
        simulation.start(Stage("melt", "nvt", 10, 1.0))
        simulation.advance(10)
        before = simulation.state().potential_energy
        state = simulation.minimize(Minimization(method, force_tolerance=0.02))  # type: ignore[arg-type]
        assert state.step == 10
        assert state.potential_energy < before
        assert state.kinetic_energy == 0
        assert state.largest_force is not None
        assert state.largest_force < 0.02
        assert simulation.state().potential_energy == pytest.approx(state.potential_energy, abs=1e-4)


def test_cell_relaxation_takes_the_pressure_away(engine: str, tmp_path: Path) -> None:
    with opened(engine, silica("cubic"), tmp_path) as simulation:
        assert abs(simulation.state().pressure) > 1
        assert abs(simulation.minimize(Minimization(force_tolerance=1e-2, cell=True)).pressure) < 0.1


@pytest.mark.parametrize(("engine", "precision"), FLIGHTS)
def test_atoms_that_fly_apart_end_the_run_with_a_sentence(engine: str, tmp_path: Path, precision: str) -> None:
    atoms = silica("cubic")
    atoms.set_velocities(np.full((len(atoms), 3), 50.0) * np.random.default_rng(0).choice([-1, 1], (len(atoms), 3)))
    with opened(engine, atoms, tmp_path, "ewald", precision=precision) as simulation, pytest.raises(RunFailed, match="time step") as failure:
        simulation.start(Stage("melt", "nve", 50, 5.0))
        simulation.advance(50)
    assert "Traceback" not in str(failure.value)


def test_a_stage_is_needed_and_temperatures_are_positive(engine: str, tmp_path: Path) -> None:
    with opened(engine, silica("cubic"), tmp_path) as simulation:
        with pytest.raises(InputError, match="No stage"):
            simulation.advance(1)
        with pytest.raises(InputError, match="cannot be drawn"):
            simulation.set_velocities(0.0, seed=1)


@pytest.mark.parametrize("engine", ["native", pytest.param("lammps", marks=NEEDS["lammps"])])
def test_threads_give_the_same_run(engine: str, tmp_path: Path) -> None:
    energies = []
    for threads in (1, 2):
        with opened(engine, silica("cubic"), tmp_path, "ewald", threads=threads, precision="double") as simulation:
            simulation.start(STAGES["nve"])
            energies.append(simulation.advance(10).potential_energy)
    assert energies[0] == pytest.approx(energies[1], rel=1e-12)


def test_interrupt_leaves_a_state_to_go_on_from(engine: str, tmp_path: Path) -> None:
    with opened(engine, silica("cubic"), tmp_path, "ewald") as simulation:
        simulation.set_velocities(3000.0, seed=1)
        simulation.start(Stage("long", "npt", 3000, 1.0, (3000.0, 3000.0)))
        simulation.advance(10)
        alarm = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            alarm.start()
            simulation.advance(500)
            time.sleep(1.0)
        state = simulation.state()
        assert 10 < state.step <= 510
        simulation.save(tmp_path / "saved")
    with opened(engine, silica("cubic"), tmp_path, "ewald", restart=tmp_path / "saved") as simulation:
        assert simulation.state().step == state.step


def test_a_cell_too_small_for_one_image_is_summed_or_refused_with_the_size_it_needs(engine: str, tmp_path: Path) -> None:
    forcefield, atoms = model("shik"), silica("cubic")
    if named(engine, forcefield).supports(forcefield, atoms) is None:
        with named(engine, forcefield).open(atoms, forcefield, tmp_path) as simulation:
            assert np.isfinite(simulation.state().potential_energy)
        return
    with pytest.raises(InputError, match=r"21\.0 Å.*lammps"):
        named(engine, forcefield).open(atoms, forcefield, tmp_path)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 half a fi"])
def test_a_damaged_restart_is_refused(engine: str, tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "saved").write_bytes(damage)
    with pytest.raises((InputError, RunFailed)):
        opened(engine, silica("cubic"), tmp_path, restart=tmp_path / "saved")
