"""Bond angles."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...curve import Curve
from ...errors import InputError
from ..frames import elements_and_types, frames_of
from ..pairs.coordination import Cutoffs, neighbours
from ..pairs.cutoffs import bonded_pairs
from ..pairs.cutoffs import cutoffs as measured_cutoffs

if TYPE_CHECKING:
    from ase import Atoms

Triplet = tuple[str, str, str]


def bond_angles(source: Atoms | Sequence[Atoms], cutoffs: Cutoffs | None = None, bin_width: float = 1.0) -> dict[Triplet, Curve]:
    """Distributions of bond angles: ``(end, centre, end)``, ends alphabetical → probability density per degree.

    Parameters
    ----------
    source
        One configuration or several, periodic.
    cutoffs
        Bonds: pair of elements → distance [Å]. None: the measured cutoffs of the pairs that bond (cation with anion in oxides).
    bin_width
        [degrees]

    Returns
    -------
    Curves over 0 to 180 degrees whose integral is 1 (no division by sin θ); ``metadata`` holds mean and standard deviation
    of the angles themselves [degrees] and their number; ``sigma`` is the standard error over configurations.
    """
    if not 0 < bin_width <= 180:
        raise InputError(f"bin_width = {bin_width!r} degrees is not possible.", mend="Give a width between 0 and 180 degrees.")
    frames = frames_of(source)
    limits = bond_cutoffs(frames) if cutoffs is None else cutoffs
    n_bins = round(180 / bin_width)
    edges = np.linspace(0, 180, n_bins + 1)
    per_frame = [frame_angles(atoms, limits) for atoms in frames]
    curves = {}
    for triplet in sorted({t for angles in per_frame for t in angles}):
        parts = [angles.get(triplet, np.zeros(0)) for angles in per_frame]
        values = np.concatenate(parts)
        y = np.histogram(values, edges)[0] / (values.size * edges[1])
        sigma = None
        if len(parts) > 1:
            rows = np.array([np.histogram(p, edges)[0] / (max(p.size, 1) * edges[1]) for p in parts])
            sigma = rows.std(axis=0, ddof=1) / np.sqrt(len(parts))
        about = {"mean": float(values.mean()), "deviation": float(values.std()), "number": values.size, "normalisation": "integral over degrees is 1"}
        curves[triplet] = Curve(0.5 * (edges[1:] + edges[:-1]), y, sigma, "angle", "degree", "1/degree", "-".join(triplet), about)
    return curves


def bond_cutoffs(source: Atoms | Sequence[Atoms]) -> dict[tuple[str, str], float]:
    """Measured cutoffs [Å] of the pairs of elements that bond."""
    limits = measured_cutoffs(source)
    return {pair: limits[pair] for pair in bonded_pairs(source)}


def frame_angles(atoms: Atoms, cutoffs: Cutoffs) -> dict[Triplet, NDArray[np.float64]]:
    """Every bond angle of one configuration [degrees], by triplet of elements."""
    elements, types = elements_and_types(atoms)
    pairs = neighbours(atoms, cutoffs)
    unit = pairs.vectors / np.maximum(pairs.distances, 1e-12)[:, None]
    number = np.bincount(pairs.first, minlength=len(atoms))
    start = np.concatenate([[0], np.cumsum(number)[:-1]])
    angles: list[NDArray[np.float64]] = []
    codes: list[NDArray[np.int64]] = []
    n = len(elements)
    for m in range(2, int(number.max(initial=0)) + 1):
        centres = np.flatnonzero(number == m)
        if centres.size == 0:
            continue
        for i, j in combinations(range(m), 2):
            p, q = start[centres] + i, start[centres] + j
            cosine = np.einsum("ij,ij->i", unit[p], unit[q]).clip(-1, 1)
            ends = np.sort(np.stack([types[pairs.second[p]], types[pairs.second[q]]]), axis=0)
            angles.append(np.degrees(np.arccos(cosine)))
            codes.append((ends[0] * n + types[centres]) * n + ends[1])
    if not angles:
        return {}
    values, code = np.concatenate(angles), np.concatenate(codes)
    return {(elements[c // n // n], elements[c // n % n], elements[c % n]): values[code == c] for c in map(int, np.unique(code))}
