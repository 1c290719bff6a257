"""Streaming averages against plain loops over all pairs of frames, on two elements in a skewed cell that breathes."""

import numpy as np
import pytest

from glasswright import analysis
from reference.motion import CELL, pair_average, thermal_velocity, trajectory, without_drift

SYMBOLS = ["O", "Si"] * 6 + ["O"] * 8
OX, SI = np.array(SYMBOLS) == "O", np.array(SYMBOLS) == "Si"
N_FRAMES = 150


@pytest.fixture(scope="module")
def frames():
    rng = np.random.default_rng(3)
    n = len(SYMBOLS)
    drift = 0.02 * np.arange(N_FRAMES)[:, None, None]
    x = rng.random((n, 3)) @ CELL + np.cumsum(rng.normal(0, 0.2, (N_FRAMES, n, 3)), axis=0) + drift
    return trajectory(x, SYMBOLS, velocities=rng.normal(0, thermal_velocity(20, 1000), x.shape))


def test_displacements(frames):
    lags = np.arange(0, 60, 7)
    found = analysis.mean_square_displacement(frames, lags=5.0 * lags, stride=1)
    expected = pair_average(frames, lags, lambda b, a: ((b - a) ** 2).sum(axis=1))
    assert np.allclose(found["O"].y, expected[:, OX].mean(axis=1), rtol=1e-12)
    assert np.allclose(found["Si"].y, expected[:, SI].mean(axis=1), rtol=1e-12)
    fourth = pair_average(frames, lags, lambda b, a: ((b - a) ** 2).sum(axis=1) ** 2)
    alpha = analysis.non_gaussian_parameter(frames, lags=5.0 * lags, stride=1)["Si"]
    assert np.allclose(alpha.y, 0.6 * fourth[1:, SI].mean(axis=1) / expected[1:, SI].mean(axis=1) ** 2 - 1, rtol=1e-10)


def test_breathing_of_the_cell_is_no_displacement(frames):
    cells = np.array([CELL * (1 + 0.02 * np.sin(0.1 * k)) for k in range(N_FRAMES)])
    fractional = np.array([a.positions @ np.linalg.inv(CELL) for a in frames])
    breathing = trajectory(fractional @ cells, SYMBOLS, cells=cells)
    found = analysis.mean_square_displacement(breathing, lags=[35.0], stride=1)["Si"]
    one_by_one = [analysis.squared_displacement(breathing[t], breathing[t + 7])[SI].mean() for t in range(N_FRAMES - 7)]
    assert found.y[1] == pytest.approx(np.mean(one_by_one), rel=1e-12)


def test_self_scattering(frames):
    lags = np.arange(0, 60, 7)
    vectors = np.array([[1.0, 0.2, -0.5], [0.3, 1.4, 0.1]])
    for q, phase in (
        (1.3, lambda b, a: np.sinc(1.3 * np.linalg.norm(b - a, axis=1) / np.pi)),
        (vectors, lambda b, a: np.cos((b - a) @ vectors.T).mean(axis=1)),
    ):
        found = analysis.self_intermediate_scattering(frames, q, lags=5.0 * lags, stride=1)
        expected = pair_average(frames, lags, phase)
        assert np.allclose(found["O"].y, expected[:, OX].mean(axis=1), atol=1e-12)
        assert np.allclose(found["Si"].y, expected[:, SI].mean(axis=1), atol=1e-12)


def test_susceptibility(frames):
    found = analysis.four_point_susceptibility(frames, a=1.0, lags=[50.0], stride=1)["O"]
    x = without_drift(frames)
    share = (((x[10:] - x[:-10]) ** 2).sum(axis=2) < 1)[:, OX].mean(axis=1)
    assert found.y[1] == pytest.approx(OX.sum() * np.var(share, ddof=1), rel=1e-10)


