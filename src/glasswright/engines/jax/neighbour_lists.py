"""Makes neighbour lists: with the compiled core, or under JAX in the room of one there is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from ...native.pairs import neighbour_slots
from ..cell import widths
from .neighbours import Layout, Neighbours, cell_widths, reciprocal, shifts_of

LANES = 128
"""Atoms of a chunk on a CPU: its arrays stay in the cache."""
MANY_LANES = 16384
"""The same elsewhere: enough for thousands of threads, and arrays that fit a small memory."""
ROOM = 1.04
"""Room for neighbours, relative to the most that an atom has when a list is made; two more in any case."""
GROWTH = 1.2
"""The same where there was too little: atoms that are being compressed need more and more, and every change is compiled anew."""
BIN_ROOM = 1.4
"""Room for atoms in a box, relative to the most that one holds when a list is made; four more in any case."""
BLOCK = 4.0
"""Atoms in cubes of about this size stand side by side [Å]."""


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

    def made(self, positions: ArrayLike, cell: ArrayLike, like: Neighbours | None = None) -> Neighbours:
        """A list made where the arrays live: by the compiled core on a CPU; by JAX on an accelerator, once there is one whose room suffices."""
        if like is not None and on_accelerator():
            again: Neighbours = self._rebuilt(jnp.asarray(positions), jnp.asarray(cell), like)
            if not bool(again.overflow):
                return again
        return self.listed(np.asarray(positions, dtype=np.float64), np.asarray(cell, dtype=np.float64), like)

    @cached_property
    def _rebuilt(self) -> Any:
        return jax.jit(self.rebuilt)

    def listed(self, positions: NDArray[np.float64], cell: NDArray[np.float64], like: Neighbours | None = None) -> Neighbours:
        """A list made by the compiled core, with room to grow, or that of ``like`` where it suffices."""
        if not np.isfinite(positions).all():
            raise InputError("Some positions are not finite.", mend="Check where they come from: too long a time step, or a structure file.")
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
        # Taken over without a copy where that can be, but for what the caller may change.
        made: Neighbours = jax.device_put(Neighbours(tuple(blocks), slot, atom, np.array(positions), np.array(cell), np.array(False), layout))
        return made

    def _layout(self, repeats: Sequence[int]) -> Layout:
        """Without room for neighbours."""
        n = len(self.cutoffs)
        counts = np.bincount(self.types, minlength=n).tolist()
        most = MANY_LANES if on_accelerator() else LANES
        x, y, z = repeats
        return Layout(tuple(counts), tuple(min(most, 8 * math.ceil(c / 8)) for c in counts), ((0,) * n,) * n, (x, y, z), self.cutoff, self.skin)

    @staticmethod
    def _room(most: NDArray[np.int64], before: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
        roomy = np.ceil((GROWTH if np.any(before) else ROOM) * most).astype(int) + 2
        rows = np.where(most > np.array(before), roomy, before)
        return tuple(map(tuple, rows.tolist()))

    def _bins(self, positions: NDArray[np.float64], cell: NDArray[np.float64], repeats: Sequence[int]) -> dict[str, Any]:
        n = np.maximum(np.floor(widths(cell) * repeats / (self.cutoff + self.skin)).astype(int), 1)
        fractions = positions @ np.linalg.inv(cell)
        images = (fractions - np.floor(fractions) + shifts_of(repeats)[:, None]) / repeats
        box = _box(np.minimum(np.floor(images * n).astype(int), n - 1), n)
        found = np.zeros((n.prod(), len(self.cutoffs)), dtype=int)
        np.add.at(found, (box, self.types), 1)
        return {"bins": tuple(n.tolist()), "bin_room": tuple((np.ceil(BIN_ROOM * found.max(axis=0)).astype(int) + 4).tolist())}

    def rebuilt(self, positions: Array, cell: Array, neighbours: Neighbours) -> Neighbours:
        """The list made anew in the same room, as a pure function; ``overflow`` tells where it does not suffice."""
        layout, reach = neighbours.layout, self.cutoff + self.skin
        n, repeats = np.array(layout.bins), np.array(layout.repeats)
        fractions = ((positions @ reciprocal(cell))[neighbours.atom] + shifts_of(layout.repeats)[:, None]) / repeats
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


def on_accelerator() -> bool:
    """Whether arrays live on something else than a CPU."""
    return str(jax.default_backend()) != "cpu"


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
