"""All pairs of atoms, swept in pieces: the smooth histogram that curves are made of, and smooth numbers of neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement, product
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..cell import widths

if TYPE_CHECKING:
    from ase import Atoms

Array = Any
AT_ONCE = 200_000
"""Pairs in one piece of a sweep: it and its derivative take some 20 MB in single precision, however many atoms there are."""
NEAREST = 1e-6
"""Distances are never taken to be smaller [Å], so that their derivative is finite."""


def sweep(part: Callable[[Array, Array, Array], Any], start: Any, positions: Array, cell: Array, images: NDArray[np.int64]) -> Any:
    """Σ of ``part(second, r, weight)`` over pieces of all unordered pairs of atoms and images.

    In a piece the atom in column i and atom ``second[..., i]`` are ``r`` apart ``(n_offsets, n_atoms)`` [Å]; ``weight`` is 1, or 1/2 where
    the same pair comes twice. Only one piece is in memory at a time, in the derivative too (it is computed again there).

    Parameters
    ----------
    start
        Zeros, shaped as what ``part`` returns.
    images
        Cell vectors to add to the nearest image of the second atom, with each its opposite ``(n, 3)``.
    """
    n = len(positions)
    offsets = np.tile(np.arange(n // 2 + 1), len(images))
    shifts = np.repeat(images, n // 2 + 1, axis=0)
    weights = np.where((offsets == 0) | (2 * offsets == n), 0.5, 1.0) * ((offsets > 0) | shifts.any(axis=1))
    rows = max(1, min(AT_ONCE // n, len(offsets)))
    jobs = [_in_pieces(values, rows) for values in (offsets, shifts, weights)]

    # Whole rows of atoms, axis by axis: loops that vectorise.
    twice, inverse = jnp.concatenate([positions, positions]).T, jnp.linalg.inv(cell)

    @jax.checkpoint  # type: ignore[untyped-decorator]
    def piece(twice: Array, cell: Array, job: Sequence[Array]) -> Any:
        offset, shift, weight = job
        others = jax.vmap(lambda first: jax.lax.dynamic_slice(twice, (0, first), (3, n)), out_axes=1)(offset)
        separation = [others[k] - twice[k, :n] for k in range(3)]
        # Which image is nearest is a whole number: it has no derivative.
        fractions = [sum(jax.lax.stop_gradient(separation[k] * inverse[k, a]) for k in range(3)) for a in range(3)]
        images = [shift[:, None, a] - jnp.round(fractions[a]) for a in range(3)]
        separation = [separation[k] + sum(images[a] * cell[a, k] for a in range(3)) for k in range(3)]
        r = jnp.sqrt(jnp.maximum(sum(d * d for d in separation), NEAREST**2))
        return part((jnp.arange(n) + offset[:, None]) % n, r, weight[:, None].astype(r.dtype))

    def add(total: Any, job: Sequence[Array]) -> tuple[Any, None]:
        return jax.tree.map(jnp.add, total, piece(twice, cell, job)), None

    return jax.lax.scan(add, start, [jnp.asarray(j) for j in jobs])[0]


def _in_pieces(values: NDArray[Any], rows: int) -> NDArray[Any]:
    """Equal pieces ``(n_pieces, rows, ...)``, the last one filled with zeros."""
    missing = -len(values) % rows
    return np.concatenate([values, np.zeros((missing, *values.shape[1:]), values.dtype)]).reshape(-1, rows, *values.shape[1:])


def images_within(cell: NDArray[np.float64], reach: float) -> NDArray[np.int64]:
    """Images that can be nearer than ``reach`` [Å] besides the nearest ``(n, 3)``; within half the box there are none but that one."""
    most = np.floor(reach * (1 - 1e-9) / widths(cell) + 0.5).astype(int)
    return np.array(list(product(*(range(-m, m + 1) for m in most))))


@dataclass(frozen=True, eq=False)
class SmoothPairs:
    """A histogram of unordered pairs whose every entry is a smooth function of positions and cell.

    A pair is shared by the four nearest bins according to the cubic B-spline of the bin width w: twice continuously differentiable, the sum
    is the number of pairs. A curve made of it is the exact one convolved with that spline, a bell with the standard deviation w/√3.
    """

    elements: tuple[str, ...]
    """Element of each type, alphabetical."""
    types: NDArray[np.int64]
    """Index into ``elements`` of each atom ``(n_atoms,)``."""
    r_max: float
    """[Å]"""
    n_bins: int
    """Equal bins between 0 and ``r_max``."""
    images: NDArray[np.int64]
    """Images swept besides the nearest ``(n, 3)``."""

    @classmethod
    def of(cls, atoms: Atoms, r_max: float, n_bins: int) -> SmoothPairs:
        """For these atoms, in their cell or a wider one.

        Raises
        ------
        InputError
            If the structure is not periodic, or the bins are not possible.
        """
        if len(atoms) == 0 or not atoms.pbc.all() or not atoms.cell.volume > 0:
            raise InputError("The structure has no atoms or no periodic cell.", mend="Set atoms.cell and atoms.pbc = True.")
        if not (0 < r_max < np.inf and n_bins >= 4):
            raise InputError(f"{n_bins} bins up to {r_max!r} Å are not possible.", mend="Give a distance in Å and at least four bins.")
        elements, types = np.unique(atoms.get_chemical_symbols(), return_inverse=True)
        return cls(tuple(elements.tolist()), types, float(r_max), int(n_bins), images_within(np.asarray(atoms.cell), r_max * (1 + 1.5 / n_bins)))

    @property
    def width(self) -> float:
        """Of a bin [Å]."""
        return self.r_max / self.n_bins

    @property
    def r(self) -> NDArray[np.float64]:
        """Middles of the bins ``(n_bins,)`` [Å]."""
        return np.asarray(self.width * (np.arange(self.n_bins) + 0.5))

    @property
    def volumes(self) -> NDArray[np.float64]:
        """What evenly spread atoms put into each bin, over their number density ``(n_bins,)`` [Å³]: 4π w (r² + w²/3)."""
        return np.asarray(4 * np.pi * self.width * (self.r**2 + self.width**2 / 3))

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Pairs of elements, alphabetical: the rows of the histogram."""
        return list(combinations_with_replacement(self.elements, 2))

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Atoms of each type ``(n_types,)``."""
        return np.bincount(self.types)

    @property
    def fractions(self) -> dict[str, float]:
        """Element → atom fraction."""
        return {e: float(n) / len(self.types) for e, n in zip(self.elements, self.counts, strict=True)}

    @property
    def numbers(self) -> NDArray[np.float64]:
        """Unordered pairs that could be: N_a N_b, half that where a is b ``(n_pairs,)``."""
        first, second = np.triu_indices(len(self.elements))
        return np.asarray(self.counts[first] * self.counts[second] * np.where(first == second, 0.5, 1.0))

    def histogram(self, positions: Array, cell: Array) -> Array:
        """Unordered pairs in each bin ``(n_pairs, n_bins)``.

        Parameters
        ----------
        positions
            ``(n_atoms, 3)`` [Å], wrapped or not.
        cell
            Rows are cell vectors ``(3, 3)`` [Å]. In one so narrow that pairs would be missed the result is not a number.
        """
        positions, cell = jnp.asarray(positions), jnp.asarray(cell)
        n_types, length = len(self.elements), self.n_bins + 6
        first, second = np.triu_indices(n_types)
        row = np.zeros((n_types, n_types), dtype=np.int32)
        row[first, second] = row[second, first] = np.arange(len(first))
        types, rows = jnp.asarray(self.types), jnp.asarray(row * length)

        def part(other: Array, r: Array, weight: Array) -> Array:
            place = jnp.clip(r / self.width - 0.5, -1.0, self.n_bins + 1.0)
            left = jnp.floor(jax.lax.stop_gradient(place))
            # Two bins of room before the first, four behind the last.
            start = rows[types, types[other]] + left.astype(jnp.int32) + 1
            return jax.ops.segment_sum((weight[..., None] * spline(place - left)).reshape(-1, 4), start.ravel(), len(first) * length)

        shares = sweep(part, jnp.zeros((len(first) * length, 4), positions.dtype), positions, cell, self.images)
        found = sum(jnp.roll(shares[:, k], k) for k in range(4)).reshape(-1, length)
        return self._checked(found[:, 2:-4], cell)

    def excess(self, positions: Array, cell: Array) -> Array:
        """N [h_ab/pairs_ab - volumes/V], whose sum with sin(Qr)/(Qr) is the Faber-Ziman S_ab(Q) - 1 ``(n_pairs, n_bins)``."""
        histogram = self.histogram(positions, cell)
        even = jnp.asarray(self.volumes, histogram.dtype) / jnp.abs(jnp.linalg.det(jnp.asarray(cell)))
        return len(self.types) * (histogram / jnp.asarray(self.numbers, histogram.dtype)[:, None] - even)

    def _checked(self, values: Array, cell: Array) -> Array:
        heights = 1 / jnp.linalg.norm(jnp.linalg.inv(cell), axis=0)
        enough = (self.images.max(axis=0) + 0.5) * heights >= (self.r_max + 1.5 * self.width) * (1 - 1e-5)
        return jnp.where(enough.all(), values, jnp.nan)


def spline(t: Array) -> Array:
    """The cubic B-spline at the four whole numbers around a place ``t`` between 0 and 1 of them: ``(..., 4)``, sum 1."""
    s = 1 - t
    return jnp.stack([s**3, 3 * t**3 - 6 * t**2 + 4, 3 * s**3 - 6 * s**2 + 4, t**3], axis=-1) / 6


def neighbour_counts(positions: Array, cell: Array, types: NDArray[np.int64], cutoffs: NDArray[np.float64], width: float, images: NDArray[np.int64]) -> Array:
    """Smooth number of neighbours of every atom, by type ``(n_atoms, n_types)``.

    A neighbour counts 1 - u³ (10 - 15 u + 6 u²), where u goes from 0 to 1 over ``width`` [Å] around the cutoff: twice continuously
    differentiable, and exactly the whole number where no atom is that near to the cutoff.

    Parameters
    ----------
    cutoffs
        Symmetric ``(n_types, n_types)`` [Å]; 0 where two types are never neighbours.
    images
        Those within the longest cutoff, of ``images_within``.
    """
    positions, cell = jnp.asarray(positions), jnp.asarray(cell)
    n, n_types = len(types), len(cutoffs)
    table, kinds = jnp.asarray(cutoffs, positions.dtype), jnp.asarray(types)

    def part(second: Array, r: Array, weight: Array) -> Array:
        limit = table[kinds, kinds[second]]
        u = jnp.clip((r - limit) / width + 0.5, 0, 1)
        share = jnp.where(limit > 0, weight * (1 - u**3 * (10 - 15 * u + 6 * u**2)), 0)
        first = jnp.broadcast_to(jnp.arange(n), second.shape)
        counts = jnp.zeros(n * n_types, r.dtype)
        return counts.at[first * n_types + kinds[second]].add(share).at[second * n_types + kinds].add(share)

    return sweep(part, jnp.zeros(n * n_types, positions.dtype), positions, cell, images).reshape(n, n_types)
