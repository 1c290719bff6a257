"""The prolate split of 1/r: its function is its own Fourier transform, near and far parts belong together."""

import numpy as np
import pytest
from ase import Atoms
from numpy.polynomial import legendre

from glasswright.forms.coulomb import pair_coulomb
from glasswright.forms.prolate import ProlateSplit, prolate
from glasswright.forms.tabulate import pair_energy_force, short_range, virial_trace
from glasswright.library.forcefields import load_forcefield

NODES, WEIGHTS = legendre.leggauss(200)


@pytest.mark.parametrize("bandwidth", [1.0, 9.75, 12.5, 18.0, 30.0])
def test_a_prolate_is_its_own_fourier_transform(bandwidth: float) -> None:
    psi, x, k = prolate(bandwidth), (NODES + 1) / 2, np.linspace(0, bandwidth, 50)
    transform = np.cos(np.outer(k, x)) @ (WEIGHTS / 2 * psi(x))
    np.testing.assert_allclose(transform / psi.half_integral, psi(k / bandwidth), atol=1e-13)
    assert psi(0.0) == pytest.approx(1, abs=1e-14) and psi(0.3) == pytest.approx(psi(-0.3), abs=1e-14)


def test_a_prolate_is_what_scipy_calls_so() -> None:
    from scipy.special import pro_ang1

    x, psi = np.linspace(0, 0.99, 30), prolate(10.0)
    value, slope = pro_ang1(0, 0, 10.0, x)
    at_zero = pro_ang1(0, 0, 10.0, 0.0)[0]
    np.testing.assert_allclose(psi(x), value / at_zero, atol=1e-13)
    np.testing.assert_allclose(psi.slope(x), slope / at_zero, atol=1e-10)


def test_near_and_far_part_make_the_whole() -> None:
    # What the sharp end of the spectrum leaves out falls with the bandwidth: 9e-7 at 12.5, 4e-9 at 18, 1e-13 at 26.
    split = ProlateSplit(26.0, 8.0)
    # The far part by its spectrum: S(r) = ∫ 4πk² S^(k) sin(kr)/(kr) dk/(2π)³.
    k = (NODES + 1) / 2 * split.largest_k
    r = np.array([0.5, 2.0, 5.0, 7.9, 8.0, 9.5])
    far = np.sin(np.outer(r, k)) / r[:, None] @ (WEIGHTS / 2 * split.largest_k * k * split.spectrum(k)) / (2 * np.pi**2)
    near, force = split.near(r)
    np.testing.assert_allclose(near + far, 1 / r, rtol=1e-12)
    assert near[-2:].tolist() == force[-2:].tolist() == [0, 0]
    at_zero = WEIGHTS / 2 * split.largest_k @ (k**2 * split.spectrum(k)) / (2 * np.pi**2)
    assert split.far_at_zero == pytest.approx(at_zero, rel=1e-11)
    assert split.spectrum(np.array([split.largest_k * 1.001]))[0] == 0


def test_near_force_is_the_derivative() -> None:
    split, r, h = ProlateSplit(14.4, 7.3), np.linspace(0.4, 7.2, 300), 1e-5
    np.testing.assert_allclose(split.near(r)[1], -(split.near(r + h)[0] - split.near(r - h)[0]) / (2 * h), rtol=1e-8, atol=1e-9)


def test_the_split_decides_where_the_near_part_ends() -> None:
    coulomb = load_forcefield("bks").coulomb
    assert coulomb.method == "ewald" and coulomb.cutoff > 7.5
    energy, _ = pair_coulomb(coulomb, -2.88, np.array([6.9, 7.1]), ProlateSplit(12.5, 7.0))
    assert energy[0] < 0 and energy[1] == 0
    longer = pair_coulomb(coulomb, -2.88, np.array([coulomb.cutoff + 0.5]), ProlateSplit(12.5, coulomb.cutoff + 1))[0]
    assert longer[0] < 0


def test_the_trace_takes_the_energy_of_the_charges() -> None:
    bound = load_forcefield("bks").bind(Atoms("SiO2"))
    r, split = np.linspace(1.3, 7.9, 50), ProlateSplit(12.5, 8.0)
    term = bound.pair_term("Si", "O")
    assert term is not None
    expected = r * short_range(term, r)[1] + pair_coulomb(bound.coulomb, -2.88, r, split)[0]
    np.testing.assert_allclose(virial_trace(bound, "Si", "O", r, split), expected, rtol=1e-13)
    damped = load_forcefield("bks").with_coulomb("dsf").bind(Atoms("SiO2"))
    np.testing.assert_allclose(virial_trace(damped, "Si", "O", r), r * pair_energy_force(damped, "Si", "O", r)[1], rtol=1e-13)
    # Below the inner radius both go on smoothly.
    inner = np.array([0.2, 0.2001])
    assert np.all(np.isfinite(virial_trace(bound, "Si", "O", inner, split)))
