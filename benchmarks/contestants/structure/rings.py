"""Rings of up to 12 silicon atoms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from .contestant import BOND, Answer, Call, contestant

RING = 12
"""Largest ring, in Si atoms."""


def silicon_oxygen(atoms: Atoms) -> Any:
    """Si-O bonds from both ends: what ring programs that find no bonds are given."""
    from glasswright.native import neighbour_pairs

    return neighbour_pairs(atoms.positions, atoms.cell.array, atoms.numbers == 14, [[0, BOND], [BOND, 0]])


def counted(sizes: Any) -> Answer:
    """Rings by size, from 3 to the largest."""
    counts = np.bincount(np.asarray(list(sizes), dtype=int), minlength=RING + 1)
    return {"rings": counts[3 : RING + 1]}


@contestant("rings, Guttman", "glasswright", definition="guttman")
@contestant("rings, King", "glasswright", definition="king")
@contestant("rings, primitive", "glasswright", definition="primitive")
def rings_glasswright(atoms: Atoms, folder: Path, definition: str) -> Call:
    from glasswright.analysis import rings

    def call() -> Answer:
        found = rings(atoms, definition=definition, max_size=RING, cutoffs={("O", "Si"): BOND})
        return {"rings": np.array([found.get(size, 0) for size in range(3, RING + 1)], dtype=int)}

    return call


@contestant("rings, primitive", "matscipy")
def rings_matscipy(atoms: Atoms, folder: Path) -> Call:
    from matscipy.ffi import distances_on_graph, find_sp_rings

    bonds = silicon_oxygen(atoms)
    i, j, r = bonds.first.astype(np.int32), bonds.second.astype(np.int32), bonds.vectors

    def call() -> Answer:
        counts = np.zeros(2 * RING + 2, dtype=int)
        found = find_sp_rings(i, j, r, distances_on_graph(i, j), 2 * RING + 1)
        counts[: found.size] = found[: counts.size]
        return {"rings": counts[6 : 2 * RING + 1 : 2]}

    return call


@contestant("rings, Guttman", "vitrum", definition="guttman")
@contestant("rings, King", "vitrum", definition="king")
@contestant("rings, primitive", "vitrum", definition="primitive")
def rings_vitrum(atoms: Atoms, folder: Path, definition: str) -> Call:
    from vitrum.rings import find_rings

    repeat = (1, 1, 1)  # the box is far larger than its rings
    return lambda: counted(
        len(ring) // 2 for ring in find_rings(atoms, repeat=repeat, bonds=[("Si", "O")], limit=2 * RING, criterion=definition, cutoff={("Si", "O"): BOND})
    )


@contestant("rings, Guttman", "sovapy", definition="guttman")
@contestant("rings, King", "sovapy", definition="king")
@contestant("rings, primitive", "sovapy", definition="primitive")
def rings_sovapy(atoms: Atoms, folder: Path, definition: str) -> Call:
    from sovapy.computation import rings

    pairs = silicon_oxygen(atoms)
    bonds, nodes = np.column_stack([pairs.first, pairs.second])[pairs.first < pairs.second], np.arange(len(atoms))
    search = {
        "guttman": lambda: rings.enumerate_guttman_ring(nodes, nodes, bonds),
        "king": lambda: rings.enumerate_king_ring(nodes, nodes, bonds, False),
        "primitive": lambda: rings.enumerate_primitive_ring(nodes, nodes, bonds, 2 * RING),
    }[definition]
    return lambda: counted(size for size in (len(set(ring)) // 2 for ring in search()) if size <= RING)


@contestant("rings, Guttman", "amorphouspy")
def rings_amorphouspy(atoms: Atoms, folder: Path) -> Call:
    from amorphouspy.analysis.rings import compute_guttmann_rings

    def call() -> Answer:
        found, _ = compute_guttmann_rings(atoms, {("Si", "O"): BOND}, RING)
        return {"rings": np.array([found.get(size, 0) for size in range(3, RING + 1)])}

    return call
