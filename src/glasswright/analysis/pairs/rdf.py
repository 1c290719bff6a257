"""Radial distribution functions g(r)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...curve import Curve
from ...errors import InputError
from ...library.scattering import Radiation, weights
from ...native import pair_histogram
from ...units import parse
from ..frames import Pair, elements_and_types, fractions_of, frames_of, mean_and_error, pairs_of, shell_volumes
from ..scattering.real_space import xray_rdf

if TYPE_CHECKING:
    from ase import Atoms

MOST_BINS = 1_000_000


def partial_rdf(source: Atoms | Sequence[Atoms], r_max: float = 10.0, bin_width: float = 0.05) -> dict[Pair, Curve]:
    """Partial radial distribution functions, averaged over configurations.

    g_ab(r) is the number density of b at the distance r from an a, over the mean density N_b/V: Σ over a shell of
    4πr² (N_b/V) g_ab is the coordination number exactly. Every periodic image counts, also beyond half the box.

    Parameters
    ----------
    source
        One configuration or several, periodic.
    r_max
        [Å]
    bin_width
        [Å]; the last bin ends at or beyond ``r_max``.

    Returns
    -------
    Pair of elements, alphabetical → g(r) at bin centres; ``sigma`` is the standard error over configurations.
    """
    frames = frames_of(source)
    edges = bin_edges(r_max, bin_width)
    elements, _ = elements_and_types(frames[0])
    samples = np.array([_frame_rdf(atoms, edges) for atoms in frames])
    mean, error = mean_and_error(samples)
    r = 0.5 * (edges[1:] + edges[:-1])
    about = {"normalisation": "1 at large r", "bin_width": float(edges[1]), "frames": len(frames)}
    curves = {}
    for a, b in pairs_of(elements):
        i, j = elements.index(a), elements.index(b)
        curves[a, b] = Curve(r, mean[i, j], None if error is None else error[i, j], "g(r)", "Å", "", f"{a}-{b}", about)
    return curves


def total_rdf(
    source: Atoms | Sequence[Atoms],
    radiation: Radiation = "neutron",
    r_max: float = 10.0,
    bin_width: float = 0.05,
    q_max: float = 20.0,
    isotopes: Mapping[str, str] | None = None,
) -> Curve:
    """The total g(r) that neutrons or X-rays see.

    Neutrons: Σ w_ab g_ab with the constant Faber-Ziman weights. X-rays: weights depend on Q, so S_X(Q) is computed to
    ``q_max`` [1/Å] and transformed with a Lorch window; nothing else is an X-ray g(r).
    """
    if radiation == "xray":
        return xray_rdf(source, r_max, bin_width, q_max)
    partials = partial_rdf(source, r_max, bin_width)
    return weighted_rdf(partials, fractions_of(frames_of(source)[0]), isotopes)


def weighted_rdf(partials: Mapping[Pair, Curve], fractions: Mapping[str, float], isotopes: Mapping[str, str] | None = None) -> Curve:
    """Neutron total of partial g(r) by the Faber-Ziman weights (they sum to 1)."""
    w = weights(fractions, "neutron", np.zeros(1), isotopes)
    first = next(iter(partials.values()))
    y = sum((float(w[p][0]) * c.y for p, c in partials.items()), np.zeros(len(first)))
    sigma = None
    if first.sigma is not None:
        sigma = np.sqrt(sum(((float(w[p][0]) * c.sigma) ** 2 for p, c in partials.items() if c.sigma is not None), np.zeros(len(first))))
    about = {**first.metadata, "normalisation": "Faber-Ziman, 1 at large r", "radiation": "neutron", "isotopes": dict(isotopes or {})}
    return Curve(first.x, y, sigma, "g(r)", "Å", "", "neutron", about)


def bin_edges(r_max: float, bin_width: float) -> NDArray[np.float64]:
    """Edges of equal bins from 0 to at least ``r_max`` [Å]."""
    r_max, bin_width = parse(r_max, "length", "r_max"), parse(bin_width, "length", "bin_width")
    if not (0 < bin_width <= r_max and r_max / bin_width <= MOST_BINS):
        raise InputError(f"Bins of {bin_width!r} Å up to {r_max!r} Å are not possible.", mend="Give 0 < bin_width <= r_max, in Å.")
    return np.asarray(bin_width * np.arange(int(np.ceil(r_max / bin_width - 1e-9)) + 1), dtype=float)


def _frame_rdf(atoms: Atoms, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """g_ab(r) of one configuration ``(n_elements, n_elements, n_bins)``."""
    elements, types = elements_and_types(atoms)
    counts = pair_histogram(atoms.positions, atoms.cell, types, len(elements), edges[-1], len(edges) - 1)
    n = np.bincount(types).astype(float)
    return over_mean_density(counts, n, atoms.cell.volume, edges)


def over_mean_density(
    counts: NDArray[np.float64] | NDArray[np.int64], n: NDArray[np.float64] | NDArray[np.int64], volume: float, edges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Ordered pairs in shells ``(n_elements, n_elements, n_bins)`` over what ``n`` atoms of each element, spread evenly, would make."""
    return np.asarray(counts * volume / (n[:, None, None] * n[None, :, None] * shell_volumes(edges)))
