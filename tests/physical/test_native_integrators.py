"""The integrators of the compiled core against what theory says exactly."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from glasswright.units import BOLTZMANN, MASS_VELOCITY2
from reference.liquid import MASSES, ideal_gas, mixture

from .test_distributions import block_error, ratio_slope

THERMOSTATS = ("nose-hoover", "langevin", "csvr")
CELLS = ("isotropic", "anisotropic")
ENSEMBLES: dict[str, dict[str, Any]] = {
    "nve": {"ensemble": "nve"},
    **{f"nvt-{t}": {"ensemble": "nvt", "thermostat": t} for t in THERMOSTATS},
    **{f"npt-{t}-{c}": {"ensemble": "npt", "thermostat": t, "cell": c} for t in THERMOSTATS for c in CELLS},
}


@pytest.mark.parametrize("name", ENSEMBLES)
def test_conserved_energy_errs_with_the_square_of_the_time_step(name: str) -> None:
    """Also along programmes of temperature and pressure: heat and work are booked, not guessed from the targets."""
    spread, end = {}, {}
    for timestep in (3.0, 6.0, 12.0):
        simulation = mixture(80.0, double_precision=True)
        n = round(3600 / timestep)
        stage = {"timestep": timestep, "temperature": (80.0, 50.0), "pressure": (0.0, 0.002), "thermostat_damping": 200.0, "n_steps": n, "seed": 3}
        simulation.set_motion(**ENSEMBLES[name] | stage)
        record = simulation.run(n, sample_every=n // 300)
        spread[timestep], end[timestep] = np.std(record["conserved"]), record["conserved"][-1] - record["conserved"][0]
        total = record["potential"] + record["kinetic"]
        assert name == "nve" or spread[timestep] < 0.03 * np.std(total)
    # Trajectories part, so the ratio 4 of a method of second order is met roughly; a method of first order would show 2. Langevin forces
    # make the error of every step independent of the last, and it adds up to a random walk: then less regular.
    assert 2.7 < np.sqrt(spread[12.0] / spread[3.0]) < 6, spread


def test_time_runs_backwards() -> None:
    simulation = mixture(120.0, double_precision=True)
    start = simulation.save()
    simulation.set_motion(ensemble="nve", timestep=4.0)
    simulation.run(250)
    there = simulation.state()
    assert np.abs(there["positions"] - start["positions"]).max() > 0.5
    simulation.set_velocities(-there["velocities"])
    simulation.run(250)
    # Rounding of 1e-14 Å grows by some e-folds in a picosecond.
    assert np.abs(simulation.state()["positions"] - start["positions"]).max() < 1e-7


@pytest.mark.parametrize("thermostat", THERMOSTATS)
@pytest.mark.parametrize("ensemble", ["nvt", "npt"])
def test_kinetic_energy_is_maxwellian(ensemble: str, thermostat: str) -> None:
    """K of f degrees of freedom is gamma-distributed: shape f/2, scale kT. (With 8 fs the mean is low by 0.15 %, an error of dt².)"""
    simulation = mixture(120.0)
    simulation.set_motion(
        ensemble=ensemble, timestep=4.0, temperature=(120.0, 120.0), pressure=(0.002, 0.002), thermostat=thermostat, thermostat_damping=150.0, seed=1
    )
    simulation.run(1000)
    kinetic = simulation.run(80_000, sample_every=20)["kinetic"] / (BOLTZMANN * 120.0)
    half = (3 * 108 - 3) / 2
    assert kinetic.mean() == pytest.approx(half, abs=4 * block_error(kinetic))
    variance = (kinetic - half) ** 2
    assert variance.mean() == pytest.approx(half, abs=4 * block_error(variance))
    assert block_error(variance) < 0.1 * half
    assert stats.kstest(kinetic[::20], stats.gamma(half).cdf).pvalue > 1e-3


@pytest.mark.parametrize("thermostat", THERMOSTATS)
def test_volume_of_an_ideal_gas(thermostat: str) -> None:
    """P(V) ∝ V^(N-1) exp(-pV/kT): one atom's worth of volume belongs to the centre of mass, which rests."""
    n, temperature, pressure = 20, 300.0, 1e-3
    unit = BOLTZMANN * temperature / pressure
    simulation = ideal_gas(n, n * unit, temperature)
    simulation.set_motion(
        ensemble="npt", timestep=4.0, temperature=(temperature,) * 2, pressure=(pressure,) * 2, thermostat=thermostat, thermostat_damping=100.0,
        barostat_damping=300.0, seed=2, largest_move=5.0,
    )  # fmt: skip
    simulation.run(5000)
    record = simulation.run(300_000, sample_every=50)
    volume = record["volume"] / unit
    variance = (volume - n) ** 2
    assert volume.mean() == pytest.approx(n, abs=4 * block_error(volume))
    # A shape of n - 1 or n + 1 would be refused.
    assert block_error(volume) < 0.2
    assert variance.mean() == pytest.approx(n, abs=4 * block_error(variance))
    kinetic = record["kinetic"] / (BOLTZMANN * temperature)
    assert kinetic.mean() == pytest.approx(1.5 * (n - 1), abs=4 * block_error(kinetic))


