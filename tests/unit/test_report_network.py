"""The cards on the network that a report shows, where there is something to show."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.io import write

from glasswright.io.run import Run
from glasswright.report.document import render
from glasswright.workflows.analyze import analyze
from reference import crystals, networks


def page(atoms: Atoms, folder) -> str:
    noisy = atoms.repeat((3, 3, 2))
    noisy.positions += np.random.default_rng(0).normal(0, 0.03, noisy.positions.shape)
    write(folder / "solid.extxyz", noisy)
    analyze(folder / "solid.extxyz", folder / "out", groups=["pairs", "network"])
    return render(Run(folder / "out"))


@pytest.mark.parametrize(
    ("make", "shown", "left_out"),
    [
        (
            networks.carnegieite,
            ("Which formers are bridged", "Q4(4Al)", "Species of oxygen", "Clusters of modifiers"),
            ("Coordination defects", "polyhedra share<"),
        ),
        (crystals.stishovite, ("What neighbouring polyhedra share", "[6]Si: SiO6", "Coordination defects"), ("Clusters of modifiers", "Which formers")),
        (crystals.diamond, ("Topological constraints", "Dihedral angles"), ("Species of oxygen", "Coordination defects")),
    ],
)
def test_cards(make, shown, left_out, tmp_path):
    html = page(make(), tmp_path)
    for text in shown:
        assert text in html, text
    for text in left_out:
        assert text not in html, text
