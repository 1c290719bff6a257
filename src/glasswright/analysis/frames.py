"""What analysis works on: one configuration, or a sequence of them to average over."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

Pair = tuple[str, str]


def frames_of(source: Atoms | Sequence[Atoms]) -> Sequence[Atoms]:
    """The configurations of a source: itself where it is a sequence, else the one.

    Raises
    ------
    InputError
        If there is no configuration, no atom, no periodic cell with a volume, or the composition is not the same throughout.
    """
    frames: Sequence[Atoms] = [source] if hasattr(source, "get_positions") else source
    if len(frames) == 0:
        raise InputError("There is no configuration to analyse.", mend="Give ase.Atoms or a sequence of them.")
    first = None
    for number, atoms in enumerate(frames, 1):
        check(atoms)
        counts = np.bincount(atoms.numbers, minlength=120)
        first = counts if first is None else first
        if not np.array_equal(counts, first):
            formulas = [a.symbols.formula.format("hill") for a in (atoms, frames[0])]
            what = f"Configuration {number} is {formulas[0]}, the first {formulas[1]}."
            raise InputError(what, "An average needs the same atoms throughout.", "Analyse them one by one.")
    return frames


def check(atoms: Atoms) -> None:
    """Refuse what is no periodic system."""
    if len(atoms) == 0:
        raise InputError("The structure holds no atoms.")
    if not atoms.pbc.all() or not atoms.cell.volume > 0:
        raise InputError(
            "The structure has no periodic cell.",
            "Distances in a glass are counted through its periodic boundaries.",
            "Set atoms.cell and atoms.pbc = True, or read a file that holds the cell.",
        )


def elements_and_types(atoms: Atoms) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Elements present, alphabetical, and the index of each atom's element ``(n_atoms,)``."""
    from ase.data import chemical_symbols

    counts = np.bincount(atoms.numbers)
    numbers = np.flatnonzero(counts)
    names = [chemical_symbols[n] for n in numbers]
    elements = tuple(sorted(names))
    place = np.zeros(counts.size, dtype=np.int64)
    place[numbers] = [elements.index(name) for name in names]
    return elements, place[atoms.numbers]


def pairs_of(elements: Sequence[str]) -> list[Pair]:
    """All unordered pairs of elements, each alphabetical."""
    return list(combinations_with_replacement(sorted(elements), 2))


def fractions_of(atoms: Atoms) -> dict[str, float]:
    """Element → fraction of the atoms."""
    elements, types = elements_and_types(atoms)
    return {e: float(n) / len(atoms) for e, n in zip(elements, np.bincount(types), strict=True)}


def half_box(frames: Sequence[Atoms]) -> float:
    """Half the shortest height of the cells [Å]: the radius of the largest sphere without a periodic copy of its centre's surroundings."""
    heights = [1 / np.linalg.norm(np.linalg.inv(np.asarray(a.cell)), axis=0) for a in frames]
    return float(np.min(heights)) / 2


def shell_volumes(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Volumes of the spherical shells between radii ``(n + 1,)`` [Å]: ``(n,)`` [Å³]."""
    return np.asarray(4 / 3 * np.pi * np.diff(edges**3), dtype=float)


def mean_and_error(samples: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Mean over the first axis and its standard error; None for a single sample."""
    n = len(samples)
    return samples.mean(axis=0), samples.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else None
