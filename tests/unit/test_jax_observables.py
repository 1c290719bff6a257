"""Differentiable structure against the analysis, against sums over pairs, and against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from scipy.interpolate import BSpline

pytest.importorskip("jax")

import jax
import jax.numpy as jnp

from glasswright import analysis
from glasswright.curve import Curve
from glasswright.engines.jax import observables, smooth_pairs
from glasswright.errors import InputError
from glasswright.native import neighbour_pairs
from reference.make_melts import read_melt

Q = np.arange(0.4, 12.0, 0.1)


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="module")
def melt() -> Atoms:
    """A silica melt in a skewed cell."""
    atoms = read_melt("silica")
    atoms.set_cell(atoms.cell.array + [[0, 0, 0], [1.5, 0, 0], [-1.0, 2.0, 0]], scale_atoms=True)
    return atoms


def at(atoms: Atoms) -> tuple[jax.Array, jax.Array]:
    return jnp.asarray(atoms.positions), jnp.asarray(atoms.cell.array)


def shared_by_spline(atoms: Atoms, pairs: smooth_pairs.SmoothPairs) -> np.ndarray:
    """Every pair, also of images, with the B-spline of SciPy."""
    reach = pairs.r_max + 2 * pairs.width
    n_types = len(pairs.elements)
    found = neighbour_pairs(atoms.positions, atoms.cell.array, pairs.types, np.full((n_types, n_types), reach))
    share = np.nan_to_num(BSpline.basis_element(np.arange(-2, 3), extrapolate=False)((found.distances[:, None] - pairs.r) / pairs.width))
    first, second = pairs.types[found.first], pairs.types[found.second]
    unordered = [share[((first == a) & (second == b)) | ((first == b) & (second == a))].sum(axis=0) / 2 for a, b in zip(*np.triu_indices(n_types), strict=True)]
    return np.array(unordered)


@pytest.mark.parametrize("r_max", [5.0, 9.0], ids=["within half the box", "with images"])
def test_each_pair_is_shared_by_a_spline(melt, r_max):
    pairs = smooth_pairs.SmoothPairs.of(melt, r_max, 100)
    assert np.allclose(jax.jit(pairs.histogram)(*at(melt)), shared_by_spline(melt, pairs), rtol=0, atol=1e-9)


def test_few_atoms_and_their_images():
    # One atom, two atoms (which are each other's pair from both ends) and three: every count of offsets.
    for n in (1, 2, 3):
        atoms = Atoms(["Si", "O", "O"][:n], np.random.default_rng(n).random((n, 3)) * 4, cell=np.diag([4.0, 4.4, 5.0]), pbc=True)
        pairs = smooth_pairs.SmoothPairs.of(atoms, 7.0, 70)
        assert np.allclose(jax.jit(pairs.histogram)(*at(atoms)), shared_by_spline(atoms, pairs), rtol=0, atol=1e-9)


def test_pieces_do_not_change_the_histogram(melt, monkeypatch):
    pairs = smooth_pairs.SmoothPairs.of(melt, 5.0, 100)
    whole = pairs.histogram(*at(melt))
    monkeypatch.setattr(smooth_pairs, "AT_ONCE", 5 * len(melt))  # 73 offsets in pieces of 5: the last one is filled up
    assert np.allclose(pairs.histogram(*at(melt)), whole, rtol=0, atol=1e-9)


def test_rdf_is_that_of_the_analysis_convolved(melt):
    """A bin of 0.05 Å with those beside it by 1/6, 4/6, 1/6 is nearly what the spline does to g(r); the rest is g's change within a bin."""
    smooth, counted = observables.partial_rdf(melt, 6.0, 0.01), analysis.partial_rdf(melt, 6.0, 0.0025)
    for pair, g in jax.jit(smooth)(*at(melt)).items():
        shells = np.diff(np.append(0.0, counted[pair].x + 0.00125) ** 3)
        spline = np.nan_to_num(BSpline.basis_element(np.arange(-2, 3), extrapolate=False)((counted[pair].x[:, None] - smooth.x) / 0.01))
        expected = (counted[pair].y * shells) @ spline / (shells @ spline)
        inside = slice(10, -2)
        assert np.abs(g - expected)[inside].max() < 0.02 * counted[pair].y.max()
        assert np.abs(g - expected)[inside].mean() < 2e-3 * counted[pair].y.max()


