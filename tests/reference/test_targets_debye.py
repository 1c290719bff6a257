"""Targets against Debye's sum over pairs of atoms, written out."""

from __future__ import annotations

import numpy as np
import periodictable
import pytest
from ase import Atoms
from periodictable.cromermann import fxrayatq

from glasswright.analysis.frames import elements_and_types
from glasswright.composition import Composition
from glasswright.curve import Curve
from glasswright.experiment import Experiment
from glasswright.native import pair_histogram
from glasswright.targets import PairBins, scattering_target

Q = np.arange(1.1, 20, 0.37)
CELL = np.array([[14.0, 0, 0], [2.0, 13.5, 0], [-1.0, 1.5, 13.0]])
LENGTH = {"O": periodictable.O.neutron.b_c, "Ge": periodictable.Ge.neutron.b_c, "73Ge": periodictable.Ge[73].neutron.b_c}


def germania(n: int = 40) -> Atoms:
    noise = np.random.default_rng(7)
    return Atoms("Ge" * n + "O" * (2 * n), scaled_positions=noise.random((3 * n, 3)), cell=CELL, pbc=True)


def debye(atoms: Atoms, amplitude: dict[str, np.ndarray], r_max: float) -> np.ndarray:
    """S(Q) - 1 = 1/(N⟨f⟩²) Σ_i≠j f_i f_j sin(Qr)/(Qr) - 4πρ ∫ r² sin(Qr)/(Qr) dr, to r_max."""
    n, symbols = len(atoms), atoms.get_chemical_symbols()
    distances = atoms.get_all_distances(mic=True)
    mean = sum(amplitude[s] for s in symbols) / n
    total = np.zeros(Q.size)
    for i in range(n):
        for j in range(n):
            if i != j and distances[i, j] < r_max:
                total += amplitude[symbols[i]] * amplitude[symbols[j]] * np.sin(Q * distances[i, j]) / (Q * distances[i, j])
    ideal = 4 * np.pi * n / atoms.cell.volume * (np.sin(Q * r_max) - Q * r_max * np.cos(Q * r_max)) / Q**3
    return total / (n * mean**2) - ideal


CASES = {
    "neutron": ({}, {e: np.full(Q.size, LENGTH[e]) for e in ("O", "Ge")}),
    "73Ge": ({"isotopes": {"Ge": "73Ge"}}, {"O": np.full(Q.size, LENGTH["O"]), "Ge": np.full(Q.size, LENGTH["73Ge"])}),
    "x-ray": ({"radiation": "xray"}, {e: fxrayatq(e, Q) for e in ("O", "Ge")}),
    "ions": ({"radiation": "xray", "form_factors": {"Ge": "Ge4+", "O": "O2-"}}, {"O": fxrayatq("O2-", Q), "Ge": fxrayatq("Ge4+", Q)}),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("width", [0.002, 0.02])
def test_prediction_is_debyes_sum(case, width):
    details, amplitude = CASES[case]
    atoms, r_max = germania(), 6.0
    bins = PairBins.of(atoms, r_max, round(r_max / width))
    one = Experiment(Curve(Q, 1 + np.cos(Q), None, "S(Q)"), composition=Composition("GeO2"), **{"radiation": "neutron", **details})
    elements, types = elements_and_types(atoms)
    h = pair_histogram(atoms.positions, atoms.cell, types, len(elements), r_max, bins.n_bins) * 1.0
    for a in range(len(elements)):
        h[a, a] /= 2
    # Where in its shell a distance lies is not known: a phase of Q·width/sqrt(12), with random signs over the pairs.
    exact = debye(atoms, amplitude, r_max)
    assert scattering_target(one, bins).predicted(h) == pytest.approx(exact, abs=3 * width * np.abs(exact).max())


def test_divided_by_the_mean_square():
    atoms, r_max = germania(), 6.0
    bins = PairBins.of(atoms, r_max, 3000)
    curve = Curve(Q, np.cos(Q), None, "S(Q)-1")
    both = [Experiment(curve, "xray", Composition("GeO2"), divisor=divisor) for divisor in ("<f>2", "<f2>")]
    h = bins.ideal + np.random.default_rng(1).normal(size=bins.ideal.shape)
    first, second = (scattering_target(e, bins).predicted(h) for e in both)
    f = {e: fxrayatq(e, Q) for e in ("O", "Ge")}
    ratio = (f["Ge"] + 2 * f["O"]) ** 2 / 3 / (f["Ge"] ** 2 + 2 * f["O"] ** 2)
    assert second == pytest.approx(first * ratio, abs=1e-12)
