"""Reweighted averages against new runs, their derivatives against fluctuation formulas and against new runs, with error bars."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("jax")

import jax
import jax.numpy as jnp

from glasswright.engines.jax import observables
from glasswright.engines.jax.potential import potential
from glasswright.engines.jax.reweighting import Ensemble, serving
from glasswright.errors import InputError
from glasswright.units import BOLTZMANN, GPA
from reference.argon import PAIR, TEMPERATURE, argon_forcefield, argon_liquid, block_error

C = argon_forcefield().pairs[PAIR].parameters["C"]
NAME = "Ar-Ar.C"
KT = BOLTZMANN * TEMPERATURE
N_FRAMES = 300


@dataclass(frozen=True)
class Sampled:
    """What a run of the compiled core says."""

    frames: list
    energy: np.ndarray
    """[eV]"""
    pressure: np.ndarray
    """[GPa]"""
    rdf: np.ndarray
    """``(n, n_bins)``"""


@pytest.fixture(scope="module", autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="module")
def measured(_double):
    """Function of C over that of argon, and a seed."""
    directory = Path("unused")
    rdf = None

    def run(factor: float, seed: int) -> Sampled:
        nonlocal rdf
        frames, energy, pressure = argon_liquid(argon_forcefield(C=factor * C), directory, N_FRAMES, every=200, seed=seed)
        rdf = rdf or jax.jit(observables.partial_rdf(frames[0], 8.0, 0.2))
        return Sampled(frames, energy, pressure, np.array([rdf(f.positions, f.cell.array)[PAIR] for f in frames]))

    return run


@pytest.fixture(scope="module")
def start(measured) -> Sampled:
    return measured(1.0, 1)


@pytest.fixture(scope="module")
def ensemble(start) -> Ensemble:
    return Ensemble.of(potential(argon_forcefield(), start.frames[0], precision="double"), start.frames, TEMPERATURE)


@pytest.fixture(scope="module")
def means(ensemble, start):
    """Functions of C over that of argon, compiled once: averages, their errors, and effective samples."""

    def values(factor):
        theta = {**ensemble.potential.parameters, NAME: factor * C}
        virial = ensemble.each(lambda x, cell, near: ensemble.potential.energy_forces_virial(x, cell, near, theta)[2])
        volume, n = abs(np.linalg.det(start.frames[0].cell.array)), len(start.frames[0])
        pressure = (jnp.trace(virial, axis1=1, axis2=2) / 3 + (n - 1) * KT) / volume * GPA
        return theta, {"energy": ensemble.energies_with(theta), "pressure": pressure, "rdf": jnp.asarray(start.rdf)}

    @jax.jit
    def average(factor):
        theta, found = values(factor)
        return ensemble.average(found, theta), ensemble.error(found, theta), ensemble.effective_samples(theta)

    @jax.jit
    def derivative(factor):
        def mean(factor):
            theta, found = values(factor)
            return ensemble.average(found, theta)

        return jax.jacfwd(mean)(factor)

    return average, derivative


def test_averages_are_those_of_a_new_run(measured, means, start):
    """10 % more attraction: the energy moves by dozens of standard errors, and half of the configurations still count."""
    average, _ = means
    mean, error, effective = average(1.1)
    new = measured(1.1, 2)
    assert 0.3 * N_FRAMES < effective < 0.9 * N_FRAMES
    assert abs(mean["energy"] - start.energy.mean()) > 20 * error["energy"]
    for name in ("energy", "pressure", "rdf"):
        there = getattr(new, name)
        together = np.hypot(error[name], block_error(there))
        seen = there.mean(axis=0) > 0.02 if name == "rdf" else slice(None)
        deviation = np.atleast_1d((mean[name] - there.mean(axis=0)) / together)[seen]
        # Ten blocks each: Student's t with some 18 degrees of freedom. Of 25 bins one may be farther out.
        assert np.abs(deviation).max() < 5
        assert np.sqrt(np.mean(deviation**2)) < (2 if name == "rdf" else 4)


@pytest.mark.slow
def test_derivative_is_that_of_new_runs(measured, means):
    """From 3 % less to 3 % more attraction; the curvature that a central difference leaves out is below its error."""
    _, derivative = means
    slope = derivative(1.0)
    less, more = measured(0.97, 3), measured(1.03, 4)
    for name in ("energy", "pressure"):
        low, high = getattr(less, name), getattr(more, name)
        expected, error = (high.mean() - low.mean()) / 0.06, np.hypot(block_error(low), block_error(high)) / 0.06
        assert abs(expected) > 15 * error
        # The covariance over 300 configurations is known to some 8 % of its part.
        assert float(slope[name]) == pytest.approx(expected, abs=4 * error + 0.04 * abs(expected))
    peak = less.rdf.mean(axis=0).argmax()
    rise = (more.rdf.mean(axis=0)[peak] - less.rdf.mean(axis=0)[peak]) / 0.06
    error = np.hypot(block_error(less.rdf), block_error(more.rdf))[peak] / 0.06
    assert float(slope["rdf"][peak]) == pytest.approx(rise, abs=4 * error + 0.2 * abs(rise))


def test_derivative_is_the_fluctuation_formula(ensemble, means, start):
    """∂⟨O⟩/∂θ = ⟨∂O/∂θ⟩ - [⟨O ∂U/∂θ⟩ - ⟨O⟩⟨∂U/∂θ⟩]/kT, with ∂U/∂θ by finite differences: U is linear in C."""
    energies = jax.jit(lambda factor: ensemble.energies_with({NAME: factor * C}))
    slopes = np.asarray(energies(1.01) - energies(0.99)) / 0.02
    derivative = means[1](1.0)
    covariance = (start.rdf * slopes[:, None]).mean(axis=0) - start.rdf.mean(axis=0) * slopes.mean()
    assert np.allclose(derivative["rdf"], -covariance / KT, rtol=1e-6, atol=1e-8)
    energy = np.asarray(ensemble.energies)
    assert float(derivative["energy"]) == pytest.approx(slopes.mean() - ((energy * slopes).mean() - energy.mean() * slopes.mean()) / KT, rel=1e-6)


def test_energies_are_those_of_the_run(ensemble, start):
    assert np.allclose(ensemble.energies, start.energy, rtol=0, atol=1e-5 * len(start.frames[0]))


def test_effective_samples_fall_as_the_weights_spread(ensemble, means):
    """All count at the start; if U_θ - U is normal with variance s² kT², weights are lognormal and N exp(-s²/2) configurations count."""
    average, _ = means
    assert float(average(1.0)[2]) == pytest.approx(N_FRAMES, abs=1e-6)
    spread = np.std(np.asarray(ensemble.energies_with({NAME: 1.02 * C}) - ensemble.energies)) / KT
    assert float(average(1.02)[2]) == pytest.approx(N_FRAMES * np.exp(-(spread**2) / 2), rel=0.03)
    assert ensemble.serves({NAME: 1.01 * C}) and not ensemble.serves({NAME: 1.06 * C})
    assert ensemble.serves({NAME: 1.06 * C}, least=0.05)


def test_sampled_again_only_where_needed(ensemble):
    asked = []

    def sample(parameters):
        asked.append(parameters[NAME])
        return ensemble

    assert serving(ensemble, {NAME: 1.01 * C}, sample) is ensemble
    assert asked == []
    serving(ensemble, {NAME: 1.06 * C}, sample)
    serving(None, {NAME: 1.00 * C}, sample)
    assert asked == [1.06 * C, 1.00 * C]


def test_error_is_that_of_blocks(ensemble, means, start):
    """At the parameters of the sampling the plain one; elsewhere what leaving out one block after another says (jackknife)."""
    average, _ = means
    assert np.allclose(average(1.0)[1]["rdf"], block_error(start.rdf), rtol=1e-6)
    theta = {NAME: 1.03 * C}
    w, energy = np.asarray(ensemble.weights(theta)), np.asarray(ensemble.energies)
    without = []
    for block in np.array_split(np.arange(N_FRAMES), 10):
        rest = np.delete(np.arange(N_FRAMES), block)
        without.append(w[rest] @ energy[rest] / w[rest].sum())
    assert float(ensemble.error(ensemble.energies, theta)) == pytest.approx(np.std(without) * np.sqrt(9), rel=0.1)


def test_refusals(ensemble, start):
    with pytest.raises(InputError, match="blocks"):
        ensemble.error(ensemble.energies, {}, blocks=1000)
    with pytest.raises(InputError, match="no parameter"):
        ensemble.weights({"Ar-Ar.D": 1.0})
    with pytest.raises(InputError, match="configurations"):
        Ensemble.of(ensemble.potential, [], TEMPERATURE)
    with jax.enable_x64(False), pytest.raises(InputError, match="double precision"):
        Ensemble.of(ensemble.potential, start.frames, TEMPERATURE)


@pytest.mark.slow
def test_the_worked_example_finds_the_parameter(tmp_path):
    example = Path(__file__).parents[2] / "docs" / "examples" / "difftre_walk.py"
    done = subprocess.run([sys.executable, str(example)], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    found = float(done.stdout.split("found rho = ")[1].split()[0])
    assert found == pytest.approx(0.279, abs=3e-4)
    assert done.stdout.count("sampling with") < 5
