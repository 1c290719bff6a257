"""Neighbour lists for JAX: complete until they say that they are stale, made alike by the core and by JAX, never silently too short."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from contracts.cases import silica
from glasswright.errors import InputError
from reference.images import image_pairs

jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy
neighbour_lists = pytest.importorskip("glasswright.engines.jax.neighbour_lists")


@pytest.fixture(autouse=True)
def wide() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def lists(atoms: Atoms, cutoffs: np.ndarray, skin: float = 0.5) -> Any:
    return neighbour_lists.NeighbourLists((np.array(atoms.symbols) == "Si").astype(np.int64), cutoffs, skin)


def listed(near: Any) -> list[set[int]]:
    """Slots of the neighbours of each atom."""
    found: dict[int, set[int]] = {}
    for a, index in enumerate(near.index):
        chunks, _, lanes = index.shape
        for place in range(chunks * lanes):
            column = np.asarray(index[place // lanes, :, place % lanes]).tolist()
            slots = [s for s in column if s != near.layout.nobody]
            assert len(slots) == len(set(slots))
            found[near.layout.starts[a] + place] = set(slots)
    return [found[int(s)] for s in near.slot]


CUTOFFS = np.array([[4.0, 5.0], [5.0, 3.0]])


@pytest.mark.parametrize("cell", ["triclinic", "small"])
def test_every_image_within_the_cutoff_of_its_pair_is_listed(cell: str) -> None:
    atoms = silica(cell)
    near = lists(atoms, CUTOFFS).made(atoms.positions, atoms.cell.array)
    layout, types = near.layout, (np.array(atoms.symbols) == "Si").astype(int)
    i, j, vectors, r = image_pairs(atoms, 5.0)
    shifts = np.rint((atoms.positions[i] + vectors - atoms.positions[j]) @ np.linalg.inv(atoms.cell.array)).astype(int)
    copy = np.ravel_multi_index(tuple((shifts % layout.repeats).T), layout.repeats)
    found, slot = listed(near), np.asarray(near.slot)
    inside = r < CUTOFFS[types[i], types[j]]
    assert inside.sum() > 80
    assert all(copy[k] * layout.slots + slot[j[k]] in found[i[k]] for k in np.flatnonzero(inside))
    # And nothing beyond the reach: one entry per image in the reach, or fewer where two images of an atom share a slot.
    reach = image_pairs(atoms, 5.5)
    counts = np.bincount(reach[0][reach[3] < CUTOFFS[types[reach[0]], types[reach[1]]] + 0.5], minlength=len(atoms))
    assert all(len(slots) <= n for slots, n in zip(found, counts, strict=True))


def test_jax_makes_the_list_of_the_core() -> None:
    atoms = silica("triclinic").repeat((2, 1, 1))
    made = lists(atoms, CUTOFFS)
    near = made.made(atoms.positions, atoms.cell.array)
    moved = jnp.asarray(atoms.positions + np.random.default_rng(1).normal(scale=0.3, size=(len(atoms), 3)))
    again = jax.jit(made.rebuilt)(moved, jnp.asarray(atoms.cell.array), near)
    assert not bool(again.overflow)
    of_core = made.made(moved, atoms.cell.array, near)
    assert of_core.layout == near.layout
    # The slots of atoms may differ: compare atoms.
    ours, theirs = ([{int(of.atom[s % of.layout.slots]) for s in slots} for slots in listed(of)] for of in (again, of_core))
    assert ours == theirs
    assert not bool(again.stale(moved, again.cell))


def test_too_little_room_is_told_and_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    atoms = silica("cubic")
    made, cell = lists(atoms, CUTOFFS), jnp.asarray(atoms.cell.array)
    near = made.made(atoms.positions, cell)
    dense = jnp.asarray(atoms.positions.copy())
    dense = dense.at[:60].set(dense[:60] * 0.3)
    overfull = jax.jit(made.rebuilt)(dense, cell, near)
    assert bool(overfull.overflow)
    assert bool(overfull.stale(dense, cell))
    monkeypatch.setattr(neighbour_lists, "on_accelerator", lambda: True)
    mended = made.made(dense, cell, near)
    assert not bool(mended.overflow)
    assert np.all(np.array(mended.layout.rows) >= near.layout.rows)
    assert np.any(np.array(mended.layout.rows) > near.layout.rows)
    # Where the room suffices the list is made by JAX in the same room.
    assert made.made(atoms.positions, cell, near).layout == near.layout


def test_a_list_that_is_not_stale_is_complete() -> None:
    atoms = silica("triclinic")
    made, rng = lists(atoms, CUTOFFS, skin=1.0), np.random.default_rng(4)
    near = made.made(atoms.positions, atoms.cell.array)
    kept, stale = 0, 0
    types = (np.array(atoms.symbols) == "Si").astype(int)
    known = [{int(near.atom[s % near.layout.slots]) for s in slots} for slots in listed(near)]
    for scale in np.linspace(0.02, 0.4, 20):
        moved = atoms.copy()
        moved.positions += rng.normal(scale=scale, size=(len(atoms), 3))
        moved.set_cell(atoms.cell.array @ (np.eye(3) + 0.1 * scale * rng.normal(size=(3, 3))), scale_atoms=True)
        if bool(near.stale(jnp.asarray(moved.positions), jnp.asarray(moved.cell.array))):
            stale += 1
            continue
        kept += 1
        i, j, _, r = image_pairs(moved, 5.0)
        inside = r < CUTOFFS[types[i], types[j]]
        assert all(j[k] in known[i[k]] for k in np.flatnonzero(inside))
    assert kept > 2
    assert stale > 2


def test_what_makes_a_list_stale() -> None:
    atoms = silica("cubic")
    made = lists(atoms, CUTOFFS, skin=1.0)
    x, h = jnp.asarray(atoms.positions), jnp.asarray(atoms.cell.array)
    near = made.made(x, h)
    assert not bool(near.stale(x, h))
    assert not bool(near.stale(x + h[1] - 2 * h[0], h))  # the same atoms, in another cell
    for first, second, stale in ((0.98, 0.0, False), (1.02, 0.0, True), (0.7, 0.28, False), (0.7, 0.32, True)):  # the two that moved farthest count
        assert bool(near.stale(x.at[0, 0].add(first).at[5, 1].add(second), h)) is stale
    assert bool(near.stale(x.at[0, 0].set(jnp.nan), h))
    assert not bool(near.stale(x * 0.95, h * 0.95))
    assert bool(near.stale(x * 0.8, h * 0.8))
    narrow = made.made(x * 0.8, h * 0.8)  # 10.3 Å wide
    assert narrow.layout.repeats == (1, 1, 1)
    assert bool(narrow.stale(x * 0.77, h * 0.77))  # narrower than twice the cutoff


def test_lists_of_different_room_are_not_stacked() -> None:
    atoms = silica("small")
    one, other = (lists(atoms, CUTOFFS, skin).made(atoms.positions, atoms.cell.array) for skin in (0.5, 0.6))
    with pytest.raises(InputError, match="different layouts"):
        neighbour_lists.stacked([one, other])
