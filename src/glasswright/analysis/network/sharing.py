"""How polyhedra are joined: by corners, edges or faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..findings import Number
from ..frames import Pair
from ..pairs.coordination import Cutoffs
from .bonds import Bonds, Source, all_bonds, linked


@dataclass(frozen=True)
class Sharing:
    """How polyhedra around two kinds of network formers are joined; the three shares sum to 1."""

    corner: Number
    """Share of the joined pairs of polyhedra that have one anion in common."""
    edge: Number
    """Two anions."""
    face: Number
    """Three or more."""
    per_polyhedron: Number
    """Joined pairs of this kind over the polyhedra of both kinds."""


def polyhedra_sharing(source: Source, cutoffs: Cutoffs | None = None) -> dict[Pair, Sharing]:
    """Corner-, edge- and face-sharing of the polyhedra around network formers: pair of formers, alphabetical → shares.

    Two polyhedra are one pair however many anions they share, and a polyhedron may be joined to its own periodic image.

    Raises
    ------
    InputError
        If nothing links network formers.
    """
    frames = all_bonds(source, cutoffs)
    linked(frames[0])
    each = [_joined(bonds) for bonds in frames]
    found = {}
    for pair in sorted({pair for one in each for pair in one}):
        counts = np.array([np.bincount(np.clip(one.get(pair, np.zeros(0, dtype=np.int64)), 1, 3), minlength=4)[1:] for one in each])
        corner, edge, face = (Number.over(list(column)) for column in (counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)).T)
        polyhedra = [int(bonds.of(list(set(pair))).sum()) for bonds in frames]
        found[pair] = Sharing(corner, edge, face, Number.over([float(c.sum()) / n for c, n in zip(counts, polyhedra, strict=True)]))
    return found


def edge_sharing(source: Source, cutoffs: Cutoffs | None = None) -> dict[str, Number]:
    """Share of the polyhedra of each network former that are joined to at least one other by an edge or a face.

    Raises
    ------
    InputError
        If nothing links network formers.
    """
    frames = all_bonds(source, cutoffs)
    formers, found = linked(frames[0]).formers, dict[str, Number]()
    for former in formers:
        values = []
        for bonds in frames:
            a, b, anions = joined_polyhedra(bonds)
            several = np.zeros(len(bonds.types), dtype=bool)
            several[a[anions > 1]] = several[b[anions > 1]] = True
            values.append(float(several[bonds.of([former])].mean()))
        found[former] = Number.over(values)
    return found


def joined_polyhedra(bonds: Bonds) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of network formers (of images of them) with anions in common: either atom, and the number of these anions."""
    a, b, keys = linked_pairs(bonds)
    _, index, anions = np.unique(keys, return_index=True, return_counts=True)
    return a[index], b[index], anions


def linked_pairs(bonds: Bonds) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Two network formers at one linker, once for every linker: either atom, and the key of the pair."""
    role = bonds.roles
    network = bonds.among(bonds.of(role.linkers), bonds.of(role.formers))
    left, right = network.couples(bonds.bridging)
    a, b = network.second[left], network.second[right]
    between = network.shifts[right] - network.shifts[left]
    return a, b, bonds.pair_keys(a, b, between)


def _joined(bonds: Bonds) -> dict[Pair, NDArray[np.int64]]:
    """Pair of elements → anions shared by every pair of polyhedra of this kind."""
    a, b, anions = joined_polyhedra(bonds)
    low, high = np.minimum(bonds.types[a], bonds.types[b]), np.maximum(bonds.types[a], bonds.types[b])
    n, names = len(bonds.elements), bonds.elements
    code = low * n + high
    return {(names[c // n], names[c % n]): anions[code == c] for c in map(int, np.unique(code))}
