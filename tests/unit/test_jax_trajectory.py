"""Derivatives through trajectories against finite differences of the same trajectories."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("jax")

import jax
import jax.numpy as jnp
from ase.md.velocitydistribution import thermalize_momenta

from glasswright.engines.jax.potential import potential
from glasswright.engines.jax.trajectory import STALE, trajectory
from glasswright.engines.native import NativeEngine
from glasswright.errors import InputError, RunFailed
from glasswright.library.forcefields import load_forcefield
from glasswright.stage import Stage
from reference.argon import argon_crystal, argon_forcefield
from reference.make_melts import read_melt

# Smooth at its cutoff: where forces jump, finite differences see pairs that cross it, derivatives do not.
ARGON = argon_forcefield(cutoff=6.0, smoothing=1.0)


@pytest.fixture(scope="module", autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="module")
def hot(_double):
    atoms = argon_crystal()
    atoms.rattle(0.2, seed=1)
    thermalize_momenta(atoms, temperature_K=400, rng=np.random.default_rng(1))
    return atoms


@pytest.fixture(scope="module")
def argon(hot):
    return potential(ARGON, hot, precision="double", skin=1.0)


@pytest.fixture(scope="module")
def run(argon, hot):
    """Positions, velocities, cell, thermostat and barostat move; 38 steps are six blocks of six and a rest of two."""
    return trajectory(argon, hot, Stage("run", "npt", 38, 5.0, (400, 500), (0.0, 0.1), barostat_damping=300.0))


@pytest.fixture(scope="module")
def ends(run):
    """The end, compiled once."""
    return jax.jit(run)


@pytest.fixture(scope="module")
def along(run):
    """A function of the end along random changes of everything it starts from ``(4,)``, with its derivative, compiled once."""
    noise = np.random.default_rng(2)
    moved, pushed, mix = (jnp.asarray(noise.normal(size=run.positions.shape)) for _ in range(3))

    def function(step):
        theta = {"Ar-Ar.rho": 0.279 + step[2], "Ar-Ar.C": 60.5 + step[3]}
        end = run(run.positions + step[0] * moved, run.velocities + step[1] * pushed, theta)
        return jnp.vdot(mix, end.positions) + 1e3 * jnp.vdot(mix, end.velocities) + end.cell[0, 0] ** 2

    return jax.jit(jax.value_and_grad(function))


@pytest.mark.parametrize(("what", "h"), [("positions", 1e-5), ("velocities", 1e-7), ("rho", 1e-6), ("C", 1e-4)])
def test_derivatives_are_finite_differences(along, what, h):
    which = ["positions", "velocities", "rho", "C"].index(what)
    derivative = float(along(jnp.zeros(4))[1][which])
    f = [float(along(jnp.zeros(4).at[which].set(k * h))[0]) for k in (1, -1, 2, -2)]
    assert derivative == pytest.approx((8 * (f[0] - f[1]) - (f[2] - f[3])) / (12 * h), rel=1e-6)
    assert abs(derivative) > 1e-2


def test_path_and_end_are_those_of_the_compiled_core(run, ends, hot, tmp_path):
    end, path = ends(run.positions, run.velocities), jax.jit(run.path)(run.positions, run.velocities)
    assert (run.block, run.n_steps) == (6, 38)
    assert path.shape == (7, *run.positions.shape)
    with NativeEngine(precision="double").open(hot, ARGON, tmp_path) as simulation:
        simulation.start(Stage("run", "npt", 38, 5.0, (400, 500), (0.0, 0.1), barostat_damping=300.0))
        # Pairs in the core are tables, right to 1e-7 in double precision.
        assert np.allclose(path[-2], simulation.advance(36).positions, rtol=0, atol=1e-5)
        state = simulation.advance(2)
    assert np.array_equal(path[-1], end.positions)
    assert np.allclose(end.positions, state.positions, rtol=0, atol=1e-5)
    assert np.allclose(end.cell, state.cell, rtol=0, atol=1e-6)


def test_far_from_the_path_there_is_no_number(run, ends):
    end = ends(run.positions, 3 * run.velocities)
    assert int(end.trouble) == STALE
    assert np.isnan(end.positions).all() and np.isnan(end.velocities).all()
    assert int(ends(run.positions, run.velocities).trouble) == 0


@pytest.mark.slow
def test_memory_grows_with_the_root_of_the_steps(argon, hot):
    """Keeping what every step needs for its derivative would take 400 times one force evaluation, hundreds of MB."""
    run = trajectory(argon, hot, Stage("run", "nve", 400, 1.0))
    assert run.memory == 40 * 9 * len(hot) * 8
    derivative = jax.jit(jax.grad(lambda x, theta: (run(x, run.velocities, theta).positions ** 2).sum(), argnums=(0, 1)))
    used = derivative.lower(run.positions, argon.parameters).compile().memory_analysis().temp_size_in_bytes
    assert used < 2 * run.memory + 15e6


def test_refusals(argon, hot):
    stage = Stage("run", "nve", 40, 5.0)
    turned = hot.copy()
    turned.rotate(30, "z", rotate_cell=True)
    with pytest.raises(InputError, match="lower triangular"):
        trajectory(argon, turned, stage)
    with pytest.raises(InputError, match="a step"):
        trajectory(argon, hot, Stage("run", "nve", 0, 1.0))
    with pytest.raises(RunFailed, match="skin"):
        trajectory(argon, hot, stage, block=40)
    wild = hot.copy()
    wild.set_velocities(300 * hot.get_velocities())
    with pytest.raises(RunFailed, match="blown up"):
        trajectory(argon, wild, stage)


@pytest.mark.slow
def test_derivatives_of_a_melt_grow_as_the_page_says():
    """A factor e in about 70 fs: the number in ``trajectory`` and in the theory of differentiable simulation."""
    melt, noise = read_melt("silica"), np.random.default_rng(1)
    thermalize_momenta(melt, temperature_K=3000, rng=noise)
    run = trajectory(potential(load_forcefield("shik"), melt, precision="double", skin=1.5), melt, Stage("run", "nve", 300, 1.0), block=12)
    grown = jax.jit(lambda d: jnp.linalg.norm(jax.jvp(lambda x: run.path(x, run.velocities), (run.positions,), (d,))[1], axis=(1, 2)) / jnp.linalg.norm(d))
    factors = np.array([grown(jnp.asarray(noise.normal(size=run.positions.shape))) for _ in range(3)])
    time = 12.0 * np.arange(1, factors.shape[1] + 1)
    late = time > 70
    rate = np.polyfit(time[late], np.log(factors).mean(axis=0)[late], 1)[0]
    assert 50 < 1 / rate < 100
    assert 10 < np.exp(np.log(factors[:, time == 288]).mean()) < 120
