"""What a histogram of pair distances means: how many atoms, in which volume, in which shells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..analysis.frames import Pair, elements_and_types, half_box, pairs_of, shell_volumes
from ..analysis.scattering.as_measured import cell_edges, equal_bins, highest_q
from ..errors import InputError
from ..experiment import Experiment

if TYPE_CHECKING:
    from ase import Atoms

WIDEST = 0.02
"""Width of a shell where data have a Q range, at low Q [Å]."""
PHASE = 0.4
"""Width of a shell times the highest Q. What averaging over a shell damps, sin(x)/x of half of it, is put right in the map."""
PART = 0.1
"""Width of a shell over the distance of the points of a counted curve that has no equal bins from 0 on."""
LARGEST = 20.0
"""Pairs further apart than this are not counted unless asked for [Å]: S(Q) has features 0.19 1/Å wide at least, and the cost grows with r³."""


@dataclass(frozen=True, eq=False)
class PairBins:
    """A histogram of unordered pairs of atom types ``(n_types, n_types, n_bins)``: equal shells from 0 to ``r_max``.

    Only its entries [a, b] with a <= b are read. Types are indices into ``elements``, in which a name may occur again where a force
    field has several species of one element.
    """

    elements: tuple[str, ...]
    """Element of each type."""
    counts: NDArray[np.int64]
    """Atoms of each type ``(n_types,)``."""
    volume: float
    """[Å³]"""
    r_max: float
    """[Å]"""
    n_bins: int

    def __post_init__(self) -> None:
        counts = np.array(self.counts, dtype=np.int64)
        counts.setflags(write=False)
        object.__setattr__(self, "counts", counts)
        object.__setattr__(self, "elements", tuple(self.elements))
        if counts.shape != (len(self.elements),) or not counts.size or counts.min() < 1:
            raise InputError("Every type of atom needs a number of atoms, one or more.", f"There are {self.elements} and {counts.tolist()}.")
        if not (0 < self.volume < np.inf and 0 < self.r_max < np.inf and self.n_bins >= 1):
            raise InputError(f"{self.n_bins} shells up to {self.r_max:g} Å in {self.volume:g} Å³ are not possible.")

    @classmethod
    def of(cls, atoms: Atoms, r_max: float, n_bins: int) -> PairBins:
        """Shells for a configuration, one type for each element."""
        elements, types = elements_and_types(atoms)
        return cls(elements, np.bincount(types), float(atoms.cell.volume), r_max, n_bins)

    @property
    def n_atoms(self) -> int:
        return int(self.counts.sum())

    @property
    def density(self) -> float:
        """Atoms per volume [1/Å³]."""
        return self.n_atoms / self.volume

    @property
    def width(self) -> float:
        """Of a shell [Å]."""
        return self.r_max / self.n_bins

    @property
    def edges(self) -> NDArray[np.float64]:
        """``(n_bins + 1,)`` [Å]"""
        return np.asarray(self.width * np.arange(self.n_bins + 1), dtype=float)

    @property
    def r(self) -> NDArray[np.float64]:
        """Middles of the shells ``(n_bins,)`` [Å]."""
        return np.asarray(self.width * (np.arange(self.n_bins) + 0.5), dtype=float)

    @cached_property
    def volumes(self) -> NDArray[np.float64]:
        """Of the shells ``(n_bins,)`` [Å³]."""
        return shell_volumes(self.edges)

    @cached_property
    def number(self) -> Mapping[str, int]:
        """Element → number of atoms."""
        return {e: int(sum(n for other, n in zip(self.elements, self.counts, strict=True) if other == e)) for e in sorted(set(self.elements))}

    @property
    def fractions(self) -> Mapping[str, float]:
        """Element → atom fraction."""
        return {e: n / self.n_atoms for e, n in self.number.items()}

    @property
    def pairs(self) -> list[Pair]:
        """Pairs of elements, alphabetical."""
        return pairs_of(list(self.number))

    def types_of(self, pair: Pair) -> list[tuple[int, int]]:
        """Pairs of types a <= b that are this pair of elements."""
        n = len(self.elements)
        return [(a, b) for a in range(n) for b in range(a, n) if tuple(sorted((self.elements[a], self.elements[b]))) == pair]

    def per_pair(self, pair: Pair) -> float:
        """What one pair of atoms adds to the excess of S_ab(Q) where sin(Qr)/(Qr) is 1."""
        a, b = pair
        return (2 if a == b else 1) * self.n_atoms / (self.number[a] * self.number[b])

    @cached_property
    def ideal(self) -> NDArray[np.float64]:
        """The histogram of atoms without any order, symmetric ``(n_types, n_types, n_bins)``."""
        pairs = np.outer(self.counts, self.counts) * (1 - 0.5 * np.eye(len(self.counts)))
        return np.asarray(pairs[:, :, None] * (self.volumes / self.volume))

    def counted(self, histogram: ArrayLike, pair: Pair) -> NDArray[np.float64]:
        """Unordered pairs of two elements in each shell ``(n_bins,)``."""
        h = np.asarray(histogram)
        return np.asarray(sum((h[a, b] for a, b in self.types_of(pair)), np.zeros(self.n_bins)), dtype=float)


def bins_for(atoms: Atoms, experiments: Sequence[Experiment], r_max: float | None = None) -> PairBins:
    """Shells that serve all these data: up to ``r_max``, by default half the box, 20 Å or the end of counted curves.

    The width is 0.02 Å at most and 0.4 over the highest Q; where a g(r) was counted in a simulation, its bins, or equal parts of them.

    Raises
    ------
    InputError
        If ``r_max`` is beyond half the box.
    """
    half = half_box([atoms])
    counted, transformed = ([e for e in experiments if e.counted == wanted] for wanted in (True, False))
    if r_max is None:
        ends = [float(cell_edges(e.curve.x)[-1]) for e in counted]
        r_max = min(half, LARGEST if transformed or not ends else max(ends))
    if not 0 < r_max <= half * (1 + 1e-9):
        what = f"Pairs cannot be counted up to {r_max:g} Å."
        raise InputError(what, f"Half the shortest height of the box is {half:.2f} Å.", "Lower r_max, or take a larger box.")
    r_max = min(r_max, half)
    grid = next((width for e in counted if (width := equal_bins(e.curve.x)) is not None), None)
    # Curves counted in other bins share shells by length, which must then be short.
    others = [e for e in counted if grid is None or not np.isclose(equal_bins(e.curve.x) or 0.0, grid, rtol=1e-6)]
    widths = [PHASE / highest_q(e) for e in transformed] + [PART * float(np.diff(e.curve.x).min()) for e in others]
    if grid is None:
        n_bins = int(np.ceil(r_max / min([WIDEST, *widths])))
        return PairBins.of(atoms, r_max, n_bins)
    width = grid / np.ceil(grid / min([WIDEST, *widths]) - 1e-9) if widths else grid
    n_bins = max(1, int(r_max / width + 1e-9))
    return PairBins.of(atoms, n_bins * float(width), n_bins)
