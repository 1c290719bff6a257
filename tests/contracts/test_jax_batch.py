"""Simulations that are moved together are those that are moved alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from contracts.cases import NO_JAX, named
from glasswright.errors import InputError
from glasswright.library.forcefield_reader import parse_forcefield
from glasswright.stage import Stage
from glasswright.units import MASS_VELOCITY2
from reference.liquid import MIXTURE, PAIR

pytestmark = NO_JAX
SIZES = (9380.0, 9800.0)


@pytest.mark.parametrize("width", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_replicas_and_sets_of_parameters_are_those_of_single_runs(tmp_path: Path, width: int) -> None:
    """Two liquids of their own A, volume and random numbers, under Langevin dynamics at constant pressure."""
    import jax

    from glasswright.engines.jax.batch import Batch
    from glasswright.engines.jax.potential import potential

    text = MIXTURE + PAIR.format("Ar-Ar")
    crystals = [bulk("Ar", "fcc", a=edge, cubic=True) * 2 for edge in (5.4, 5.6)]
    stage = Stage("hold", "npt", 40, 4.0, (120.0, 100.0), (0.0, 0.05), thermostat="langevin", seed=5)
    alone = []
    for k, (atoms, size) in enumerate(zip(crystals, SIZES, strict=True)):
        forcefield = parse_forcefield(text.replace("9380.0", str(size)).encode(), "argon.toml")
        with named("native", forcefield, precision="double").open(atoms * 2, forcefield, tmp_path) as simulation:
            simulation.set_velocities(120.0, seed=3 + k)
            simulation.start(replace(stage, seed=5 + k))
            alone.append(simulation.advance(40))
    with jax.enable_x64(True):
        together = Batch(
            potential(parse_forcefield(text.encode(), "argon.toml"), crystals[0] * 2, precision="double"),
            np.stack([(atoms * 2).positions for atoms in crystals]),
            np.stack([(atoms * 2).cell.array for atoms in crystals]),
            {"Ar-Ar.A": np.array(SIZES)},
            width,
        )
    together.set_velocities(120.0, seed=3)
    together.start(stage)
    together.advance(15)
    state = together.advance(25)
    assert state.step == 40
    for k, single in enumerate(alone):
        # The noise is drawn in single precision.
        assert np.abs(state.positions[k] - single.positions).max() < 1e-5
        assert np.abs(state.cell[k] - single.cell).max() < 1e-5
        assert state.temperature[k] == pytest.approx(single.temperature, rel=1e-6)
        assert state.pressure[k] == pytest.approx(single.pressure, abs=1e-5)
        assert state.potential_energy[k] == pytest.approx(single.potential_energy, abs=1e-5)
        assert state.conserved_energy[k] == pytest.approx(single.conserved_energy, abs=1e-5)
    assert np.abs(np.sum(state.velocities[0], axis=0)).max() * MASS_VELOCITY2 < 1e-10


def test_bad_shapes_are_refused() -> None:
    from glasswright.engines.jax.batch import Batch
    from glasswright.engines.jax.potential import potential

    atoms = bulk("Ar", "fcc", a=5.4, cubic=True)
    made = potential(parse_forcefield((MIXTURE + PAIR.format("Ar-Ar")).encode(), "argon.toml"), atoms)
    with pytest.raises(InputError, match="shape"):
        Batch(made, atoms.positions, atoms.cell.array)
    with pytest.raises(InputError, match=r"Ar-Ar\.A needs 2 values"):
        Batch(made, np.stack([atoms.positions] * 2), atoms.cell.array, {"Ar-Ar.A": np.ones(3)})
    with pytest.raises(InputError, match="No stage"):
        Batch(made, np.stack([atoms.positions] * 2), atoms.cell.array).advance(1)
