"""Trajectories whose dynamics is known exactly, and plain double loops over frames to hold the streaming functions against."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from glasswright.units import BOLTZMANN, MASS_VELOCITY2

CELL = np.array([[14.0, 0, 0], [3.0, 13.0, 0], [-2.0, 4.0, 15.0]])


def trajectory(positions, symbols, cell=CELL, step=5.0, velocities=None, cells=None):
    """Frames from unwrapped positions ``(n_frames, n_atoms, 3)`` [Å], and velocities [Å/fs]."""
    frames = []
    for k, xyz in enumerate(positions):
        atoms = Atoms(symbols, positions=xyz, cell=cell if cells is None else cells[k], pbc=True)
        atoms.info["time"] = 100.0 + k * step
        if velocities is not None:
            atoms.set_velocities(velocities[k] * MASS_VELOCITY2**0.5)
        frames.append(atoms)
    return frames


def without_drift(frames):
    """Positions ``(n_frames, n_atoms, 3)`` relative to the centre of mass."""
    return np.array([a.positions - a.get_masses() @ a.positions / a.get_masses().sum() for a in frames])


def brownian(n_frames, n_atoms, d, step=5.0, seed=1, symbols=None):
    """Free diffusion with coefficient ``d`` [Å²/fs]."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, np.sqrt(2 * d * step), (n_frames, n_atoms, 3))
    start = rng.random((n_atoms, 3)) @ CELL
    return trajectory(start + np.cumsum(steps, axis=0), symbols or ["Si"] * n_atoms, step=step)


def pair_average(frames, lags, function):
    """Mean over all pairs of frames of each lag: ``function(now, start)`` of positions without drift."""
    x = without_drift(frames)
    return np.array([np.mean([function(x[t + lag], x[t]) for t in range(len(x) - lag)], axis=0) for lag in lags])


def thermal_velocity(mass, temperature):
    """Root mean square of one component [Å/fs]."""
    return np.sqrt(BOLTZMANN * temperature / (mass * MASS_VELOCITY2))
