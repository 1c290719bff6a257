"""S(Q) summed over the reciprocal-lattice vectors of the box: exact for the periodic system."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...native import nearest_vectors, shell_sums
from ..frames import Pair, elements_and_types, pairs_of

if TYPE_CHECKING:
    from ase import Atoms

PRECISION = 1e-9
"""Relative accuracy asked of the non-uniform Fourier transform; S_ab(Q) of a glass is then right to 1e-7 of itself."""
MOST_VECTORS = 500_000_000
"""In one half of reciprocal space: minutes of one core."""
MEMORY = 400e6
"""What the amplitudes and the grid of their transform may take [bytes]; the sum goes through reciprocal space in slabs of that size."""
OVERSAMPLING = 1.25
"""The finest grid of the transform is so much finer than the amplitudes need, in each direction."""
MOST_THREADS = 1024
THINNEST = 16
"""A slab thinner than the transform's kernel costs as much as this one [planes]."""


def direct_partials(
    frames: Sequence[Atoms], q: NDArray[np.float64], q_width: float | None, threads: int = 1
) -> tuple[dict[Pair, NDArray[np.float64]], float, int]:
    """Faber-Ziman partials of every configuration ``(n_frames, n_q)``, the widest bin [1/Å] and the largest number of widened bins.

    With ρ_a(k) = Σ exp(i k·r) over the atoms a: S_ab = 1 + [⟨ρ_a ρ_b*⟩/N - δ_ab c_a] / (c_a c_b), averaged over the vectors k of a bin.
    All ρ_a(k) come from one non-uniform fast Fourier transform per element (FINUFFT, doi 10.1137/18M120885X).
    """
    width = _default_width(q) if q_width is None else q_width
    if not (isinstance(width, Real) and 0 < width < np.inf):
        raise InputError(f"q_width = {q_width!r} is not possible.", mend="Give a positive width in 1/Å.")
    if not (isinstance(threads, Integral) and 1 <= threads <= MOST_THREADS):
        raise InputError(f"threads = {threads!r} is not possible.", mend="Give a whole number, 1 or more.")
    results = [_frame(atoms, q, float(width), int(threads)) for atoms in frames]
    pairs = results[0][0].keys()
    return {p: np.array([r[0][p] for r in results]) for p in pairs}, max(r[1] for r in results), max(r[2] for r in results)


def _default_width(q: NDArray[np.float64]) -> float:
    return float(np.median(np.diff(q))) if q.size > 1 else 0.1


def _frame(atoms: Atoms, q: NDArray[np.float64], width: float, threads: int) -> tuple[dict[Pair, NDArray[np.float64]], float, int]:
    from ase.geometry import minkowski_reduce

    if not np.isfinite(atoms.positions).all():
        raise InputError("A position of the structure is not finite.", mend="Give finite positions.")
    # The same lattice from its shortest vectors: of a skewed cell, far fewer indices h, k, l lie outside the sphere.
    cell, _ = minkowski_reduce(np.asarray(atoms.cell))
    reciprocal = 2 * np.pi * np.linalg.inv(cell).T
    # Far enough that even a bin beyond the last given q finds the vector nearest to it.
    limit = q[-1] + width / 2 + float(np.linalg.norm(reciprocal, axis=1).min())
    reach = np.floor(limit * np.linalg.norm(cell, axis=1) / (2 * np.pi)).astype(int)
    if np.prod(2.0 * reach + 1) / 2 > MOST_VECTORS:
        raise InputError(
            f"The direct sum up to {q[-1]:g} 1/Å needs {np.prod(2.0 * reach + 1) / 2:.1e} reciprocal-lattice vectors.",
            "The box is large.",
            'Ask for a smaller Q range, or use method="auto", which takes high Q from the transform of g(r).',
        )
    nearest = nearest_vectors(reciprocal, reach, q, threads)
    empty = nearest >= width / 2 * (1 - 1e-9)
    half = np.where(empty, nearest * (1 + 1e-6), width / 2)
    low, high = q - half, q + half
    edges = np.unique(np.concatenate([low, high]))
    elements, types = elements_and_types(atoms)
    number, sums = _shells(atoms.positions @ np.linalg.inv(cell), types, len(elements), reach, reciprocal, edges, threads)
    first, last = np.searchsorted(edges, low, side="right"), np.searchsorted(edges, high, side="right")
    n_vectors = _between(number, first, last)
    c = np.bincount(types) / len(types)
    partials = {}
    for (a, b), products in zip(pairs_of(elements), sums, strict=True):
        i, j = elements.index(a), elements.index(b)
        mean = _between(products, first, last) / n_vectors / len(types)
        partials[a, b] = 1 + (mean - (c[i] if i == j else 0.0)) / (c[i] * c[j])
    return partials, float((high - low).max()), int(empty.sum())


def _shells(
    fractional: NDArray[np.float64],
    types: NDArray[np.int64],
    n_types: int,
    reach: NDArray[np.int64],
    reciprocal: NDArray[np.float64],
    edges: NDArray[np.float64],
    threads: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Number of vectors and Σ Re(ρ_a ρ_b*) between the edges, through slabs of h ≥ 0: the density is real, so -k repeats k."""
    from finufft import Plan

    n_k, n_l = 2 * int(reach[1]) + 1, 2 * int(reach[2]) + 1
    per_plane = 16.0 * n_k * n_l * (OVERSAMPLING**3 + n_types)
    thickness = int(np.clip(MEMORY / per_plane, THINNEST, reach[0] + 1)) if reach[0] >= THINNEST else int(reach[0]) + 1
    slabs = range(0, int(reach[0]) + 1, thickness)
    modes = np.empty((n_types, thickness, n_k, n_l), dtype=complex)
    plans = []
    for t in range(n_types):
        angles = 2 * np.pi * ((fractional[types == t] + 0.5) % 1.0 - 0.5)
        plan = Plan(1, (thickness, n_k, n_l), eps=PRECISION, isign=1, upsampfac=OVERSAMPLING, nthreads=threads)
        plan.setpts(*np.ascontiguousarray(angles.T))
        plans.append((plan, angles[:, 0].copy()))
    number, sums = np.zeros(len(edges) + 1), np.zeros((n_types * (n_types + 1) // 2, len(edges) + 1))
    for first in slabs:
        for t, (plan, angle) in enumerate(plans):
            # The transform counts h from -thickness/2; a phase moves its origin.
            plan.execute(np.exp(1j * (first + thickness // 2) * angle), out=modes[t])
        n, s = shell_sums(modes, reciprocal, first, edges, threads)
        number, sums = number + n, sums + s
    return number, sums


def _between(sums: NDArray[np.float64], first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sum over elementary intervals first ... last - 1 of each bin."""
    total = np.concatenate([[0.0], np.cumsum(sums)])
    return np.asarray(total[last] - total[first])