def reciprocal_shell(q, width):
    """Every second vector ±k of the shell."""
    grid = np.stack(np.meshgrid(*[np.arange(-9, 10)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    grid = grid[[tuple(g) > (0, 0, 0) for g in grid]]
    k = grid @ (2 * np.pi * np.linalg.inv(CELL).T)
    return k[np.abs(np.linalg.norm(k, axis=1) - q) <= width / 2]


def test_collective_scattering(frames):
    lags = np.array([0, 1, 2, 5, 30, 74])
    k = reciprocal_shell(1.5, 0.2)
    assert len(k) > 10
    x = without_drift(frames)
    density = {e: np.exp(1j * x[:, where] @ k.T).sum(axis=1) for e, where in (("O", OX), ("Si", SI))}
    found = analysis.intermediate_scattering(frames, 1.5, lags=5.0 * lags, q_width=0.2)
    for (a, b), curve in found.items():
        both = [
            np.mean([(u[t + lag] * v[t].conj()).real for u, v in ((density[a], density[b]), (density[b], density[a])) for t in range(N_FRAMES - lag)])
            for lag in lags
        ]
        size = np.sqrt(np.sum(np.array(SYMBOLS) == a) * np.sum(np.array(SYMBOLS) == b))
        assert np.allclose(curve.y, np.array(both) / size, atol=1e-10)
    b = {"O": 5.803, "Si": 4.1491}
    total = analysis.intermediate_scattering(frames, 1.5, lags=5.0 * lags, q_width=0.2, weights=b)
    c = {e: w.mean() for e, w in (("O", OX), ("Si", SI))}
    summed = sum((1 if a == d else 2) * b[a] * b[d] * np.sqrt(c[a] * c[d]) * f.y for (a, d), f in found.items()) / sum(c[e] * b[e] ** 2 for e in b)
    assert np.allclose(total.y, summed, atol=1e-10)


def test_collective_scattering_begins_with_the_structure_factor(frames):
    partials = analysis.partial_structure_factors(frames, [1.5], method="direct", q_width=0.2)
    c = {"O": OX.mean(), "Si": SI.mean()}
    for (a, b), curve in analysis.intermediate_scattering(frames, 1.5, lags=[0, 5], q_width=0.2).items():
        langreth = (a == b) + np.sqrt(c[a] * c[b]) * (partials[a, b].y[0] - 1)
        assert curve.y[0] == pytest.approx(langreth, abs=1e-8)


def test_velocities(frames):
    v = np.array([a.get_velocities() / 103.6426965268**0.5 for a in frames])
    masses = frames[0].get_masses()
    v = v - (masses @ v / masses.sum())[:, None]
    found = analysis.velocity_autocorrelation(frames)["O"]
    expected = [np.mean([(v[t, OX] * v[t + lag, OX]).sum(axis=1).mean() for t in range(N_FRAMES - lag)]) for lag in range(75)]
    assert np.allclose(found.y, expected, atol=1e-12 * expected[0], rtol=1e-9)


def test_currents(frames):
    k = reciprocal_shell(1.5, 0.2)
    x = without_drift(frames)
    v = np.array([a.get_velocities() / 103.6426965268**0.5 for a in frames])
    masses = frames[0].get_masses()
    v = v - (masses @ v / masses.sum())[:, None]
    current = np.einsum("tnk,tnx->tkx", np.exp(1j * x @ k.T), v)
    along = np.einsum("tkx,kx->tk", current, k / np.linalg.norm(k, axis=1)[:, None])
    found = analysis.current_correlations(frames, 1.5, lags=[0, 25.0], q_width=0.2)
    n = len(SYMBOLS)
    for curve, lag in ((0, 0), (1, 5)):
        longitudinal = (along[lag:] * along[: N_FRAMES - lag].conj()).real.mean() / n
        whole = (current[lag:] * current[: N_FRAMES - lag].conj()).real.sum(axis=2).mean() / n
        assert found.longitudinal.y[curve] == pytest.approx(longitudinal, rel=1e-9)
        assert found.transverse.y[curve] == pytest.approx((whole - longitudinal) / 2, rel=1e-9)


def test_distinct_van_hove_begins_with_the_pair_distribution(frames):
    found = analysis.van_hove_distinct(frames, 0.0, 9.0, 0.3, origins=1000)
    for pair, curve in analysis.partial_rdf(frames, 9.0, 0.3).items():
        assert np.allclose(found[pair].y, curve.y, atol=1e-9)


def test_distinct_van_hove_counts_all_other_atoms(frames):
    lag, edges = 10, np.arange(0, 9.01, 0.5)
    found = analysis.van_hove_distinct(frames, 5.0 * lag, 9.0, 0.5, origins=1000)["O", "O"]
    x = without_drift(frames)[:, OX]
    shifts = np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3, indexing="ij"), axis=-1).reshape(-1, 3) @ CELL
    counts = np.zeros(len(edges) - 1)
    inverse = np.linalg.inv(CELL)
    for t in range(N_FRAMES - lag):
        d = x[t + lag][None] - x[t][:, None]
        d -= np.round(d @ inverse) @ CELL
        r = np.linalg.norm(d[..., None, :] + shifts, axis=-1)
        counts += np.histogram(r, edges)[0] - np.histogram(np.linalg.norm(x[t + lag] - x[t], axis=1), edges)[0]
    density = OX.sum() ** 2 / abs(np.linalg.det(CELL))
    expected = counts / (N_FRAMES - lag) / (density * 4 / 3 * np.pi * np.diff(edges**3))
    assert np.allclose(found.y, expected, atol=1e-9)
