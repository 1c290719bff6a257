"""What persistence diagrams say: accumulated persistence, and where in reciprocal space the loops of a glass belong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...curve import Curve
from ...errors import InputError
from ..frames import mean_and_error
from .homology import PersistenceDiagram

WIDTH = 0.1
"""Standard deviation of the Gaussian that stands for one loop [1/Å]."""


def accumulated_persistence(diagrams: Sequence[PersistenceDiagram], scale: ArrayLike) -> Curve:
    """Accumulated persistence function: the summed lifetimes of all classes whose mean age (birth + death)/2 is at most m.

    Biscio and Møller, doi 10.1080/10618600.2019.1573686.

    Parameters
    ----------
    diagrams
        Of one dimension, one per configuration.
    scale
        m, increasing ``(n,)`` [Å²].

    Returns
    -------
    [Å²] per atom; ``sigma`` is the standard error over configurations.
    """
    dimension = _dimension(diagrams)
    m = np.asarray(scale, dtype=float)
    rows = []
    for diagram in diagrams:
        age = 0.5 * (diagram.births + diagram.deaths)
        order = np.argsort(age)
        total = np.concatenate([[0.0], np.cumsum(diagram.lifetimes[order])]) / diagram.n_atoms
        rows.append(total[np.searchsorted(age[order], m, side="right")])
    y, sigma = mean_and_error(np.array(rows))
    return Curve(m, y, sigma, "accumulated persistence", "Å^2", "Å^2", f"dimension {dimension}", {"normalisation": "per atom", "dimension": dimension})


def loop_spectrum(
    diagrams: Sequence[PersistenceDiagram], symbols: Sequence[str], radius: float, q: ArrayLike, weight: Literal["lifetime", "number"] = "lifetime"
) -> dict[str, Curve]:
    """Where the loops of a glass belong in reciprocal space: what of the first sharp diffraction peak they can explain.

    A loop that fills when the balls of the anions have grown to √(death + r²) is ℓ = 2 √(death + r²) wide and counts at Q = 2π/ℓ,
    smeared by a Gaussian of 0.1 1/Å (after Sørensen et al., doi 10.1126/sciadv.abc2320). Deconvoluted by the pair of elements whose
    touching closes the loop.

    Parameters
    ----------
    diagrams
        Of dimension 1, one per configuration.
    symbols
        Element of every atom.
    radius
        r of the anions [Å] with which the diagrams were made; 0 if without radii.
    q
        Q ``(n,)`` [1/Å].
    weight
        Count each loop with its lifetime [Å²], so that chance triangles of neighbours hardly matter, or once.

    Returns
    -------
    ``"total"`` and one curve per pair (``"O-Si"``), per atom and 1/Å; ``sigma`` is the standard error over
    configurations.
    """
    if _dimension(diagrams) != 1:
        raise InputError("Loops are the classes of dimension 1.", mend="Take persistence_diagrams(atoms)[1].")
    if weight not in ("number", "lifetime"):
        raise InputError(f"The weight {weight!r} is unknown.", mend="Use number or lifetime.")
    at, elements = np.asarray(q, dtype=float), np.asarray(symbols)
    rows: dict[str, list[NDArray[np.float64]]] = {}
    for number, diagram in enumerate(diagrams):
        pairs = np.sort(elements[diagram.birth_atoms], axis=1)
        names = np.char.add(np.char.add(pairs[:, 0], "-"), pairs[:, 1])
        each = np.ones(len(names)) if weight == "number" else diagram.lifetimes
        place = np.pi / np.sqrt(np.maximum(diagram.deaths + radius**2, 1e-6))
        for name in ("total", *np.unique(names)):
            chosen = names == name if name != "total" else np.ones(len(names), dtype=bool)
            row = rows.setdefault(str(name), [np.zeros_like(at)] * number)
            row.append(_smeared(place[chosen], each[chosen], at) / diagram.n_atoms)
        for row in rows.values():
            row += [np.zeros_like(at)] * (number + 1 - len(row))
    unit = "Å" if weight == "number" else "Å^3"
    about = {"normalisation": f"integral over Q is the {weight} of loops per atom", "radius": radius, "width": WIDTH}
    return {name: Curve(at, *mean_and_error(np.array(row)), "loop spectrum", "1/Å", unit, name, about) for name, row in rows.items()}


def _smeared(place: NDArray[np.float64], weight: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """A Gaussian at every place; places are gathered in bins a twentieth as wide first."""
    step = WIDTH / 20
    bins = np.rint(place / step).astype(np.int64)
    height = np.bincount(bins, weight) if bins.size else np.zeros(1)
    filled = np.flatnonzero(height)
    return np.asarray(np.exp(-0.5 * ((at[:, None] - step * filled) / WIDTH) ** 2) @ height[filled] / (WIDTH * np.sqrt(2 * np.pi)))


def _dimension(diagrams: Sequence[PersistenceDiagram]) -> int:
    dimensions = {d.dimension for d in diagrams}
    if len(dimensions) != 1:
        raise InputError("Diagrams of one dimension are needed, at least one.", mend="Take persistence_diagrams(atoms)[1] of every configuration.")
    return dimensions.pop()
