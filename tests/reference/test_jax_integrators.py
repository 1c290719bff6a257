"""The integrators in JAX against those of the compiled core, which give them their forces: the same equations, the same random numbers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.cases import model, named, silica
from glasswright.stage import Stage
from glasswright.units import MASS_VELOCITY2

jax = pytest.importorskip("jax", reason="JAX is not installed")

PROGRAMME: dict[str, Any] = {"n_steps": 200, "timestep": 1.0, "temperature": (3000.0, 2500.0), "pressure": (0.0, 5.0)}
STAGES = {
    "nose-hoover, anisotropic": Stage("quench", "npt", **PROGRAMME, cell="anisotropic"),
    "csvr, isotropic": Stage("quench", "npt", **PROGRAMME, thermostat="csvr", seed=2**40 + 3),
    "langevin, anisotropic": Stage("quench", "npt", **PROGRAMME, cell="anisotropic", thermostat="langevin", seed=7),
    "nose-hoover": Stage("quench", "nvt", **PROGRAMME),
    "push-off": Stage("push-off", "nvt", **PROGRAMME, max_displacement=0.05),
}
# Rounding of 1e-16 grows by some e-folds; the noise of Langevin dynamics is drawn in single precision.
TOLERANCE = {"langevin, anisotropic": 1e-5}


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    """For all threads, that of callbacks among them."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.mark.parametrize("name", STAGES)
def test_a_trajectory_is_that_of_the_compiled_core(name: str, tmp_path: Path) -> None:
    import jax.numpy as jnp

    from glasswright.engines.jax import integrators
    from glasswright.engines.native import NativeEngine

    forcefield, stage = model("bks").with_coulomb("dsf", cutoff=5.5), STAGES[name]
    atoms = silica("triclinic")
    engine = named("native", forcefield, atoms, precision="double")
    assert isinstance(engine, NativeEngine)
    interactions = engine.interactions(forcefield, atoms)
    forces, masses = interactions.forces(None), jnp.asarray(interactions.atom_masses * MASS_VELOCITY2)
    with engine.open(atoms, forcefield, tmp_path) as simulation:
        simulation.set_velocities(3000.0, seed=1)
        start = simulation.state()
        simulation.start(stage)
        expected = simulation.advance(200)

    def computed(positions: Any, cell: Any) -> tuple[Any, Any]:
        found = forces.evaluate(np.ascontiguousarray(positions), np.tril(cell))
        return found["forces"], found["virial"][np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])]

    def evaluate(positions: Any, cell: Any) -> Any:
        return jax.pure_callback(computed, (jax.ShapeDtypeStruct(positions.shape, float), jax.ShapeDtypeStruct((3, 3), float)), positions, cell)

    @jax.jit
    def run(point: integrators.PhasePoint, motion: integrators.Motion) -> integrators.PhasePoint:
        point = integrators.prepare(integrators.fresh(point, masses), motion, masses, *evaluate(point.positions, point.cell))
        return jax.lax.fori_loop(0, 200, lambda _, now: integrators.step(now, motion, masses, evaluate), point)

    motion = integrators.Motion.of(stage)
    end = run(integrators.at_rest(start.positions, start.velocities, start.cell), motion)
    tolerance = TOLERANCE.get(name, 1e-10)
    assert int(end.step) == 200
    assert int(end.trouble) == 0
    assert np.abs(end.positions - expected.positions).max() < tolerance
    assert np.abs(end.velocities - expected.velocities).max() < tolerance
    assert np.abs(end.cell - expected.cell).max() < tolerance
    reservoir = expected.conserved_energy - expected.potential_energy - expected.kinetic_energy
    assert float(end.reservoir_energy) == pytest.approx(reservoir, abs=10 * tolerance)
