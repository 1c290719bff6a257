"""Dynamics of trajectories whose answers are known in closed form."""

import numpy as np
import pytest
from ase import Atoms

from glasswright import analysis
from glasswright.curve import Curve
from glasswright.errors import InputError
from glasswright.units import BOLTZMANN
from reference.motion import CELL, brownian, thermal_velocity, trajectory, without_drift

D = 2e-3  # Å²/fs


@pytest.fixture(scope="module")
def diffusing():
    return brownian(200, 2000, D)


def test_brownian_atoms_diffuse(diffusing):
    msd = analysis.mean_square_displacement(diffusing)["Si"]
    assert msd.x[0] == 0 and msd.y[0] == 0 and msd.x[-1] == pytest.approx(5 * 99)
    # 2000 atoms: the mean of d² has the relative standard error sqrt(2/3/2000) = 1.8 % for one origin.
    assert np.allclose(msd.y[1:], 6 * D * msd.x[1:], rtol=0.03)
    inside = np.abs(msd.y - 6 * D * msd.x)[1:] < 3 * msd.sigma[1:]
    assert inside.mean() > 0.8
    found = analysis.diffusion(msd)
    assert found.diffusive and found.exponent == pytest.approx(1, abs=0.03)
    assert found.coefficient == pytest.approx(D, abs=3 * found.error)
    assert found.error < 0.05 * D
    assert "cm²/s" in found.sentence and "not reached" not in found.sentence


def test_components_of_the_displacement_add_up(diffusing):
    whole = analysis.mean_square_displacement(diffusing)["Si"]
    parts = [analysis.mean_square_displacement(diffusing, direction=axis)["Si"] for axis in "xyz"]
    assert np.allclose(sum(p.y for p in parts), whole.y)
    along = analysis.mean_square_displacement(diffusing, direction=(1, 1, 0))["Si"]
    assert along.y[5] == pytest.approx(2 * D * along.x[5], rel=0.05)
    assert analysis.diffusion(along).coefficient == pytest.approx(D, rel=0.1)


def test_brownian_scattering_is_exponential_and_displacements_gaussian(diffusing):
    q = 1.3
    fs = analysis.self_intermediate_scattering(diffusing, q)["Si"]
    exact = np.exp(-q * q * D * fs.x)
    assert np.allclose(fs.y, exact, atol=0.012)  # 1/sqrt(2000) = 0.022 for one origin and direction
    vectors = analysis.self_intermediate_scattering(diffusing, q * np.eye(3))["Si"]
    assert np.allclose(vectors.y, exact, atol=0.02)
    alpha = analysis.non_gaussian_parameter(diffusing)["Si"]
    assert alpha.x[0] == 5.0
    assert np.abs(alpha.y).max() < 0.04
    relaxation = analysis.relaxation_time(fs)
    assert relaxation.time == pytest.approx(1 / (q * q * D), rel=0.02)
    assert relaxation.beta is not None and relaxation.beta[0] == pytest.approx(1, abs=0.05)
    assert relaxation.stretched[0] == pytest.approx(1 / (q * q * D), rel=0.03)


def test_van_hove_of_diffusion_is_gaussian(diffusing):
    t = 100.0
    found = analysis.van_hove_self(diffusing, t, r_max=8.0, bin_width=0.1)["Si"]
    assert found.metadata["time"] == t
    assert found.y.sum() * 0.1 == pytest.approx(1, abs=1e-12)
    r = found.x
    exact = 4 * np.pi * r**2 * (4 * np.pi * D * t) ** -1.5 * np.exp(-(r**2) / (4 * D * t))
    assert np.abs(found.y - exact).max() < 0.02 * exact.max()


def test_atoms_that_fly_have_an_exponent_of_two():
    rng = np.random.default_rng(2)
    v = rng.normal(0, 0.01, (500, 3))
    v -= v.mean(axis=0)
    frames = trajectory(rng.random((500, 3)) @ CELL + 5.0 * np.arange(40)[:, None, None] * v, ["Si"] * 500)
    msd = analysis.mean_square_displacement(frames, lags="linear")["Si"]
    assert np.allclose(msd.y, (v**2).sum(axis=1).mean() * msd.x**2)
    found = analysis.diffusion(msd)
    assert not found.diffusive and found.exponent == pytest.approx(2)
    assert "not reached" in found.sentence


