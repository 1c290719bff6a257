"""How far a neighbour may be: measured as the first minimum of g(r)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...curve import Curve
from ..frames import Pair, elements_and_types, frames_of
from .rdf import partial_rdf

if TYPE_CHECKING:
    from ase import Atoms

R_MAX = 6.0
"""Where first minima are looked for [Å]."""
SMOOTHING = 0.06
"""Standard deviation of the Gaussian that smooths g(r) before its extrema are read [Å]."""
PROMINENCE = 0.15
"""Height above its surroundings that makes a peak, over the highest peak of the pair."""
BONDED = 1.25
"""A first peak below this multiple of the summed covalent radii is a bond (glasses without an anion)."""
SHELL, ENOUGH = 3.5, 200
"""A minimum of a cation-anion g(r) is believed where so many of these pairs are closer than so many Å."""
ANIONS = frozenset({"O", "F", "N", "Cl", "Br", "I"})


def cutoffs(source: Atoms | Sequence[Atoms]) -> dict[Pair, float]:
    """Neighbour cutoff [Å] of each pair of elements, alphabetical: the first minimum of its g(r).

    g(r) is averaged over the configurations and smoothed by 0.06 Å; a gap without atoms counts as a minimum in its middle.
    A pair without a clear first peak, and a bond of which fewer than 200 are seen in all configurations together (the minimum
    would be noise), fall back to 1.25 times the sum of the covalent radii (doi 10.1039/b801115j).
    """
    return {pair: cutoff for pair, (_, cutoff) in first_shells(source).items()}


def first_shells(source: Atoms | Sequence[Atoms]) -> dict[Pair, tuple[float, float]]:
    """First peak and cutoff [Å] of each pair of elements, as described for ``cutoffs``."""
    frames = frames_of(source)
    elements, types = elements_and_types(frames[0])
    n = dict(zip(elements, np.bincount(types), strict=True))
    volume = float(np.mean([a.cell.volume for a in frames]))
    found = {}
    for pair, curve in partial_rdf(frames, R_MAX, 0.02).items():
        near = curve.x < SHELL
        per_volume = float((4 * np.pi * curve.x**2 * curve.y)[near].sum()) * float(curve.x[1] - curve.x[0])
        seen = per_volume * n[pair[0]] * n[pair[1]] / volume * len(frames)
        bond = (pair[0] in ANIONS) != (pair[1] in ANIONS)
        found[pair] = _fallback(pair) if bond and seen < ENOUGH else _first_shell(pair, curve)
    return found


def bonded_pairs(source: Atoms | Sequence[Atoms]) -> list[Pair]:
    """Pairs of elements that bond: cation with anion where an oxide or halide anion is present, else what sits at covalent distance."""
    frames = frames_of(source)
    elements, _ = elements_and_types(frames[0])
    if ANIONS & set(elements) and not set(elements) <= ANIONS:
        return [(a, b) for a, b in combinations_with_replacement(elements, 2) if (a in ANIONS) != (b in ANIONS)]
    return [pair for pair, (peak, _) in first_shells(frames).items() if peak < BONDED * covalent_distance(pair)]


def _first_shell(pair: Pair, curve: Curve) -> tuple[float, float]:
    """Positions of the first peak and of the minimum behind it [Å]; the fallback where there is no clear peak."""
    step = float(curve.x[1] - curve.x[0])
    g = smoothed(curve.y, SMOOTHING / step)
    depth = PROMINENCE * float(g.max())
    first = first_maximum(g, depth)
    if first is None or g[first] < 1:
        return _fallback(pair)
    after = g[first:]
    rise = first_maximum(-after, depth)
    between = after[: int(0.6 * first) + 2] if rise is None else after
    lowest = int(between.argmin()) if rise is None else rise
    low = np.flatnonzero(between > between[lowest] + 0.005 * g[first])
    # A gap without atoms is flat: its middle.
    left, right = low[low < lowest].max(initial=-1) + 1, low[low > lowest].min(initial=between.size) - 1
    return float(curve.x[first]), float(curve.x[first + (left + right) // 2])


def _fallback(pair: Pair) -> tuple[float, float]:
    distance = covalent_distance(pair)
    return distance, BONDED * distance


def covalent_distance(pair: Pair) -> float:
    """Sum of the covalent radii [Å] (Cordero et al., doi 10.1039/b801115j)."""
    from ase.data import atomic_numbers, covalent_radii

    return float(sum(covalent_radii[atomic_numbers[e]] for e in pair))


def cutoff_table(elements: Sequence[str], limits: Mapping[Pair, float]) -> NDArray[np.float64]:
    """Symmetric table ``(n_elements, n_elements)`` [Å]; 0 for pairs without a cutoff. Keys in either order."""
    table = np.zeros((len(elements), len(elements)))
    for (a, b), cutoff in limits.items():
        if a in elements and b in elements:
            i, j = elements.index(a), elements.index(b)
            table[i, j] = table[j, i] = cutoff
    return table


def first_maximum(g: NDArray[np.float64], depth: float) -> int | None:
    """Index of the first maximum behind which g falls by ``depth``; None where it never does."""
    highest = np.maximum.accumulate(g)
    fallen = np.flatnonzero(highest - g >= depth)
    return int(g[: fallen[0] + 1].argmax()) if depth > 0 and fallen.size else None


def smoothed(y: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Convolution with a Gaussian of ``width`` samples."""
    reach = int(np.ceil(4 * width))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    return np.convolve(np.pad(y, reach, mode="edge"), kernel / kernel.sum(), mode="valid")
