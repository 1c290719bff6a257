"""Neighbours as integer arrays of fixed shapes, and vectors between neighbours that can be differentiated.

Atoms stand in slots: a block for each species, padded to whole chunks. For each atom the slots of its neighbours are listed, those of
one species after those of another, with room for as many of each as any atom has. So in a chunk, an array (neighbours, atoms of the
chunk), rows of the same species have the same parameters, and a sum over neighbours runs over the slow axis: loops that vectorise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from numpy.typing import NDArray

from ...native.pairs import SlotGrid


@dataclass(frozen=True)
class Layout:
    """Everything about neighbours that is fixed while a program is compiled."""

    counts: tuple[int, ...]
    """Atoms of each species."""
    lanes: tuple[int, ...]
    """Atoms in a chunk of each species."""
    rows: tuple[tuple[int, ...], ...]
    """Room for neighbours of each species (second) around an atom of each species (first)."""
    repeats: tuple[int, int, int]
    """Copies of the cell side by side, so that they hold one image of every pair within the cutoff."""
    cutoff: float
    """Within which every neighbour is listed, however atoms move, until the list is stale [Å]."""
    skin: float
    """How far the list reaches beyond the cutoff [Å]."""
    bins: tuple[int, int, int] = (1, 1, 1)
    """Boxes along each vector of the copies together that lists made under JAX sort the atoms into."""
    bin_room: tuple[int, ...] = ()
    """Room for atoms of each species in a box."""

    @property
    def chunks(self) -> tuple[int, ...]:
        """Of each species."""
        return tuple(math.ceil(n / lanes) for n, lanes in zip(self.counts, self.lanes, strict=True))

    @property
    def starts(self) -> tuple[int, ...]:
        """First slot of each species, and the end."""
        return (0, *np.cumsum([c * n for c, n in zip(self.chunks, self.lanes, strict=True)]).tolist())

    @property
    def slots(self) -> int:
        """In one copy of the cell."""
        return self.starts[-1]

    @property
    def copies(self) -> int:
        """Of the cell."""
        return math.prod(self.repeats)

    @property
    def grid(self) -> SlotGrid:
        """The same for the compiled core."""
        return SlotGrid(self.starts, self.lanes, self.repeats, self.rows)

    @property
    def nobody(self) -> int:
        """The slot that stands where there is no neighbour."""
        return self.grid.nobody


@partial(jax.tree_util.register_dataclass, data_fields=["index", "slot", "atom", "positions", "cell", "overflow"], meta_fields=["layout"])
@dataclass(frozen=True)
class Neighbours:
    """Who is near whom; every pair from both ends. An array-only pytree that may be stacked and mapped over."""

    index: tuple[Array, ...]
    """Slots of the neighbours of the atoms of each species ``(chunks, rows, lanes)``; ``layout.nobody`` where there is none."""
    slot: Array
    """Of each atom ``(n_atoms,)``."""
    atom: Array
    """In each slot of one copy ``(slots,)``; an empty slot repeats an atom."""
    positions: Array
    """Where the atoms were ``(n_atoms, 3)`` [Å]."""
    cell: Array
    """What the cell was ``(3, 3)`` [Å]."""
    overflow: Array
    """True where a list made under JAX had too little room: it is not complete."""
    layout: Layout

    @property
    def skin(self) -> float:
        """How far the list reaches beyond the cutoff [Å]."""
        return self.layout.skin

    @property
    def cutoff(self) -> float:
        """Within which every neighbour is listed until the list is stale [Å]."""
        return self.layout.cutoff

    def stale(self, positions: Array, cell: Array) -> Array:
        """Whether a pair within the cutoff could be missing by now, or is because the list overflowed; True where anything is no number."""
        layout = self.layout
        # In one copy it does not matter which image of an atom is given.
        surely = complete_within(self.positions, self.cell, positions, cell, self.cutoff + self.skin, any_image=layout.copies == 1)
        narrow = jnp.min(cell_widths(cell) * jnp.array(layout.repeats)) < 2 * self.cutoff
        return ~(surely >= self.cutoff) | narrow | self.overflow


Components = tuple[Array, Array, Array]
"""Arrays of x, y and z: apart, because loops over them are compiled better so."""


class Images(NamedTuple):
    """The atoms in all slots of all copies of the cell."""

    points: Components
    """Fractions of the copies together ``(slots,)``: in single precision as 32-bit fixed-point numbers, whose differences wrap around to the
    nearest image without loss; in double precision as they are."""
    carriers: Components
    """Positions less the motion of the cell ``(slots,)`` [Å]: they carry derivatives, their values are not used."""
    cell: Array
    """Of the copies together ``(3, 3)`` [Å]."""

    @classmethod
    def of(cls, positions: Array, cell: Array, neighbours: Neighbours, dtype: Any) -> Images:
        """The atoms of a list at new positions; vectors between them will have this type."""
        fixed = jax.lax.stop_gradient(positions @ reciprocal(cell))
        repeats = np.array(neighbours.layout.repeats)
        shifts = shifts_of(neighbours.layout.repeats)
        slots = ((fixed[neighbours.atom] + shifts[:, None].astype(fixed.dtype)) / repeats.astype(fixed.dtype)).reshape(-1, 3)
        carriers = (positions - fixed @ (cell - jax.lax.stop_gradient(cell))).astype(dtype)
        points = slots if dtype == jnp.float64 else jnp.rint((slots - jnp.round(slots)) * 2.0**32).astype(jnp.int32)
        tiled = jnp.tile(carriers[neighbours.atom], (len(shifts), 1))
        whole = (cell * repeats[:, None].astype(cell.dtype)).astype(dtype)
        return cls((points[:, 0], points[:, 1], points[:, 2]), (tiled[:, 0], tiled[:, 1], tiled[:, 2]), whole)

    def vectors(self, points: Components, carriers: Components, index: Array) -> Components:
        """From centres ``(lanes,)`` to the nearest images of their neighbours ``(rows, lanes)``: ``(rows, lanes)`` [Å] each."""
        # r_j - r_i + n h, with whole numbers n: a change of the cell moves both atoms with it and strains the vector.
        x, y, z = (
            vector + tangent_of(_of_neighbours(own, index) - centres)
            for vector, own, centres in zip(self._plain_vectors(points, index), self.carriers, carriers, strict=True)
        )
        return x, y, z

    def _plain_vectors(self, centres: Components, index: Array) -> list[Array]:
        differences = [_of_neighbours(p, index) - c for p, c in zip(self.points, centres, strict=True)]
        if self.points[0].dtype == jnp.int32:
            fractions = [d.astype(self.cell.dtype) * np.array(2.0**-32, self.cell.dtype) for d in differences]
        else:
            fractions = [jax.lax.stop_gradient(d - jnp.round(d)) for d in differences]
        return [fractions[0] * self.cell[0, c] + fractions[1] * self.cell[1, c] + fractions[2] * self.cell[2, c] for c in range(3)]


def _of_neighbours(values: Array, index: Array) -> Array:
    return values.at[index].get(mode="promise_in_bounds", wrap_negative_indices=False)


# Zeros with the derivatives of what is given. A primitive, as rules of jax.custom_jvp are lost inside loops when derivatives are taken twice.
_tangent = Primitive("tangent_of")
_tangent.def_impl(jnp.zeros_like)
_tangent.def_abstract_eval(lambda x: x)
mlir.register_lowering(_tangent, mlir.lower_fun(jnp.zeros_like, multiple_results=False))
ad.primitive_jvps[_tangent] = lambda primals, tangents: (_tangent.bind(*primals), tangents[0])
batching.primitive_batchers[_tangent] = lambda arrays, axes: (_tangent.bind(*arrays), axes[0])


def tangent_of(x: Array) -> Array:
    """Zeros that have the derivatives of ``x``, of any order; the value of ``x`` is never computed for it."""
    return _tangent.bind(x)


def complete_within(before: Array, cell_before: Array, positions: Array, cell: Array, reach: float, any_image: bool) -> Array:
    """Up to what distance a list is surely complete that held all pairs within a reach before atoms and cell moved [Å].

    The strain of the cell shortens a distance by a factor, at the most, and the motion of its atoms relative to the cell by the two largest.
    """
    deformation = reciprocal(cell_before) @ cell
    moved = positions - before @ deformation
    if any_image:
        fractions = moved @ reciprocal(cell)
        moved = (fractions - jnp.round(fractions)) @ cell
    shrunk = 1 - jnp.sqrt(jnp.sum((deformation - jnp.eye(3, dtype=cell.dtype)) ** 2))
    ways = jnp.sum(moved**2, axis=-1)
    first = jnp.argmax(ways)
    others = jnp.where(jnp.arange(len(ways)) == first, 0.0, ways)
    return shrunk * reach - jnp.sqrt(ways[first]) - jnp.sqrt(jnp.max(others))


def reciprocal(cell: Array) -> Array:
    """The inverse of a cell [1/Å], without a linear solver."""
    normals = jnp.stack([jnp.cross(cell[1], cell[2]), jnp.cross(cell[2], cell[0]), jnp.cross(cell[0], cell[1])])
    return (normals / jnp.dot(cell[0], normals[0])).T


def cell_widths(cell: Array) -> Array:
    """Distances between opposite faces ``(3,)`` [Å]."""
    return 1 / jnp.sqrt(jnp.sum(reciprocal(cell) ** 2, axis=0))


def shifts_of(repeats: Sequence[int]) -> NDArray[np.int64]:
    """Of all copies of the cell ``(copies, 3)``, in the order of their slots."""
    return np.stack(np.meshgrid(*(np.arange(n) for n in repeats), indexing="ij"), axis=-1).reshape(-1, 3)
