"""What was put into made-up data is found again: scale, background, resolution, normalisation, errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.spacegroup import crystal

import glasswright as gw
from glasswright.analysis.sample import Q_MAX
from glasswright.analysis.scattering.as_measured import Resolution, as_measured, sharp
from glasswright.analysis.scattering.shells import pair_shells
from glasswright.curve import Curve
from glasswright.errors import InputError
from glasswright.experiment import KINDS, Experiment
from glasswright.io.trajectory import TrajectoryWriter
from glasswright.library.scattering import xray_form_factor

B2 = ((0.41491 + 2 * 0.5805) / 3) ** 2
SILICA = gw.Composition("SiO2")


def silica(seed: int = 0, shake: float = 0.12) -> Atoms:
    """Cristobalite shaken by half an atom: a network without long-range phase relations to speak of."""
    atoms = crystal(["Si", "O"], [(0.3003, 0.3003, 0), (0.2392, 0.1044, 0.1787)], spacegroup=92, cellpar=[4.9717, 4.9717, 6.9223, 90, 90, 90]).repeat((3, 3, 2))
    atoms.rattle(shake, seed=seed)
    return atoms


MODEL = silica(1)
Q = np.arange(1.0, 20.0, 0.05)


NONE = Resolution()


def excess(resolution: Resolution = NONE, atoms: Atoms = MODEL, radiation: str = "neutron") -> np.ndarray:
    """S(Q) - 1 of a model, as an instrument sees it."""
    widths = {"resolution": resolution.constant or None, "relative_resolution": resolution.relative or None}
    bare = Experiment(Curve(Q, np.ones_like(Q), None, "S(Q)", "1/Å"), radiation, SILICA, **widths)
    shells = pair_shells([atoms], Q_MAX)
    return as_measured(sharp(shells.partials, shells.density, shells.q_max, bare, resolution), bare, resolution)[0]


def experiment(y: np.ndarray, kind: str = "S(Q)-1", sigma: np.ndarray | None = None, radiation: str = "neutron", **details: object) -> Experiment:
    return Experiment(Curve(Q, y, sigma, kind, "1/Å"), radiation, SILICA, **details)


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.in_q])
def test_every_kind_in_q_gives_the_same_residual(kind):
    measured = 0.9 * excess() + 0.02 * np.sin(Q)
    y = {"S(Q)": 1 + measured, "S(Q)-1": measured, "i(Q)": B2 * measured, "F(Q)": B2 * measured, "Q[S(Q)-1]": Q * measured}[kind]
    score, plain = gw.compare(MODEL, [experiment(y, kind), experiment(measured)])
    assert (score.r_chi, score.r_chi_scaled, score.scale) == pytest.approx((plain.r_chi, plain.r_chi_scaled, plain.scale), rel=2e-3)
    assert score.scale == pytest.approx(0.9, abs=0.01)
    assert score.curves["simulated"].kind == kind
    assert np.allclose(score.curves["residual"].y, score.curves["measured"].y - score.curves["simulated"].y)


def test_background_and_scale_are_found_together():
    score = gw.compare(MODEL, experiment(0.87 * excess() + 0.05 - 0.004 * Q), background=1)
    assert score.scale == pytest.approx(0.87, abs=1e-6)
    assert score.background == pytest.approx((0.05, -0.004), abs=1e-6)
    assert score.r_chi_scaled < 1e-6 < score.r_chi
    assert np.abs(score.curves["residual_fitted"].y).max() < 1e-6
    assert "a constant and a term in Q" in score.policy


def test_a_background_without_a_scale():
    score = gw.compare(MODEL, experiment(excess() + 0.05), scale=False, background=0)
    assert score.scale == 1
    assert score.background == pytest.approx((0.05,))
    assert score.r_chi_scaled < 1e-6
    nothing = gw.compare(MODEL, experiment(excess() + 0.05), scale=False)
    assert nothing.policy == "nothing fitted"
    assert nothing.r_chi_scaled == nothing.r_chi


@pytest.mark.parametrize("put_in", [Resolution(0.1, 0.0), Resolution(0.0, 0.03), Resolution(0.08, 0.02)])
def test_resolution_is_found_again(put_in):
    y = 0.95 * excess(put_in)
    score = gw.compare(MODEL, experiment(y), resolution="fit")
    # The two widths trade off against each other: what counts is the width where the peaks are.
    at = np.array([1.5, 5.0, 8.0])
    assert Resolution(*score.resolution).width(at) == pytest.approx(put_in.width(at), abs=0.015)
    assert score.r_chi_scaled < 0.01
    given = gw.compare(MODEL, experiment(y, resolution=put_in.constant or None, relative_resolution=put_in.relative or None))
    assert given.r_chi_scaled < 1e-3
    assert gw.compare(MODEL, experiment(y, resolution=0.3), resolution="none").r_chi == pytest.approx(gw.compare(MODEL, experiment(y)).r_chi)


@pytest.mark.parametrize("put_in", [Resolution(0.1, 0.0), Resolution(0.0, 0.03), Resolution(0.08, 0.02)])
def test_the_resolution_is_a_gaussian_of_the_stated_width(put_in):
    """Against a plain sum over a fine S(Q)."""
    fine = np.arange(0.3, 25, 0.005)
    s = gw.analysis.structure_factor(MODEL, fine).y - 1
    for at in (1.5, 5.0, 12.0):
        width = np.sqrt(put_in.constant**2 + (put_in.relative * at) ** 2)
        weight = np.exp(-0.5 * ((fine - at) / width) ** 2)
        assert np.interp(at, Q, excess(put_in)) == pytest.approx(np.sum(weight * s) / weight.sum(), abs=3e-3)  # 0.05 1/Å between points of Q


def test_chi_squared_is_one_for_noise_of_the_stated_size():
    noise = np.random.default_rng(1).normal(0, 0.02, Q.size)
    score = gw.compare(MODEL, experiment(excess() + noise, sigma=np.full_like(Q, 0.02)))
    assert score.chi_squared == pytest.approx(1, abs=0.25)  # 380 points: 0.07 is a standard deviation
    assert score.chi_squared_scaled <= score.chi_squared
    assert gw.compare(MODEL, experiment(excess())).chi_squared is None
    some = np.where(Q < 10, 0.02, 0.0)
    assert gw.compare(MODEL, experiment(excess() + noise, sigma=some)).chi_squared == pytest.approx(1, abs=0.3)


def test_errors_are_those_of_the_mean():
    """Jackknife against the scatter of independent sets of models."""
    measured = experiment(excess(atoms=silica(99)))
    sets = [[silica(10 * i + j) for j in range(4)] for i in range(1, 9)]
    scores = [gw.compare(models, measured) for models in sets]
    stated = np.mean([[s.r_chi_error, s.scale_error] for s in scores], axis=0)
    scatter = np.std([[s.r_chi, s.scale] for s in scores], axis=0, ddof=1)
    assert np.all(stated / scatter > 0.4)  # 8 sets: the scatter itself is known to 25 %, the jackknife of 4 to about 40 %
    assert np.all(stated / scatter < 2.5)
    assert scores[0].curves["simulated"].sigma is not None
    assert gw.compare(MODEL, measured).r_chi_error is None


def test_x_rays_by_another_divisor():
    fractions = {"Si": 1 / 3, "O": 2 / 3}
    f = {e: xray_form_factor(e, Q) for e in fractions}
    ratio = sum(c * f[e] for e, c in fractions.items()) ** 2 / sum(c * f[e] ** 2 for e, c in fractions.items())
    y = excess(radiation="xray") * ratio
    assert gw.compare(MODEL, experiment(y, radiation="xray", divisor="<f2>")).r_chi < 1e-6
    assert gw.compare(MODEL, experiment(y, radiation="xray")).r_chi > 0.05
    assert gw.compare(MODEL, experiment(y, radiation="xray", form_factors={"Si": "Si4+", "O": "O2-"}, divisor="<f2>")).r_chi > 1e-3


def test_g_of_r_of_x_rays_is_the_transform_of_their_s():
    """A PDF made from X-ray data by the same transform agrees; constant weights would not."""
    model = silica(1, 0.05)
    r = np.arange(1.0, 6.5, 0.02)
    shells = pair_shells([model], 25.0)
    q = np.arange(0.32, 20.001, 0.02)
    s = shells.partials(q).total("xray")
    ideal = 4 * np.pi * shells.density * r
    pdf = gw.analysis.sine_transform(q, s.y - 1, r, "lorch", 20.0)
    density = gw.analysis.density(model)
    for kind, y in (("G(r)", pdf), ("g(r)", 1 + pdf / ideal)):
        measured = Experiment(Curve(r, y, None, kind, "Å"), "xray", SILICA, density, (0.32, 20.0), "lorch")
        assert gw.compare(model, measured).r_chi < 0.01
        assert gw.compare(model, replace(measured, radiation="neutron")).r_chi > 0.05


def test_what_looks_wrong_is_said():
    far = gw.compare(MODEL, experiment(0.6 * excess()))
    assert any("far from 1" in w for w in far.warnings)
    assert "far from 1" in far.sentence
    assert any("denser" in w for w in gw.compare(MODEL, experiment(excess(), density=2.0)).warnings)
    assert gw.compare(MODEL, experiment(excess(), density=gw.analysis.density(MODEL))).warnings == ()


def test_direct_sum_and_transform_agree_where_peaks_are_broad():
    """Both are S(Q) of one box; a resolution of 0.3 1/Å is wider than its reciprocal lattice is coarse."""
    y = excess(Resolution(0.3))
    transform = gw.compare(MODEL, experiment(y, resolution=0.3))
    direct = gw.compare(MODEL, experiment(y, resolution=0.3), method="direct", q_width=0.3)
    assert transform.r_chi < 1e-6
    assert direct.r_chi < 0.15
    assert direct.curves["simulated"].metadata["method"] == "direct"


def test_where_the_comparison_begins():
    """At 2π/(half box) by transform, at 2π/(box) by the exact sum; T(r) from 1 Å to half the box."""
    box = float(min(MODEL.cell.lengths()))
    q, r = np.arange(0.1, 10, 0.01), np.arange(0.1, 12, 0.01)
    in_q = Experiment(Curve(q, np.sin(q), None, "S(Q)-1", "1/Å"), "neutron", SILICA)
    in_r = Experiment(Curve(r, 1 + np.sin(r), None, "g(r)", "Å"), "neutron", SILICA, q_range=(0.5, 20))
    assert gw.compare(MODEL, in_q).curves["simulated"].x[0] == pytest.approx(4 * np.pi / box, abs=0.01)
    assert gw.compare(MODEL, in_q, method="direct").curves["simulated"].x[0] == pytest.approx(2 * np.pi / box, abs=0.01)
    simulated = gw.compare(MODEL, in_r).curves["simulated"]
    assert (simulated.x[0], simulated.x[-1]) == pytest.approx((1, box / 2), abs=0.011)


def test_a_set_of_replicas_counts_each_as_one(tmp_path):
    for n in (1, 2, 3):
        place = tmp_path / "set" / f"replica-0{n}"
        place.mkdir(parents=True)
        (place / "run.toml").write_text('kind = "melt_quench"\nname = "x"\noutcome = "done"\nwarnings = []\n\n[settings]\n')
        silica(n).write(place / "glass.extxyz")
    (tmp_path / "set" / "run.toml").write_text('kind = "replicas"\nname = "x"\noutcome = "done"\nwarnings = []\n\n[settings]\n')
    measured = experiment(excess(atoms=silica(99)))
    plain = gw.compare([silica(n) for n in (1, 2, 3)], measured)
    for source in (gw.read_run(tmp_path / "set"), tmp_path / "set", str(tmp_path / "set")):
        score = gw.compare(source, measured)
        assert (score.r_chi, score.r_chi_error) == pytest.approx((plain.r_chi, plain.r_chi_error), rel=1e-6)
    for n in (1, 2, 3):  # several configurations of a replica are one sample of it, however many they are
        writer = TrajectoryWriter(tmp_path / "set" / f"replica-0{n}" / "trajectory.gsd", silica(n))
        for frame in range(n):
            writer.append(silica(n).positions, np.asarray(silica(n).cell), 100.0 * frame, "sample")
        writer.close()
    weighted = gw.compare(tmp_path / "set", measured)
    assert (weighted.r_chi, weighted.r_chi_error) == pytest.approx((plain.r_chi, plain.r_chi_error), rel=1e-3)  # positions in single precision
    assert gw.compare(tmp_path / "set" / "replica-01" / "glass.extxyz", measured).r_chi == pytest.approx(gw.compare(silica(1), measured).r_chi, rel=1e-6)


@pytest.mark.parametrize(
    "arguments",
    [{"background": 9}, {"background": -1}, {"background": 1.5}, {"background": True}, {"resolution": "guess"}, {"method": "guess"}],
)
def test_impossible_requests_are_refused(arguments):
    with pytest.raises(InputError):
        gw.compare(MODEL, experiment(excess()), **arguments)


def test_no_experiment_is_refused():
    for nothing in ([], [None], ["i(Q)"]):
        with pytest.raises(InputError, match="no experiment"):
            gw.compare(MODEL, nothing)
    with pytest.raises(InputError, match="zero throughout"):
        gw.compare(MODEL, experiment(np.zeros_like(Q)))
