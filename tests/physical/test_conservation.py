"""What must be conserved is conserved."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from glasswright.analysis.flatness import drift
from glasswright.engines.base import Engine
from glasswright.forcefield import ForceField
from glasswright.stage import Stage

from .conftest import gather, sample

NVE = Stage("nve", "nve", 4000, 1.0)


def test_energy_and_momentum_in_nve(engine: Engine, forcefield: ForceField, melt: Atoms, tmp_path: Path) -> None:
    states = sample(engine, forcefield, melt, NVE, 20, tmp_path)
    energy = gather(states, "potential_energy") + gather(states, "kinetic_energy")
    found = drift(energy / len(melt))
    # Velocity Verlet at 1 fs and 5000 K: the drift over 4 ps stays below a thousandth of kT (0.43 eV), or within its own error.
    assert found.is_flat(4e-4)
    # The energy of the shadow Hamiltonian fluctuates by a few 1e-4 of the kinetic energy.
    assert energy.std() / gather(states, "kinetic_energy").mean() < 2e-3
    momentum = [melt.get_masses() @ s.velocities for s in (states[0], states[-1])]
    scale = np.linalg.norm(melt.get_masses()[:, None] * states[0].velocities)
    assert np.abs(momentum).max() / scale < 1e-9


def test_the_energy_error_falls_with_the_square_of_the_time_step(engine: Engine, forcefield: ForceField, melt: Atoms, tmp_path: Path) -> None:
    spread = {}
    for step in (0.5, 1.0, 2.0):
        n = round(500 / step)
        states = sample(engine, forcefield, melt, replace(NVE, n_steps=n, timestep=step), n // 100, tmp_path / str(step))
        spread[step] = np.std(gather(states, "potential_energy") + gather(states, "kinetic_energy"))
    # Velocity Verlet is of second order; trajectories part after some 100 fs, so the ratio 4 is met to about 30 %.
    assert spread[2.0] / spread[1.0] == pytest.approx(4, rel=0.35)
    assert spread[1.0] / spread[0.5] == pytest.approx(4, rel=0.35)


@pytest.mark.parametrize("ensemble", ["nvt", "npt"])
def test_the_conserved_quantity_of_a_thermostat(engine: Engine, forcefield: ForceField, melt: Atoms, tmp_path: Path, ensemble: str) -> None:
    stage = Stage("hold", ensemble, 4000, 1.0, (5000.0, 5000.0), (1.0, 1.0))  # type: ignore[arg-type]
    states = sample(engine, forcefield, melt, stage, 20, tmp_path)
    conserved = gather(states, "conserved_energy") / len(melt)
    potential = gather(states, "potential_energy") / len(melt)
    assert drift(conserved).is_flat(2e-3)
    # It is conserved while the energy itself is not.
    assert conserved.std() < 0.1 * potential.std()