def test_neutron_total_is_the_weighted_sum(melt):
    total = observables.total_rdf(melt, "neutron", 6.0, isotopes={"Si": "29Si"})
    found, partials = jax.jit(lambda x, cell: (total(x, cell), total.partials(x, cell)))(*at(melt))
    curves = {p: Curve(total.x, np.asarray(g)) for p, g in partials.items()}
    assert np.allclose(found, analysis.weighted_rdf(curves, total.partials.fractions, {"Si": "29Si"}).y, rtol=0, atol=1e-9)
    assert np.allclose(total.x, analysis.partial_rdf(melt, 6.0)["O", "Si"].x)


@pytest.mark.parametrize(("radiation", "window", "bound"), [("neutron", "lorch", 2e-3), ("xray", "lorch", 2e-3), ("neutron", "none", 2e-2)])
def test_transform_is_that_of_the_analysis(melt, radiation, window, bound):
    """With a window the two differ by what averaging over a shell damps there (0.2 % of S - 1); without, by where g(r) ends: 0.015 Å earlier."""
    smooth = observables.structure_factor(melt, Q, radiation, window=window)
    assert np.abs(smooth(*at(melt)) - analysis.structure_factor(melt, Q, radiation, window=window).y).max() < bound


def test_transform_is_the_sum_over_pairs(melt):
    """Without any bins: Σ M(r) sin(Qr)/(Qr) less its integral over even atoms. At Q = 40 the spline alone would damp by 3 %."""
    q = np.array([0.8, 2.0, 5.0, 12.0, 25.0, 40.0])
    smooth = observables.partial_structure_factors(melt, q, window="lorch")
    pairs = smooth.pairs
    found = neighbour_pairs(melt.positions, melt.cell.array, pairs.types, np.full((2, 2), pairs.r_max))
    wave = np.sinc(found.distances / pairs.r_max) * np.sinc(q[:, None] * found.distances / np.pi)
    r = np.linspace(0, pairs.r_max, 200_001)
    even = 4 * np.pi * len(melt) / melt.cell.volume * np.trapezoid(r**2 * np.sinc(r / pairs.r_max) * np.sinc(q[:, None] * r / np.pi), r)
    for (a, b), s in jax.jit(smooth)(*at(melt)).items():
        i, j = pairs.elements.index(a), pairs.elements.index(b)
        those = (pairs.types[found.first] == i) & (pairs.types[found.second] == j)
        expected = 1 + len(melt) / (pairs.counts[i] * pairs.counts[j]) * wave[:, those].sum(axis=1) - even
        assert np.all(np.abs(s - expected) < np.where(q < 20, 1e-4, 2e-5))


def test_direct_sum_is_that_of_the_analysis(melt):
    for radiation, width in (("neutron", 0.1), ("xray", 0.25)):  # bins that touch, that overlap; below 0.5 1/Å one that is widened
        smooth = observables.structure_factor(melt, Q, radiation, "direct", width)
        assert np.allclose(jax.jit(smooth)(*at(melt)), analysis.structure_factor(melt, Q, radiation, "direct", width).y, rtol=0, atol=1e-6)


def test_direct_sum_follows_the_vectors_of_the_cell(melt):
    smooth = jax.jit(observables.partial_structure_factors(melt, Q[:40], "direct", 0.1))
    strained = melt.copy()
    strained.set_cell(melt.cell.array * 1.01, scale_atoms=True)
    before = smooth(*at(melt))
    for pair, s in smooth(*at(strained)).items():
        assert np.allclose(s, before[pair], rtol=0, atol=1e-9)


def test_xray_rdf_is_that_of_the_analysis(melt):
    smooth = observables.total_rdf(melt, "xray", 6.0, 0.05, 15.0)
    counted = analysis.total_rdf(melt, "xray", 6.0, 0.05, 15.0)
    assert np.allclose(smooth.x, counted.x)
    beyond = smooth.x > 1.0  # below, S(Q) at low Q is multiplied by what the box does not hold
    assert np.abs(smooth(*at(melt)) - counted.y)[beyond].max() < 0.02


def test_coordination_is_that_of_the_analysis(melt):
    cutoffs = {("O", "Si"): 2.3}
    counted = analysis.coordination(melt, cutoffs)
    # So narrow that no atom is within: whole numbers.
    for pair, counts in observables.coordination(melt, cutoffs, 1e-3)(*at(melt)).items():
        assert np.array_equal(counts, counted[pair])


