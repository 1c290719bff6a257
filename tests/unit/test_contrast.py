"""Isotopic differences and partials by contrast, on a model whose partials are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms

from glasswright import analysis
from glasswright.composition import Composition
from glasswright.curve import Curve
from glasswright.errors import InputError
from glasswright.experiment import Experiment
from glasswright.library.scattering import mean_squared_length

Q = np.arange(0.6, 12.0, 0.1)
C = {"Ge": 1 / 3, "O": 2 / 3}


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(2)
    grid = (np.array(np.meshgrid(*[np.arange(8)] * 3)).reshape(3, -1).T + 0.5) * 2.1
    return Atoms(["Ge"] * 150 + ["O"] * 300, positions=grid[rng.permutation(512)[:450]] + rng.normal(0, 0.2, (450, 3)), cell=[16.8] * 3, pbc=True)


def measured(model, isotope=None, noise=0.0, seed=0, xray=False):
    """What an experiment on the model would give, with an error of S(Q) of size ``noise``."""
    isotopes = {} if isotope is None else {"Ge": isotope}
    s = analysis.structure_factor(model, Q, "xray" if xray else "neutron", isotopes=isotopes)
    scale = 1.0 if xray else mean_squared_length(C, isotopes)
    y = scale * (s.y - 1 + np.random.default_rng(seed).normal(0, 1, Q.size) * noise)
    sigma = np.full(Q.size, scale * noise) if noise else None
    curve = Curve(Q, y, sigma, "F(Q)", "1/Å")
    return Experiment(curve, "xray" if xray else "neutron", Composition("GeO2"), isotopes=isotopes)


def test_three_contrasts_give_the_partials(model):
    experiments = [measured(model, "70Ge"), measured(model, "73Ge"), measured(model, xray=True)]
    found = analysis.partials_by_contrast(experiments)
    for pair, curve in analysis.partial_structure_factors(model, Q).items():
        assert np.allclose(found.partials[pair].y, curve.y, atol=1e-8)
        assert found.partials[pair].sigma is None
    assert np.all(found.condition.y > 1)


def test_the_error_of_a_partial_is_what_repetition_shows(model):
    """Scatter over 30 sets of noisy experiments against the propagated error; 15 % is the scatter of a scatter over 30 x 115 numbers and more."""
    truth = analysis.partial_structure_factors(model, Q)
    sets = [[measured(model, "70Ge", 0.01, 3 * i), measured(model, "73Ge", 0.01, 3 * i + 1), measured(model, None, 0.01, 3 * i + 2, True)] for i in range(30)]
    found = [analysis.partials_by_contrast(s) for s in sets]
    for pair, curve in truth.items():
        scatter = np.sqrt(np.mean([(f.partials[pair].y - curve.y) ** 2 for f in found]))
        stated = np.sqrt(np.mean(found[0].partials[pair].sigma ** 2))
        assert scatter == pytest.approx(stated, rel=0.15)
        assert np.allclose(found[0].partials[pair].sigma, 0.01 * found[0].amplification[pair].y)


def test_more_experiments_than_partials_help(model):
    three = [measured(model, "70Ge", 0.01, 1), measured(model, "73Ge", 0.01, 2), measured(model, None, 0.01, 3, True)]
    four = analysis.partials_by_contrast([*three, measured(model, None, 0.01, 4)])
    for pair, curve in analysis.partials_by_contrast(three).partials.items():
        assert np.all(four.partials[pair].sigma <= curve.sigma + 1e-12)


def test_difference_and_complement_cancel_what_they_should(model):
    s = {pair: curve.y - 1 for pair, curve in analysis.partial_structure_factors(model, Q).items()}
    found = analysis.isotopic_difference(measured(model, "70Ge"), measured(model, "73Ge"))
    assert found.element == "Ge"
    assert set(found.difference.weights) == {("Ge", "Ge"), ("Ge", "O")}
    assert set(found.complement.weights) == {("Ge", "Ge"), ("O", "O")}
    for part in (found.difference, found.complement):
        assert np.allclose(part.curve.y, sum(w * s[pair] for pair, w in part.weights.items()), atol=1e-10)
    assert found.difference.weights["Ge", "O"] == pytest.approx(2 * 2 / 9 * (10.0 - 5.02) * 5.803 / 100, rel=1e-3)


def test_errors_of_a_difference_add_in_squares(model):
    found = analysis.isotopic_difference(measured(model, "70Ge", 0.01), measured(model, "73Ge", 0.01))
    b70, b73 = (mean_squared_length(C, {"Ge": i}) for i in ("70Ge", "73Ge"))
    assert np.allclose(found.difference.curve.sigma, 0.01 * np.hypot(b70, b73))
    assert analysis.isotopic_difference(measured(model, "70Ge", 0.01), measured(model, "73Ge")).difference.curve.sigma is None


def test_real_space_of_a_difference_counts_neighbours():
    """Two atoms at 1.74 Å in a dilute gas of such pairs: one Ge sees one O."""
    q = np.arange(0.02, 40, 0.02)
    pair = np.sin(1.74 * q) / (1.74 * q) * np.exp(-0.5 * (0.08 * q) ** 2)
    curves = {i: Curve(q, 2 * 2 / 9 * b * 5.805 / 100 * 1.5 * pair, None, "F(Q)") for i, b in (("70Ge", 10.0), ("73Ge", 5.02))}
    first, second = (Experiment(c, "neutron", Composition("GeO2"), isotopes={"Ge": i}) for i, c in curves.items())
    difference = analysis.isotopic_difference(first, second, {"70Ge": 10.0, "73Ge": 5.02}).difference
    r = np.arange(1.0, 2.6, 0.002)
    t = difference.t_of_r(r, 1e-6, "none")
    assert r[t.y.argmax()] == pytest.approx(1.74, abs=0.01)
    assert np.sum(r * t.y) * 0.002 / difference.weights["Ge", "O"] * 2 / 3 == pytest.approx(1, abs=0.01)


def test_lengths_of_the_data_go_before_the_table(model):
    a, b = measured(model, "70Ge"), measured(model, "73Ge")
    assert analysis.isotopic_difference(a, b, {"73Ge": 5.09}).difference.weights["Ge", "O"] < analysis.isotopic_difference(a, b).difference.weights["Ge", "O"]


def test_refusals(model):
    a, b = measured(model, "70Ge"), measured(model, "73Ge")
    with pytest.raises(InputError, match="do not determine 3 partials"):
        analysis.partials_by_contrast([a, b])
    with pytest.raises(InputError, match="too weak"):
        analysis.partials_by_contrast([a, b, measured(model, "74Ge")], most_condition=50)
    with pytest.raises(InputError, match="too weak"):
        analysis.partials_by_contrast([a, a, b])
    with pytest.raises(InputError, match="no element"):
        analysis.isotopic_difference(a, a)
    with pytest.raises(InputError, match="two neutron"):
        analysis.isotopic_difference(a, measured(model, xray=True))
    with pytest.raises(InputError, match="one composition"):
        analysis.isotopic_difference(a, replace(b, composition=Composition("SiO2"), isotopes={}))
    with pytest.raises(InputError, match="contrast"):
        analysis.partials_by_contrast([a])
