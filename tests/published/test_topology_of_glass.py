"""What persistent homology says of glass, in the literature and in the glasses kept with the package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.io import read

from glasswright.analysis import contact_radii, loop_spectrum, persistence_diagrams, structure_factor, tetrahedrality

GLASSES = Path(__file__).parents[2] / "gallery" / "glasses"


@pytest.fixture(scope="module")
def silica():
    return read(GLASSES / "silica-shik-50Kps-1.extxyz.gz")


def test_loops_explain_the_first_sharp_diffraction_peak(silica):
    """Sørensen et al., doi 10.1126/sciadv.abc2320: the sizes of the loops, turned into Q, peak where the diffraction peak does.

    They agree for silica to within the smearing of one loop, 0.1 1/Å.
    """
    radii, q = contact_radii(silica), np.arange(1.0, 2.2, 0.01)
    assert radii == pytest.approx({"O": 1.275, "Si": 0.275}, abs=0.06)  # of another potential: doi 10.1073/pnas.1520877113
    loops = persistence_diagrams(silica, radii)[1]
    spectrum = loop_spectrum([loops], list(silica.symbols), radii["O"], q)["total"]
    diffraction = structure_factor(silica, q)
    assert q[spectrum.y.argmax()] == pytest.approx(q[diffraction.y.argmax()], abs=0.1)
    # Network rings are closed by bonds (birth near 0) and filled late: the vertical band C_P of doi 10.1073/pnas.1520877113.
    pairs = np.sort(np.array(silica.symbols)[loops.birth_atoms], axis=1)
    bonded = (pairs == ["O", "Si"]).all(axis=1)
    assert np.abs(np.median(loops.births[bonded])) < 0.1
    assert loops.deaths[bonded].max() > 3


def test_an_open_boundary_loses_rings(silica):
    """About a tenth of the loops of a box of 3000 atoms (measured with two other codes): what periodic homology is for."""
    gudhi = pytest.importorskip("gudhi")
    tree = gudhi.AlphaComplex(points=silica.get_positions(wrap=True), precision="fast").create_simplex_tree()
    tree.compute_persistence(homology_coeff_field=2)
    intervals = tree.persistence_intervals_in_dimension(1)
    kept = (intervals[:, 1] - intervals[:, 0] > 1e-5).sum() / len(persistence_diagrams(silica)[1].births)
    assert 0.85 < kept < 0.95


def test_tetrahedra_of_silica_glass(silica):
    assert tetrahedrality(silica)["Si", "O"].mean() > 0.96
