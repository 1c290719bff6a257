"""S(Q) two ways, against a second program and against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from glasswright import analysis
from glasswright.analysis import convert_partials
from glasswright.errors import InputError
from glasswright.experiment.transform import window_values
from glasswright.library.scattering import mean_squared_length, neutron_length, weights, xray_form_factor


def disordered(n=900, seed=3):
    """Hard spheres of 2.2 Å put one after another at random into a skewed cell: short-range order, no long-range order."""
    rng = np.random.default_rng(seed)
    cell = np.array([[30.0, 0, 0], [7.0, 29, 0], [-5.0, 6, 31]])
    inverse = np.linalg.inv(cell)
    points = np.zeros((0, 3))
    while len(points) < n:
        trial = rng.random(3) @ cell
        apart = (points - trial) @ inverse
        if points.size == 0 or np.linalg.norm((apart - np.round(apart)) @ cell, axis=1).min() > 2.2:
            points = np.vstack([points, trial])
    return Atoms(["Ge"] * 360 + ["Se"] * (n - 360), positions=points, cell=cell, pbc=True)


def test_direct_sum_equals_the_definition():
    """One vector per bin against |Σ b exp(i k·r)|² written out."""
    atoms = disordered()[:400]
    reciprocal = 2 * np.pi * np.linalg.inv(atoms.cell.array).T
    k = np.array([3, 1, -2]) @ reciprocal
    grid = np.array(np.meshgrid(*[np.arange(-5, 6)] * 3)).reshape(3, -1).T @ reciprocal
    norm = np.linalg.norm(grid, axis=1)
    target = np.linalg.norm(k)
    near = grid[np.abs(norm - target) < 0.01]
    b = np.array([neutron_length(s) for s in atoms.symbols])
    intensity = np.abs((b[:, None] * np.exp(1j * atoms.positions @ near.T)).sum(axis=0)) ** 2 / len(atoms)
    expected = 1 + (intensity.mean() - (b**2).mean()) / b.mean() ** 2
    assert analysis.structure_factor(atoms, [target], method="direct", q_width=0.02).y[0] == pytest.approx(expected, rel=1e-10)


def plain_partials(atoms, q, width):
    """Faber-Ziman partials over all reciprocal-lattice vectors within bins, every phase written out: the second program of these tests."""
    reciprocal = 2 * np.pi * np.linalg.inv(atoms.cell.array).T
    most = np.floor((q[-1] + width) * np.linalg.norm(atoms.cell.array, axis=1) / (2 * np.pi)).astype(int)
    vectors = np.array(np.meshgrid(*[np.arange(-m, m + 1) for m in most])).reshape(3, -1).T @ reciprocal
    norm = np.linalg.norm(vectors, axis=1)
    symbols = np.array(list(atoms.symbols))
    elements = sorted(set(symbols))
    found = {(a, b): [] for i, a in enumerate(elements) for b in elements[i:]}
    for centre in q:
        k = vectors[(np.abs(norm - centre) < width / 2) & (norm > 0)]
        rho = {e: np.exp(1j * k @ atoms.positions[symbols == e].T).sum(axis=1) for e in elements}
        for a, b in found:
            ca, cb = np.mean(symbols == a), np.mean(symbols == b)
            found[a, b].append(1 + ((rho[a] * rho[b].conj()).real.mean() / len(atoms) - (a == b) * ca) / (ca * cb))
    return {pair: np.array(values) for pair, values in found.items()}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("slabs", [1, 3])
def test_direct_sum_equals_the_plain_sum(monkeypatch, slabs, threads):
    """To 1e-6 of S (the transform is asked for 1e-9 of its amplitudes), in a skewed cell, whole or slab by slab, on one thread or two."""
    atoms = disordered()
    atoms.positions += 40.0  # far outside the cell
    q = np.arange(0.4, 4.0, 0.2)
    if slabs > 1:
        monkeypatch.setattr("glasswright.analysis.scattering.direct.MEMORY", 1.0)
        monkeypatch.setattr("glasswright.analysis.scattering.direct.THINNEST", 8)
    ours = analysis.partial_structure_factors(atoms, q, "direct", 0.3, formalism="ashcroft-langreth", threads=threads)
    plain = convert_partials(plain_partials(atoms, q, 0.3), {"Ge": 0.4, "Se": 0.6}, "faber-ziman", "ashcroft-langreth")
    for pair, values in plain.items():
        assert np.all(np.abs(ours[pair].y - values) <= 1e-6 * np.maximum(np.abs(values), 0.01)), pair


def test_direct_sum_is_that_of_the_lattice_not_of_the_cell():
    """Other vectors for one lattice, an extremely skewed choice among them."""
    atoms = disordered()[:300]
    q = np.arange(0.5, 3.0, 0.25)
    reference = analysis.structure_factor(atoms, q, method="direct")
    for change in ([[1, 0, 0], [3, 1, 0], [-2, 5, 1]], [[1, 1, 0], [0, 1, 0], [0, 0, 1]], [[0, 1, 0], [0, 0, 1], [1, 0, 0]]):
        other = atoms.copy()
        other.set_cell(np.array(change) @ atoms.cell.array)
        assert np.allclose(analysis.structure_factor(other, q, method="direct").y, reference.y, atol=1e-7)


@pytest.mark.parametrize("wrong", [{"q_width": 0}, {"q_width": "wide"}, {"q_width": np.nan}, {"threads": 0}, {"threads": 1.5}, {"threads": 10**9}])
def test_impossible_direct_sums_are_refused(wrong):
    with pytest.raises(InputError):
        analysis.structure_factor(disordered(), [1.0, 2.0], method="direct", **wrong)


def test_positions_that_are_no_numbers_are_refused():
    atoms = disordered()
    atoms.positions[3, 1] = np.nan
    for method in ("direct", "transform", "auto"):
        with pytest.raises(InputError):
            analysis.structure_factor(atoms, [1.0, 2.0], method=method)


def test_too_many_vectors_are_refused():
    atoms = Atoms("Si2", positions=[[0, 0, 0], [300, 1, 1]], cell=[600] * 3, pbc=True)
    with pytest.raises(InputError, match="auto"):
        analysis.structure_factor(atoms, [30.0], method="direct")


def test_auto_joins_direct_sum_and_transform():
    """Each where it is good: the direct sum below 2π / (half box), the transform above twice that; no step between."""
    atoms = disordered()
    q = np.arange(0.25, 6.0, 0.05)
    auto = analysis.structure_factor(atoms, q, method="auto", q_width=0.1)
    direct = analysis.structure_factor(atoms, q, method="direct", q_width=0.1)
    transform = analysis.structure_factor(atoms, q)
    start = 2 * np.pi / transform.metadata["r_max"]
    assert np.allclose(auto.y[q < start], direct.y[q < start], atol=1e-12)
    assert np.allclose(auto.y[q > 2 * start], transform.y[q > 2 * start], atol=1e-12)
    between = (q > start) & (q < 2 * start)
    assert between.any()
    low, high = np.minimum(direct.y, transform.y)[between], np.maximum(direct.y, transform.y)[between]
    assert np.all((auto.y[between] >= low - 1e-12) & (auto.y[between] <= high + 1e-12))
    assert f"{start:.2f}" in auto.metadata["joined"]
    assert len(analysis.structure_factor(atoms, [0.3], method="auto")) == 1
    assert np.allclose(analysis.structure_factor(atoms, [5.0, 6.0], method="auto").y, analysis.structure_factor(atoms, [5.0, 6.0]).y)


@pytest.mark.parametrize("radiation", ["neutron", "xray"])
def test_transform_equals_direct(radiation):
    """Both routes see one structure. The direct sum over a bin of n vectors scatters by S sqrt(2/n) about the spherical average that
    the transform gives, and the transform is broadened by 2π/r_max; outside the peaks 5 σ covers both."""
    atoms = disordered()
    q = np.arange(1.0, 6.0, 0.2)
    direct = analysis.structure_factor(atoms, q, radiation, "direct", q_width=0.2)
    fine = np.arange(0.9, 6.1, 0.02)
    transform = analysis.structure_factor(atoms, fine, radiation, "transform")
    binned = np.array([transform.y[np.abs(fine - c) <= 0.1001].mean() for c in q])
    vectors = 4 * np.pi * q**2 * 0.2 * atoms.cell.volume / (2 * np.pi) ** 3
    difference = direct.y - binned
    assert np.all(np.abs(difference) < 5 * np.maximum(direct.y, 0.3) * np.sqrt(2 / vectors) + 0.02)
    assert np.sqrt(np.mean(difference[q > 3] ** 2)) < 0.03


def test_ideal_gas_scatters_incoherently():
    rng = np.random.default_rng(1)
    atoms = Atoms("Ge800", positions=rng.random((800, 3)) * 25, cell=[25] * 3, pbc=True)
    curve = analysis.structure_factor(atoms, np.arange(2.0, 7.0, 0.5), method="direct")
    assert np.allclose(curve.y, 1, atol=0.15)
    assert abs(curve.y.mean() - 1) < 0.03


def test_partials_add_up():
    atoms = disordered()
    q = np.arange(1.0, 8.0, 0.5)
    partials = analysis.partial_structure_factors(atoms, q)
    w = weights({e: np.mean(atoms.symbols == e) for e in ("Ge", "Se")}, "neutron", q)
    total = 1 + sum(w[p] * (c.y - 1) for p, c in partials.items())
    assert np.allclose(total, analysis.structure_factor(atoms, q).y, atol=1e-12)


def test_empty_bins_are_widened_and_say_so():
    atoms = Atoms("Ge20", positions=np.random.default_rng(0).random((20, 3)) * 6, cell=[6] * 3, pbc=True)
    curve = analysis.structure_factor(atoms, np.arange(0.2, 3, 0.05), method="direct")
    assert np.all(np.isfinite(curve.y))
    assert "widened" in curve.metadata
    fine = analysis.structure_factor(atoms, [2 * np.pi / 6], method="direct", q_width=0.1)
    assert "widened" not in fine.metadata


@pytest.mark.parametrize("q", [[], [0.0, 1.0], [-1.0], [2.0, 1.0], [np.nan], [[1.0, 2.0]]])
def test_impossible_wave_numbers_are_refused(q):
    with pytest.raises(InputError):
        analysis.structure_factor(disordered(), q)


def test_unknown_words_are_refused():
    for arguments in ({"radiation": "electron"}, {"method": "fft"}, {"window": "hann"}, {"isotopes": {"Ge": "300Ge"}}):
        with pytest.raises(InputError):
            analysis.structure_factor(disordered(), [1.0, 2.0], **arguments)


def test_scattering_lengths():
    """Sears 1992, to the digits that two tables agree on [fm]."""
    table = {"O": 5.803, "Si": 4.1491, "Na": 3.63, "Ge": 8.185, "Se": 7.97, "Al": 3.449, "Ca": 4.70, "Zr": 7.16, "70Ge": 10.0, "73Ge": 5.02}
    for name, b in table.items():
        assert neutron_length(name) == pytest.approx(b, abs=0.005)
    assert mean_squared_length({"Si": 1 / 3, "O": 2 / 3}) == pytest.approx(0.2759, abs=2e-4)


def test_form_factors_start_at_the_number_of_electrons():
    for element, z in {"O": 8, "O1-": 9, "O2-": 10, "Na": 11, "Na1+": 10, "Na+": 10, "Si": 14, "Si4+": 10, "Ge": 32, "Ge4+": 28}.items():
        f = xray_form_factor(element, np.array([0.0, 5.0, 20.0]))
        assert f[0] == pytest.approx(z, abs=0.02)
        assert np.all(np.diff(f) < 0)


def test_ions_differ_from_atoms_in_their_outer_electrons_only():
    """Beyond Q = 12 1/Å only the core scatters."""
    q = np.array([12.0, 20.0])
    for atom, ion in (("O", "O2-"), ("Si", "Si4+"), ("Ca", "Ca2+")):
        assert np.allclose(xray_form_factor(atom, q), xray_form_factor(ion, q), rtol=0.02)
        assert abs(xray_form_factor(atom, q / 12)[0] - xray_form_factor(ion, q / 12)[0]) > 0.1


@pytest.mark.parametrize("name", ["Si3+", "O3-", "Xx", "si", "", "Si4", "4Si+"])
def test_unknown_ions_are_refused(name):
    with pytest.raises(InputError):
        xray_form_factor(name, np.array([1.0]))


def test_ions_in_the_total():
    atoms = disordered()
    q = np.array([1.0, 3.0])
    neutral = analysis.structure_factor(atoms, q, "xray")
    ions = analysis.structure_factor(atoms, q, "xray", form_factors={"Ge": "Ge4+"})
    assert ions.metadata["form_factors"] == {"Ge": "Ge4+", "Se": "Se"}
    assert not np.allclose(neutral.y, ions.y, atol=1e-4)
    for wrong in ({"Ge": "Si4+"}, {"Si": "Si4+"}, {"Ge": "Ge9+"}):
        with pytest.raises(InputError):
            analysis.structure_factor(atoms, q, "xray", form_factors=wrong)
    with pytest.raises(InputError, match="nuclei"):
        analysis.structure_factor(atoms, q, "neutron", form_factors={"Ge": "Ge4+"})
    with pytest.raises(InputError):
        analysis.structure_factor(atoms, [80.0], "xray")


def test_weights_sum_to_one():
    q = np.linspace(0.1, 20, 7)
    for radiation in ("neutron", "xray"):
        assert np.allclose(sum(weights({"Na": 0.2, "O": 0.55, "Si": 0.25}, radiation, q).values()), 1)


def test_xray_and_neutron_g_of_r_peak_at_the_bond():
    atoms = bulk("Ge", "diamond", a=5.66, cubic=True).repeat(5)
    atoms.positions += np.random.default_rng(0).normal(0, 0.08, atoms.positions.shape)
    for radiation in ("neutron", "xray"):
        curve = analysis.total_rdf(atoms, radiation, r_max=3.2)
        assert curve.x[curve.y.argmax()] == pytest.approx(2.45, abs=0.05)


def test_t_of_r_counts_neighbours():
    """∫ r T(r) dr over the first peak is ⟨b⟩² times the coordination number (one element); ripples from the end
    of the box under a step-like integral are 2 % here."""
    atoms = bulk("Ge", "diamond", a=5.66, cubic=True).repeat(5)
    atoms.positions += np.random.default_rng(0).normal(0, 0.08, atoms.positions.shape)
    t = analysis.t_of_r(atoms, 6.0, q_max=40)
    first = (t.x > 1.9) & (t.x < 3.0)
    number = np.sum(t.x[first] * t.y[first]) * (t.x[1] - t.x[0]) / mean_squared_length({"Ge": 1.0})
    assert number == pytest.approx(4, rel=0.03)


def test_sine_transform_inverts_a_gaussian():
    """S - 1 of 4πρ r²(g - 1) = A exp(-(r-a)²/2s²) is known in closed form."""
    q = np.arange(0.02, 60, 0.01)
    a, s = 2.0, 0.1
    r = np.arange(0.5, 4, 0.01)
    s_minus_1 = np.exp(-((q * s) ** 2) / 2) * (np.sin(q * a) / q)
    d = analysis.sine_transform(q, s_minus_1, r, "none", 60.0)
    expected = np.exp(-((r - a) ** 2) / 2 / s**2) / (s * np.sqrt(2 * np.pi))
    assert np.allclose(d, expected, atol=1e-3 * expected.max())


def test_lorch_window():
    x = np.array([0.0, 5.0, 10.0, 11.0])
    assert np.allclose(window_values("lorch", x, 10.0), [1, 2 / np.pi, 0, 0])
    assert np.allclose(window_values("welch", x, 10.0), [1, 0.75, 0, 0])
    assert np.allclose(window_values("none", x, 10.0), [1, 1, 1, 0])


def test_revised_lorch_window_is_the_average_over_a_sphere():
    """3 j₁(QΔ)/(QΔ) of a ball of radius Δ, by quadrature of ∫ 4πr² sin(Qr)/(Qr) dr over its volume."""
    q, q_max = np.array([1e-6, 3.0, 9.0, 10.0]), 10.0
    radius = 4.493409457909064 / q_max
    r = (np.arange(20000) + 0.5) / 20000 * radius
    expected = [np.mean(r**2 * np.sinc(k * r / np.pi)) * 3 / radius**2 for k in q]
    assert np.allclose(window_values("revised-lorch", q, q_max), expected, atol=1e-5)