def test_finite_size_correction():
    found = analysis.Diffusion(1e-3, None, (0, 1), 1.0, True)
    # k_B T ξ / (6 π η L) of 300 K, 1 mPa s, 20 Å: 1.380649e-23 * 300 * 2.837297 / (6 π 1e-3 * 20e-10) m²/s = 3.1172e-10 m²/s = 3.1172e-5 Å²/fs.
    assert found.corrected(300, 1e-3, 20.0).coefficient - 1e-3 == pytest.approx(3.1172e-5, rel=1e-3)
    with pytest.raises(InputError):
        found.corrected(300, 0, 20)


def test_origins_and_lags():
    frames = brownian(50, 100, D)
    first = analysis.mean_square_displacement(frames, origins="first")["Si"]
    x = without_drift(frames)
    assert np.allclose(first.y, ((x - x[0]) ** 2).sum(axis=2).mean(axis=1))
    assert len(first) == 50 and first.sigma is None
    given = analysis.mean_square_displacement(frames, lags=[10, 100])["Si"]
    assert given.x.tolist() == [0, 10, 100]
    sparse = analysis.mean_square_displacement(frames, lags=[10], stride=7)["Si"]
    assert sparse.y[1] == pytest.approx(((x[2::][: len(x) - 2 : 7] - x[: len(x) - 2 : 7]) ** 2).sum(axis=2).mean())


def test_frames_are_read_one_at_a_time_and_once():
    frames = brownian(60, 20, D)

    class Reader:
        reads = 0

        def __len__(self):
            return len(frames)

        def __getitem__(self, index):
            Reader.reads += 1
            return frames[index].copy()

    found = analysis.mean_square_displacement(Reader())["Si"]
    assert np.array_equal(found.y, analysis.mean_square_displacement(frames)["Si"].y)
    assert Reader.reads < len(frames) + 20


def test_a_frame_that_is_not_at_its_time_is_left_out_of_lags():
    frames = brownian(60, 200, D)
    del frames[30]
    frames[10].info["time"] += 2.0
    frames[10].positions += 50.0 * np.random.default_rng(0).random((200, 3))
    assert analysis.mean_square_displacement(frames)["Si"].y[1] == pytest.approx(6 * D * 5, rel=0.05)
    with pytest.raises(InputError, match="equal steps"):
        analysis.intermediate_scattering(frames, 1.5)


def test_susceptibility_of_independent_atoms_is_binomial():
    # q is a mean over N independent atoms: N var(q) = p (1 - p).
    frames = brownian(400, 200, D)
    lag = 60.0
    chi = analysis.four_point_susceptibility(frames, a=0.8, lags=[lag], stride=1)["Si"]
    x = without_drift(frames)
    share = (((x[12:] - x[:-12]) ** 2).sum(axis=2) < 0.64).mean()
    assert 0.2 < share < 0.8
    assert chi.y[0] == pytest.approx(0, abs=1e-12)
    # 388 overlapping origins, some 30 of them independent: the variance is known to a quarter.
    assert chi.y[1] == pytest.approx(share * (1 - share), rel=0.5)
    # and atoms that move as one have χ4 = N p (1 - p): every atom makes the same step here.
    rng = np.random.default_rng(4)
    sign = np.where(np.arange(200) % 2, 1.0, -1.0)[:, None]  # half of them the other way: the centre of mass rests
    walk = np.cumsum(rng.normal(0, np.sqrt(2 * D * 5), (2000, 1, 3)), axis=0)
    together = trajectory(walk * sign, ["Si"] * 200)
    one = analysis.four_point_susceptibility(together, a=0.8, lags=[lag], stride=1)["Si"]
    x = without_drift(together)
    share = (((x[12:, 0] - x[:-12, 0]) ** 2).sum(axis=1) < 0.64).mean()
    assert one.y[1] == pytest.approx(200 * share * (1 - share), rel=1e-2)


