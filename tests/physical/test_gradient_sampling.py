"""Dynamics along the gradient of data and energy sample what Monte Carlo moves judged by both do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ase.build import bulk

import glasswright as gw
from glasswright.composition import Composition
from glasswright.experiment import Experiment
from glasswright.io.experiments import DataSet
from glasswright.refinement.methods import method_of
from glasswright.refinement.settings import RefineSettings
from glasswright.workflows.refinement_job import prepare_refinement
from unit.test_fear import FORCEFIELD

Q = np.arange(1.5, 12.0, 0.1)
R_MAX = 3.1
"""Between the first two shells of neighbours [Å]: smooth counts end smoothly, whole ones do not."""
BLOCKS, LEFT_OUT, BINS = 116, 20, 8


def sampled(method: str, **settings: Any) -> tuple[np.ndarray, np.ndarray]:
    """U per atom and R² of every block at 600 K: of a crystal, which does not age, between data with wider peaks and an energy."""
    crystal = bulk("Si", cubic=True).repeat(3)
    other = crystal.copy()
    other.positions += np.random.default_rng(3).normal(0, 0.1, crystal.positions.shape)
    curve = gw.analysis.structure_factor(other, Q, radiation="neutron")
    data = DataSet("neutrons", Experiment(curve, "neutron", Composition("Si")), {"scale": 1.0})
    s = RefineSettings(method, temperature=600.0, chi_temperature=0.02, anneal=0.0, energy_weight=1.0, moves=10**6, r_max=R_MAX, **settings)
    problem, way = prepare_refinement(s, (data,), (), crystal, FORCEFIELD).problem, method_of(method)
    state, _ = way.init(problem)
    energies, squares = [], []
    for _ in range(BLOCKS):
        state, block = way.block(problem, state)
        energies.append(block.energy)
        squares.append(block.r_chi[0] ** 2)
    return np.array(energies[LEFT_OUT:]), np.array(squares[LEFT_OUT:])


@pytest.mark.slow
def test_langevin_dynamics_and_hybrid_monte_carlo_agree() -> None:
    along = sampled("gradient", gradient_by="langevin", block=10, gradient_steps=10)
    moved = sampled("hybrid", block=30, step=0.1)
    # T_chi five times as high changes R² by 9e-4 and U by 6 meV.
    for name, a, b, resolved in zip(("U", "R²"), along, moved, (1.5e-3, 1e-4), strict=True):
        means = [np.mean(np.reshape(values, (BINS, -1)), axis=1) for values in (a, b)]
        error = float(np.sqrt(sum(np.var(m, ddof=1) / BINS for m in means)))
        assert error < resolved, name
        assert abs(np.mean(means[0]) - np.mean(means[1])) < 4.5 * error, name
