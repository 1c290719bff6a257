"""From the misfit to data to a change of the partials."""

from dataclasses import replace

import numpy as np
import pytest

from glasswright.composition import Composition
from glasswright.curve import Curve
from glasswright.experiment import Experiment
from glasswright.refinement.empirical_potential import make_basis
from glasswright.refinement.inversion import partial_changes
from glasswright.targets import PairBins, Target, scattering_target

BINS = PairBins(("Ni", "Zr"), np.array([300, 200]), 500 / 0.06, 9.0, 450)
BASIS = make_basis("gaussian", 1.0, 8.0, 0.2, BINS.density)
UPPER = np.triu(np.ones((2, 2)))[:, :, None]
ISOTOPES = ({}, {"Ni": "58Ni"}, {"Ni": "62Ni"})


def liquid(r: np.ndarray) -> np.ndarray:
    """Something like the g(r) of a dense liquid, for the three partials ``(2, 2, n)``."""
    first = np.array([[2.5, 2.7], [2.7, 3.1]])[:, :, None]
    wave = np.cos(2 * np.pi * (r - first) / 2.3) * np.exp(-np.maximum(r - first, 0) / 2.0)
    return np.where(r > first - 0.4, 1 + 1.2 * wave, 0.0)


def targets(histogram: np.ndarray) -> list[Target]:
    """Three contrasts of Ni, as S(Q), of a model that has this histogram."""
    q, made = np.linspace(0.8, 18, 400), []
    for isotopes in ISOTOPES:
        blank = Experiment(Curve(q, 1 + 0.1 * np.sin(q), None, "S(Q)", "1/Å", ""), "neutron", Composition("Ni3Zr2"), isotopes=isotopes)
        seen = scattering_target(blank, BINS).predicted(histogram)
        made.append(scattering_target(replace(blank, curve=replace(blank.curve, y=1 + seen)), BINS, scale=1.0))
    return made


def misfit(sets: list[Target], histogram: np.ndarray) -> float:
    return float(np.sqrt(np.mean([t.r_chi(histogram) ** 2 for t in sets])))


def test_three_contrasts_fix_three_partials() -> None:
    now = UPPER * BINS.ideal * liquid(BINS.r)
    rng = np.random.default_rng(3)
    wanted = rng.normal(0, 1, (2, 2, len(BASIS.centres)))
    wanted[1, 0] = wanted[0, 1]
    step = 0.05 * wanted @ BASIS.values(BINS.r) / BASIS.values(BINS.r).max(axis=1).mean()
    sets = targets(now + UPPER * BINS.ideal * step)
    residuals = [t.residual(1.0) for t in sets]
    found = partial_changes(residuals, [1.0] * 3, now, BINS, BASIS, 0.999) @ BASIS.values(BINS.r)
    np.testing.assert_array_equal(found, found.swapaxes(0, 1))
    for a, b in ((0, 0), (0, 1), (1, 1)):
        # Q ends at 18, so that functions 0.2 Å apart are told apart, but not to the last digit; 58Ni and Zr differ little.
        assert np.corrcoef(found[a, b], step[a, b])[0, 1] > 0.97
    assert misfit(sets, now + UPPER * BINS.ideal * found) < 0.02 * misfit(sets, now)


@pytest.mark.parametrize("feedback", [0.3, 0.9])
def test_one_contrast_changes_what_it_sees(feedback: float) -> None:
    now = UPPER * BINS.ideal * liquid(BINS.r)
    sets = targets(UPPER * BINS.ideal * liquid(BINS.r / 1.01))[:1]
    change = partial_changes([t.residual(1.0) for t in sets], [1.0], now, BINS, BASIS, feedback) @ BASIS.values(BINS.r)
    left = misfit(sets, now + UPPER * BINS.ideal * change) / misfit(sets, now)
    # The less the data are trusted, the more misfit is left.
    assert (0.02 < left < 0.15) if feedback == 0.9 else (0.4 < left < 0.95)


@pytest.mark.parametrize("feedback", [0.3, 0.9])
def test_misfit_and_change_are_balanced_by_the_feedback(feedback: float) -> None:
    now = UPPER * BINS.ideal * liquid(BINS.r)
    sets = targets(UPPER * BINS.ideal * liquid(BINS.r / 1.01))[:2]
    x = partial_changes([t.residual(1.0) for t in sets], [3.0, 1.0], now, BINS, BASIS, feedback)
    q = np.linspace(0.5, np.pi / 0.2, 600)
    wave = 4 * np.pi * BINS.density * BINS.r[:, None] ** 2 * BINS.width * np.sinc(np.outer(BINS.r, q) / np.pi)

    def objective(scale: float) -> float:
        change = scale * x @ BASIS.values(BINS.r)
        misfits = [t.r_chi(now + UPPER * BINS.ideal * change) ** 2 for t in sets]
        partials = [np.sum((change[a, b] @ wave) ** 2) / np.sum(((liquid(BINS.r)[a, b] - 1) @ wave) ** 2) for a, b in ((0, 0), (0, 1), (1, 1))]
        return float(feedback**2 * np.average(misfits, weights=[3, 1]) + (1 - feedback) ** 2 * np.mean(partials))

    # A parabola in the scale, with its minimum at 1; the sums over Q are made otherwise here.
    low, middle, high = (objective(s) for s in (0.5, 1.0, 1.5))
    assert 1 + 0.25 * (low - high) / (low - 2 * middle + high) == pytest.approx(1, abs=0.01)