def test_half_a_neighbour_at_the_cutoff():
    atoms = Atoms("SiO", [[0, 0, 0], [1.9, 0, 0]], cell=np.eye(3) * 9, pbc=True)
    counts = observables.coordination(atoms, {("Si", "O"): 1.9}, 0.3)(*at(atoms))
    assert counts["Si", "O"] == pytest.approx(0.5) and counts["O", "Si"] == pytest.approx(0.5)


def observed(atoms: Atoms) -> dict[str, object]:
    """One of every kind."""
    return {
        "g(r)": observables.partial_rdf(atoms, 8.0, 0.1),
        "S(Q) direct": observables.structure_factor(atoms, Q[:60:3], "neutron", "direct", 0.3),
        "X-ray g(r), of S(Q) by transform": observables.total_rdf(atoms, "xray", 5.0, 0.1, 10.0),
        "coordination": observables.coordination(atoms, {("O", "Si"): 2.3}, 0.4),
    }


@pytest.mark.parametrize("name", ["g(r)", "S(Q) direct", "X-ray g(r), of S(Q) by transform", "coordination"])
def test_derivatives_are_finite_differences(melt, name):
    """Of a random function of all values along a random change of positions, and of the cell, atoms following it half."""
    observe, noise = observed(melt)[name], np.random.default_rng(1)
    positions, cell = (1.01 * x for x in at(melt))  # wider than what it was made for: room for a step in either direction
    shapes = jax.eval_shape(observe, positions, cell)
    mix = jax.tree.map(lambda s: jnp.asarray(noise.normal(size=s.shape)), shapes)
    moved, strain = jnp.asarray(noise.normal(size=positions.shape)), jnp.asarray(noise.normal(size=(3, 3)))

    @jax.jit
    @jax.value_and_grad
    def along(step):
        values = observe((positions + step[0] * moved) @ (jnp.eye(3) + 0.5 * step[1] * strain), cell @ (jnp.eye(3) + step[1] * strain))
        return sum(jnp.vdot(m, jnp.sin(v)) for m, v in zip(jax.tree.leaves(mix), jax.tree.leaves(values), strict=True))

    derivative, h = along(jnp.zeros(2))[1], 1e-5
    for i in range(2):
        steps = jnp.zeros((4, 2)).at[:, i].set(jnp.array([h, -h, 2 * h, -2 * h]))
        f = [float(along(s)[0]) for s in steps]
        # Fourth order; splines are smooth pieces, whose seams leave the third order.
        assert float(derivative[i]) == pytest.approx((8 * (f[0] - f[1]) - (f[2] - f[3])) / (12 * h), rel=1e-4)


def test_memory_is_bounded():
    """A histogram of 3000 atoms has 4.5 million pairs, and 5 numbers of each would be 180 MB: the derivative takes a piece at a time."""
    atoms = read_melt("silica").repeat((3, 3, 3))[:3000]
    pairs = smooth_pairs.SmoothPairs.of(atoms, 15.0, 750)
    derivative = jax.jit(jax.grad(lambda positions, cell: (pairs.histogram(positions, cell) ** 2).sum()))
    used = derivative.lower(*at(atoms)).compile().memory_analysis().temp_size_in_bytes
    assert used < 60e6


def test_a_cell_too_narrow_gives_no_number(melt):
    pairs = smooth_pairs.SmoothPairs.of(melt, 5.0, 50)
    positions, cell = at(melt)
    assert np.isfinite(pairs.histogram(positions, cell)).all()
    assert np.isnan(pairs.histogram(positions * 0.7, cell * 0.7)).all()


def test_single_precision(melt):
    positions, cell = at(melt)
    observe = jax.jit(observed(melt)["g(r)"])
    single, double = (jax.tree.leaves(observe(positions.astype(t), cell.astype(t))) for t in (jnp.float32, jnp.float64))
    assert all(s.dtype == jnp.float32 for s in single)
    for s, d in zip(single, double, strict=True):
        assert np.abs(s - d).max() < 2e-4 * np.abs(d).max()


def test_refusals(melt):
    with pytest.raises(InputError, match="auto"):
        observables.structure_factor(melt, Q, method="auto")
    with pytest.raises(InputError, match="increasing"):
        observables.structure_factor(melt, [2.0, 1.0])
    with pytest.raises(InputError, match="half the width"):
        observables.coordination(melt, {("O", "Si"): 0.05}, 0.2)
    with pytest.raises(InputError, match="bin_width"):
        observables.partial_rdf(melt, 1.0, 0.5)
    with pytest.raises(InputError, match="periodic"):
        observables.partial_rdf(Atoms("SiO"))
