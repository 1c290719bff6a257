"""The empirical potential of EPSR: its basis functions and their transforms, its amplitude, how it grows."""

import numpy as np
import pytest

from glasswright.errors import InputError
from glasswright.refinement.empirical_potential import Basis, EmpiricalPotential, make_basis

DENSITY = 0.066
Q = np.linspace(0.3, 30, 200)


@pytest.fixture(params=["poisson", "gaussian"])
def basis(request: pytest.FixtureRequest) -> Basis:
    return make_basis(request.param, 1.0, 8.0, 0.15, DENSITY)


def test_transforms_are_those_of_the_functions(basis: Basis) -> None:
    # By the trapezoidal rule, which for these smooth functions that begin and end at zero is as good as exact.
    r = np.linspace(1e-4, 25, 50001)
    kernel = 4 * np.pi * DENSITY * r**2 * np.sinc(np.outer(Q, r) / np.pi)
    numerical = np.array([np.trapezoid(kernel * p, r, axis=1) for p in basis.values(r)[:: len(basis.centres) // 6]])
    np.testing.assert_allclose(basis.transform(Q)[:: len(basis.centres) // 6], numerical, atol=1e-9)


def test_functions_hold_one_atom(basis: Basis) -> None:
    np.testing.assert_allclose(basis.transform(np.array([1e-6]))[:, 0], 1, atol=1e-9)


def test_a_basis_spans_what_lies_between_its_centres(basis: Basis) -> None:
    # A Lennard-Jones-like well as wide as the spacing allows.
    r = np.linspace(1.2, 7.5, 400)
    wanted = np.exp(-((r - 3.1) ** 2) / 0.32) - 0.3 * np.cos(2.2 * r) * np.exp(-r / 4)
    values = basis.values(r).T
    values /= np.abs(values).max(axis=0)
    found = values @ np.linalg.lstsq(values, wanted, rcond=1e-10)[0]
    assert np.abs(found - wanted).max() < 2e-3


def test_the_potential_ends_smoothly_at_its_cutoff(basis: Basis) -> None:
    c = np.random.default_rng(1).standard_normal((2, 2, len(basis.centres)))
    potential = EmpiricalPotential(("O", "Si"), basis, c + c.swapaxes(0, 1), 8.0)
    r = np.linspace(1, 9, 801)
    energy = potential.energy(r)
    assert np.all(energy[:, :, r >= 8.0] == 0) and np.abs(energy[:, :, r < 6]).max() > 0
    np.testing.assert_array_equal(energy, energy.swapaxes(0, 1))
    sampled = potential.sampled()
    inside = r[(r > 1) & (r < 8)]
    scale = np.abs(energy).max()
    for i, a in enumerate(potential.species):
        for j, b in enumerate(potential.species):
            values, forces = sampled.energy_force(a, b, inside)
            exact = potential.energy(inside)[i, j]
            np.testing.assert_allclose(values, exact, atol=1e-4 * scale)
            h = 1e-5
            slope = (potential.energy(inside + h)[i, j] - potential.energy(inside - h)[i, j]) / (2 * h)
            np.testing.assert_allclose(forces, -slope, atol=1e-2 * np.abs(slope).max())


def test_the_amplitude_is_limited(basis: Basis) -> None:
    r = np.linspace(0.5, 8, 100)
    pairs = np.zeros((1, 1, 100))
    pairs[0, 0] = 4 * np.pi * r**2 * 0.5 * DENSITY * (r[1] - r[0])
    zero = EmpiricalPotential.zero(("Ar",), basis, 8.0)
    assert zero.amplitude(r, pairs) == 0
    change = np.ones((1, 1, len(basis.centres)))
    free, held = zero.changed(change, np.inf, r, pairs), zero.changed(change, 0.01, r, pairs)
    # Functions that hold one atom each: half a bond per atom and function.
    assert free.amplitude(r, pairs) == pytest.approx(0.5 * len(basis.centres), rel=0.15)
    assert held.amplitude(r, pairs) == pytest.approx(0.01, rel=1e-12)
    np.testing.assert_allclose(held.coefficients / held.coefficients[0, 0, 0], free.coefficients / free.coefficients[0, 0, 0])


def test_what_is_no_basis_is_refused() -> None:
    with pytest.raises(InputError, match="no basis 'fourier'"):
        make_basis("fourier", 1.0, 8.0, 0.1, DENSITY)
    with pytest.raises(InputError, match="No basis of functions"):
        make_basis("poisson", 1.0, 1.2, 0.1, DENSITY)
