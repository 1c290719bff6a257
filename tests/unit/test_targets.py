"""A target says of a histogram what an analysis of the atoms says, and the kernel's residual says the same in few numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms

import glasswright as gw
from glasswright.analysis.frames import elements_and_types, half_box
from glasswright.analysis.pairs.rdf import total_rdf
from glasswright.analysis.scattering.agreement import Freedom, agreement
from glasswright.curve import Curve
from glasswright.errors import InputError
from glasswright.experiment import Experiment
from glasswright.library.scattering import mean_squared_length
from glasswright.native import pair_histogram
from glasswright.targets import SCALE_RANGE, Binwise, PairBins, Residual, Target, bins_for, scattering_target
from glasswright.targets.compression import STRUCTURE

KEPT = Path(__file__).parents[2] / "gallery" / "glasses"


def kept(name: str) -> Atoms:
    return ase.io.read(KEPT / f"{name}.extxyz.gz")


def part_of(atoms: Atoms, n: int, seed: int = 0) -> Atoms:
    """Fewer atoms in a smaller box: no glass, but a histogram like any other."""
    kept = atoms[np.sort(np.random.default_rng(seed).permutation(len(atoms))[:n])]
    kept.set_cell(atoms.cell * (n / len(atoms)) ** (1 / 3), scale_atoms=True)
    return kept


def histogram(atoms: Atoms, bins: PairBins) -> np.ndarray:
    """As the kernel counts: unordered pairs, below the diagonal nothing."""
    elements, types = elements_and_types(atoms)
    counts = pair_histogram(atoms.positions, atoms.cell, types, len(elements), bins.r_max, bins.n_bins).astype(float)
    return counts * (np.triu(np.ones(counts.shape[:2]), 1) + 0.5 * np.eye(len(counts)))[:, :, None]


SILICA = kept("silica-shik-50Kps-1")
Q = np.arange(0.8, 20.0, 0.05)
R = np.arange(0.9, 9.0, 0.03)


def curve(kind: str, x: np.ndarray = Q, seed: int = 3) -> Curve:
    """Something that oscillates and decays like a measurement: only its points and norm matter."""
    y = np.sin(1.6 * x) * np.exp(-x / 8) + 0.02 * np.random.default_rng(seed).normal(size=x.size)
    in_q = kind.endswith(("(Q)", "-1"))
    return Curve(x, y + (1 if kind in ("S(Q)", "g(r)") else 0), None, kind, "1/Å" if in_q else "Å")


CASES = {
    "neutron S(Q)": ({}, curve("S(Q)")),
    "neutron i(Q), resolution": ({"resolution": 0.06, "relative_resolution": 0.01}, curve("i(Q)")),
    "x-rays": ({"radiation": "xray"}, curve("S(Q)-1")),
    "x-rays over <f2>, ions": ({"radiation": "xray", "divisor": "<f2>", "form_factors": {"Si": "Si4+", "O": "O2-"}}, curve("S(Q)-1")),
    "neutron T(r), lorch": ({"q_range": (0.6, 25.0), "window": "lorch", "density": 2.2}, curve("T(r)", R)),
    "x-ray G(r), resolution": ({"radiation": "xray", "q_range": (0.6, 20.0), "resolution": 0.05, "density": 2.2}, curve("G(r)", R)),
    "neutron g(r), welch": ({"q_range": (0.6, 20.0), "window": "welch"}, curve("g(r)", R)),
    "counted g(r), its own bins": ({"counted": True}, curve("g(r)", np.arange(0.025, 12, 0.05))),
    "counted g(r), other bins": ({"counted": True}, curve("g(r)", np.arange(1.0, 9, 0.037))),
}


def experiment(case: str, composition: str = "SiO2") -> Experiment:
    details, data = CASES[case]
    return Experiment(data, composition=gw.Composition(composition), **{"radiation": "neutron", **details})


@pytest.mark.parametrize("case", CASES)
def test_a_target_agrees_with_a_comparison(case):
    """Same curve, same residuals: what differs is the width of the shells, 0.02 Å against 0.004 Å, put right to second order."""
    one = experiment(case)
    bins = bins_for(SILICA, [one], r_max=half_box([SILICA]))
    target, score = scattering_target(one, bins), gw.compare(SILICA, one)
    h = histogram(SILICA, bins)
    factor, offset = gw.experiment.factor_and_offset(one.curve.kind, score.curves["simulated"].x, bins.density, target_b2(one))
    simulated = (score.curves["simulated"].y - offset) / factor
    n = min(len(simulated), len(target.x))  # a shell of the box less at the end of a counted curve
    assert n >= len(simulated) - 1
    # Distances are known to half a shell: what that does not average out is like noise.
    assert np.abs(target.predicted(h)[:n] - simulated[:n]).max() < (1e-9 if "its own" in case else 4e-3) * np.abs(simulated).max()
    assert target.r_chi(h, 1.0) == pytest.approx(score.r_chi, rel=1e-3)
    free = agreement(target.x, target.measured, target.predicted(h)[None], Freedom(), in_q=one.in_q)
    assert free.r_chi_scaled == pytest.approx(score.r_chi_scaled, rel=1e-3)
    assert free.scale == pytest.approx(score.scale, abs=2e-3)


def target_b2(one: Experiment) -> float:
    return mean_squared_length(one.composition.atom_fractions, one.isotopes) if one.radiation == "neutron" else 1.0


@pytest.mark.parametrize("case", CASES)
def test_the_residual_is_r_chi_for_any_histogram(case):
    small = part_of(SILICA, 600)
    one = experiment(case)
    bins = bins_for(small, [one])
    target = scattering_target(one, bins)
    background = (0.02, -0.001) if one.in_q else ()
    noise = np.random.default_rng(1)
    gas = noise.poisson(bins.ideal).astype(float)
    moved = small.copy()
    moved.rattle(0.3, seed=4)
    for h in (bins.ideal, histogram(small, bins), gas, histogram(moved, bins)):
        for scale in (0.9, 1.1):
            residual = target.residual(scale, background)
            exact = target.r_chi(h, scale, background)
            # The bound of the compression, and single precision of the rows (a relative 1e-7 of sums of some 10).
            assert np.sqrt(residual.squared(h)) == pytest.approx(exact, abs=target.error_bound + 2e-6)
    if not case.startswith("counted"):
        assert target.rank < 0.6 * len(target.x)
        assert 0 < target.error_bound <= target.tolerance


def test_counted_bins_stay_bins():
    small, one = part_of(SILICA, 600), experiment("counted g(r), its own bins")
    bins = bins_for(small, [one])
    assert bins.width == pytest.approx(0.05)
    target = scattering_target(one, bins)
    residual = target.residual(1.0)
    assert isinstance(residual, Binwise)
    g = total_rdf(small, "neutron", bins.r_max, bins.width)
    inside = (g.x >= 1.0) & (g.x <= target.x[-1] + 1e-6)
    assert target.predicted(histogram(small, bins)) + 1 == pytest.approx(g.y[inside], abs=1e-9)
    other = scattering_target(experiment("counted g(r), other bins"), bins_for(small, [experiment("counted g(r), other bins")]))
    assert isinstance(other.residual(1.0), Residual)


def test_the_bound_is_that_of_the_map():
    """Against the singular values of the whole map, which compression never makes."""
    small, one = part_of(SILICA, 300), experiment("x-rays")
    target = scattering_target(one, bins_for(small, [one], r_max=8.0), tolerance=1e-4)
    columns = [target.map.slopes(pair, np.eye(len(target.x))) * np.sqrt(target.bins.counted(target.bins.ideal, pair))[:, None] for pair in target.bins.pairs]
    whole = np.concatenate(columns) / target.norm
    directions = target.basis.directions
    rest = np.linalg.norm(whole - (whole @ directions) @ directions.T, 2)
    assert rest == pytest.approx(target.basis.left_out, rel=0.05)
    assert target.basis.left_out * np.sqrt(STRUCTURE * 300) <= 1e-4
    # One direction less would be too few.
    values = np.linalg.svd(whole, compute_uv=False)
    assert values[target.rank - 1] * np.sqrt(STRUCTURE * 300) > 1e-4


def test_scale_and_background_are_found():
    bins = bins_for(SILICA, [experiment("neutron S(Q)")])
    h = histogram(SILICA, bins)
    bare = scattering_target(experiment("neutron S(Q)"), bins)
    y = 0.9 * bare.predicted(h) + 0.03 - 0.002 * bare.x
    made = replace(experiment("neutron S(Q)"), curve=Curve(bare.x, 1 + y, None, "S(Q)"))
    target = scattering_target(made, bins, background=1)
    scale, background = target.fit(h)
    assert scale == pytest.approx(0.9, abs=1e-9)
    assert background == pytest.approx((0.03, -0.002), abs=1e-9)
    assert target.r_chi(h) < 1e-9
    assert target.r_chi(h, scale, background) == pytest.approx(target.r_chi(h), abs=1e-12)
    fixed = scattering_target(made, bins, scale=1.0, background=1)
    assert fixed.fit(h)[0] == 1.0
    assert fixed.r_chi(h) > 0.01


def test_a_scale_stays_near_one():
    """Random atoms have no structure, and the best factor on it has no meaning."""
    one = experiment("neutron S(Q)")
    bins = bins_for(SILICA, [one])
    target = scattering_target(one, bins, background=0)
    gas = np.random.default_rng(5).poisson(bins.ideal).astype(float)
    scale, background = target.fit(gas)
    assert scale in SCALE_RANGE
    assert target.r_chi(gas) == pytest.approx(np.linalg.norm(target.measured - scale * target.predicted(gas) - background[0]) / target.norm)


def test_species_of_one_element_count_together():
    one = experiment("neutron S(Q)")
    small = part_of(SILICA, 600)
    bins = bins_for(small, [one])
    h = histogram(small, bins)
    _, types = elements_and_types(small)
    finer = types + (np.arange(len(types)) % 2) * (types == 1)  # two species of silicon
    n = np.bincount(finer)
    counts = pair_histogram(small.positions, small.cell, finer, 3, bins.r_max, bins.n_bins) * 1.0
    for a in range(3):
        counts[a, a] /= 2
    split = PairBins(("O", "Si", "Si"), n, bins.volume, bins.r_max, bins.n_bins)
    whole, parts = scattering_target(one, bins), scattering_target(one, split)
    assert parts.predicted(counts) == pytest.approx(whole.predicted(h), abs=1e-9)
    assert parts.residual(1.0).squared(counts) == pytest.approx(whole.residual(1.0).squared(h), rel=1e-5)


def test_shells_serve_all_data():
    far, near = experiment("neutron S(Q)"), experiment("counted g(r), its own bins")
    bins = bins_for(SILICA, [far, near])
    assert bins.width <= 0.02
    assert 0.05 / bins.width == pytest.approx(round(0.05 / bins.width))
    assert bins.r_max <= half_box([SILICA])
    other = replace(near, curve=curve("g(r)", np.arange(0.02, 12, 0.04)))
    assert bins_for(SILICA, [near, other]).width <= 0.004
    assert bins_for(SILICA, [near]).width == pytest.approx(0.05)
    with pytest.raises(InputError, match=r"Half the shortest height of the box is 17\.67"):
        bins_for(SILICA, [far], r_max=18.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weight": 0}, "weight = 0"),
        ({"weight": -1.0}, "weight"),
        ({"scale": "best"}, "scale = 'best'"),
        ({"background": 9}, "background = 9"),
        ({"tolerance": 1.0}, "tolerance"),
    ],
)
def test_impossible_requests_are_refused(change, words):
    one = experiment("neutron S(Q)")
    with pytest.raises(InputError, match=words):
        scattering_target(one, bins_for(SILICA, [one]), **change)


def test_data_that_do_not_fit_the_model_are_refused():
    one = experiment("neutron S(Q)")
    low = replace(one, curve=curve("S(Q)", np.arange(0.05, 0.3, 0.01)))
    with pytest.raises(InputError, match=r"hardly a point in common: 0.*above 0\.36 1/Å; the data reach from 0\.05 to 0\.29"):
        scattering_target(low, bins_for(SILICA, [low]))
    with pytest.raises(InputError, match="too wide for data up to Q = 20"):
        scattering_target(one, PairBins.of(SILICA, 15.0, 300))
    with pytest.raises(InputError, match="different glasses"):
        scattering_target(replace(one, composition=gw.Composition("GeO2")), bins_for(SILICA, [one]))
    with pytest.raises(InputError, match="in Q only"):
        scattering_target(experiment("neutron T(r), lorch"), bins_for(SILICA, [one]), background=0)


def test_the_size_is_stated():
    one = experiment("neutron S(Q)")
    target: Target = scattering_target(one, bins_for(SILICA, [one]), name="wall")
    residual = target.residual(1.0)
    assert isinstance(residual, Residual)
    assert residual.rows.dtype == np.float32
    assert target.memory == residual.rows.nbytes
    assert target.sentence.startswith(f"wall: neutron S(Q), {len(target.x)} points from 0.80 to 19.95 1/Å, in {target.rank} numbers")
