"""Neighbour lists within 10 Å: both directions, shifts and vectors where the program gives them."""

from __future__ import annotations

from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
from ase import Atoms

from .contestant import Answer, Call, contestant

R_MAX = 10.0
"""[Å]"""


@contestant("neighbour list", "glasswright")
def neighbours_glasswright(atoms: Atoms, folder: Path) -> Call:
    from glasswright.analysis import neighbours

    cutoffs = dict.fromkeys(combinations_with_replacement(("O", "Si"), 2), R_MAX)

    return lambda: {"neighbours": np.bincount(neighbours(atoms, cutoffs).first)}


@contestant("neighbour list", "vesin")
def neighbours_vesin(atoms: Atoms, folder: Path) -> Call:
    import vesin

    search = vesin.NeighborList(cutoff=R_MAX, full_list=True)
    return lambda: {"neighbours": np.bincount(search.compute(points=atoms.positions, box=atoms.cell.array, periodic=True, quantities="ijSD")[0])}


@contestant("neighbour list", "matscipy")
def neighbours_matscipy(atoms: Atoms, folder: Path) -> Call:
    from matscipy.neighbours import neighbour_list

    return lambda: {"neighbours": np.bincount(neighbour_list("ijSD", atoms, R_MAX)[0])}


@contestant("neighbour list", "scipy")
def neighbours_scipy(atoms: Atoms, folder: Path) -> Call:
    from scipy.spatial import cKDTree

    lengths = atoms.cell.lengths()

    def call() -> Answer:
        pairs = cKDTree(atoms.positions % lengths, boxsize=lengths).query_pairs(R_MAX, output_type="ndarray")
        return {"neighbours": np.bincount(pairs.ravel(), minlength=len(atoms))}

    return call


@contestant("neighbour list", "ase")
def neighbours_ase(atoms: Atoms, folder: Path) -> Call:
    from ase.neighborlist import neighbor_list

    return lambda: {"neighbours": np.bincount(neighbor_list("ijSD", atoms, R_MAX)[0])}
