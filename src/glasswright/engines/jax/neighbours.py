"""Neighbours as integer arrays of fixed shapes, and vectors between neighbours that can be differentiated.

Atoms stand in slots: a block for each species, padded to whole chunks. For each atom the slots of its neighbours are listed, those of
one species after those of another, with room for as many of each as any atom has. So in a chunk, an array (neighbours, atoms of the
chunk), rows of the same species have the same parameters, and a sum over neighbours runs over the slow axis: loops that vectorise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from ...errors import InputError
from ...native.pairs import SlotGrid, neighbour_slots
from ..cell import widths

LANES = 128
"""Atoms of a chunk: its arrays stay in the cache."""
ROOM = 1.04
"""Room for neighbours, relative to the most that an atom has when a list is made; two more in any case."""
GROWTH = 1.2
"""The same where there was too little: atoms that are being compressed need more and more, and every change is compiled anew."""
BIN_ROOM = 1.4
"""Room for atoms in a box, relative to the most that one holds when a list is made; four more in any case."""
BLOCK = 4.0
"""Atoms in cubes of about this size stand side by side [Å]."""


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

    def bonds(self, positions: Array, cell: Array, dtype: Any) -> Bonds:
        """Neighbours of each atom, all species together, in the order of the atoms."""
        layout, images = self.layout, Images.of(positions, cell, self, dtype)
        most = max(sum(rows) for rows in layout.rows)
        blocks = []
        for index in self.index:
            block = jnp.moveaxis(index, 1, 2).reshape(-1, index.shape[1])
            blocks.append(jnp.pad(block, ((0, 0), (0, most - block.shape[1])), constant_values=layout.nobody))
        index = jnp.concatenate(blocks)[self.slot]
        present = index < layout.nobody
        index = jnp.where(present, index, self.slot[:, None])
        centres, carriers = (tuple(part[self.slot] for part in parts) for parts in (images.points, images.carriers))
        vectors = jnp.stack(images.vectors(centres, carriers, index.T), axis=-1).swapaxes(0, 1)
        return Bonds(self.atom[index % layout.slots], jnp.where(present[..., None], vectors, 0), present)


class Bonds(NamedTuple):
    """Neighbours of each atom as plain arrays."""

    index: Array
    """Atoms ``(n_atoms, most)``."""
    vectors: Array
    """To the image of the neighbour ``(n_atoms, most, 3)`` [Å]; zero where there is none."""
    present: Array
    """Where there is a neighbour ``(n_atoms, most)``."""


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
        shifts = _shifts(neighbours.layout.repeats)
        slots = ((fixed[neighbours.atom] + shifts[:, None].astype(fixed.dtype)) / repeats.astype(fixed.dtype)).reshape(-1, 3)
        carriers = (positions - fixed @ (cell - jax.lax.stop_gradient(cell))).astype(dtype)
        points = slots if dtype == jnp.float64 else jnp.rint((slots - jnp.round(slots)) * 2.0**32).astype(jnp.int32)
        tiled = jnp.tile(carriers[neighbours.atom], (len(shifts), 1))
        whole = (cell * repeats[:, None].astype(cell.dtype)).astype(dtype)
        return cls((points[:, 0], points[:, 1], points[:, 2]), (tiled[:, 0], tiled[:, 1], tiled[:, 2]), whole)

    def vectors(self, points: Components, carriers: Components, index: Array) -> Components:
        """From centres ``(lanes,)`` to the nearest images of their neighbours ``(rows, lanes)``: ``(rows, lanes)`` [Å] each."""
        found: Components = _vectors(self.points, points, self.carriers, carriers, self.cell, index)
        return found


def _fractions(points: Components, centres: Components, index: Array, dtype: Any) -> list[Array]:
    differences = [p.at[index].get(mode="promise_in_bounds") - c for p, c in zip(points, centres, strict=True)]
    if points[0].dtype == jnp.int32:
        return [d.astype(dtype) * np.array(2.0**-32, dtype) for d in differences]
    return [d - jnp.round(d) for d in differences]


def _in_cell(fractions: Sequence[Array], cell: Array) -> Components:
    x, y, z = (fractions[0] * cell[0, c] + fractions[1] * cell[1, c] + fractions[2] * cell[2, c] for c in range(3))
    return x, y, z


def _plain_vectors(points: Components, centres: Components, carriers: Components, centre_carriers: Components, cell: Array, index: Array) -> Components:
    return _in_cell(_fractions(points, centres, index, cell.dtype), cell)


def _vectors_jvp(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Components, Components]:
    # r_j - r_i + n h, with whole numbers n: a change of the cell moves both atoms with it and strains the vector.
    points, centres, _, _, cell, index = primals
    _, _, carriers, centre_carriers, strain, _ = tangents
    fractions = _fractions(points, centres, index, cell.dtype)
    strained = _in_cell(fractions, strain)
    x, y, z = (s + q.at[index].get(mode="promise_in_bounds") - c for s, q, c in zip(strained, carriers, centre_carriers, strict=True))
    return _vectors(*primals), (x, y, z)


_vectors = jax.custom_jvp(_plain_vectors)
_vectors.defjvp(_vectors_jvp)


def complete_within(before: Array, cell_before: Array, positions: Array, cell: Array, reach: float, any_image: bool) -> Array:
    """Up to what distance a list is surely complete that held all pairs within a reach before atoms and cell moved [Å].

    The strain of the cell shortens a distance by a factor, at the most, and the motion of its atoms relative to the cell by twice the largest.
    """
    deformation = reciprocal(cell_before) @ cell
    moved = positions - before @ deformation
    if any_image:
        fractions = moved @ reciprocal(cell)
        moved = (fractions - jnp.round(fractions)) @ cell
    shrunk = 1 - jnp.sqrt(jnp.sum((deformation - jnp.eye(3, dtype=cell.dtype)) ** 2))
    return shrunk * reach - 2 * jnp.sqrt(jnp.max(jnp.sum(moved**2, axis=-1)))


def reciprocal(cell: Array) -> Array:
    """The inverse of a cell [1/Å], without a linear solver."""
    normals = jnp.stack([jnp.cross(cell[1], cell[2]), jnp.cross(cell[2], cell[0]), jnp.cross(cell[0], cell[1])])
    return (normals / jnp.dot(cell[0], normals[0])).T


def cell_widths(cell: Array) -> Array:
    """Distances between opposite faces ``(3,)`` [Å]."""
    return 1 / jnp.sqrt(jnp.sum(reciprocal(cell) ** 2, axis=0))


@dataclass(frozen=True, eq=False)
class NeighbourLists:
    """Makes lists for given atoms."""

    types: NDArray[np.int64]
    """Species of each atom ``(n_atoms,)``."""
    cutoffs: NDArray[np.float64]
    """Of pairs of species ``(n_species, n_species)`` [Å]; 0 where they are never neighbours."""
    skin: float
    """How far lists reach beyond the cutoffs [Å]."""

    @property
    def cutoff(self) -> float:
        """The longest [Å]."""
        return float(self.cutoffs.max())

    def listed(self, positions: NDArray[np.float64], cell: NDArray[np.float64], like: Neighbours | None = None) -> Neighbours:
        """A list made by the compiled core, with room to grow, or that of ``like`` where it suffices."""
        repeats = np.ceil(2 * self.cutoff * (1 + 1e-9) / widths(cell)).astype(int).tolist()
        known = like.layout if like is not None and like.layout.repeats == tuple(repeats) else None
        layout = known or self._layout(repeats)
        reach = np.where(self.cutoffs > 0, self.cutoffs + self.skin, 0.0)
        # Two images of an atom may be listed, of which one at a time is within the cutoff.
        once = bool(np.min(widths(cell) * repeats) < 2 * (self.cutoff + self.skin))
        atom, slot = self._slots(positions, cell, layout)
        blocks, most = neighbour_slots(positions, cell, self.types, reach, slot, layout.grid, once)
        if (most > np.array(layout.rows)).any():
            layout = replace(layout, rows=self._room(most, layout.rows), **self._bins(positions, cell, repeats))
            blocks, _ = neighbour_slots(positions, cell, self.types, reach, slot, layout.grid, once)
        index, given = tuple(map(jnp.asarray, blocks)), (jnp.asarray(positions), jnp.asarray(cell))
        return Neighbours(index, jnp.asarray(slot), jnp.asarray(atom), *given, jnp.asarray(False), layout)

    def _layout(self, repeats: Sequence[int]) -> Layout:
        """Without room for neighbours."""
        n = len(self.cutoffs)
        counts = np.bincount(self.types, minlength=n).tolist()
        x, y, z = repeats
        return Layout(tuple(counts), tuple(min(LANES, 8 * math.ceil(c / 8)) for c in counts), ((0,) * n,) * n, (x, y, z), self.cutoff, self.skin)

    @staticmethod
    def _room(most: NDArray[np.int64], before: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
        roomy = np.ceil((GROWTH if np.any(before) else ROOM) * most).astype(int) + 2
        rows = np.where(most > np.array(before), roomy, before)
        return tuple(map(tuple, rows.tolist()))

    def _bins(self, positions: NDArray[np.float64], cell: NDArray[np.float64], repeats: Sequence[int]) -> dict[str, Any]:
        n = np.maximum(np.floor(widths(cell) * repeats / (self.cutoff + self.skin)).astype(int), 1)
        fractions = positions @ np.linalg.inv(cell)
        images = (fractions - np.floor(fractions) + _shifts(repeats)[:, None]) / repeats
        box = _box(np.minimum(np.floor(images * n).astype(int), n - 1), n)
        found = np.zeros((n.prod(), len(self.cutoffs)), dtype=int)
        np.add.at(found, (box, self.types), 1)
        return {"bins": tuple(n.tolist()), "bin_room": tuple((np.ceil(BIN_ROOM * found.max(axis=0)).astype(int) + 4).tolist())}

    def rebuilt(self, positions: Array, cell: Array, neighbours: Neighbours) -> Neighbours:
        """The list made anew in the same room, as a pure function; ``overflow`` tells where it does not suffice."""
        layout, reach = neighbours.layout, self.cutoff + self.skin
        n, repeats = np.array(layout.bins), np.array(layout.repeats)
        fractions = ((positions @ reciprocal(cell))[neighbours.atom] + _shifts(layout.repeats)[:, None]) / repeats
        points = (fractions - jnp.floor(fractions)).reshape(-1, 3).astype(positions.dtype)
        place = jnp.minimum(jnp.floor(points * n).astype(int), n - 1)
        whole = cell_widths(cell) * repeats
        overflow = jnp.any(whole < 2 * reach) | jnp.any((n > 2) & (whole < n * reach))
        steps = [np.array((-1, 0, 1)) if k > 2 else np.arange(k) for k in n]
        around = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 3)

        tables = []
        for b, room in enumerate(layout.bin_room):
            occupied = np.arange(layout.starts[b], layout.starts[b] + layout.counts[b])
            slots = (occupied + layout.slots * np.arange(layout.copies)[:, None]).reshape(-1)
            box = _box(place[slots], n)
            order = jnp.argsort(box)
            ordered = box[order]
            rank = jnp.arange(len(slots)) - jnp.searchsorted(ordered, ordered)
            tables.append(jnp.full((n.prod(), room), layout.nobody).at[ordered, rank].set(jnp.asarray(slots)[order], mode="drop"))
            overflow |= jnp.any(rank >= room)

        def listed(own: Array, a: int) -> tuple[Array, Array]:
            """Rows of the atoms of a chunk, and the most neighbours of each species."""
            near = _box((place[own][:, None] + around) % n, n)
            rows, most = [], []
            for b, room in enumerate(layout.rows[a]):
                candidates = tables[b][near].reshape(len(own), -1)
                apart = points.at[candidates].get(mode="clip") - points[own][:, None]
                vectors = (apart - jnp.round(apart)) @ (cell * repeats[:, None])
                close = (jnp.sum(vectors**2, axis=-1) < (self.cutoffs[a, b] + self.skin) ** 2) & (candidates != own[:, None]) & (candidates < layout.nobody)
                close &= bool(self.cutoffs[a, b] > 0)
                rank = jnp.where(close, jnp.cumsum(close, axis=1) - 1, room)
                block = jnp.full((len(own), room), layout.nobody)
                rows.append(block.at[jnp.arange(len(own))[:, None], rank].set(candidates, mode="drop"))
                most.append(jnp.max(jnp.sum(close, axis=1)))
            return jnp.concatenate(rows, axis=1).T.astype(jnp.int32), jnp.stack(most)

        index = []
        for a, (start, lanes, chunks) in enumerate(zip(layout.starts[:-1], layout.lanes, layout.chunks, strict=True)):
            own = start + np.arange(chunks * lanes).reshape(chunks, lanes)
            block, most = jax.lax.map(lambda slots, a=a: listed(slots, a), jnp.asarray(own))
            empty = (own - start >= layout.counts[a])[:, None]
            index.append(jnp.where(empty, layout.nobody, block).astype(jnp.int32))
            overflow |= jnp.any(most > jnp.array(layout.rows[a]))
        return replace(neighbours, index=tuple(index), positions=positions, cell=cell, overflow=overflow)

    def _slots(self, positions: NDArray[np.float64], cell: NDArray[np.float64], layout: Layout) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Atoms by species, neighbours in space side by side: atom of each slot, slot of each atom."""
        fractions = positions @ np.linalg.inv(cell)
        n = np.maximum(np.floor(widths(cell) / BLOCK), 1).astype(int)
        x, y, z = np.floor((fractions - np.floor(fractions)) * n).astype(int).T
        order = np.argsort(((self.types * n[0] + x) * n[1] + y) * n[2] + z, kind="stable").astype(np.int32)
        atom, slot = np.zeros(layout.slots, dtype=np.int32), np.zeros(len(positions), dtype=np.int32)
        done = 0
        for start, count in zip(layout.starts[:-1], layout.counts, strict=True):
            mine = order[done : done + count]
            atom[start : start + count], slot[mine] = mine, np.arange(start, start + count)
            done += count
        return atom, slot


def _shifts(repeats: Sequence[int]) -> NDArray[np.int64]:
    """Of all copies of the cell ``(copies, 3)``, in the order of their slots."""
    return np.stack(np.meshgrid(*(np.arange(n) for n in repeats), indexing="ij"), axis=-1).reshape(-1, 3)


def _box(place: Any, n: NDArray[np.int64]) -> Any:
    """The number of a box from its place along three axes."""
    return (place[..., 0] * int(n[1]) + place[..., 1]) * int(n[2]) + place[..., 2]


def stacked(lists: Sequence[Neighbours]) -> Neighbours:
    """Lists of the same layout as one, with a leading axis.

    Raises
    ------
    InputError
        If their layouts differ.
    """
    if any(one.layout != lists[0].layout for one in lists):
        raise InputError("Neighbour lists of different layouts cannot be stacked.", mend="Make them with the same `like`.")
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *lists)  # type: ignore[no-any-return]
