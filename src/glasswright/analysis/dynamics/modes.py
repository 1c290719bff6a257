"""Reciprocal-lattice vectors of the box in a shell of |Q|, and the Fourier components of density and current on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError

MOST_VECTORS = 100
"""Vectors of a shell that are used; of more, as many are drawn (always the same ones)."""
_LARGEST_GRID = 20_000_000


@dataclass(frozen=True, eq=False)
class Shell:
    """Vectors of the reciprocal lattice whose length is near Q; of k and -k only one."""

    indices: NDArray[np.int64]
    """``(n, 3)``"""
    vectors: NDArray[np.float64]
    """``(n, 3)`` [1/Å], in the cell they were chosen in."""

    @property
    def q(self) -> float:
        """Mean length [1/Å]."""
        return float(np.linalg.norm(self.vectors, axis=1).mean())

    @property
    def about(self) -> dict[str, object]:
        lengths = np.linalg.norm(self.vectors, axis=1)
        return {"q": self.q, "q_range": [float(lengths.min()), float(lengths.max())], "vectors": len(self.vectors)}


def shell(cell: NDArray[np.float64], q: float, width: float) -> Shell:
    """Vectors with ``|k|`` within ``width / 2`` of ``q`` [1/Å]; the nearest ones where there are none."""
    if not (np.isfinite(q) and q > 0 and np.isfinite(width) and width > 0):
        raise InputError(f"q = {q!r} with a width of {width!r} is not possible.", mend="Give a positive wave number and width, in 1/Å.")
    reciprocal = 2 * np.pi * np.linalg.inv(cell).T
    # Far enough for the nearest vector, where the shell itself holds none.
    reach = q + width / 2 + float(np.linalg.norm(reciprocal, axis=1).min())
    most = np.floor(reach * np.linalg.norm(cell, axis=1) / (2 * np.pi)).astype(int)
    if np.prod(2.0 * most + 1) > _LARGEST_GRID:
        raise InputError(f"The box holds too many reciprocal-lattice vectors up to {q:g} 1/Å.", mend="Ask for a smaller q.")
    h, k, m = (np.arange(-n, n + 1) for n in most)
    indices = np.stack(np.meshgrid(h[h >= 0], k, m, indexing="ij"), axis=-1).reshape(-1, 3)
    half = (indices[:, 0] > 0) | (indices[:, 1] > 0) | ((indices[:, 1] == 0) & (indices[:, 2] > 0))
    indices = indices[half & ((indices[:, 0] > 0) | (indices[:, 1] >= 0))]
    vectors = indices @ reciprocal
    off = np.abs(np.linalg.norm(vectors, axis=1) - q)
    chosen = np.flatnonzero(off <= max(width / 2, off.min() * (1 + 1e-9)))
    if chosen.size > MOST_VECTORS:
        chosen = np.sort(np.random.default_rng(0).permutation(chosen)[:MOST_VECTORS])
    return Shell(indices[chosen], vectors[chosen])


def phases(fractional: NDArray[np.float64], indices: NDArray[np.int64]) -> NDArray[np.complex128]:
    """exp(i k·r) of every atom and vector ``(n_atoms, n_vectors)``, as products of powers of three phases per atom."""
    found = np.ones((len(fractional), len(indices)), dtype=complex)
    for axis in range(3):
        first = np.exp(2j * np.pi * fractional[:, axis])
        most = int(np.abs(indices[:, axis]).max())
        powers = np.empty((2 * most + 1, len(fractional)), dtype=complex)
        powers[most] = 1
        for n in range(1, most + 1):
            powers[most + n] = powers[most + n - 1] * first
            powers[most - n] = powers[most + n].conj()
        found *= powers[indices[:, axis] + most].T
    return found
