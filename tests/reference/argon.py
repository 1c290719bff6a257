"""A liquid of one kind of atoms, like argon, sampled by the compiled core."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk

from glasswright.engines.native import NativeEngine
from glasswright.forcefield import Coulomb, ForceField, MeltQuenchDefaults, PairTerm, Species, Validity
from glasswright.stage import Stage

ALPHA, DEPTH, MINIMUM = 13.8, 0.0105, 3.85
"""Steepness, depth [eV] and place of the minimum [Å] of an exp-6 potential like argon's."""
TEMPERATURE = 120.0
PAIR = ("Ar", "Ar")


def argon_forcefield(*, cutoff: float = 8.0, smoothing: float = 0.0, **changed: float) -> ForceField:
    """Exp-6, shifted to zero at the cutoff; ``smoothing``: with every derivative too."""
    parameters = {"A": 6 * DEPTH / (ALPHA - 6) * np.exp(ALPHA), "rho": MINIMUM / ALPHA, "C": DEPTH * ALPHA / (ALPHA - 6) * MINIMUM**6}
    pairs = {PAIR: PairTerm(PAIR, "buckingham", parameters | changed, cutoff, shifted=True, smoothing=smoothing)}
    species = (Species("Ar", "Ar", 0.0),)
    return ForceField("argon", "exp-6", species, pairs, Coulomb("none", cutoff), Validity(frozenset({"Ar"})), MeltQuenchDefaults(300.0))


def argon_crystal(cells: int = 3) -> Atoms:
    """At the density of the liquid near its boiling point."""
    return bulk("Ar", "fcc", a=(4 / 0.0205) ** (1 / 3), cubic=True).repeat(cells)


def argon_liquid(forcefield: ForceField, directory: Path, n: int, every: int = 100, seed: int = 1) -> tuple[list[Atoms], np.ndarray, np.ndarray]:
    """Configurations of 108 atoms every so many steps of 5 fs, their energies [eV] and pressures [GPa]."""
    crystal = argon_crystal()
    frames, energies, pressures = [], [], []
    with NativeEngine(precision="double").open(crystal, forcefield, directory) as simulation:
        simulation.set_velocities(2 * TEMPERATURE, seed)
        simulation.start(Stage("sample", "nvt", 10**9, 5.0, (TEMPERATURE, TEMPERATURE), thermostat="langevin", thermostat_damping=500.0, seed=seed))
        simulation.advance(4000)
        for _ in range(n):
            state = simulation.advance(every)
            frames.append(Atoms(crystal.symbols, state.positions, cell=state.cell, pbc=True))
            energies.append(state.potential_energy)
            pressures.append(state.pressure)
    return frames, np.array(energies), np.array(pressures)


def block_error(values: Sequence[float] | np.ndarray, blocks: int = 10) -> np.ndarray:
    """Standard error of the mean over the first axis, from blocks."""
    means = np.array([b.mean(axis=0) for b in np.array_split(np.asarray(values), blocks)])
    return means.std(axis=0, ddof=1) / np.sqrt(blocks)
