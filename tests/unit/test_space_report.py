"""The groups on order and space: what they find of a small glass, on disk and on the page."""

from __future__ import annotations

import re

import numpy as np
import pytest

from conftest import write_synthetic_run
from glasswright.analysis import density
from glasswright.analysis.findings import pool
from glasswright.analysis.sample import Sample
from glasswright.analysis.space.survey import survey_cavities, survey_homology, survey_order
from glasswright.analysis.store import write_findings
from glasswright.io.run import Run
from glasswright.report import space
from glasswright.report.contents import Contents
from glasswright.report.document import SECTIONS
from reference import crystals


def shaken(seed):
    atoms = crystals.alpha_cristobalite().repeat((3, 3, 2))
    atoms.positions += np.random.default_rng(seed).normal(0, 0.15, atoms.positions.shape)
    return atoms


@pytest.fixture(scope="module")
def samples():
    return [Sample([shaken(1), shaken(2)]), Sample([shaken(3)])]


def test_order(samples):
    found = survey_order(samples[0])
    assert found.numbers["tetrahedrality of Si (O)"].value > 0.8
    assert found.numbers["tetrahedrality of Si (O)"].spread > 0
    mean = (found.numbers["Voronoi volume of Si"].value + 2 * found.numbers["Voronoi volume of O"].value) / 3
    assert mean == pytest.approx(shaken(1).cell.volume / 216)
    assert density(shaken(1)) == pytest.approx(2.33, abs=0.02)
    for curve in found.curves.values():
        assert curve.y.sum() * (curve.x[1] - curve.x[0]) == pytest.approx(1.0)
    assert 0 < sum(n.value for n in found.populations["voronoi_O"].cases.values()) <= 1


def test_homology(samples):
    found = survey_homology(samples[0])
    cell = found.maps["persistence_1"]
    inside = cell.values.sum() * (cell.x[1] - cell.x[0]) ** 2
    assert inside == pytest.approx(found.numbers["loops per atom"].value)
    # Cristobalite: rings of six between layers 4 Å apart.
    assert found.numbers["loops, most of their persistence at Q"].value == pytest.approx(1.6, abs=0.15)
    parts = [c.y for n, c in found.curves.items() if n.startswith("loops_") and n != "loops_total"]
    assert np.sum(parts, axis=0) == pytest.approx(found.curves["loops_total"].y)


def test_cavities(samples):
    found = survey_cavities(samples[1])
    free = found.curves["free_volume"]
    assert (np.diff(free.y) <= 0).all()
    assert found.numbers["free volume"].value == free.y[0] == pytest.approx(50, abs=10)
    fits, passes = (found.numbers[f"radius of the largest sphere that {does}"].value for does in ("fits", "passes through"))
    assert 0 < passes < fits


def test_sections(tmp_path, samples):
    path = write_synthetic_run(tmp_path / "run")
    for group, survey in (("order", survey_order), ("homology", survey_homology), ("cavities", survey_cavities)):
        write_findings(path, group, survey(samples[1]))
    contents = Contents(Run(path))
    page = space.order(contents) + space.homology(contents) + space.cavities(contents)
    for title in ("Tetrahedrality", "Persistence diagram of loops", "Loops and the first sharp diffraction peak", "Free volume"):
        assert f"<figcaption>{title}</figcaption>" in page
    assert "closed by Si–O" in re.sub(r"<[^>]+>", "", page)
    shown = {group for section in SECTIONS for group in section.groups}
    assert {"order", "homology", "cavities"} <= shown


def test_findings_pool(samples):
    pooled = pool([survey_homology(sample) for sample in samples])
    assert pooled.numbers["loops per atom"].spread > 0
    assert pooled.maps["persistence_1"].values.shape == survey_homology(samples[0]).maps["persistence_1"].values.shape
