"""Running coordination numbers: how many neighbours there are up to any distance."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from ...curve import Curve
from ...native import pair_histogram
from ..frames import Pair, elements_and_types, frames_of, mean_and_error
from .rdf import bin_edges

if TYPE_CHECKING:
    from ase import Atoms


def running_coordination(source: Atoms | Sequence[Atoms], r_max: float = 10.0, bin_width: float = 0.05) -> dict[Pair, Curve]:
    """Running coordination numbers n_ab(r) = 4π (N_b/V) ∫₀^r r'² g_ab(r') dr', from the very counts.

    Parameters
    ----------
    source
        One configuration or several, periodic; every image counts, also beyond half the box.
    r_max
        [Å]
    bin_width
        [Å]

    Returns
    -------
    ``(centre, neighbour)`` → number of neighbours closer than r, with r at the edges of the bins: exact there, whatever their width;
    ``sigma`` is the standard error over configurations.
    """
    frames = frames_of(source)
    edges = bin_edges(r_max, bin_width)
    elements, _ = elements_and_types(frames[0])
    samples = []
    for atoms in frames:
        _, types = elements_and_types(atoms)
        counts = pair_histogram(atoms.positions, atoms.cell, types, len(elements), edges[-1], len(edges) - 1)
        samples.append(np.cumsum(counts, axis=2) / np.bincount(types)[:, None, None])
    mean, error = mean_and_error(np.array(samples))
    about = {"normalisation": "neighbours closer than r", "frames": len(frames)}
    return {
        (elements[i], elements[j]): Curve(
            edges[1:], mean[i, j], None if error is None else error[i, j], "n(r)", "Å", "", f"{elements[j]} around {elements[i]}", about
        )
        for i, j in product(range(len(elements)), repeat=2)
    }
