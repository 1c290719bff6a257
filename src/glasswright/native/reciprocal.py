"""Sums over shells of reciprocal-lattice vectors, from the compiled core."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .builds import core


def nearest_vectors(reciprocal: NDArray[np.float64], reach: NDArray[np.int64], q: NDArray[np.float64], threads: int = 1) -> NDArray[np.float64]:
    """Distance from each wave number to the length of the reciprocal-lattice vector nearest to it ``(n_q,)`` [1/Å].

    Parameters
    ----------
    reciprocal
        Rows are reciprocal-lattice vectors, 2π included ``(3, 3)`` [1/Å].
    reach
        Largest index h, k, l ``(3,)``.
    q
        Increasing ``(n_q,)`` [1/Å].
    """
    try:
        found: NDArray[np.float64] = core().nearest_vectors(np.ascontiguousarray(reciprocal, float), *map(int, reach), np.ascontiguousarray(q, float), threads)
        return found
    except (ValueError, TypeError) as error:
        raise InputError(f"The reciprocal lattice cannot be searched: {error}.") from None


def shell_sums(
    modes: NDArray[np.complex128], reciprocal: NDArray[np.float64], first: int, edges: NDArray[np.float64], threads: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Number of vectors, and sums of Re(ρ_a ρ_b*) over them, between the edges; of k and -k one counts.

    Parameters
    ----------
    modes
        ρ_a(h, k, l) ``(n_types, n_h, 2 n_k + 1, 2 n_l + 1)``; h counts from ``first``, k and l from -n_k and -n_l.
    edges
        Increasing ``(n,)`` [1/Å].

    Returns
    -------
    Number ``(n + 1,)`` and sums ``(n_pairs, n + 1)`` below the first edge, from each edge up to the next, and (empty) beyond the last;
    pairs (0, 0), (0, 1), ... (1, 1), ...
    """
    try:
        number, sums = core().shell_sums(
            np.ascontiguousarray(modes), np.ascontiguousarray(reciprocal, float), first, np.ascontiguousarray(edges, float), threads
        )
    except (ValueError, TypeError) as error:
        raise InputError(f"The reciprocal lattice cannot be summed over: {error}.") from None
    return number, sums
