"""Steps along a force sample what other steps sample, even along a wrong force: two atoms that attract each other, against quadrature."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from glasswright.engines.native.tables import PairTables
from glasswright.native.monte_carlo import MonteCarlo, Moves
from reference.liquid import _tables

EDGE, CUTOFF, KT = 13.2, 6.5, 0.0045


def scaled(tables: PairTables, factor: float) -> PairTables:
    return replace(tables, energy=tables.energy * factor, force=tables.force * factor)


def exact() -> float:
    """Mean energy [eV] of two atoms in the cell: Boltzmann's weight on distances, the energies those of the kernel."""
    r = (np.arange(4000) + 0.5) * CUTOFF / 4000
    energy = np.empty_like(r)
    for k, distance in enumerate(r):
        kernel = MonteCarlo([[0, 0, 0], [distance, 0, 0]], np.eye(3) * EDGE, [0, 1], 2, r_max=CUTOFF, n_bins=1)
        kernel.set_pairs(_tables(False))
        energy[k] = kernel.energy
    weight = 4 * np.pi * r**2 * np.exp(-energy / KT) * CUTOFF / 4000
    free = EDGE**3 - 4 / 3 * np.pi * CUTOFF**3
    return float((weight * energy).sum() / (weight.sum() + free))


@pytest.mark.parametrize("factor", [1.0, 3.0, -0.5])
def test_any_force_leads_to_the_same_average(factor: float) -> None:
    kernel = MonteCarlo([[0, 0, 0], [3.8, 0, 0]], np.eye(3) * EDGE, [0, 1], 2, r_max=CUTOFF, n_bins=1, seed=5)
    kernel.set_pairs(_tables(False))
    kernel.set_bias(scaled(_tables(False), factor / KT))
    energies, accepted = [], 0
    for _ in range(12000):
        counts = kernel.run(40, temperature=KT, moves=Moves(step=3.0, biased=0.7, biased_step=0.4))
        assert counts.biased.tried > 0
        accepted += counts.biased.accepted
        energies.append(kernel.energy)
    blocks = np.reshape(energies, (40, -1)).mean(axis=1)
    error = blocks.std(ddof=1) / np.sqrt(len(blocks))
    assert 0.2 < accepted / (12000 * 28) < 0.999
    assert error < 0.03 * abs(exact())
    assert abs(np.mean(energies) - exact()) < 4.5 * error


def test_a_right_force_gets_down_faster() -> None:
    """From the same scattered start, with the same number of steps of the same size."""
    rng = np.random.default_rng(2)
    grid = np.stack(np.meshgrid(*[np.arange(6)] * 3), -1).reshape(-1, 3) * 4.4
    positions, types = grid + rng.uniform(-0.6, 0.6, grid.shape), rng.integers(0, 2, len(grid))
    energies = []
    for biased in (0.0, 1.0):
        kernel = MonteCarlo(positions, np.eye(3) * 26.4, types, 2, r_max=8.0, n_bins=1, seed=1)
        kernel.set_pairs(_tables(False))
        kernel.set_bias(scaled(_tables(False), 1 / 0.001))
        kernel.run(6000, temperature=0.001, moves=Moves(step=0.1 * np.sqrt(3), biased=biased, biased_step=0.1))
        energies.append(kernel.energy)
    assert energies[1] < energies[0]
