"""Structures for the Stillinger-Weber tests: silicon as a crystal and a liquid, and a random mixture of two kinds of atoms."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
from ase import Atoms
from ase.build import bulk

from glasswright.forcefield import ForceField
from glasswright.library.forcefield_reader import parse_forcefield
from glasswright.library.forcefields import load_forcefield
from reference.make_melts import read_melt


def mixture_forcefield() -> ForceField:
    """The example of the library: two species with unequal cutoffs, angles and powers."""
    return parse_forcefield(files("glasswright.library").joinpath("examples", "stillinger_weber.toml").read_bytes(), "stillinger_weber.toml")


def displaced_crystal(skewed: bool = False) -> Atoms:
    """216 atoms of diamond silicon, 0.1 Å off their sites."""
    atoms = bulk("Si", "diamond", a=5.431, cubic=True) * (3, 3, 3)
    if skewed:
        atoms.set_cell(np.array([[16.3, 0, 0], [1.5, 16.0, 0], [-1.0, 2.0, 15.0]]), scale_atoms=True)
    atoms.rattle(0.1, seed=2)
    return atoms


def mixture(seed: int = 5) -> Atoms:
    """216 atoms of GeSe2 on displaced sites of a simple cubic lattice, 2.6 Å apart, in a skewed cell."""
    random = np.random.default_rng(seed)
    sites = np.stack(np.meshgrid(*[np.arange(6)] * 3), axis=-1).reshape(-1, 3) * 2.6 + random.normal(0, 0.25, (216, 3))
    atoms = Atoms(random.permutation(["Ge"] * 72 + ["Se"] * 144), positions=sites, cell=[15.6] * 3, pbc=True)
    atoms.set_cell(np.array([[15.6, 0, 0], [1.0, 15.2, 0], [0.8, -1.3, 15.9]]), scale_atoms=True)
    return atoms


def narrow(seed: int = 3) -> Atoms:
    """Twenty atoms in a cell that the cutoff just fits into: every pair is listed."""
    sites = np.stack(np.meshgrid(*[np.arange(3)] * 3), axis=-1).reshape(-1, 3)[:20] * 2.55
    atoms = Atoms("Si20", positions=sites, cell=[7.65] * 3, pbc=True)
    atoms.rattle(0.2, seed=seed)
    return atoms


SYSTEMS = {
    "crystal": lambda: (displaced_crystal(), load_forcefield("sw-si")),
    "skewed crystal": lambda: (displaced_crystal(skewed=True), load_forcefield("sw-vink")),
    "liquid": lambda: (read_melt("sw-si"), load_forcefield("sw-si")),
    "narrow": lambda: (narrow(), load_forcefield("sw-si")),
    "mixture": lambda: (mixture(), mixture_forcefield()),
}
"""Name → atoms and the force field to try on them."""
