"""Running coordination, fitted first peaks and aligned bonds, where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, make_supercell
from hypothesis import given, settings
from hypothesis import strategies as st

from glasswright import analysis
from glasswright.analysis.pairs.survey import survey_pairs
from glasswright.analysis.sample import Sample
from glasswright.curve import Curve
from glasswright.errors import InputError
from glasswright.experiment import Experiment
from glasswright.io.structures import read_structure
from reference.crystals import alpha_quartz, bcc_iron, diamond

SILICA = {"Si": 1 / 3, "O": 2 / 3}


def ideal_gas(n: int, seed: int) -> Atoms:
    rng = np.random.default_rng(seed)
    return Atoms(["Si"] * (n // 3) + ["O"] * (n - n // 3), positions=rng.random((n, 3)) * 24.0, cell=[24.0] * 3, pbc=True)


def telluride(short: float = 0.5, distortion: float = 0.02) -> Atoms:
    """Rock salt (a = 6 Å) whose two sublattices are shifted along [111]: three short and three long bonds, each opposite one of the other kind."""
    atoms = bulk("GeTe", "rocksalt", a=6.0, cubic=True).repeat(2)
    atoms.positions[atoms.symbols == "Te"] += 6.0 * distortion * (short / 0.5)
    return atoms


# Running coordination


def test_shells_of_crystals_are_counted_exactly() -> None:
    iron = analysis.running_coordination(bcc_iron(), 4.2, 0.01)["Fe", "Fe"]
    assert np.interp([2.4, 2.6, 3.0, 4.1], iron.x, iron.y) == pytest.approx([0, 8, 14, 26])
    quartz = analysis.running_coordination(alpha_quartz(), 2.0)
    assert quartz["Si", "O"].y[-1] == 4
    assert quartz["O", "Si"].y[-1] == 2
    assert quartz["Si", "O"].label == "O around Si"


def test_it_is_the_integral_of_g_at_any_bin_width() -> None:
    gas = [ideal_gas(900, seed) for seed in (1, 2)]
    fine, coarse = (analysis.running_coordination(gas, 10.0, width)["Si", "O"] for width in (0.05, 0.5))
    assert np.interp(coarse.x, fine.x, fine.y) == pytest.approx(coarse.y, rel=1e-12)
    g = analysis.partial_rdf(gas, 10.0, 0.05)["O", "Si"]
    shells = 4 / 3 * np.pi * np.diff(np.append(0, fine.x) ** 3)
    assert np.cumsum(600 / 24.0**3 * shells * g.y) == pytest.approx(fine.y, rel=1e-9)


def test_an_ideal_gas_has_the_mean_density_within_its_error() -> None:
    found = analysis.running_coordination([ideal_gas(1500, seed) for seed in range(6)], 10.0)["Si", "O"]
    expected = 1000 / 24.0**3 * 4 / 3 * np.pi * found.x[-1] ** 3
    assert found.sigma is not None
    assert abs(found.y[-1] - expected) < 4 * found.sigma[-1]
    assert found.sigma[-1] < 0.01 * expected


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(-2, 2), min_size=6, max_size=6), st.integers(1, 2))
def test_cells_and_supercells_do_not_matter(skew: list[int], times: int) -> None:
    """The same crystal in a skewed cell, repeated or not."""
    matrix = np.eye(3, dtype=int)
    matrix[1, 0], matrix[2, 0], matrix[2, 1] = skew[:3]
    matrix[0] *= times
    crystal = alpha_quartz()
    reference, found = (analysis.running_coordination(a, 6.0)["Si", "O"] for a in (crystal, make_supercell(crystal, matrix)))
    assert found.y == pytest.approx(reference.y, abs=1e-9)


# First peaks


def synthetic(n: float = 4.0, place: float = 1.62, width: float = 0.045, *, kind: str = "T(r)", q_max: float | None = None, window: str = "none") -> Curve:
    """A correlation function of silica with one Si-O peak, seen up to ``q_max``."""
    from glasswright.analysis.pairs.peaks import _Seen
    from glasswright.experiment import factor_and_offset
    from glasswright.library.scattering import mean_squared_length, neutron_length

    r = np.arange(1.0, 2.6, 0.01)
    t = _Seen(q_max, window).peak(r, n, place, width)
    b = {e: neutron_length(e) / 10 for e in SILICA}
    squared, density = mean_squared_length(SILICA), 0.0662
    y = t * 2 * SILICA["Si"] * b["Si"] * b["O"]
    factor, offset = factor_and_offset(kind, r, density, squared)
    g = y / (4 * np.pi * density * r * squared)
    return Curve(r, factor * (g - 1) + offset, None, kind, "Å", "", "made up", {"radiation": "neutron"})


@pytest.mark.parametrize("kind", ["T(r)", "D(r)", "G(r)", "g(r)", "GK(r)", "RDF(r)"])
def test_a_peak_is_found_again_in_every_kind_of_curve(kind: str) -> None:
    found = analysis.fit_first_peak(synthetic(kind=kind), ("Si", "O"), fractions=SILICA, density=0.0662)
    assert (found.number, found.position, found.width) == pytest.approx((4.0, 1.62, 0.045), rel=1e-5)
    assert found.counted == pytest.approx(4.0, rel=2e-2)  # the feet are cut off at 1 %
    around_oxygen = analysis.fit_first_peak(synthetic(kind=kind), ("O", "Si"), fractions=SILICA, density=0.0662)
    assert around_oxygen.number == pytest.approx(2.0, rel=1e-5)


@pytest.mark.parametrize(("q_max", "window"), [(25.0, "none"), (25.0, "lorch"), (40.0, "lorch"), (30.0, "welch")])
def test_the_broadening_by_the_end_of_q_is_taken_out(q_max: float, window: str) -> None:
    curve = synthetic(q_max=q_max, window=window)
    known = {"fractions": SILICA, "density": 0.0662}
    found = analysis.fit_first_peak(curve, ("Si", "O"), (1.4, 1.85), q_max=q_max, window=window, **known)
    assert (found.number, found.position, found.width) == pytest.approx((4.0, 1.62, 0.045), rel=1e-5)
    assert analysis.fit_first_peak(curve, ("Si", "O"), (1.4, 1.85), **known).width > 0.05


@pytest.mark.parametrize("window", ["none", "lorch"])
def test_the_peak_function_is_the_transform_of_a_shell(window: str) -> None:
    """A shell of N neighbours at R ± σ has Q i(Q) = N sin(QR)/R exp(-σ²Q²/2): transform it as any S(Q) is transformed."""
    from glasswright.analysis.pairs.peaks import _Seen

    q, r = np.arange(0.002, 30.0001, 0.002), np.arange(0.2, 2.2, 0.05)
    excess = 4.0 * np.sin(1.62 * q) / (1.62 * q) * np.exp(-0.5 * (0.03 * q) ** 2)
    assert _Seen(30.0, window).peak(r, 4.0, 1.62, 0.03) == pytest.approx(analysis.sine_transform(q, excess, r, window, 30.0), abs=3e-3)  # of 25


def test_two_gaussians_tell_two_bonds_apart() -> None:
    one, other = synthetic(1.0, 1.48, 0.03), synthetic(3.0, 1.60, 0.03)
    both = Curve(one.x, one.y + other.y, None, "T(r)", "Å", "", "", one.metadata)
    found = analysis.fit_first_peak(both, ("Si", "O"), (1.3, 1.8), 2, fractions=SILICA, density=0.0662)
    assert [(g.number, g.position, g.width) for g in found.gaussians] == [pytest.approx((1, 1.48, 0.03), rel=1e-3), pytest.approx((3, 1.60, 0.03), rel=1e-3)]
    assert found.position == pytest.approx(0.25 * 1.48 + 0.75 * 1.60, rel=1e-4)
    assert found.width == pytest.approx(np.sqrt(0.03**2 + 0.25 * 0.75 * 0.12**2), rel=1e-3)


def test_errors_of_a_fit_are_those_of_the_data() -> None:
    """Noise of a known size: the fitted values scatter as their errors say."""
    rng, clean = np.random.default_rng(3), synthetic()
    sigma = np.full(clean.x.shape, 0.05)
    fits = [
        analysis.fit_first_peak(
            Curve(clean.x, clean.y + rng.normal(0, 0.05, sigma.shape), sigma, "T(r)", "Å", metadata=clean.metadata),
            ("Si", "O"),
            (1.4, 1.85),
            fractions=SILICA,
            density=0.0662,
        )
        for _ in range(60)
    ]
    for name in ("number", "position", "width"):
        scatter = np.std([getattr(f, name) for f in fits], ddof=1)
        assert np.mean([getattr(f, f"{name}_error") for f in fits]) == pytest.approx(scatter, rel=0.3)  # 60 samples: ± 9 % (one σ)


def test_a_shaken_crystal_gives_its_coordination_its_bond_and_the_width_of_the_shake() -> None:
    frames = []
    for seed in range(4):
        atoms = diamond().repeat(4)
        atoms.positions += np.random.default_rng(seed).normal(0, 0.04, atoms.positions.shape)
        frames.append(atoms)
    found = analysis.bond_peaks(frames)["C", "C"]
    assert found.number == pytest.approx(4, abs=0.05)
    assert found.counted == pytest.approx(4, abs=1e-3)  # the trapezium rule on bins of 0.02 Å
    assert found.position == pytest.approx(1.545, abs=0.004)
    assert found.width == pytest.approx(0.04 * np.sqrt(2), rel=0.05)
    assert 0 < found.position_error < 0.002


def test_a_pair_whose_order_is_turned_has_the_other_number() -> None:
    quartz = alpha_quartz().repeat((4, 4, 3))
    quartz.positions += np.random.default_rng(1).normal(0, 0.03, quartz.positions.shape)
    peaks = analysis.bond_peaks(quartz)
    assert peaks["Si", "O"].number == pytest.approx(2 * peaks["O", "Si"].number, rel=1e-6)
    assert peaks["Si", "O"].number == pytest.approx(4, abs=0.1)


def test_what_cannot_be_fitted_is_refused() -> None:
    curve, known = synthetic(), {"fractions": SILICA, "density": 0.0662}
    with pytest.raises(InputError, match="density"):
        analysis.fit_first_peak(curve, ("Si", "O"))
    with pytest.raises(InputError, match="no Ge-O"):
        analysis.fit_first_peak(curve, ("Ge", "O"), **known)
    with pytest.raises(InputError, match="few"):
        analysis.fit_first_peak(curve, ("Si", "O"), (1.6, 1.62), **known)
    with pytest.raises(InputError, match="does not reach"):
        analysis.fit_first_peak(Curve([4.0, 5.0, 6.0], [1.0, 1.0, 1.0], None, "g(r)"), ("Si", "O"), **known)
    with pytest.raises(InputError, match=r"S\(Q\)"):
        analysis.fit_first_peak(Curve([4.0, 5.0, 6.0], [1.0, 1.0, 1.0], None, "S(Q)"), ("Si", "O"), **known)
    flat = Curve(curve.x, np.zeros_like(curve.x), None, "T(r)", metadata=curve.metadata)
    with pytest.raises(InputError, match="no first peak"):
        analysis.fit_first_peak(flat, ("Si", "O"), **known)
    xray = Experiment(Curve(curve.x, np.ones_like(curve.x), None, "g(r)"), "xray", "SiO2")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="X-ray"):
        analysis.fit_first_peak(xray, ("Si", "O"))


# Aligned bonds


def test_the_bonds_of_rock_salt_are_aligned_and_equal() -> None:
    found = analysis.altbc(telluride(distortion=0.0), "Ge", 3.5)
    assert found.metadata["aligned"] == 3
    assert analysis.alternation(found) == pytest.approx((3.025, 3.025))  # 3.0 Å, in bins of 0.05 Å
    assert found.values.sum() * 0.05**2 == pytest.approx(6)


def test_a_distortion_sets_a_long_bond_opposite_each_short_one() -> None:
    crystal = telluride()
    found = analysis.altbc(crystal, "Ge", 3.6)
    assert found.metadata["aligned"] == 3
    short, long = analysis.alternation(found) or (0, 0)
    vector = np.array([3.0, 0, 0])
    assert short == pytest.approx(np.linalg.norm(vector - 0.12), abs=0.05)
    assert long == pytest.approx(np.linalg.norm(vector + 0.12), abs=0.05)
    assert found.values == pytest.approx(found.values.T)
    near, far = (int(np.argmin(np.abs(found.x - r))) for r in (short, long))
    assert found.values[near, near] == found.values[far, far] == 0


def test_tetrahedra_have_no_aligned_bonds_and_a_narrow_limit_finds_fewer() -> None:
    assert analysis.altbc(diamond(), r_max=1.8).metadata["aligned"] == 0
    assert analysis.alternation(analysis.altbc(diamond(), r_max=1.8)) is None
    gas = ideal_gas(600, 1)
    wide, narrow = (analysis.altbc(gas, r_max=4.0, min_angle=a).metadata["aligned"] for a in (155.0, 170.0))
    # Solid angles of the two cones; the pairs of a gas have no preference.
    assert narrow / wide == pytest.approx((1 - np.cos(np.radians(10))) / (1 - np.cos(np.radians(25))), rel=0.1)


def test_every_pair_of_aligned_bonds_is_found() -> None:
    """Against a plain double loop."""
    gas = ideal_gas(60, 2)
    limits = {("O", "O"): 5.0, ("O", "Si"): 5.0, ("Si", "Si"): 5.0}
    pairs = analysis.neighbours(gas, limits)
    expected = 0
    for i in range(len(gas)):
        vectors = pairs.vectors[pairs.first == i]
        unit = vectors / np.linalg.norm(vectors, axis=1)[:, None]
        expected += int((np.triu(unit @ unit.T, 1) < np.cos(np.radians(155))).sum())
    found = analysis.altbc(gas, r_max=5.0, bin_width=0.05)
    assert found.metadata["aligned"] == pytest.approx(expected / len(gas))


@pytest.mark.parametrize("wrong", [{"centre": "Au"}, {"min_angle": 60.0}, {"r_max": -1.0}, {"bin_width": 0.0}])
def test_impossible_correlations_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        analysis.altbc(telluride(), **wrong)  # type: ignore[arg-type]


# What a report shows


def test_a_survey_of_a_covalent_glass_has_aligned_bonds_and_one_of_an_oxide_has_not() -> None:
    crystal = telluride().repeat(2)
    crystal.positions += np.random.default_rng(1).normal(0, 0.02, crystal.positions.shape)
    found = survey_pairs(Sample([crystal]))
    assert set(found.maps) == {"altbc_Ge", "altbc_Te"}
    assert found.numbers["aligned bonds at Ge, long over short"].value == pytest.approx(3.12 / 2.88, abs=0.03)
    oxide = survey_pairs(Sample([alpha_quartz().repeat((4, 4, 3))]))
    assert not oxide.maps
    assert oxide.curves["n_of_r_Si-O"].y[-1] > 4
    assert oxide.populations["coordination_Si-O"].cases["4"].value == 1


def test_a_file_without_a_cell_is_given_one(tmp_path) -> None:
    from glasswright.io.structures import read_structures

    path = tmp_path / "plain.xyz"
    path.write_text("2\n\nSi 0 0 0\nO 1.6 0 0\n" * 3)
    with pytest.raises(InputError, match="no periodic cell"):
        read_structure(path)
    frames = read_structures(path, cell=[8.0, 9.0, 10.0])
    assert len(frames) == 3
    assert frames[0].cell.lengths() == pytest.approx([8, 9, 10])
    assert frames[0].pbc.all()
