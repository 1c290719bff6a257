"""The direct sum on crystals: Bragg peaks where the lattice puts them, extinct where the structure says so."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import find_peaks

from glasswright import analysis
from reference import crystals

QUARTZ = (4.255, 3.343, 2.457, 2.281, 1.818)
"""Strongest lines of alpha-quartz (ICDD PDF 46-1045), d [Å]: 100, 101, 110, 102, 112."""
CRISTOBALITE = (4.04, 3.136, 2.841, 2.485, 2.118, 1.929, 1.872)
"""Alpha-cristobalite (ICDD PDF 39-1425), d [Å]: 101, 111, 102, 200, 211, 113, 212."""


@pytest.mark.parametrize(("crystal", "repeat", "lines"), [("alpha_quartz", (6, 6, 5), QUARTZ), ("alpha_cristobalite", (6, 6, 4), CRISTOBALITE)])
def test_lines_of_silica_polymorphs(crystal, repeat, lines):
    """X-rays, as the powder files; half a bin of 0.01 1/Å is up to 0.34 % of d, the lattice constants are another sample's."""
    atoms = getattr(crystals, crystal)().repeat(repeat)
    q = np.arange(1.2, 3.6, 0.01)
    s = analysis.structure_factor(atoms, q, "xray", "direct", q_width=0.01)
    d = 2 * np.pi / q[find_peaks(s.y, height=2)[0]]
    for line in lines:
        assert np.min(np.abs(d / line - 1)) < 0.005, line


def test_structure_factors_of_diamond():
    """|F|²/N of one cubic cell of 8 atoms: 4 for 111, 0 for 200 and 222, 8 for 220 and 400; nothing in between."""
    atoms = crystals.diamond()
    a = atoms.cell.lengths()[0]
    q = 2 * np.pi / a * np.sqrt([3, 4, 8, 12, 16])
    assert np.allclose(analysis.structure_factor(atoms, q, method="direct", q_width=0.01).y, [4, 0, 8, 0, 8], atol=1e-6)
    larger = analysis.structure_factor(atoms.repeat((3, 2, 2)), q, method="direct", q_width=1e-4)
    # The lattice of the larger cell has other vectors of the same length, all of them extinct.
    assert larger.y[0] <= 12 * 4 + 1e-6
    assert np.allclose(larger.y[[1, 3]], 0, atol=1e-5)


def test_iron_is_extinct_where_h_plus_k_plus_l_is_odd():
    atoms = crystals.bcc_iron()
    a = atoms.cell.lengths()[0]
    q = 2 * np.pi / a * np.sqrt([1, 2, 3, 4, 5, 6])
    assert np.allclose(analysis.structure_factor(atoms, q, method="direct", q_width=0.01).y, [0, 2, 0, 2, 0, 2], atol=1e-6)
