"""F_s(Q, t) of twelve wave vectors over a trajectory on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ase import Atoms

from .contestant import Answer, Call, contestant, groups

LAGS, STEP = 10, 100.0
"""Frames, and femtoseconds between frames."""


def waves(atoms: Atoms) -> np.ndarray:
    """Twelve wave vectors of the box with lengths near 1.5 1/Å."""
    n = round(1.5 * float(atoms.cell[0, 0]) / 2 / np.pi)
    indices = np.array([(n, 0, 0), (0, n, 0), (0, 0, n), (n, 1, 0), (0, n, 1), (1, 0, n), (n, 1, 1), (1, n, 1), (1, 1, n), (n, 2, 0), (0, n, 2), (2, 0, n)])
    return indices @ (2 * np.pi * np.linalg.inv(atoms.cell.array).T)


def _trajectory(atoms: Atoms, folder: Path) -> Path:
    """24 frames in which atoms wander; made once."""
    from ase.io.trajectory import Trajectory

    path = folder / f"wander-{len(atoms)}.traj"
    if not path.exists():
        rng = np.random.default_rng(4)
        frame = atoms.copy()
        with Trajectory(path, "w") as file:
            for k in range(24):
                frame.info["time"] = k * STEP
                file.write(frame)
                frame.positions += rng.normal(0, 0.1, frame.positions.shape)
    return path


@contestant("F_s(Q,t)", "glasswright")
def self_scattering_glasswright(atoms: Atoms, folder: Path) -> Call:
    from ase.io.trajectory import Trajectory

    from glasswright.analysis import self_intermediate_scattering

    path, q = _trajectory(atoms, folder), waves(atoms)

    def call() -> Answer:
        with Trajectory(path) as frames:
            found = self_intermediate_scattering(frames, q, lags=np.arange(LAGS + 1) * STEP, stride=1)
        return {"F_s": np.array([found[e].y for e in ("O", "Si")])}

    return call


@contestant("F_s(Q,t)", "dynasor")
def self_scattering_dynasor(atoms: Atoms, folder: Path) -> Call:
    from dynasor import Trajectory, compute_dynamic_structure_factors

    path, q = _trajectory(atoms, folder), waves(atoms)
    parts = groups(atoms)

    def call() -> Answer:
        found = compute_dynamic_structure_factors(Trajectory(str(path), "ase", atomic_indices=parts), q, STEP, LAGS, window_step=1, calculate_incoherent=True)
        return {"F_s": np.array([found[f"Fqt_incoh_{e}"].mean(axis=0) * len(atoms) / parts[e].size for e in parts])}

    return call
