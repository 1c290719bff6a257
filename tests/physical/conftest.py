"""A small hot silica melt, long enough to have forgotten its crystal, shared by the checks of ensembles."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from contracts.cases import NEEDS
from glasswright.engines import get_engine
from glasswright.engines.base import Engine, State
from glasswright.forcefield import ForceField
from glasswright.library.forcefields import load_forcefield
from glasswright.stage import Stage

TEMPERATURE = 5000.0
"""Hot, so that a small box forgets within a picosecond and its volume is well sampled."""


@pytest.fixture(scope="session")
def forcefield() -> ForceField:
    return load_forcefield("bks").with_coulomb("dsf", cutoff=6.0)  # within one image of a box of 192 atoms


@pytest.fixture(scope="session", params=["native", *(pytest.param(name, marks=[*NEEDS[name], pytest.mark.slow]) for name in NEEDS)])
def engine(forcefield: ForceField, request: pytest.FixtureRequest) -> Engine:
    return get_engine(request.param, forcefield)[0]


@pytest.fixture(scope="session")
def melt(engine: Engine, forcefield: ForceField, tmp_path_factory: pytest.TempPathFactory) -> Atoms:
    """192 atoms of liquid silica at 2.2 g/cm³ and 5000 K."""
    from ase.spacegroup import crystal

    atoms = crystal(["Si", "O"], [(0, 0, 0), (0.125, 0.125, 0.125)], spacegroup=227, cellpar=[7.13] * 3 + [90] * 3) * (2, 2, 2)
    atoms.info = {}
    stage = Stage("melt", "nvt", 5000, 1.0, (TEMPERATURE, TEMPERATURE))
    with engine.open(atoms, forcefield, tmp_path_factory.mktemp("melt")) as simulation:
        simulation.set_velocities(2 * TEMPERATURE, 1)
        simulation.start(stage)
        state = simulation.advance(stage.n_steps)
    return configuration(atoms, state)


def configuration(atoms: Atoms, state: State) -> Atoms:
    """The state as Atoms with momenta."""
    from glasswright.units import MASS_VELOCITY2

    atoms = atoms.copy()
    atoms.set_cell(state.cell)
    atoms.positions = state.positions
    atoms.set_velocities(state.velocities * MASS_VELOCITY2**0.5)
    return atoms


def sample(engine: Engine, forcefield: ForceField, atoms: Atoms, stage: Stage, every: int, folder: Path) -> list[State]:
    """States at equal intervals along a stage."""
    with engine.open(atoms, forcefield, folder) as simulation:
        simulation.start(stage)
        return [simulation.advance(every) for _ in range(stage.n_steps // every)]


def gather(states: list[State], name: str) -> np.ndarray:
    return np.array([getattr(s, name) for s in states])
