"""Bond angles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...curve import Curve
from ...errors import InputError
from ..pairs.coordination import Cutoffs
from .bonds import Bonds, Source, all_bonds, bonds_of, linked

if TYPE_CHECKING:
    from ase import Atoms

Triplet = tuple[str, str, str]
Key = TypeVar("Key", bound=tuple[str, ...])


def bond_angles(source: Source, cutoffs: Cutoffs | None = None, bin_width: float = 1.0) -> dict[Triplet, Curve]:
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
    edges = np.linspace(0, 180, round(180 / bin_width) + 1)
    return distributions([angles_of(bonds) for bonds in all_bonds(source, cutoffs)], edges)


def distributions(per_frame: Sequence[Mapping[Key, NDArray[np.float64]]], edges: NDArray[np.float64], kind: str = "angle") -> dict[Key, Curve]:
    """Probability densities of angles [degrees] that every configuration has by key, with their standard error over configurations."""
    curves, width = {}, float(edges[1] - edges[0])
    for key in sorted({k for angles in per_frame for k in angles}):
        parts = [angles.get(key, np.zeros(0)) for angles in per_frame]
        values = np.concatenate(parts)
        counts = np.array([np.bincount(np.minimum(((p - edges[0]) / width).astype(int), len(edges) - 2), minlength=len(edges) - 1) for p in parts])
        sigma = None
        if len(parts) > 1:
            rows = counts / (np.maximum([[p.size] for p in parts], 1) * width)
            sigma = rows.std(axis=0, ddof=1) / np.sqrt(len(parts))
        about = {"mean": float(values.mean()), "deviation": float(values.std()), "number": values.size, "normalisation": "integral over degrees is 1"}
        y = counts.sum(axis=0) / (values.size * width)
        curves[key] = Curve(0.5 * (edges[1:] + edges[:-1]), y, sigma, kind, "degree", "1/degree", "-".join(key), about)
    return curves


def frame_angles(atoms: Atoms, cutoffs: Cutoffs) -> dict[Triplet, NDArray[np.float64]]:
    """Every bond angle of one configuration [degrees], by triplet of elements."""
    return angles_of(bonds_of(atoms, cutoffs))


def angles_of(bonds: Bonds) -> dict[Triplet, NDArray[np.float64]]:
    """Every angle between two bonds of one atom [degrees], by triplet of elements."""
    couples = bonds.couples()
    values, (code, name) = angles_between(bonds, *couples), triplet_codes(bonds, *couples)
    return {name(c): values[code == c] for c in np.flatnonzero(np.bincount(code)).tolist()}


def triplet_codes(bonds: Bonds, left: NDArray[np.int64], right: NDArray[np.int64]) -> tuple[NDArray[np.int64], Callable[[int], Triplet]]:
    """One integer for the elements of end, centre and end of each couple of bonds, ends alphabetical; and what it stands for."""
    n, elements = len(bonds.elements), bonds.elements
    a, b = bonds.types[bonds.second[left]], bonds.types[bonds.second[right]]
    code = (np.minimum(a, b) * n + bonds.types[bonds.first[left]]) * n + np.maximum(a, b)
    return code, lambda c: (elements[c // n // n], elements[c // n % n], elements[c % n])


def angles_between(bonds: Bonds, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
    """Angles between couples of bonds [degrees]."""
    unit = bonds.vectors / np.maximum(bonds.lengths, 1e-12)[:, None]
    cosine = np.einsum("ij,ij->i", unit.take(left, axis=0), unit.take(right, axis=0))
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1, out=cosine))))


def bridge_angles(source: Source, cutoffs: Cutoffs | None = None, bin_width: float = 2.0) -> dict[tuple[str, str], Curve]:
    """Angles at the linkers between two network formers, by the number of bridges of either: ``("Si Q3", "Si Q4")`` → density per degree.

    Curves as those of ``bond_angles``. Bridges count as in ``qn``; triclusters bridge, and give three angles.
    """
    edges = np.linspace(0, 180, round(180 / bin_width) + 1)
    return distributions([_bridge_angles(bonds) for bonds in all_bonds(source, cutoffs)], edges)


def _bridge_angles(bonds: Bonds) -> dict[tuple[str, str], NDArray[np.float64]]:
    role = linked(bonds)
    network = bonds.among(bonds.bridging, bonds.of(role.formers))
    bridges = network.number
    left, right = network.couples(bonds.bridging)
    values = angles_between(network, left, right)
    most = int(bridges.max(initial=0)) + 1
    kind = network.types * most + bridges
    a, b = kind[network.second[left]], kind[network.second[right]]
    code = np.minimum(a, b) * len(network.elements) * most + np.maximum(a, b)
    name = [f"{element} Q{n}" for element in network.elements for n in range(most)]
    return {(name[c // len(name)], name[c % len(name)]): values[code == c] for c in map(int, np.unique(code))}
