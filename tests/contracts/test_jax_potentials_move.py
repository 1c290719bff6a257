"""Potentials that are not the engine's own move as well: the compiled core's forces, and energy functions written elsewhere."""

from pathlib import Path

import numpy as np
import pytest

from contracts.cases import NO_JAX, model, named, silica
from glasswright.stage import Stage
from glasswright.units import MASS_VELOCITY2

pytestmark = NO_JAX


def test_forces_of_the_compiled_core_give_its_trajectory(tmp_path: Path) -> None:
    import jax

    from glasswright.engines.jax.potential import potential
    from glasswright.engines.jax.simulation import JaxSimulation

    forcefield, atoms, stage = model("bks").with_coulomb("dsf", cutoff=5.5), silica("cubic"), Stage("melt", "npt", 100, 1.0, (3000.0, 3000.0), (0.0, 2.0))
    with jax.enable_x64(True):
        core = potential(forcefield, atoms, precision="double", kernel="native")
    ends = []
    for simulation in (named("native", forcefield, atoms, precision="double").open(atoms, forcefield, tmp_path), JaxSimulation.of(core, atoms)):
        with simulation:
            simulation.set_velocities(3000.0, seed=1)
            simulation.start(stage)
            ends.append(simulation.advance(100))
    assert np.abs(ends[0].positions - ends[1].positions).max() < 1e-9
    assert abs(ends[0].conserved_energy - ends[1].conserved_energy) < 1e-8


def test_an_energy_function_moves_its_atoms() -> None:
    """Springs to the lattice sites: half the energy is potential, all of it conserved."""
    import jax.numpy as jnp
    from ase.build import bulk

    from glasswright.engines.jax.foreign import ForeignPotential
    from glasswright.engines.jax.simulation import JaxSimulation

    atoms = bulk("Ar", "fcc", a=5.3, cubic=True) * 2
    sites, stiffness = jnp.asarray(atoms.positions), 0.5
    springs = ForeignPotential(lambda r, **_: 0.5 * stiffness * jnp.sum((r - sites) ** 2), atoms.cell.array)
    period = 2 * np.pi * np.sqrt(39.948 * MASS_VELOCITY2 / stiffness)
    with JaxSimulation.of(springs, atoms) as simulation:
        simulation.set_velocities(100.0, seed=1)
        start = simulation.state()
        simulation.start(Stage("vibrate", "nve", 400, period / 200))
        states = [simulation.advance(10) for _ in range(40)]
    energies = np.array([state.conserved_energy for state in states])
    assert np.ptp(energies) < 1e-3 * start.kinetic_energy
    assert np.mean([state.potential_energy for state in states]) == pytest.approx(start.kinetic_energy / 2, rel=1e-3)
    # After two periods all is where it was.
    assert np.abs(states[-1].positions - start.positions).max() < 1e-2
