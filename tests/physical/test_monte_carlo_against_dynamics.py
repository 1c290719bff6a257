"""Energy Monte Carlo and molecular dynamics sample the same ensemble: mean energy and g(r) of liquids within their errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from glasswright.engines.native.engine import NativeEngine
from glasswright.engines.native.interactions import Interactions
from glasswright.engines.native.monte_carlo import monte_carlo_energy
from glasswright.forms.sampled_pairs import SampledPairs
from glasswright.library.forcefield_reader import parse_forcefield
from glasswright.library.forcefields import load_forcefield
from glasswright.native import core, pair_histogram
from glasswright.native.monte_carlo import MonteCarlo, Moves
from glasswright.units import BOLTZMANN
from reference.liquid import velocities

LIMIT = 4.5
"""Standard errors of a difference."""
BLOCKS = 12
"""Each of them long against what the liquid remembers."""


@dataclass(frozen=True)
class Sample:
    """What a run has seen."""

    energy: np.ndarray
    """Of evenly spaced states [eV/atom]."""
    g: np.ndarray
    """Partial g(r) of blocks of states ``(n_blocks, n_pairs, n_bins)``."""

    def compare(self, other: Sample) -> None:
        """Both within their errors."""
        one, two = (np.array([b.mean() for b in np.array_split(s.energy, BLOCKS)]) for s in (self, other))
        error = np.hypot(one.std(ddof=1), two.std(ddof=1)) / np.sqrt(BLOCKS)
        print(f"energy {one.mean():.5f} and {two.mean():.5f} eV/atom, error {error:.5f}")
        assert one.mean() == pytest.approx(two.mean(), abs=LIMIT * error)
        spread = np.sqrt(sum(s.g.var(axis=0, ddof=1) / len(s.g) for s in (self, other)))
        counted = spread > 0
        scores = np.abs(self.g.mean(axis=0) - other.g.mean(axis=0))[counted] / spread[counted]
        print(f"g(r): {scores.size} bins, mean squared score {np.mean(scores**2):.2f}, largest score {scores.max():.1f}")
        # Errors from so few blocks are themselves uncertain by a fifth: squared scores have mean 1.1, and the largest of 150 may reach 6.
        assert np.mean(scores**2) < 2.2 and scores.max() < 7


def blocks_of_g(frames: list[np.ndarray], cell: np.ndarray, types: np.ndarray, r_max: float, n_bins: int) -> np.ndarray:
    n = int(types.max()) + 1
    upper = np.triu_indices(n)
    counts = np.array([pair_histogram(x, cell, types, n, r_max, n_bins)[upper] for x in frames], dtype=float)
    shells = np.diff(np.linspace(0, r_max, n_bins + 1) ** 3)
    g = counts / counts.sum(axis=2).mean(axis=0)[None, :, None] / shells * r_max**3
    return np.array([b.mean(axis=0) for b in np.array_split(g, BLOCKS)])


def by_dynamics(interactions: Interactions, atoms: Atoms, temperature: float, timestep: float, n_steps: int, r_max: float) -> tuple[Sample, np.ndarray]:
    """Canonical by stochastic rescaling; and where it ended."""
    cell, types, masses = atoms.cell.array, interactions.bound.types, interactions.bound.masses
    forces = interactions.forces(interactions.far_field(cell))
    simulation = core().Dynamics(forces, atoms.positions, velocities(types, masses, temperature), cell, masses)
    simulation.set_motion(ensemble="nvt", timestep=timestep, temperature=(temperature,) * 2, thermostat="csvr", thermostat_damping=100.0, seed=1)
    simulation.run(n_steps // 5)
    energy, frames = [], []
    for _ in range(16 * BLOCKS):
        energy.append(simulation.run(n_steps // (16 * BLOCKS), sample_every=5)["potential"])
        frames.append(simulation.state()["positions"].copy())
    return Sample(np.concatenate(energy) / len(atoms), blocks_of_g(frames, cell, types, r_max, 60)), frames[-1]


def by_monte_carlo(interactions: Interactions, atoms: Atoms, start: np.ndarray, temperature: float, step: float, sweeps: int, r_max: float) -> Sample:
    """From a state in equilibrium."""
    n, cell, types = len(atoms), atoms.cell.array, interactions.bound.types
    kernel = MonteCarlo(start, cell, types, len(interactions.bound.species), r_max=r_max, n_bins=60, seed=3)
    monte_carlo_energy(interactions, cell, r_max=r_max).install(kernel)
    settings: dict[str, Any] = {"temperature": BOLTZMANN * temperature, "energy_weight": 1.0, "moves": Moves(step=step)}
    kernel.run(sweeps // 10 * n, **settings)
    energy, frames = [], []
    for _ in range(16 * BLOCKS):
        for _ in range(5):
            counts = kernel.run(sweeps // (80 * BLOCKS) * n, **settings)
            energy.append(kernel.energy)
        frames.append(kernel.positions)
    print(f"accepted {counts.acceptance:.2f}")
    return Sample(np.array(energy) / n, blocks_of_g(frames, cell, types, r_max, 60))


LIQUID = """
name = "argon"
title = "Lennard-Jones argon, whose energy comes from a table"
units = "eV, angstrom, e"
every_species_with = []
species = { Ar = { charge = 0.0 } }
coulomb = { method = "none" }
melt_quench = { melt_temperature = 200.0 }
[pairs]
"Ar-Ar" = { form = "morse12", D = 0.0, a = 1.0, r0 = 1.0, C = 0.0, cutoff = 8.5 }
"""


def lennard_jones(atoms: Atoms) -> Interactions:
    """ε/k = 119.8 K, σ = 3.405 Å, cut at 8.5 Å and shifted."""
    r = np.linspace(2.0, 8.5, 651)
    energy = 4 * BOLTZMANN * 119.8 * ((3.405 / r) ** 12 - (3.405 / r) ** 6)
    pairs = SampledPairs(("Ar",), r, (energy - energy[-1])[None, None])
    bound = parse_forcefield(LIQUID.encode(), "argon.toml").bind(atoms)
    return Interactions(bound, None, 1e-5, False, 1, added=pairs)


@pytest.mark.parametrize("sweeps", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_lennard_jones_liquid(sweeps: int) -> None:
    """108 atoms at 120 K and ρσ³ = 0.8."""
    atoms = bulk("Ar", "fcc", a=(4 / 0.8) ** (1 / 3) * 3.405, cubic=True) * (3, 3, 3)
    interactions = lennard_jones(atoms)
    dynamics, last = by_dynamics(interactions, atoms, 120.0, 5.0, 4 * sweeps, 8.5)
    dynamics.compare(by_monte_carlo(interactions, atoms, last, 120.0, 0.35, sweeps, 8.5))


def silica() -> Atoms:
    """192 atoms of cristobalite at 2.2 g/cm³."""
    from ase.spacegroup import crystal

    atoms = crystal(["Si", "O"], [(0, 0, 0), (0.125, 0.125, 0.125)], spacegroup=227, cellpar=[7.13] * 3 + [90] * 3) * (2, 2, 2)
    atoms.info = {}
    return atoms


@pytest.mark.parametrize(
    ("coulomb", "temperature", "sweeps"),
    [
        ("dsf", 8000.0, 10_000),
        pytest.param("dsf", 5000.0, 150_000, marks=pytest.mark.slow),
        pytest.param("ewald", 6000.0, 40_000, marks=pytest.mark.slow),
    ],
)
def test_molten_silica(coulomb: str, temperature: float, sweeps: int) -> None:
    """192 atoms at 2.2 g/cm³ by BKS, its Coulomb energy cut or by Ewald's sum."""
    atoms = silica()
    forcefield = load_forcefield("bks")
    if coulomb == "dsf":
        forcefield = forcefield.with_coulomb("dsf", cutoff=6.0)
    interactions = NativeEngine(accuracy=1e-4).interactions(forcefield, atoms)
    molten = by_dynamics(interactions, atoms, 9000.0, 1.0, 4000, 6.0)[1]
    atoms.positions = molten
    dynamics, last = by_dynamics(interactions, atoms, temperature, 0.8, 4 * sweeps, 6.0)
    dynamics.compare(by_monte_carlo(interactions, atoms, last, temperature, 0.2, sweeps, 6.0))
