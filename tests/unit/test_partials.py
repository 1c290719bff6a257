"""Faber-Ziman, Ashcroft-Langreth and Bhatia-Thornton: exact relations, both ways."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from glasswright import analysis
from glasswright.analysis import convert_partials
from glasswright.errors import InputError
from glasswright.library.scattering import neutron_length

GERMANIA = {"Ge": 1 / 3, "O": 2 / 3}


def mixture(n=600, length=21.0, seed=2):
    """A random mixture with some order: atoms near the points of a lattice."""
    rng = np.random.default_rng(seed)
    grid = (np.array(np.meshgrid(*[np.arange(10)] * 3)).reshape(3, -1).T + 0.5) * length / 10
    chosen = rng.permutation(1000)[:n]
    return Atoms(["Ge"] * (n // 3) + ["O"] * (n - n // 3), positions=grid[chosen] + rng.normal(0, 0.25, (n, 3)), cell=[length] * 3, pbc=True)


@pytest.fixture(scope="module")
def partials():
    q = np.arange(0.6, 8.0, 0.2)
    atoms = mixture()
    return {name: analysis.partial_structure_factors(atoms, q, "direct", formalism=name) for name in ("faber-ziman", "ashcroft-langreth", "bhatia-thornton")}


@pytest.mark.parametrize("middle", ["faber-ziman", "ashcroft-langreth", "bhatia-thornton"])
@pytest.mark.parametrize("start", ["faber-ziman", "ashcroft-langreth", "bhatia-thornton"])
def test_there_and_back(partials, start, middle):
    values = {pair: curve.y for pair, curve in partials[start].items()}
    there = convert_partials(values, GERMANIA, start, middle)
    for pair, curve in partials[middle].items():
        assert np.allclose(there[pair], curve.y, atol=1e-10)
    back = convert_partials(there, GERMANIA, middle, start)
    for pair, y in values.items():
        assert np.allclose(back[pair], y, atol=1e-10)


def test_ashcroft_langreth_is_the_mean_square_of_amplitudes(partials):
    """So no S_aa is negative, and no S_ab² exceeds S_aa S_bb."""
    s = {pair: curve.y for pair, curve in partials["ashcroft-langreth"].items()}
    assert np.all(s["Ge", "Ge"] > 0)
    assert np.all(s["O", "O"] > 0)
    assert np.all(s["Ge", "O"] ** 2 <= s["Ge", "Ge"] * s["O", "O"] * (1 + 1e-9))


def test_number_number_is_that_of_one_kind_of_atom(partials):
    atoms = mixture()
    q = partials["faber-ziman"]["Ge", "Ge"].x
    atoms.symbols[:] = "Ge"
    assert np.allclose(partials["bhatia-thornton"]["N", "N"].y, analysis.structure_factor(atoms, q, method="direct").y, atol=1e-7)


def test_total_from_bhatia_thornton(partials):
    """⟨b⟩² S_NN + 2⟨b⟩ Δb S_NC + Δb² S_CC = ⟨b⟩² (S - 1) + ⟨b²⟩ (their eq. 7)."""
    b = {e: neutron_length(e) for e in GERMANIA}
    mean = sum(c * b[e] for e, c in GERMANIA.items())
    square = sum(c * b[e] ** 2 for e, c in GERMANIA.items())
    s = {pair: curve.y for pair, curve in partials["bhatia-thornton"].items()}
    difference = b["Ge"] - b["O"]
    intensity = mean**2 * s["N", "N"] + 2 * mean * difference * s["N", "C"] + difference**2 * s["C", "C"]
    total = analysis.structure_factor(mixture(), partials["faber-ziman"]["Ge", "Ge"].x, method="direct").y
    assert np.allclose(intensity, mean**2 * (total - 1) + square, atol=1e-7)


def test_random_numbering_has_no_concentration_order():
    """Names drawn at random on any structure: S_CC = c₁c₂ and S_NC = 0, on average over drawings."""
    atoms, rng = mixture(), np.random.default_rng(0)
    q = np.arange(1.0, 6.0, 0.25)
    frames = []
    for _ in range(20):
        one = atoms.copy()
        one.symbols[:] = rng.permutation(list(atoms.symbols))
        frames.append(one)
    s = analysis.partial_structure_factors(frames, q, "direct", formalism="bhatia-thornton")
    assert np.all(np.abs(s["C", "C"].y - 2 / 9) < 5 * s["C", "C"].sigma + 1e-3)  # 1/N is missing: the composition is fixed
    assert np.all(np.abs(s["N", "C"].y) < 5 * s["N", "C"].sigma)


def test_limits_at_large_q():
    q = np.arange(14.0, 20.0, 0.05)
    atoms = mixture()
    for name, limits in (
        ("faber-ziman", {("Ge", "Ge"): 1, ("Ge", "O"): 1, ("O", "O"): 1}),
        ("ashcroft-langreth", {("Ge", "Ge"): 1, ("Ge", "O"): 0, ("O", "O"): 1}),
        ("bhatia-thornton", {("N", "N"): 1, ("N", "C"): 0, ("C", "C"): 2 / 9}),
    ):
        curves = analysis.partial_structure_factors(atoms, q, formalism=name)
        for pair, limit in limits.items():
            assert curves[pair].y.mean() == pytest.approx(limit, abs=0.03)
            assert curves[pair].metadata["formalism"] == name


def test_refusals():
    values = {("Ge", "Ge"): np.ones(2), ("Ge", "O"): np.ones(2), ("O", "O"): np.ones(2)}
    with pytest.raises(InputError, match="two elements"):
        convert_partials(values, {"Ge": 0.2, "Na": 0.2, "O": 0.6}, "faber-ziman", "bhatia-thornton")
    with pytest.raises(InputError, match="unknown"):
        convert_partials(values, GERMANIA, "faber-ziman", "keen")
    with pytest.raises(InputError, match="Ge-O"):
        convert_partials({("Ge", "Ge"): np.ones(2)}, GERMANIA, "faber-ziman", "ashcroft-langreth")
    with pytest.raises(InputError, match="unknown"):
        analysis.partial_structure_factors(mixture(), [1.0, 2.0], formalism="number")


def test_no_two_atoms_are_in_one_place():
    """The sum rule (1/2π²ρ) ∫ Q² (S_ab - 1) dQ = g_ab(0) - 1 = -1, with a Gaussian in Q for convergence: g_ab averaged over 0.25 Å about 0,
    where there is no pair closer than 1.1 Å."""
    atoms = mixture()
    q = np.arange(0.01, 25, 0.01)
    density = len(atoms) / atoms.cell.volume
    for curve in analysis.partial_structure_factors(atoms, q).values():
        integral = np.sum(q**2 * (curve.y - 1) * np.exp(-0.5 * (0.25 * q) ** 2)) * 0.01
        assert integral / (2 * np.pi**2 * density) == pytest.approx(-1, abs=1e-3)
