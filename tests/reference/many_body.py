"""Structures and force fields beyond pairs: crystals off their sites, cells smaller than the cutoff, mixtures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from ase import Atoms
from ase.build import bulk

from glasswright.forcefield import ForceField
from glasswright.forms.setfl import sampled, setfl
from glasswright.library.forcefield_reader import parse_forcefield
from glasswright.library.forcefields import load_forcefield

HEADER = """
name = "{name}"
title = "Made up for tests"
units = "eV, angstrom, e"
[coulomb]
method = "none"
[melt_quench]
melt_temperature = 2000.0
[species]
{a} = {{ charge = 0.0 }}
{b} = {{ charge = 0.0 }}
"""
BOND_ORDERS = """
[pairs.defaults]
form = "tersoff"
[pairs]
"Si-Si" = { A = 1830.8, lambda1 = 2.4799, B = 471.18, lambda2 = 1.7322, R = 2.85, D = 0.15 }
"C-Si" = { A = 1597.3, lambda1 = 2.9839, B = 395.1, lambda2 = 1.97205, R = 2.5, D = 0.3 }
"C-C" = { A = 1393.6, lambda1 = 3.4879, B = 346.7, lambda2 = 2.2119, R = 2.2, D = 0.2 }
[bond_orders.defaults]
beta = 0.9
n = 0.9
c = 1.5
d = 0.7
cos_theta0 = -0.4
gamma = 0.3
lambda3 = 1.1
m = 1
[bond_orders]
C = {}
Si = { beta = 1.1, n = 1.2, c = 2.0, d = 0.9, gamma = 0.2, lambda3 = 0.7, m = 3 }
"C-Si-Si" = { beta = 1.3, n = 0.8, cos_theta0 = -0.2, lambda3 = 0.5, m = 3 }
"Si-C-C" = { beta = 0.7, gamma = 0.4, lambda3 = -0.4 }
"""
"""Every kind of row: of a centre, and of bonded, centre and third, the two ends not exchangeable."""


def bond_orders() -> ForceField:
    """Two species, with rows for some bonds in sight of some species alone."""
    return parse_forcefield((HEADER.format(name="bond-orders", a="C", b="Si") + BOND_ORDERS).encode(), "bond_orders.toml")


def tables(n: int = 2000) -> ForceField:
    """Two species by tables in which the density depends on both (``eam/fs``); so coarse that how they are interpolated matters."""

    def density(at: str, due: str, r: np.ndarray) -> np.ndarray:
        return (1.2 if at == "Cu" else 0.8) * (1.0 if due == "Cu" else 1.5) * np.exp(-1.7 * (r - 2.6)) * (1 - r / 5.5) ** 3

    def pair(a: str, b: str, r: np.ndarray) -> np.ndarray:
        return np.asarray((0.3 if a == b else 0.4) * np.exp(-4.0 * (r - 2.6)) * (1 - r / 5.5) ** 3)

    def embedding(element: str, rho: np.ndarray) -> np.ndarray:
        return -(1.0 if element == "Cu" else 1.4) * np.sqrt(rho) + 0.02 * rho

    text = setfl(sampled(["Cu", "Zr"], 5.5, 3.5, embedding, density, pair, n), [63.5, 91.2], "two metals made up for tests")
    return parse_forcefield((HEADER.format(name="tables", a="Cu", b="Zr") + f"[embedded]\nsetfl = '''\n{text}'''\n").encode(), "tables.toml")


def small_diamond(symbols: str = "Si") -> Atoms:
    """Two atoms in a skewed primitive cell that every cutoff reaches across."""
    atoms = bulk("Si", "diamond", a=5.4)
    atoms.set_chemical_symbols([symbols[:2], symbols[2:] or symbols[:2]])
    atoms.set_cell(atoms.cell.array + [[0.0, 0.1, 0.0], [0.0, 0.0, -0.2], [0.15, 0.0, 0.0]], scale_atoms=True)
    atoms.rattle(0.08, seed=3)
    return atoms


def carbide() -> Atoms:
    """Eight atoms, compressed and off their sites so that cutoffs cut, in a cell narrower than twice the cutoff."""
    atoms = bulk("SiC", "zincblende", a=4.7, cubic=True)
    atoms.rattle(0.2, seed=4)
    return atoms


def copper() -> Atoms:
    """Four atoms in a cell narrower than the cutoff."""
    atoms = bulk("Cu", "fcc", a=3.6, cubic=True)
    atoms.rattle(0.15, seed=5)
    return atoms


def alloy() -> Atoms:
    """Eight atoms of Cu and Zr on a skewed lattice, some pairs so close that densities leave the tables."""
    atoms = bulk("Cu", "fcc", a=3.7, cubic=True) * (2, 1, 1)
    atoms.symbols[::3] = "Zr"
    atoms.set_cell(atoms.cell.array + [[0.0, 0.0, 0.0], [0.7, 0.0, 0.0], [-0.3, 0.5, 0.0]], scale_atoms=True)
    atoms.rattle(0.2, seed=6)
    return atoms


SYSTEMS: dict[str, Callable[[], tuple[Atoms, ForceField]]] = {
    "tersoff": lambda: (small_diamond(), load_forcefield("tersoff-si-1988")),
    "bond orders": lambda: (carbide(), bond_orders()),
    "second moment": lambda: (copper(), load_forcefield("cleri-rosato")),
    "tables": lambda: (alloy(), tables()),
}
"""Name → atoms and the force field to try on them."""
