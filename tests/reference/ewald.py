"""Exact Ewald summation in plain NumPy, to compare everything else with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from scipy.special import erfc

from reference.images import image_pairs

COULOMB = 14.399645
"""e²/(4πε₀) [eV Å]."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Energy [eV], forces ``(n, 3)`` [eV/Å] and stress ``(3, 3)`` [eV/Å³], positive in tension."""

    energy: float
    forces: np.ndarray
    stress: np.ndarray

    def __add__(self, other: Evaluation) -> Evaluation:
        return Evaluation(self.energy + other.energy, self.forces + other.forces, self.stress + other.stress)

    @property
    def voigt(self) -> np.ndarray:
        """xx, yy, zz, yz, xz, xy."""
        return self.stress[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]


def reciprocal_part(atoms: Atoms, charges: np.ndarray, alpha: float, accuracy: float = 1e-16) -> Evaluation:
    """Reciprocal sum and self term of an Ewald sum with splitting parameter ``alpha`` [1/Å]; any cell, neutral."""
    cell, positions = atoms.cell.array, atoms.positions
    volume, k_max = atoms.get_volume(), 2 * alpha * np.sqrt(-np.log(accuracy))
    reach = np.ceil(k_max * np.linalg.norm(cell, axis=1) / (2 * np.pi)).astype(int)
    grid = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1).reshape(-1, 3)
    k = grid @ (2 * np.pi * np.linalg.inv(cell).T)
    # Half of the vectors, counted twice: k and -k contribute the same.
    first = np.argmax(grid != 0, axis=1)
    half = grid[np.arange(len(grid)), first] > 0
    k2 = np.einsum("ij,ij->i", k, k)
    keep = half & (k2 < k_max**2)
    k, k2 = k[keep], k2[keep]
    amplitude = 2 * np.exp(-k2 / (4 * alpha**2)) / k2
    energy, forces, stress = 0.0, np.zeros_like(positions), np.zeros((3, 3))
    for part in np.array_split(np.arange(len(k)), max(1, len(k) * len(positions) // 2_000_000)):
        phase = np.exp(1j * positions @ k[part].T)
        structure = charges @ phase
        each = 2 * np.pi * COULOMB / volume * amplitude[part] * np.abs(structure) ** 2
        energy += each.sum()
        weight = 4 * np.pi * COULOMB / volume * amplitude[part]
        forces += charges[:, None] * ((np.conj(structure) * phase).imag * weight) @ k[part]
        factor = 2 * each * (1 / k2[part] + 1 / (4 * alpha**2))
        stress += (np.einsum("n,na,nb->ab", factor, k[part], k[part]) - np.eye(3) * each.sum()) / volume
    energy -= COULOMB * alpha / np.sqrt(np.pi) * np.sum(charges**2)
    return Evaluation(float(energy), forces, stress)


def real_part(atoms: Atoms, charges: np.ndarray, alpha: float, cutoff: float) -> Evaluation:
    """Real-space sum of an Ewald sum."""
    i, j, vectors, r = image_pairs(atoms, cutoff)
    product = COULOMB * charges[i] * charges[j]
    screened = erfc(alpha * r) / r
    force = product * (screened / r + 2 * alpha / np.sqrt(np.pi) * np.exp(-((alpha * r) ** 2)) / r)
    return gather(atoms, i, vectors, r, product * screened, force)


def gather(atoms: Atoms, i: np.ndarray, vectors: np.ndarray, r: np.ndarray, energy: np.ndarray, force: np.ndarray) -> Evaluation:
    """Sum pair energies and forces -dU/dr over a list that holds every pair twice."""
    push = (force / r)[:, None] * vectors
    forces = np.zeros((len(atoms), 3))
    np.subtract.at(forces, i, push)
    stress = -0.5 * np.einsum("na,nb->ab", push, vectors) / atoms.get_volume()
    return Evaluation(float(0.5 * energy.sum()), forces, stress)


def ewald(atoms: Atoms, charges: np.ndarray, alpha: float | None = None, accuracy: float = 1e-16) -> Evaluation:
    """Coulomb energy, forces and stress of point charges in a periodic cell, exact to ``accuracy``.

    Parameters
    ----------
    atoms
        Cell and positions.
    charges
        One per atom ``(n_atoms,)`` [e], neutral in sum.
    alpha
        Splitting parameter [1/Å]; the result does not depend on it. By default chosen for speed.
    """
    charges = np.asarray(charges, dtype=float)
    if abs(charges.sum()) > 1e-9:
        raise ValueError("The cell must be neutral.")
    if alpha is None:
        alpha = float(np.sqrt(np.pi) * (len(atoms) / atoms.get_volume() ** 2) ** (1 / 6)) * 1.2
    cutoff = np.sqrt(-np.log(accuracy)) / alpha
    return real_part(atoms, charges, alpha, cutoff) + reciprocal_part(atoms, charges, alpha, accuracy)
