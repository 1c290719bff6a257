"""Small systems that the compiled core moves: a dense mixture of two noble gases, and atoms that feel nothing."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from ase.build import bulk

from glasswright.engines.native.tables import pair_tables
from glasswright.library.forcefield_reader import parse_forcefield
from glasswright.native import core
from glasswright.units import BOLTZMANN, MASS_VELOCITY2

MIXTURE = """
name = "mixture"
title = "Argon and a heavier twin, by exp-6"
units = "eV, angstrom, e"
every_species_with = []
species = { Ar = { charge = 0.0 }, Kr = { charge = 0.0 } }
coulomb = { method = "none" }
melt_quench = { melt_temperature = 200.0 }
[pairs]
"""
PAIR = '"{}" = {{ form = "buckingham", A = 9380.0, rho = 0.272857, C = 56.55, cutoff = 6.5, smoothing = 0.5, core = {{ kind = "splice" }} }}\n'
MASSES = np.array([39.948, 83.798])
N_ATOMS = 108


@cache
def _tables(double_precision: bool) -> Any:
    text = MIXTURE + "".join(PAIR.format(pair) for pair in ("Ar-Ar", "Ar-Kr", "Kr-Kr"))
    return pair_tables(parse_forcefield(text.encode(), "mixture.toml").bind(_lattice()), double_precision=double_precision)


def _lattice() -> Any:
    atoms = bulk("Ar", "fcc", a=5.5, cubic=True) * (3, 3, 3)
    atoms.numbers[1::3] = 36
    return atoms


def mixture(temperature: float = 120.0, *, threads: int = 1, double_precision: bool = False, rattle: float = 0.1) -> Any:
    """A ``Dynamics`` of 108 atoms at the density of liquid argon, near a crystal; velocities of a temperature [K]."""
    atoms = _lattice()
    atoms.rattle(rattle, seed=1)
    types = (atoms.numbers == 36).astype(np.int64)
    forces = core().Forces(types, pairs=_tables(double_precision).term(), threads=threads)
    return core().Dynamics(forces, atoms.positions, velocities(types, MASSES, temperature), np.array(atoms.cell[:]), MASSES)


def ideal_gas(n_atoms: int, volume: float, temperature: float, mass: float = 40.0, threads: int = 1) -> Any:
    """A ``Dynamics`` of atoms that feel nothing."""
    types = np.zeros(n_atoms, dtype=np.int64)
    edge = volume ** (1 / 3)
    start = np.random.default_rng(1).random((n_atoms, 3)) * edge
    return core().Dynamics(core().Forces(types, threads=threads), start, velocities(types, np.array([mass]), temperature), edge * np.eye(3), np.array([mass]))


def velocities(types: np.ndarray, masses: np.ndarray, temperature: float) -> np.ndarray:
    """Maxwell's, without net momentum, scaled to the exact temperature."""
    m = masses[types][:, None]
    v = np.random.default_rng(0).normal(size=(len(types), 3)) / np.sqrt(m)
    v -= (m * v).sum(axis=0) / m.sum()
    kinetic = 0.5 * MASS_VELOCITY2 * (m * v**2).sum()
    return v * np.sqrt(0.5 * (3 * len(types) - 3) * BOLTZMANN * temperature / kinetic) if kinetic > 0 else v
