"""S(Q) summed over the reciprocal-lattice vectors of the box: exact for the periodic system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..frames import Pair, elements_and_types, pairs_of

if TYPE_CHECKING:
    from ase import Atoms

MOST_VECTORS = 50_000_000


def direct_partials(frames: Sequence[Atoms], q: NDArray[np.float64], q_width: float | None) -> tuple[dict[Pair, NDArray[np.float64]], float, int]:
    """Faber-Ziman partials of every configuration ``(n_frames, n_q)``, the widest bin [1/Å] and the largest number of widened bins.

    With ρ_a(k) = Σ exp(i k·r) over the atoms a: S_ab = 1 + [⟨ρ_a ρ_b*⟩/N - δ_ab c_a] / (c_a c_b), averaged over the vectors k of a bin.
    """
    width = _default_width(q) if q_width is None else float(q_width)
    if not width > 0:
        raise InputError(f"q_width = {q_width!r} is not possible.", mend="Give a positive width in 1/Å.")
    results = [_frame(atoms, q, width) for atoms in frames]
    pairs = results[0][0].keys()
    return {p: np.array([r[0][p] for r in results]) for p in pairs}, max(r[1] for r in results), max(r[2] for r in results)


def _default_width(q: NDArray[np.float64]) -> float:
    return float(np.median(np.diff(q))) if q.size > 1 else 0.1


def _frame(atoms: Atoms, q: NDArray[np.float64], width: float) -> tuple[dict[Pair, NDArray[np.float64]], float, int]:
    reciprocal = 2 * np.pi * np.linalg.inv(np.asarray(atoms.cell)).T
    lengths = np.linalg.norm(np.asarray(atoms.cell), axis=1)
    # Far enough that even a bin beyond the last given q finds the vector nearest to it.
    limit = q[-1] + width / 2 + float(np.linalg.norm(reciprocal, axis=1).min())
    most = np.floor(limit * lengths / (2 * np.pi)).astype(int)
    if np.prod(2.0 * most + 1) > MOST_VECTORS:
        raise InputError(
            f"The direct sum up to {q[-1]:g} 1/Å needs {np.prod(2.0 * most + 1) / 2:.1e} reciprocal-lattice vectors.",
            "The box is large.",
            'Ask for a smaller Q range, or use method="transform" at high Q.',
        )
    norms = [_norms(h, most, reciprocal) for h in range(most[0] + 1)]
    low, high, widened = _bins(q, width, np.sort(np.concatenate([n[n > 0] for n in norms])))
    edges = np.unique(np.concatenate([low, high]))
    elements, types = elements_and_types(atoms)
    fractional = atoms.positions @ np.linalg.inv(np.asarray(atoms.cell))
    sums = np.zeros((len(elements), len(elements), len(edges) + 1))
    number = np.zeros(len(edges) + 1)
    for h, norm in enumerate(norms):
        wanted = (norm > 0) & (norm >= edges[0]) & (norm <= edges[-1])
        rows = np.flatnonzero(wanted.any(axis=1))
        if rows.size == 0:
            continue
        amplitudes = _amplitudes(fractional, types, len(elements), h, rows - most[1], most[2])
        place = np.searchsorted(edges, norm[rows][wanted[rows]], side="right")
        number += np.bincount(place, minlength=len(edges) + 1)
        chosen = amplitudes[:, wanted[rows]]
        for i in range(len(elements)):
            for j in range(i, len(elements)):
                sums[i, j] += np.bincount(place, (chosen[i] * chosen[j].conj()).real, minlength=len(edges) + 1)
    first, last = np.searchsorted(edges, low, side="right"), np.searchsorted(edges, high, side="right")
    n_vectors = _between(number, first, last)
    c = np.bincount(types) / len(types)
    partials = {}
    for a, b in pairs_of(elements):
        i, j = elements.index(a), elements.index(b)
        mean = _between(sums[i, j], first, last) / n_vectors / len(types)
        partials[a, b] = 1 + (mean - (c[i] if i == j else 0.0)) / (c[i] * c[j])
    return partials, float((high - low).max()), widened


def _norms(h: int, most: NDArray[np.int64], reciprocal: NDArray[np.float64]) -> NDArray[np.float64]:
    """|k| of the vectors (h, k, l) ``(2 most_k + 1, 2 most_l + 1)``; 0 marks the origin and the half that follows by inversion."""
    k, m = np.arange(-most[1], most[1] + 1), np.arange(-most[2], most[2] + 1)
    vectors = h * reciprocal[0] + k[:, None, None] * reciprocal[1] + m[None, :, None] * reciprocal[2]
    norm = np.sqrt((vectors**2).sum(axis=2))
    if h == 0:
        norm[(k[:, None] < 0) | ((k[:, None] == 0) & (m[None, :] <= 0))] = 0
    return np.asarray(norm)


def _bins(q: NDArray[np.float64], width: float, norms: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Limits of the bins around q, widened where none of the sorted ``norms`` falls in, and how many were."""
    half = np.full(q.shape, width / 2)
    right = np.searchsorted(norms, q).clip(0, norms.size - 1)
    nearest = np.minimum(np.abs(norms[right] - q), np.abs(norms[(right - 1).clip(0)] - q))
    empty = nearest >= half * (1 - 1e-9)
    half[empty] = nearest[empty] * (1 + 1e-6)
    return q - half, q + half, int(empty.sum())


def _amplitudes(fractional: NDArray[np.float64], types: NDArray[np.int64], n_types: int, h: int, k: NDArray[np.int64], most_l: int) -> NDArray[np.complex128]:
    """ρ_a(h, k, l) of each element ``(n_types, len(k), 2 most_l + 1)``, as one matrix product per element."""
    out = np.empty((n_types, len(k), 2 * most_l + 1), dtype=complex)
    for t in range(n_types):
        s = fractional[types == t]
        rows = np.exp(2j * np.pi * (h * s[:, 0] + k[:, None] * s[:, 1]))
        out[t] = rows @ np.exp(2j * np.pi * np.outer(s[:, 2], np.arange(-most_l, most_l + 1)))
    return out


def _between(sums: NDArray[np.float64], first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sum over elementary intervals first ... last - 1 of each bin."""
    total = np.concatenate([[0.0], np.cumsum(sums)])
    return np.asarray(total[last] - total[first])
