"""The simulation in the compiled core: restarts, sampling, guards, interruption, refusals. Its physics is in tests/physical."""

import os
import signal
import threading
from typing import Any

import numpy as np
import pytest

from glasswright.native import core
from glasswright.units import BOLTZMANN, MASS_VELOCITY2
from reference.liquid import MASSES, ideal_gas, mixture

MOTIONS: dict[str, dict[str, Any]] = {
    "nve": {"ensemble": "nve"},
    "push-off": {"ensemble": "nvt", "max_displacement": 0.02},
    **{f"nvt-{t}": {"ensemble": "nvt", "thermostat": t} for t in ("nose-hoover", "langevin", "csvr")},
    **{
        f"npt-{t}-{cell}": {"ensemble": "npt", "thermostat": t, "cell": cell}
        for t in ("nose-hoover", "langevin", "csvr")
        for cell in ("isotropic", "anisotropic")
    },
}
RAMP = {"timestep": 4.0, "temperature": (120.0, 90.0), "pressure": (0.001, 0.003), "thermostat_damping": 100.0, "n_steps": 200, "seed": 5}
NUMBERS = ("step", "temperature", "pressure", "potential", "kinetic", "conserved")
ARRAYS = ("positions", "velocities", "forces", "cell", "stress")


def test_the_core_counts_in_the_units_of_the_package() -> None:
    assert (core().boltzmann, core().mass_velocity2) == (BOLTZMANN, MASS_VELOCITY2)


def assert_same(a: dict[str, Any], b: dict[str, Any]) -> None:
    for name in ARRAYS:
        assert np.array_equal(a[name], b[name]), name
    assert {k: a[k] for k in NUMBERS} == {k: b[k] for k in NUMBERS}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("motion", MOTIONS)
def test_loaded_simulation_goes_on_bit_for_bit(motion: str, threads: int) -> None:
    stage = MOTIONS[motion] | RAMP
    simulation = mixture(threads=threads)
    simulation.set_motion(ensemble="nvt", timestep=4.0, temperature=(120.0, 120.0), n_steps=10)
    simulation.run(10)
    simulation.set_motion(**stage)
    simulation.run(40)
    saved = simulation.save()
    expected = simulation.run(60, sample_every=7), simulation.state()

    restored = mixture(temperature=0.0, threads=threads, rattle=0.0)
    restored.load(saved)
    assert restored.state()["step"] == 50
    restored.set_motion(**stage, done=40, fresh=False)
    # In chunks, and looked at: neither changes anything.
    chunks = [restored.run(13, sample_every=7), restored.state() and restored.run(47, sample_every=7)]
    assert_same(restored.state(), expected[1])
    for name in ("conserved", "displacement", "stress", "volume"):
        assert np.array_equal(np.concatenate([c[name] for c in chunks]), expected[0][name]), name

    # A new stage does not inherit the thermostat, in either.
    saved = simulation.save()
    restored.load(saved)
    for s in (simulation, restored):
        s.set_motion(**stage)
        s.run(20)
    assert_same(restored.state(), simulation.state())


@pytest.mark.parametrize("motion", MOTIONS)
def test_threads_agree_to_rounding(motion: str) -> None:
    states = []
    for threads in (1, 2, 3):
        simulation = mixture(threads=threads)
        simulation.set_motion(**MOTIONS[motion] | RAMP)
        simulation.run(50)
        states.append(simulation.state())
    for other in states[1:]:
        # Single-precision forces are summed by the owner of an atom, alike for any number of threads; sums over atoms differ by 1e-16.
        assert np.abs(other["positions"] - states[0]["positions"]).max() < 1e-10
        assert other["conserved"] == pytest.approx(states[0]["conserved"], rel=1e-9)


@pytest.mark.parametrize("motion", ["nvt-langevin", "npt-nose-hoover-anisotropic", "push-off"])
def test_many_atoms_are_shared_among_threads(motion: str) -> None:
    """Few are moved by one thread alone."""
    states = []
    for threads in (1, 2, 3, 3):
        gas = ideal_gas(5000, 1e5, 300.0, threads=threads)
        gas.set_motion(**MOTIONS[motion] | RAMP | {"largest_move": 10.0})
        gas.run(20)
        states.append(gas.state())
    for other in states[1:3]:
        # Positions of up to 46 Å and momenta of 5000 atoms, rounded in another order.
        assert np.abs(other["positions"] - states[0]["positions"]).max() < 1e-11
        assert other["conserved"] == pytest.approx(states[0]["conserved"], rel=1e-12)
    assert_same(states[2], states[3])


