"""Every periodic image within a cutoff, in plain NumPy: no minimum image, any cell."""

from __future__ import annotations

import numpy as np
from ase import Atoms


def image_pairs(atoms: Atoms, cutoff: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Every ordered pair within ``cutoff`` [Å], images included: i, j, vectors from i to j and distances."""
    cell = atoms.cell.array
    positions = atoms.cell.scaled_positions(atoms.positions) % 1.0 @ cell
    heights = atoms.get_volume() / np.linalg.norm(np.cross(cell[[1, 2, 0]], cell[[2, 0, 1]]), axis=1)
    reach = np.ceil(cutoff / heights).astype(int) + 1
    shifts = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1).reshape(-1, 3) @ cell
    between = positions[None, :, :] - positions[:, None, :]
    found = []
    for shift in shifts:
        vectors = between + shift
        squared = np.einsum("ijk,ijk->ij", vectors, vectors)
        i, j = np.nonzero((squared < cutoff**2) & (squared > 1e-12))
        found.append((i, j, vectors[i, j]))
    i, j, vectors = (np.concatenate(part) for part in zip(*found, strict=True))
    return i, j, vectors, np.linalg.norm(vectors, axis=1)
