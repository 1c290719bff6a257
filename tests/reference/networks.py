"""More crystals with known networks, made from published cells, and a slow way to count how far a network reaches."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.spacegroup import crystal

from .crystals import beta_cristobalite


def corundum() -> Atoms:
    """Newnham and de Haan, Z. Kristallogr. 117, 235 (1962). AlO6: each shares one face, three edges and nine corners."""
    return crystal(("Al", "O"), basis=[(0, 0, 0.3520), (0.3064, 0, 0.25)], spacegroup=167, cellpar=[4.7589, 4.7589, 12.991, 90, 90, 120])


def rutile() -> Atoms:
    """Meagher and Lager, Can. Mineral. 17, 77 (1979). TiO6: each shares two edges and eight corners."""
    return crystal(("Ti", "O"), basis=[(0, 0, 0), (0.3051, 0.3051, 0)], spacegroup=136, cellpar=[4.593, 4.593, 2.959, 90, 90, 90])


def anatase() -> Atoms:
    """Howard, Sabine and Dickson, Acta Cryst. B 47, 462 (1991). TiO6: each shares four edges and four corners."""
    return crystal(("Ti", "O"), basis=[(0, 0, 0), (0, 0, 0.2081)], spacegroup=141, cellpar=[3.7845, 3.7845, 9.5143, 90, 90, 90])


def cuprite() -> Atoms:
    """Cu2O, a = 4.2685 Å: two networks of diamond's topology that interpenetrate and never touch; images of each other in this cell."""
    return crystal(("Cu", "O"), basis=[(0.25, 0.25, 0.25), (0, 0, 0)], spacegroup=224, cellpar=[4.2685] * 3 + [90] * 3)


def carnegieite() -> Atoms:
    """Idealised high carnegieite, NaAlSiO4 (Barth and Posnjak, Z. Kristallogr. 81, 135 (1932)): beta-cristobalite with Al and Si in turn, and
    sodium in every other cage, 2.97 Å from twelve oxygens."""
    atoms = beta_cristobalite()
    silicon = np.flatnonzero(atoms.symbols == "Si")
    near = np.isclose(atoms.get_distances(silicon[0], silicon, mic=True), 7.16 * np.sqrt(3) / 4)
    atoms.symbols[silicon[near]] = "Al"
    cages = (np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]) + 3 / 8) * 7.16
    return atoms + Atoms("Na4", positions=cages)


CUTOFFS = {("Al", "O"): 2.1, ("O", "Ti"): 2.2, ("Cu", "O"): 2.0, ("O", "Si"): 2.0, ("Na", "O"): 3.1, ("S", "Si"): 2.5, ("C", "C"): 1.7, ("Fe", "Fe"): 2.7}
"""Cutoffs between the first shell and the next [Å]."""


def reach(n: int, first: np.ndarray, second: np.ndarray, shifts: np.ndarray) -> list[tuple[frozenset[int], int]]:
    """Atoms of each connected part of a periodic graph, and the directions it spans: walks atom by atom, bond by bond."""
    found, seen = [], set()
    around: dict[int, list[tuple[int, np.ndarray]]] = {}
    for a, b, shift in zip(first, second, shifts, strict=True):
        around.setdefault(int(a), []).append((int(b), shift))
    for start in range(n):
        if start in seen:
            continue
        image, windings, todo = {start: np.zeros(3, dtype=int)}, [np.zeros(3, dtype=int)], [start]
        while todo:
            a = todo.pop()
            for b, shift in around.get(a, []):
                there = image[a] + shift
                if b in image:
                    windings.append(there - image[b])
                else:
                    image[b] = there
                    todo.append(b)
        seen |= set(image)
        found.append((frozenset(image), int(np.linalg.matrix_rank(np.array(windings)))))
    return found