def test_samples_are_what_states_show_in_the_order_of_the_caller() -> None:
    watched, stepped = mixture(), mixture()
    stage = {"ensemble": "npt", "cell": "anisotropic"} | RAMP
    watched.set_motion(**stage)
    stepped.set_motion(**stage)
    start = stepped.state()
    record = watched.run(60, sample_every=20, frames_every=30)
    assert record["step"].tolist() == [20, 40, 60]
    assert record["frame_step"].tolist() == [30, 60]
    states = [stepped.run(20, sample_every=20) and stepped.state() for _ in range(3)]
    for name in ("temperature", "pressure", "potential", "kinetic", "conserved", "stress", "cell"):
        # A state sums its energies from forces of the same place, evaluated once more.
        assert np.allclose(record[name], [s[name] for s in states], rtol=1e-9, atol=1e-12), name
    assert np.array_equal(record["frames"][-1], states[-1]["positions"])
    assert np.allclose(record["volume"], np.linalg.det(record["cell"]))
    # Displacements leave out what the cell does to all atoms alike.
    end = states[-1]
    moved = end["positions"] - start["positions"] @ np.linalg.inv(start["cell"]) @ end["cell"]
    heavy = np.arange(108) % 3 == 1
    assert np.allclose(record["displacement"][-1], [np.mean(np.sum(moved[k] ** 2, axis=1)) for k in (~heavy, heavy)])
    stepped.set_reference()
    assert np.all(stepped.run(20, sample_every=20)["displacement"] < record["displacement"][-1])
    m = MASSES[heavy.astype(int)][:, None]
    assert end["kinetic"] == pytest.approx(0.5 * MASS_VELOCITY2 * np.sum(m * end["velocities"] ** 2))
    assert end["temperature"] == pytest.approx(2 * end["kinetic"] / (3 * 107 * BOLTZMANN))
    assert end["pressure"] == pytest.approx(-end["stress"][:3].mean())


@pytest.mark.parametrize("motion", [m for m in MOTIONS if m != "push-off"])
def test_the_centre_of_mass_rests(motion: str) -> None:
    simulation = mixture()
    m = np.where(np.arange(108) % 3 == 1, MASSES[1], MASSES[0])
    simulation.set_velocities(simulation.state()["velocities"] + 1e-3)
    simulation.set_motion(**MOTIONS[motion] | RAMP)
    simulation.run(100)
    v = simulation.state()["velocities"]
    # Rounding of 100 steps; forces in single precision would leave 1e-8.
    assert np.abs(m @ v).max() < 1e-13 * np.abs(m[:, None] * v).sum()


def test_a_capped_displacement_is_never_exceeded() -> None:
    simulation = mixture(rattle=0.6)
    simulation.set_motion(ensemble="nvt", timestep=4.0, temperature=(120.0, 120.0), max_displacement=0.02)
    places = [simulation.state()["positions"]]
    for _ in range(30):
        simulation.run(1)
        places.append(simulation.state()["positions"])
    way = np.linalg.norm(np.diff(places, axis=0), axis=2)
    assert 0.019 < way.max() < 0.02 * (1 + 1e-9)


def test_ctrl_c_ends_a_run_between_two_steps() -> None:
    simulation = mixture()
    simulation.set_motion(ensemble="npt", timestep=2.0, temperature=(120.0, 120.0), n_steps=10)
    simulation.run(10)
    alarm = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        alarm.start()
        simulation.run(10**9)
    state = simulation.state()
    assert state["step"] > 10
    # It goes on as if nothing had happened.
    twin = mixture()
    twin.set_motion(ensemble="npt", timestep=2.0, temperature=(120.0, 120.0), n_steps=10)
    twin.run(state["step"])
    assert_same(twin.state(), state)


def test_callback_is_called_and_may_end_the_run() -> None:
    simulation, seen = mixture(), []

    def stop(step: int) -> None:
        seen.append(step)
        if len(seen) == 2:
            raise RuntimeError("enough")

    simulation.set_motion(ensemble="nve", timestep=2.0)
    with pytest.raises(RuntimeError, match="enough"):
        simulation.run(10**9, callback=stop, interval=0.05)
    assert 0 < seen[0] < seen[1] == simulation.state()["step"]