def test_relaxation_of_a_stretched_exponential():
    t = np.geomspace(1, 1e5, 80)
    y = np.r_[1.0, 0.8 * np.exp(-((t / 2000) ** 0.6)) + 0.2 * np.exp(-((t / 5) ** 2))]
    found = analysis.relaxation_time(Curve(np.r_[0, t], y, None, "F_s(Q,t)", "fs"))
    assert found.stretched[0] == pytest.approx(2000, rel=0.03)
    assert found.beta[0] == pytest.approx(0.6, abs=0.02)
    assert found.amplitude == pytest.approx(0.8, abs=0.02)
    exact = 2000 * np.log(0.8 * np.e) ** (1 / 0.6)
    assert found.time == pytest.approx(exact, rel=0.01)
    slow = analysis.relaxation_time(Curve(np.r_[0, t], np.r_[1, 0.9 + 0 * t], None, "F_s(Q,t)", "fs"))
    assert slow.time is None and slow.stretched is None


def langevin(n_frames, n_atoms, friction, temperature, step=2.0, seed=5):
    """Free atoms with the exact propagator of the Ornstein-Uhlenbeck process for velocities, positions by the trapezoidal rule."""
    rng = np.random.default_rng(seed)
    mass = Atoms("Si").get_masses()[0]
    width, keep = thermal_velocity(mass, temperature), np.exp(-friction * step)
    v = np.empty((n_frames, n_atoms, 3))
    v[0] = rng.normal(0, width, v[0].shape)
    for k in range(1, n_frames):
        v[k] = keep * v[k - 1] + np.sqrt(1 - keep**2) * rng.normal(0, width, v[0].shape)
    x = rng.random((n_atoms, 3)) @ CELL + np.concatenate([np.zeros((1, n_atoms, 3)), np.cumsum(0.5 * (v[1:] + v[:-1]) * step, axis=0)])
    return trajectory(x, ["Si"] * n_atoms, step=step, velocities=v), mass, width**2


def test_velocities_of_langevin_particles():
    friction = 0.02  # 1/fs
    frames, _, square = langevin(500, 300, friction, 1000.0)
    vacf = analysis.velocity_autocorrelation(frames)["Si"]
    exact = 3 * square * np.exp(-friction * vacf.x) * (1 - 1 / 300)  # without the motion of the centre of mass
    assert np.allclose(vacf.y, exact, atol=0.03 * 3 * square)
    assert np.abs(vacf.y - exact).mean() < 2 * vacf.sigma.mean()
    assert analysis.velocity_autocorrelation(frames, normalised=True)["Si"].y[0] == 1
    # The spectrum at ν = 0 is 12 m D / kT = 12/γ in modes per frequency; a wide line is not changed by the window.
    vdos = analysis.vibrational_density_of_states(frames, resolution=1.0)["total"]
    assert np.trapezoid(vdos.y, vdos.x) == pytest.approx(3, rel=1e-9)
    assert vdos.y[0] == pytest.approx(12 / (friction * 1e3), rel=0.12)


