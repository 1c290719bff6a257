"""Liquid silicon in the compiled core keeps its energy, in single precision as in double."""

from typing import Any

import numpy as np
import pytest

from glasswright.analysis.flatness import drift
from glasswright.engines.native.triplets import triplet_term
from glasswright.library.forcefields import load_forcefield
from glasswright.native import core
from glasswright.units import BOLTZMANN, MASS_VELOCITY2
from reference.make_melts import read_melt


def liquid(precision: str) -> Any:
    """216 atoms at about 2500 K, a picosecond after their velocities were drawn."""
    atoms = read_melt("sw-si")
    bound = load_forcefield("sw-si").bind(atoms)
    velocities = np.random.default_rng(1).normal(0, np.sqrt(BOLTZMANN * 2500 / (bound.masses[0] * MASS_VELOCITY2)), (len(atoms), 3))
    forces = core().Forces(bound.types, triplets=triplet_term(bound, precision))  # type: ignore[arg-type]
    simulation = core().Dynamics(forces, atoms.positions, velocities - velocities.mean(axis=0), atoms.cell.array, bound.masses)
    simulation.set_motion(ensemble="nvt", timestep=1.0, temperature=(2500.0, 2500.0), thermostat_damping=50.0, n_steps=1000)
    simulation.run(1000)
    return simulation


@pytest.mark.parametrize("precision", ["mixed", "double"])
def test_energy_is_conserved_to_second_order_in_the_step(precision: str) -> None:
    spread = {}
    for timestep in (0.5, 1.0, 2.0):
        simulation, n = liquid(precision), round(2000 / timestep)
        simulation.set_motion(ensemble="nve", timestep=timestep)
        record = simulation.run(n, sample_every=n // 400)
        energy = (record["potential"] + record["kinetic"]) / 216
        spread[timestep] = np.std(energy)
        # The total energy moves by a few hundredths of a meV per atom; the kinetic energy by twelve.
        assert spread[timestep] < 2.5e-5 * timestep**2 and np.std(record["kinetic"]) / 216 > 5e-3
        assert drift(energy).is_flat(5e-5 * timestep**2)
    # Second order would be 16; rounding that mattered would show at the short step.
    assert spread[2.0] / spread[0.5] == pytest.approx(16, rel=0.5)
