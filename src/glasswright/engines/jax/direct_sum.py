"""S(Q) summed over the reciprocal-lattice vectors of the box, as a differentiable function of the positions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...native import nearest_vectors

if TYPE_CHECKING:
    from ase import Atoms

Array = Any
MOST_VECTORS = 20_000_000
"""In one half of reciprocal space: 80 MB of bin numbers."""


@dataclass(frozen=True, eq=False)
class DirectSum:
    """Partial S_ab = 1 + [⟨ρ_a ρ_b*⟩/N - δ_ab c_a]/(c_a c_b), ρ_a(k) = Σ exp(i k·r), averaged over the wave vectors k of a bin.

    One plane of wave vectors is in memory at a time, as products of phases along the three axes: matrix products.
    """

    elements: tuple[str, ...]
    types: NDArray[np.int64]
    x: NDArray[np.float64]
    """Q ``(n_q,)`` [1/Å]."""
    turn: NDArray[np.int64]
    """Whole-number rows that make a compact cell of the cell's vectors ``(3, 3)``."""
    interval: NDArray[np.int32]
    """In which elementary interval of Q each wave vector h, k, l lies ``(n_h, 2 n_k + 1, 2 n_l + 1)``; h ≥ 0, and 0 where -k is counted."""
    bins: NDArray[np.float64]
    """Mean over a bin from sums over intervals ``(n_q, n_intervals)``."""

    @cached_property
    def fractions(self) -> Mapping[str, float]:
        """Element → atom fraction."""
        return {e: float(n) / len(self.types) for e, n in zip(self.elements, np.bincount(self.types), strict=True)}

    def __call__(self, positions: Array, cell: Array) -> dict[tuple[str, str], Array]:
        """Pair of elements, alphabetical → S_ab ``(n_q,)``; ``positions`` ``(n_atoms, 3)`` [Å], ``cell`` ``(3, 3)`` [Å]."""
        positions = jnp.asarray(positions)
        lattice = jnp.asarray(self.turn, positions.dtype) @ jnp.asarray(cell)
        angles = [2 * jnp.pi * (s - jnp.round(jax.lax.stop_gradient(s))) for s in (positions @ jnp.linalg.inv(lattice)).T]
        n_h, *others = self.interval.shape
        along = [_phases(angle, n // 2) for angle, n in zip(angles[1:], others, strict=True)]
        members = [np.flatnonzero(self.types == t) for t in range(len(self.elements))]
        pairs = list(combinations_with_replacement(range(len(members)), 2))

        @jax.checkpoint  # type: ignore[untyped-decorator]
        def plane(angles: Array, along: list[Array], h: Array, interval: Array) -> Array:
            first = jnp.exp(1j * h * angles)[:, None] * along[0]
            rho = [first[at].T @ along[1][at] for at in members]
            products = jnp.stack([(rho[a] * rho[b].conj()).real.ravel() for a, b in pairs], axis=-1)
            return jax.ops.segment_sum(products, interval.ravel(), self.bins.shape[1])

        def add(total: Array, job: tuple[Array, Array]) -> tuple[Array, None]:
            return total + plane(angles[0], along, *job), None

        start = jnp.zeros((self.bins.shape[1], len(pairs)), positions.dtype)
        sums = jax.lax.scan(add, start, (jnp.arange(n_h, dtype=positions.dtype), jnp.asarray(self.interval)))[0]
        means = jnp.asarray(self.bins, positions.dtype) @ sums / len(self.types)
        c = list(self.fractions.values())
        return {(self.elements[a], self.elements[b]): 1 + (means[:, i] - (c[a] if a == b else 0.0)) / (c[a] * c[b]) for i, (a, b) in enumerate(pairs)}


def _phases(angle: Array, most: int) -> Array:
    """exp(i k angle) for k from -most to most ``(n_atoms, 2 most + 1)``."""
    return jnp.exp(1j * angle[:, None] * jnp.arange(-most, most + 1, dtype=angle.dtype))


def direct_sum(atoms: Atoms, q: NDArray[np.float64], q_width: float | None) -> DirectSum:
    """Over the vectors within half of ``q_width`` [1/Å] of each of ``q``, in the cell of ``atoms``; a bin without any is widened to the nearest.

    Raises
    ------
    InputError
        If there are too many vectors.
    """
    from ase.geometry import minkowski_reduce

    width = q_width if q_width is not None else float(np.median(np.diff(q))) if q.size > 1 else 0.1
    if not 0 < width < np.inf:
        raise InputError(f"q_width = {q_width!r} is not possible.", mend="Give a positive width in 1/Å.")
    cell, turn = minkowski_reduce(np.asarray(atoms.cell))
    reciprocal = 2 * np.pi * np.linalg.inv(cell).T
    limit = q[-1] + width / 2 + float(np.linalg.norm(reciprocal, axis=1).min())
    reach = np.floor(limit * np.linalg.norm(cell, axis=1) / (2 * np.pi)).astype(int)
    if np.prod(2.0 * reach + 1) / 2 > MOST_VECTORS:
        what = f"The direct sum up to {q[-1]:g} 1/Å needs {np.prod(2.0 * reach + 1) / 2:.1e} reciprocal-lattice vectors."
        raise InputError(what, "The box is large.", "Ask for a smaller Q range, or use the transform of g(r).")
    nearest = nearest_vectors(reciprocal, reach, q)
    half = np.where(nearest >= width / 2 * (1 - 1e-9), nearest * (1 + 1e-6), width / 2)
    edges = np.unique(np.concatenate([q - half, q + half]))
    interval = _intervals(reciprocal, reach, edges)
    number = np.bincount(interval.ravel(), minlength=len(edges) + 1)
    first, last = (np.searchsorted(edges, ends, side="right") for ends in (q - half, q + half))
    at = np.arange(len(edges) + 1)
    bins = ((at >= first[:, None]) & (at < last[:, None])).astype(float)
    elements, types = np.unique(atoms.get_chemical_symbols(), return_inverse=True)
    return DirectSum(tuple(elements.tolist()), types, q, turn, interval, bins / (bins @ number)[:, None])


def _intervals(reciprocal: NDArray[np.float64], reach: NDArray[np.int64], edges: NDArray[np.float64]) -> NDArray[np.int32]:
    """Number of edges at or below the length of each wave vector; 0, an interval that belongs to no bin, for one whose opposite counts."""
    axes = [np.arange(reach[0] + 1), *(np.arange(-n, n + 1) for n in reach[1:])]
    found = np.empty([len(a) for a in axes], dtype=np.int32)
    along = np.meshgrid(*axes[1:], indexing="ij")
    for h in axes[0]:
        vectors = h * reciprocal[0] + along[0][..., None] * reciprocal[1] + along[1][..., None] * reciprocal[2]
        found[h] = np.searchsorted(edges, np.linalg.norm(vectors, axis=-1), side="right")
    found[0, (along[0] < 0) | ((along[0] == 0) & (along[1] <= 0))] = 0
    return found
