"""Every method goes on after an interruption as if there had been none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glasswright as gw
from glasswright.composition import Composition
from glasswright.experiment import Experiment
from glasswright.io.experiments import DataSet
from glasswright.refinement.settings import RefineSettings
from glasswright.targets.constraints import Coordination
from glasswright.workflows.refinement_job import prepare_refinement
from glasswright.workflows.run_refinement import drive_refinement

from .test_refine import Q, network

METHODS: dict[str, dict[str, Any]] = {
    "rmc": {"swaps": 0.05, "clusters": 0.05, "groups": ("Si", "O", 2.2)},
    "hybrid": {"forcefield": "bks/dsf"},
    "monte_carlo": {"forcefield": "bks"},
    "epsr": {"forcefield": "bks/dsf", "epsr_average": 2},
    "fear": {"forcefield": "bks/dsf", "fear_dynamics": 10},
    "gradient": {"forcefield": "bks/dsf", "gradient_steps": 2},
}


def drive(path: Path, stop_after: int | None) -> dict[str, Any]:
    seen = 0

    def show(fraction: float, text: str) -> None:
        nonlocal seen
        seen += 1
        assert 0 < fraction <= 1 and text
        if seen == stop_after:
            raise KeyboardInterrupt

    return drive_refinement(path, show)


@pytest.mark.parametrize("method", METHODS)
def test_resume(method: str, tmp_path: Path) -> None:
    start = network()
    data = [DataSet("neutrons", Experiment(gw.analysis.structure_factor(start, Q, radiation="neutron"), "neutron", Composition("SiO2"), 2.17))]
    start.set_cell(start.cell * 1.12, scale_atoms=True)  # wide enough for a cutoff of 8 Å
    settings = RefineSettings(method, moves=40, block=5, sample_frames=2, **METHODS[method])
    constraints = [] if settings.method == "gradient" else [Coordination("Si", "O", 2.4, 4, weight=1.0)]
    job = prepare_refinement(settings, data, constraints, start)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for path in (whole, parts):
        path.mkdir()
        job.write(path)
    results = drive(whole, None)
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            drive(parts, 3)
    again = drive(parts, None)
    assert again["results"] | {"cpu_time": 0} == results["results"] | {"cpu_time": 0}
    first, second = gw.read_run(whole), gw.read_run(parts)
    np.testing.assert_array_equal(second.atoms.positions, first.atoms.positions)
    assert list(first.history) == list(second.history) and ("penalty" in first.history) == bool(constraints)
    for name in set(first.history) - {"time"}:
        np.testing.assert_array_equal(second.history[name], first.history[name], err_msg=name)
    assert len(second.frames) == len(first.frames) == 2
