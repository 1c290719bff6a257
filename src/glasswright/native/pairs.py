"""Pair distances and neighbours in a periodic cell of any shape, from the compiled core."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .builds import core


@dataclass(frozen=True, eq=False)
class NeighbourPairs:
    """Neighbours within cutoffs; every pair in both directions, sorted by its first atom."""

    first: NDArray[np.int64]
    """Index of the first atom ``(n_pairs,)``."""
    second: NDArray[np.int64]
    """Index of the second atom ``(n_pairs,)``."""
    shifts: NDArray[np.int64]
    """Cell vectors to add to the second atom ``(n_pairs, 3)``."""
    vectors: NDArray[np.float64]
    """From the first atom to the image of the second ``(n_pairs, 3)`` [Å]."""

    @property
    def distances(self) -> NDArray[np.float64]:
        """``(n_pairs,)`` [Å]"""
        return np.asarray(np.sqrt((self.vectors**2).sum(axis=1)))


def pair_histogram(positions: ArrayLike, cell: ArrayLike, types: ArrayLike, n_types: int, r_max: float, n_bins: int, threads: int = 1) -> NDArray[np.int64]:
    """Count pair distances below ``r_max``, every periodic image included.

    Parameters
    ----------
    positions
        ``(n_atoms, 3)`` [Å], wrapped or not.
    cell
        Rows are cell vectors ``(3, 3)`` [Å]; periodic in all three directions.
    types
        Integers from 0 to ``n_types - 1`` ``(n_atoms,)``.
    r_max
        [Å]; may exceed half the box.
    n_bins
        Equal bins between 0 and ``r_max``.
    threads
        The counts do not depend on their number.

    Returns
    -------
    Counts of ordered pairs ``(n_types, n_types, n_bins)``: ``[a, b]`` is the number of atoms b seen from all atoms a.

    Raises
    ------
    InputError
        If the cell has no volume, a position is not finite, or an argument is out of range.
    """
    try:
        counts: NDArray[np.int64] = core().pair_histogram(_doubles(positions), _doubles(cell), _integers(types), n_types, float(r_max), n_bins, threads)
        return counts
    except (ValueError, TypeError) as error:
        raise _refused(error) from None


def neighbour_pairs(positions: ArrayLike, cell: ArrayLike, types: ArrayLike, cutoffs: ArrayLike, threads: int = 1, inside: bool = False) -> NeighbourPairs:
    """List all pairs of atom images closer than the cutoff of their types.

    Parameters
    ----------
    positions
        ``(n_atoms, 3)`` [Å], wrapped or not.
    cell
        Rows are cell vectors ``(3, 3)`` [Å]; periodic in all three directions.
    types
        Integers ``(n_atoms,)``, indices into ``cutoffs``.
    cutoffs
        Symmetric ``(n_types, n_types)`` [Å]; 0 where two types are never neighbours.
    threads
        The list does not depend on their number.
    inside
        Shifts are those between atoms moved into the cell, not where they are given.

    Raises
    ------
    InputError
        If the cell has no volume, a position is not finite, or an argument is out of range.
    """
    table = _doubles(cutoffs)
    if not np.all(np.isfinite(table)) or not np.array_equal(table, table.T):
        raise InputError("The table of cutoffs must be finite and symmetric.")
    try:
        return NeighbourPairs(*core().neighbour_pairs(_doubles(positions), _doubles(cell), _integers(types), table, threads, inside))
    except (ValueError, TypeError) as error:
        raise _refused(error) from None


@dataclass(frozen=True)
class SlotGrid:
    """Where lists of neighbours are written: atoms have slots, a block of them for each type, in copies of the cell."""

    starts: tuple[int, ...]
    """First slot of each type, and the end; in one copy."""
    lanes: tuple[int, ...]
    """Slots of each type that stand side by side in an array."""
    repeats: tuple[int, int, int]
    """Copies of the cell along its vectors; the slots of one copy follow those of another."""
    room: tuple[tuple[int, ...], ...]
    """Rows for neighbours of each type (second) around an atom of each type (first)."""

    @property
    def nobody(self) -> int:
        """The slot behind all others: where there is no neighbour."""
        return self.starts[-1] * math.prod(self.repeats)


def neighbour_slots(
    positions: ArrayLike, cell: ArrayLike, types: ArrayLike, cutoffs: ArrayLike, slots: ArrayLike, grid: SlotGrid, once: bool
) -> tuple[list[NDArray[np.int32]], NDArray[np.int64]]:
    """List the neighbours of every atom as columns of arrays, sorted by type.

    Parameters
    ----------
    positions, cell, types, cutoffs
        As for ``neighbour_pairs``.
    slots
        Of each atom, within those of its type ``(n_atoms,)``.
    grid
        Without any room neighbours are only counted.
    once
        List one of several images that share a slot, and no image of an atom itself.

    Returns
    -------
    blocks, most
        For each type the slots of neighbours ``(slots / lanes, rows, lanes)``, ``grid.nobody`` where there is none; and the most neighbours of
        each type (second) that an atom of each type (first) has: more than the room where the blocks are not complete.

    Raises
    ------
    InputError
        If the cell has no volume, a position is not finite, or an argument is out of range.
    """
    rows = [sum(row) for row in grid.room]
    shapes = [((end - start) // lanes, n, lanes) for start, end, lanes, n in zip(grid.starts[:-1], grid.starts[1:], grid.lanes, rows, strict=True)]
    blocks = [_filled(shape, grid.nobody) for shape in shapes] if any(rows) else []
    try:
        most: NDArray[np.int64] = core().neighbour_slots(
            _doubles(positions),
            _doubles(cell),
            _integers(types),
            _doubles(cutoffs),
            _integers(slots),
            _integers(grid.starts),
            _integers(grid.repeats),
            _integers(grid.room),
            blocks,
            once,
            1,
        )
        return blocks, most
    except (ValueError, TypeError) as error:
        raise _refused(error) from None


def _filled(shape: tuple[int, ...], value: int) -> NDArray[np.int32]:
    """On a cache line's boundary: XLA takes such an array as it is, and copies others."""
    size = math.prod(shape)
    room = np.empty(size + 15, dtype=np.int32)
    begin = -room.ctypes.data % 64 // 4
    array = room[begin : begin + size].reshape(shape)
    array.fill(value)
    return array


def _doubles(values: ArrayLike) -> NDArray[np.float64]:
    return np.ascontiguousarray(values, dtype=np.float64)


def _integers(values: ArrayLike) -> NDArray[np.int64]:
    return np.ascontiguousarray(values, dtype=np.int64)


def _refused(error: Exception) -> InputError:
    # nanobind lists signatures when a shape does not fit; that is for programmers.
    text = str(error) if isinstance(error, ValueError) else "an array has the wrong shape"
    return InputError(f"Distances cannot be counted: {text}.", mend="Give finite positions (n, 3), a cell (3, 3) with a volume and a positive distance limit.")