def test_modes_of_a_harmonic_crystal_are_counted():
    rng = np.random.default_rng(6)
    symbols = ["Si"] * 3 + ["O"] * 5
    masses = Atoms(symbols).get_masses()
    n = 24
    # Frequencies of its own for every mode, orthogonal to the three translations.
    basis = rng.normal(size=(n, n))
    basis[:, :3] = np.kron(np.sqrt(masses)[:, None], np.eye(3))
    modes = np.linalg.qr(basis)[0][:, 3:]
    frequency = 4.0 + 1.6 * np.arange(n - 3)  # THz
    step, n_frames = 4.0, 4000
    t = step * np.arange(n_frames)
    omega = 2 * np.pi * frequency / 1e3
    phase = rng.random(n - 3) * 2 * np.pi
    amplitude = 0.01 / omega  # equal kinetic energies
    q = amplitude * np.cos(omega * t[:, None] + phase)
    v = -amplitude * omega * np.sin(omega * t[:, None] + phase)
    weight = np.repeat(np.sqrt(masses), 3)
    start = rng.random((8, 3)) @ CELL
    frames = trajectory(start + (q @ modes.T / weight).reshape(-1, 8, 3), symbols, step=step, velocities=(v @ modes.T / weight).reshape(-1, 8, 3))
    vdos = analysis.vibrational_density_of_states(frames, resolution=0.4)
    total, width = vdos["total"], vdos["total"].x[1]
    assert total.metadata["resolution"] == pytest.approx(0.4)
    assert np.trapezoid(total.y, total.x) == pytest.approx(3, rel=1e-9)
    assert [np.trapezoid(vdos[e].y, vdos[e].x) for e in ("O", "Si")] == pytest.approx([3 * 5 / 8, 3 * 3 / 8], rel=1e-9)
    share_si = (modes.reshape(8, 3, -1) ** 2).sum(axis=1)[:3].sum(axis=0)
    for k, nu in enumerate(frequency):
        near = np.abs(total.x - nu) < 0.8
        # Of element e: 3 c_e times its part of the mode over its part of all modes, in energy.
        expected = 3 * 3 / 8 * share_si[k] / share_si.sum() + 3 * 5 / 8 * (1 - share_si[k]) / (1 - share_si).sum()
        assert total.y[near].sum() * width == pytest.approx(expected, rel=0.03)
        assert total.x[near][total.y[near].argmax()] == pytest.approx(nu, abs=0.2)


def test_sum_rules_of_currents():
    frames, mass, square = langevin(1500, 150, 0.02, 2000.0)
    # 64 vectors, some 60 independent times, real and imaginary part: means of squares are known to 2 %.
    found = analysis.current_correlations(frames, 2.0, lags="linear", q_width=0.2)
    kt_over_m = BOLTZMANN * 2000 / (mass * 103.6426965268)
    assert square == pytest.approx(kt_over_m)
    assert found.longitudinal.y[0] == pytest.approx(kt_over_m, rel=0.06)
    assert found.transverse.y[0] == pytest.approx(kt_over_m, rel=0.06)
    for curve in (found.longitudinal_spectrum, found.transverse_spectrum):
        assert np.trapezoid(curve.y, curve.x) == pytest.approx(kt_over_m, rel=0.06)
    # Atoms that do not feel each other: C_T(Q, t) is the velocity autocorrelation times F_s, the longitudinal one decays faster.
    t = found.transverse.x[:20]
    d = square / 0.02
    fs = np.exp(-4.0 * d * (t - (1 - np.exp(-0.02 * t)) / 0.02))
    assert np.allclose(found.transverse.y[:20] / found.transverse.y[0], np.exp(-0.02 * t) * fs, atol=0.05)
    assert analysis.current_correlations(frames, 2.0, lags=[0], q_width=0.2, weights="mass").transverse.y[0] == pytest.approx(found.transverse.y[0])
    with pytest.raises(InputError):
        analysis.current_correlations(frames, 2.0, weights="Ge")


