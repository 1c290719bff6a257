"""Constant pressure in JAX under conditions that break codes whose neighbour lists do not follow the cell (github.com/jax-md/jax-md/issues/170)."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from contracts.cases import NO_JAX, named
from glasswright.errors import RunFailed
from glasswright.forcefield import ForceField
from glasswright.library.forcefield_reader import parse_forcefield
from glasswright.stage import Stage
from reference.liquid import MIXTURE, PAIR

pytestmark = NO_JAX
COLD = (120.0, 120.0)


@pytest.fixture(scope="module")
def argon() -> ForceField:
    return parse_forcefield((MIXTURE + PAIR.format("Ar-Ar")).encode(), "argon.toml")


def lattice(edge: float, cells: int) -> Atoms:
    atoms = bulk("Ar", "fcc", a=edge, cubic=True) * cells
    atoms.rattle(0.05, seed=1)
    return atoms


def test_a_gas_is_crushed_and_a_crushed_crystal_swells_as_in_the_compiled_core(argon: ForceField, tmp_path: Path) -> None:
    """From half the density of the crystal to far above it and back, through many lists, and more neighbours than there was room for."""
    atoms = lattice(6.5, 3)
    stages = [
        Stage("crush", "npt", 600, 4.0, COLD, (0.0, 3.0), barostat_damping=1200.0),
        Stage("swell", "npt", 300, 4.0, COLD, (0.0, 0.0), "anisotropic", barostat_damping=1200.0),
    ]
    volumes = {}
    for engine in ("native", "jax"):
        with named(engine, argon, atoms, precision="double").open(atoms, argon, tmp_path) as simulation:
            simulation.set_velocities(120.0, seed=1)
            found = []
            for stage in stages:
                simulation.start(stage)
                found += [simulation.advance(50) for _ in range(stage.n_steps // 50)]
        assert all(np.isfinite(state.positions).all() and np.isfinite(state.conserved_energy) for state in found)
        volumes[engine] = np.array([state.volume for state in found]) / len(atoms)
    assert volumes["jax"].min() < 0.55 * volumes["jax"][0]
    assert np.abs(volumes["jax"][:10] / volumes["native"][:10] - 1).max() < 1e-8
    # Trajectories part in the end.
    assert np.abs(volumes["jax"] / volumes["native"] - 1).max() < 0.02


def test_a_cell_far_narrower_than_the_cutoff(argon: ForceField, tmp_path: Path) -> None:
    """Four atoms and their images behave as the crystal that they stand for."""
    small, stage = lattice(4.8, 1), Stage("swell", "npt", 400, 4.0, COLD, (0.1, 0.1), barostat_damping=400.0)
    with named("jax", argon, small, precision="double").open(small, argon, tmp_path) as simulation:
        before = simulation.state()
        simulation.set_velocities(120.0, seed=1)
        simulation.start(stage)
        states = [simulation.advance(20) for _ in range(20)]
    energies = np.array([state.conserved_energy for state in states])
    assert before.pressure > 1
    assert np.isfinite(energies).all()
    assert np.ptp(energies) < 0.02 * np.ptp([state.potential_energy for state in states])
    assert max(state.volume for state in states) > 1.1 * before.volume


def test_a_cell_that_collapses_ends_in_words(argon: ForceField, tmp_path: Path) -> None:
    atoms = lattice(5.0, 1)
    with named("jax", argon, atoms, precision="double").open(atoms, argon, tmp_path) as simulation:
        simulation.set_velocities(120.0, seed=1)
        simulation.start(replace(Stage("crush", "npt", 400, 4.0, COLD, (1e6, 1e6)), barostat_damping=20.0))
        with pytest.raises(RunFailed, match="2 % in one step"):
            simulation.advance(400)