def test_langevin_noise_is_normal_and_forgets_at_the_right_rate() -> None:
    """Velocities of free atoms are an Ornstein-Uhlenbeck process: the random numbers are seen as they are."""
    n, temperature, damping = 4000, 300.0, 50.0
    simulation = ideal_gas(n, 1e6, temperature)
    simulation.set_motion(ensemble="nvt", timestep=5.0, temperature=(temperature,) * 2, thermostat="langevin", thermostat_damping=damping, seed=7)
    scale = np.sqrt(BOLTZMANN * temperature / (40 * MASS_VELOCITY2))
    history = []
    for _ in range(12):
        simulation.run(5)
        history.append(simulation.state()["velocities"] / scale)
    late = history[-1]
    assert stats.kstest(late.ravel(), stats.norm.cdf).pvalue > 1e-3
    # 12000 numbers: the fourth moment is known to 0.09, the largest lies near 4.
    assert np.mean(late**4) == pytest.approx(3, abs=0.36)
    assert 3.3 < np.abs(late).max() < 5.5

    def correlation(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.mean(a * b))

    few = 4 / np.sqrt(3 * n)
    assert correlation(history[3], history[4]) == pytest.approx(np.exp(-0.5), abs=few)
    assert correlation(history[3], history[7]) == pytest.approx(np.exp(-2.0), abs=few)
    # Axes and neighbours in the order know nothing of each other.
    for other in (np.roll(late, 1, axis=1), np.roll(late, 1, axis=0), np.roll(late, 2, axis=1), np.roll(late, 64, axis=0)):
        assert abs(correlation(late, other)) < few
    assert np.abs(late.mean(axis=0)).max() < 1e-12
    # Another seed is another history.
    again = ideal_gas(n, 1e6, temperature)
    again.set_motion(ensemble="nvt", timestep=5.0, temperature=(temperature,) * 2, thermostat="langevin", thermostat_damping=damping, seed=8)
    again.run(60)
    assert abs(correlation(late, again.state()["velocities"] / scale)) < few + np.exp(-6.0)


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("thermostat", THERMOSTATS)
def test_volumes_at_two_pressures_have_the_ratio_of_boltzmann(thermostat: str, cell: str) -> None:
    """ln P(V; p2) / P(V; p1) = -(p2 - p1) V / kT + constant, for a crystal that holds its shape."""
    low, high, temperature = 0.001, 0.0014, 50.0
    # Four histories: the error of one, from its blocks, is itself uncertain by a half.
    slopes, errors = [], []
    for history in range(4):
        volumes = []
        for pressure in (low, high):
            simulation = mixture(2 * temperature, rattle=0.08 + 0.01 * history)
            simulation.set_motion(
                ensemble="npt", timestep=8.0, temperature=(temperature,) * 2, pressure=(pressure,) * 2, cell=cell, thermostat=thermostat,
                thermostat_damping=200.0, barostat_damping=800.0, seed=3 + history,
            )  # fmt: skip
            simulation.run(5000)
            record = simulation.run(75_000, sample_every=50)
            volumes.append(record["volume"])
            assert record["pressure"].mean() == pytest.approx(pressure, abs=5 * block_error(record["pressure"]))
        slope, error = ratio_slope(*volumes)
        slopes.append(slope), errors.append(error)
    expected = (high - low) / (BOLTZMANN * temperature)
    slope, error = float(np.mean(slopes)), float(np.sqrt(np.mean(np.square(errors)) / len(errors)))
    print(f"{thermostat} {cell}: slope {slope:.5f} +- {error:.5f}, Boltzmann {expected:.5f} 1/A3")
    assert error < 0.05 * expected
    assert slope == pytest.approx(expected, abs=3 * error)


@pytest.mark.parametrize("thermostat", THERMOSTATS)
def test_equipartition_between_light_and_heavy_atoms(thermostat: str) -> None:
    """Every thermostat leaves the same temperature to both kinds."""
    simulation = mixture(120.0)
    simulation.set_motion(ensemble="nvt", timestep=6.0, temperature=(120.0, 120.0), thermostat=thermostat, thermostat_damping=150.0, seed=4)
    heavy = np.arange(108) % 3 == 1
    temperature = []
    for _ in range(400):
        simulation.run(50)
        twice = MASS_VELOCITY2 * np.sum(simulation.state()["velocities"] ** 2, axis=1)
        temperature.append([MASSES[k] * np.mean(twice[heavy == bool(k)]) / (3 * BOLTZMANN) for k in (0, 1)])
    for mean, values in zip(np.mean(temperature, axis=0), np.transpose(temperature), strict=True):
        # 107/108 of the degrees of freedom are left, shared by mass: 0.5 % for the light, 1.4 % for the heavy atoms.
        assert mean == pytest.approx(120.0, abs=4 * block_error(values) + 1.7)
        assert block_error(values) < 2.0
