"""Ensembles validated physically: distributions, not only means (Shirts 2013, doi 10.1021/ct300688p; Merz & Shirts 2018, doi 10.1371/journal.pone.0202764)."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from scipy import optimize, stats

from glasswright.engines import get_engine
from glasswright.engines.base import Engine
from glasswright.forcefield import ForceField
from glasswright.library.forcefields import load_forcefield
from glasswright.stage import Stage
from glasswright.units import BOLTZMANN, GPA

from .conftest import TEMPERATURE, gather, sample

KT = BOLTZMANN * TEMPERATURE
HOT = (TEMPERATURE, TEMPERATURE)


def block_error(values: np.ndarray, n_blocks: int = 10) -> float:
    """Standard error of a mean from block averages."""
    means = [b.mean() for b in np.array_split(values, n_blocks)]
    return float(np.std(means, ddof=1) / np.sqrt(n_blocks))


@pytest.mark.parametrize("ensemble", ["nvt", "npt"])
def test_kinetic_energy_is_maxwellian(engine: Engine, forcefield: ForceField, melt: Atoms, tmp_path: Path, ensemble: str) -> None:
    """K of a system with f degrees of freedom is gamma-distributed: shape f/2, scale kT."""
    stage = Stage("hold", ensemble, 20000, 1.0, HOT, (2.0, 2.0))  # type: ignore[arg-type]
    kinetic = gather(sample(engine, forcefield, melt, stage, 50, tmp_path), "kinetic_energy")[20:]
    f = 3 * len(melt) - 3
    assert kinetic.mean() == pytest.approx(f / 2 * KT, abs=4 * block_error(kinetic))
    # The standard deviation of 380 samples is known to 4 %, to 8 % if half of them are correlated; 4 sigma of the latter would pass Berendsen's
    # weak coupling at no damping time that still controls the temperature (it halves the width at 100 fs).
    assert kinetic.std() == pytest.approx(np.sqrt(f / 2) * KT, rel=0.2)
    thinned = kinetic[::8]
    assert stats.kstest(thinned, stats.gamma(f / 2, scale=KT).cdf).pvalue > 1e-3


ARGON = """
name = "argon"
title = "An exp-6 liquid: simple, ergodic, quickly sampled"
units = "eV, angstrom, e"
every_species_with = []
species = { Ar = { charge = 0.0 } }
coulomb = { method = "none" }
melt_quench = { melt_temperature = 200.0 }
[pairs]
"Ar-Ar" = { form = "buckingham", A = 9380.0, rho = 0.272857, C = 56.55, cutoff = 7.0, shifted = true, core = { kind = "splice" } }
"""


@pytest.mark.slow
def test_volumes_at_two_pressures_have_the_ratio_of_boltzmann(tmp_path: Path) -> None:
    """ln P(V; p2) / P(V; p1) = -(p2 - p1) V / kT + constant, whatever the force field."""
    (tmp_path / "argon.toml").write_text(ARGON)
    forcefield = load_forcefield(tmp_path / "argon.toml")
    engine = get_engine("auto", forcefield)[0]
    atoms = bulk("Ar", "fcc", a=5.5, cubic=True) * (3, 3, 3)
    low, high, temperature = 0.03, 0.05, 120.0
    volumes = []
    for pressure in (low, high):
        hold = Stage("hold", "npt", 150_000, 4.0, (temperature, temperature), (pressure, pressure), thermostat_damping=200.0)
        with engine.open(atoms, forcefield, tmp_path / str(pressure)) as simulation:
            simulation.set_velocities(2 * temperature, 1)
            simulation.start(hold)
            states = [simulation.advance(50) for _ in range(3000)][150:]
        volumes.append(gather(states, "volume"))
        # Virial and barostat agree: the mean pressure is the target.
        assert gather(states, "pressure").mean() == pytest.approx(pressure, abs=4 * block_error(gather(states, "pressure")))
    expected = (high - low) / GPA / (BOLTZMANN * temperature)
    slope, error = ratio_slope(*volumes)
    print(f"slope {slope:.5f} +- {error:.5f}, Boltzmann {expected:.5f} 1/A3")
    assert error < 0.1 * expected
    assert slope == pytest.approx(expected, abs=3 * error)


def ratio_slope(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Maximum-likelihood slope of ln P1(V)/P2(V) with its error from blocks (Shirts 2013, eq. 13)."""

    def fit(a: np.ndarray, b: np.ndarray) -> float:
        centre = np.mean(np.concatenate([a, b]))
        offset = np.log(len(a) / len(b))

        def cost(p: np.ndarray) -> float:
            x, y = offset + p[0] + p[1] * (a - centre), offset + p[0] + p[1] * (b - centre)
            return float(np.logaddexp(0, -x).sum() + np.logaddexp(0, y).sum())

        return float(optimize.minimize(cost, [0.0, 0.01], method="BFGS").x[1])

    n = 8
    blocks = [np.array_split(v, n) for v in (first, second)]
    leave_out = [fit(*(np.concatenate([b for j, b in enumerate(bs) if j != k]) for bs in blocks)) for k in range(n)]
    return fit(first, second), float(np.sqrt((n - 1) / n * np.sum((np.array(leave_out) - np.mean(leave_out)) ** 2)))