@pytest.mark.parametrize("name", ["velocity_autocorrelation", "vibrational_density_of_states"])
def test_without_velocities_there_are_no_vibrations(name):
    with pytest.raises(InputError, match="no velocities"):
        getattr(analysis, name)(brownian(40, 5, D))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda f: analysis.mean_square_displacement(f[0]), "two configurations"),
        (lambda f: analysis.mean_square_displacement(f[:1]), "two configurations"),
        (lambda f: analysis.mean_square_displacement(f[::-1]), "do not increase"),
        (lambda f: analysis.mean_square_displacement([f[0], f[1][:-1]]), "other atoms"),
        (lambda f: analysis.mean_square_displacement(f, lags="all"), "unknown"),
        (lambda f: analysis.mean_square_displacement(f, lags=[1e9]), "between 0"),
        (lambda f: analysis.mean_square_displacement(f, lags=[]), "between 0"),
        (lambda f: analysis.mean_square_displacement(f, direction="w"), "direction"),
        (lambda f: analysis.mean_square_displacement(f, stride=0), "stride"),
        (lambda f: analysis.mean_square_displacement(f, origins="last"), "Origins"),
        (lambda f: analysis.self_intermediate_scattering(f, -1.0), "wave number"),
        (lambda f: analysis.self_intermediate_scattering(f, [1.0, 2.0]), "wave number"),
        (lambda f: analysis.intermediate_scattering(f, 0.0), "positive wave number"),
        (lambda f: analysis.four_point_susceptibility(f, a=0), "distance"),
        (lambda f: analysis.van_hove_self(f, -5.0), "between 0"),
        (lambda f: analysis.diffusion(Curve([1, 2], [1, 2])), "no mean-square displacement"),
        (lambda f: analysis.diffusion(analysis.mean_square_displacement(f)["Si"], (1e5, 1e6)), "Fewer than two"),
        (lambda f: analysis.relaxation_time(Curve([0, 1], [0, 1])), "begins above zero"),
    ],
)
def test_what_cannot_be_computed_is_refused(call, said):
    with pytest.raises(InputError, match=said):
        call(brownian(20, 4, D))


def test_positions_that_are_not_finite_are_refused():
    frames = brownian(20, 4, D)
    frames[7].positions[2, 1] = np.nan
    with pytest.raises(InputError, match="finite"):
        analysis.mean_square_displacement(frames)


def test_wrapped_positions_are_followed_through_the_boundaries(diffusing):
    wrapped = [a.copy() for a in diffusing[:60]]
    for atoms in wrapped:
        atoms.wrap()
    found = analysis.mean_square_displacement(wrapped)["Si"]
    assert np.allclose(found.y, analysis.mean_square_displacement(diffusing[:60])["Si"].y, rtol=1e-9)


def test_survey_of_a_trajectory():
    from glasswright.analysis.dynamics.survey import survey_dynamics
    from glasswright.analysis.sample import Sample

    frames, _, _ = langevin(80, 60, 0.02, 3000.0)
    found = survey_dynamics(Sample(frames[-1:], frames))
    expected = {
        "msd_Si",
        "fs_Si",
        "alpha2_Si",
        "chi4_Si",
        "fqt_neutron",
        "van_hove_self_Si_2",
        "van_hove_distinct_Si-Si",
        "vacf_Si",
        "vdos_Si",
        "vdos_total",
        "current_transverse",
    }
    assert expected <= set(found.curves)
    assert found.numbers["Si displacement, d ln MSD / d ln t"].value > 1
    slow = [a.copy() for a in frames[::10]]  # 20 fs apart: too far for vibrations
    assert not any(name.startswith("vdos") for name in survey_dynamics(Sample(frames[-1:], slow)).curves)
    del slow[3]
    assert "fqt_neutron" not in survey_dynamics(Sample(frames[-1:], slow)).curves
    assert survey_dynamics(Sample(frames[-1:])).curves == {}


def test_report_shows_the_dynamics(diffusing):
    from types import SimpleNamespace

    from glasswright.analysis.dynamics.survey import survey_dynamics
    from glasswright.analysis.sample import Sample
    from glasswright.report.dynamics import dynamics

    frames, _, _ = langevin(80, 60, 0.02, 3000.0)
    curves = survey_dynamics(Sample(frames[-1:], frames)).curves
    contents = SimpleNamespace(
        curves=curves, document={"kind": "melt_quench"}, named=lambda prefix: {k.removeprefix(prefix): c for k, c in curves.items() if k.startswith(prefix)}
    )
    page = dynamics(contents)
    for title in (
        "Mean-square displacement",
        "Diffusion and relaxation",
        "Non-Gaussian",
        "self part",
        "distinct part",
        "density of states",
        "autocorrelation",
        "currents",
    ):
        assert title in page
    assert "Not diffusive within the lags: Si" in page  # it still flies
