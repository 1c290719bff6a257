"""Loss of memory of a melt."""

import numpy as np
import pytest

from glasswright.protocols.memory import memory

CELL = np.diag([20.0, 22.0, 24.0])
SPECIES = np.array(["O"] * 400 + ["Si"] * 200)
MASSES = np.where(SPECIES == "Si", 28.0, 16.0)


def test_an_unmoved_melt_remembers_everything() -> None:
    start = np.random.default_rng(1).random((600, 3))
    found = memory(start, start, CELL, SPECIES, MASSES)
    assert found.scattering == {"O": 1.0, "Si": 1.0}
    assert found.msd == {"O": 0.0, "Si": 0.0}
    assert found.half_box == 10.0
    assert not found.is_lost(["Si"])


def test_gaussian_displacements_decay_as_theory_says() -> None:
    # F_s = exp(-Q² <d²> / 6) for Gaussian displacements; <d²> = 3 Å² here, Q = 1.5 1/Å.
    rng = np.random.default_rng(2)
    start = rng.random((30000, 3))
    moved = start + rng.normal(size=start.shape) @ np.linalg.inv(CELL)
    found = memory(start, moved, CELL, np.array(["Si"] * 30000), np.full(30000, 28.0))
    assert found.msd["Si"] == pytest.approx(3.0, rel=0.02)
    assert found.scattering["Si"] == pytest.approx(np.exp(-(1.5**2) * 3 / 6), abs=0.01)


def test_drift_of_the_whole_is_no_loss_of_memory() -> None:
    start = np.random.default_rng(3).random((600, 3))
    assert memory(start, start + 0.7, CELL, SPECIES, MASSES).msd["Si"] == pytest.approx(0.0, abs=1e-20)


def test_formers_must_have_moved_far_enough() -> None:
    rng = np.random.default_rng(4)
    start = rng.random((600, 3))
    step = rng.normal(size=(600, 3)) * np.where(SPECIES == "O", 3.0, 1.8)[:, None]
    found = memory(start, start + step @ np.linalg.inv(CELL), CELL, SPECIES, MASSES)
    assert max(found.scattering.values()) < 0.1
    assert found.msd["Si"] < 10
    assert not found.is_lost(["Si"])
    assert found.is_lost(["O"])


def test_displacements_are_those_of_the_analysis() -> None:
    from ase import Atoms

    from glasswright import analysis

    rng = np.random.default_rng(5)
    start = rng.random((600, 3))
    now = start + 0.05 * rng.normal(size=start.shape)
    frames = [Atoms(SPECIES, scaled_positions=s, cell=CELL, pbc=True) for s in (start, now)]
    for atoms, s in zip(frames, (start, now), strict=True):
        atoms.positions = s @ CELL  # unwrapped
        atoms.set_masses(MASSES)
    found = memory(start, now, CELL, SPECIES, MASSES)
    assert found.msd["Si"] == pytest.approx(analysis.mean_square_displacement(frames, origins="first")["Si"].y[1], rel=1e-12)
    assert found.scattering["O"] == pytest.approx(analysis.self_intermediate_scattering(frames, 1.5)["O"].y[1], rel=1e-12)
