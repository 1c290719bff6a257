"""Targets and the Monte Carlo kernel mean the same by a histogram and by R."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import glasswright as gw
from glasswright.analysis.frames import elements_and_types
from glasswright.curve import Curve
from glasswright.experiment import Experiment
from glasswright.native.monte_carlo import MonteCarlo, Moves
from glasswright.targets import bins_for, read_data, scattering_target

ISOTOPES = Path(__file__).parents[2] / "docs" / "examples" / "refine" / "isotopes.toml"


def test_the_kernel_lowers_the_residuals_of_joint_data():
    """From random atoms, 200 trials each, downhill: both curves must come closer, and the kernel's R must be that of the targets."""
    file = read_data(ISOTOPES)
    atoms = gw.pack("GeO2", 300, density=3.65, seed=1)
    elements, types = elements_and_types(atoms)
    x = np.arange(0.025, 8.0, 0.05)
    counted = Experiment(Curve(x, 1 - np.exp(-((x / 2) ** 6)), None, "g(r)"), "neutron", gw.Composition("GeO2"), counted=True)
    bins = bins_for(atoms, [*file.experiments, counted])
    targets = (*file.targets(bins), scattering_target(counted, bins, weight=0.1, scale=1.0))
    kernel = MonteCarlo(atoms.positions, atoms.cell.array, types, len(elements), r_max=bins.r_max, n_bins=bins.n_bins, seed=1)
    before = [t.r_chi(kernel.histogram) for t in targets]
    for _ in range(2):
        fits = [t.fit(kernel.histogram) for t in targets]
        kernel.set_data([t.residual(*fit) for t, fit in zip(targets, fits, strict=True)])
        kernel.run(30_000, data_weights=tuple(t.weight for t in targets), chi_temperature=0.0, moves=Moves(step=0.4))
    after = [t.r_chi(kernel.histogram, *fit) for t, fit in zip(targets, fits, strict=True)]
    assert np.sqrt(kernel.residuals) == pytest.approx(after, abs=2e-5)
    assert all(a < 0.9 * b for a, b in zip(after[:2], before[:2], strict=True))
    moved = atoms.copy()
    moved.positions = kernel.positions
    for target, fit in zip(targets[:2], fits[:2], strict=True):
        score = gw.compare(moved, target.experiment, scale=False)
        # What differs is where in its shell a distance lies, and the walk has fitted that too.
        assert score.r_chi == pytest.approx(target.r_chi(kernel.histogram, 1.0), abs=3e-3)
        assert fit[0] == pytest.approx(gw.compare(moved, target.experiment).scale, abs=0.2)