def failing(**change: Any) -> Any:
    simulation = mixture()
    simulation.set_motion(**{"ensemble": "nve", "timestep": 2.0, "temperature": (120.0, 120.0), "n_steps": 10} | change)
    return simulation


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"timestep": 1000.0}, "in one step|temperature has risen"),
        ({"largest_move": 0.001}, r"moves 0.0\d+ Å in one step. One step before, the temperature was 1[12]\d"),
        ({"largest_temperature": 100.0}, "risen to 1[12]. K"),
        ({"ensemble": "npt", "pressure": (0.05, 0.05), "barostat_damping": 100.0}, "half the narrowest width|2 %"),
    ],
)
def test_a_run_gone_wrong_says_when_and_what(change: dict[str, Any], message: str) -> None:
    with pytest.raises(core().MotionFailed, match=rf"^Step \d+: .*({message}).*time step"):
        failing(**change).run(10_000)


def test_not_a_number_is_seen_at_once() -> None:
    simulation = mixture()
    simulation.set_motion(ensemble="nve", timestep=1.0)
    simulation.set_velocities(np.full((108, 3), 1e40))
    with pytest.raises(core().MotionFailed, match="Step [01]: "):
        simulation.run(2)


@pytest.mark.parametrize(
    "change",
    [
        {"ensemble": "nvp"}, {"thermostat": "berendsen"}, {"cell": "triclinic"}, {"timestep": 0.0}, {"timestep": float("nan")}, {"temperature": (-1.0, 1.0)},
        {"temperature": (300.0, float("inf"))}, {"pressure": (float("nan"), 0.0)}, {"n_steps": -1}, {"done": -1}, {"done": 1}, {"thermostat_damping": 0.0},
        {"barostat_damping": -1.0}, {"max_displacement": 0.0}, {"ensemble": "npt", "max_displacement": 0.1}, {"largest_move": 0.0},
    ],
    ids=str,
)  # fmt: skip
def test_refuses_a_motion(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        failing(**{"ensemble": "nvt"} | change)


ATOMS = np.random.default_rng(0).random((8, 3)) * 20
INPUT = {"positions": ATOMS, "velocities": 0 * ATOMS, "cell": 20 * np.eye(3), "masses": np.ones(2)}


@pytest.mark.parametrize(
    "change",
    [
        {"positions": ATOMS[1:]}, {"positions": ATOMS * np.nan}, {"velocities": ATOMS[1:]}, {"velocities": ATOMS * np.inf}, {"cell": 0 * np.eye(3)},
        {"cell": -np.eye(3)}, {"cell": 20 * np.eye(3) + np.triu(np.ones((3, 3)), 1)}, {"cell": np.nan * np.eye(3)}, {"masses": np.zeros(2)},
        {"masses": np.ones(1)}, {"masses": np.array([1.0, np.nan])}, {"masses": np.array([])},
    ],
    ids=str,
)  # fmt: skip
def test_refuses_bad_atoms(change: dict[str, Any]) -> None:
    forces = core().Forces(np.arange(8) % 2)
    core().Dynamics(forces, **INPUT)
    with pytest.raises(ValueError, match=r"\.$"):
        core().Dynamics(forces, **INPUT | change)


def test_refuses_calls_out_of_place() -> None:
    simulation = mixture()
    with pytest.raises(ValueError, match="set_motion"):
        simulation.run(1)
    simulation.set_motion(ensemble="nve", timestep=1.0)
    for bad in ({"n_steps": -1}, {"n_steps": 1, "sample_every": -1}):
        with pytest.raises(ValueError, match="negative"):
            simulation.run(**bad)
    with pytest.raises(ValueError, match="one row per atom"):
        simulation.set_velocities(np.zeros((2, 3)))
    saved = simulation.save()
    for name in saved:
        with pytest.raises((KeyError, ValueError)):
            simulation.load({k: v for k, v in saved.items() if k != name})
    for name in ("positions", "thermostat"):
        with pytest.raises(ValueError):
            simulation.load(saved | {name: saved[name] * np.nan})
    for bad in ({"method": "newton"}, {"force_tolerance": 0.0}, {"max_steps": -1}, {"pressure_tolerance": float("nan")}):
        with pytest.raises(ValueError, match=r"\.$"):
            simulation.minimize(**bad)
    with pytest.raises(ValueError, match="two atoms"):
        ideal_gas(1, 1000.0, 300.0)
