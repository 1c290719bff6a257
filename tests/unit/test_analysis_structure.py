"""Structure of crystals, chains and ideal gases, where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal

from glasswright import analysis
from glasswright.errors import InputError


def alpha_quartz():
    """Levien, Prewitt and Weidner, Am. Mineral. 65, 920 (1980)."""
    return crystal(("Si", "O"), basis=[(0.4697, 0, 2 / 3), (0.4135, 0.2669, 0.1191 + 2 / 3)], spacegroup=154, cellpar=[4.9160, 4.9160, 5.4054, 90, 90, 120])


def beta_cristobalite():
    """Ideal Fd-3m structure: straight Si-O-Si, Si-O = a √3/8."""
    return crystal(("Si", "O"), basis=[(0.125, 0.125, 0.125), (0, 0, 0)], spacegroup=227, setting=2, cellpar=[7.16] * 3 + [90] * 3)


def chain(n=4):
    """A straight chain -Si-O-Si-O- with two more oxygens on every Si: the metasilicate Q2, two of three oxygens non-bridging."""
    atoms = Atoms(cell=[3.2 * n, 20, 20], pbc=True)
    for i in range(n):
        x = 3.2 * i
        atoms += Atoms("SiO3", positions=[[x, 5, 5], [x + 1.6, 5, 5], [x, 6.6, 5], [x, 3.4, 5]])
    return atoms


def ideal_gas(n=4000, seed=1):
    rng = np.random.default_rng(seed)
    cell = np.array([[30.0, 0, 0], [6.0, 28, 0], [-4.0, 5, 32]])
    return Atoms(["Ge"] * (n // 3) + ["Se"] * (n - n // 3), positions=rng.random((n, 3)) @ cell, cell=cell, pbc=True)


def test_ideal_gas_has_no_structure():
    atoms = ideal_gas()
    for (a, b), curve in analysis.partial_rdf(atoms, 14.0, 1.0).items():
        n = {e: list(atoms.symbols).count(e) for e in ("Ge", "Se")}
        expected = 1 - (a == b) / n[a]
        shells = 4 / 3 * np.pi * np.diff(np.arange(15.0) ** 3)
        pairs = n[a] * n[b] / atoms.cell.volume * shells
        # Poisson noise; a pair of equal atoms is counted from both ends.
        sigma = np.sqrt((2 if a == b else 1) / pairs)
        assert np.all(np.abs(curve.y - expected) < 4.5 * sigma)


def test_g_of_r_is_the_same_beyond_half_the_box():
    atoms = alpha_quartz()
    big = atoms.repeat((5, 5, 4))
    for pair, curve in analysis.partial_rdf(atoms, 9.0, 0.3).items():
        assert np.allclose(curve.y, analysis.partial_rdf(big, 9.0, 0.3)[pair].y, atol=1e-9)


def test_integral_of_g_is_the_coordination_number():
    atoms = ideal_gas(600)
    curve = analysis.partial_rdf(atoms, 5.0, 0.05)["Ge", "Se"]
    edges = np.arange(101) * 0.05
    shells = 4 / 3 * np.pi * np.diff(edges**3)
    integral = float(curve.y @ shells) * 400 / atoms.cell.volume
    assert integral == pytest.approx(analysis.coordination(atoms, {("Ge", "Se"): 5.0})["Ge", "Se"].mean(), rel=1e-12)


@pytest.mark.parametrize(("make", "angle", "si_o"), [(alpha_quartz, 143.7, 1.609), (beta_cristobalite, 180.0, 7.16 * np.sqrt(3) / 8)])
def test_silica_crystals(make, angle, si_o):
    atoms = make()
    counts = analysis.coordination(atoms)
    assert set(counts["Si", "O"]) == {4}
    assert set(counts["O", "Si"]) == {2}
    assert analysis.qn(atoms)["Si"] == {0: 0, 1: 0, 2: 0, 3: 0, 4: 1}
    assert analysis.oxygen_speciation(atoms).bridging == 1
    angles = analysis.bond_angles(atoms)
    assert set(angles) == {("O", "Si", "O"), ("Si", "O", "Si")}
    assert angles["Si", "O", "Si"].metadata["mean"] == pytest.approx(angle, abs=0.2)  # published to 0.1 degree
    assert angles["O", "Si", "O"].metadata["mean"] == pytest.approx(109.47, abs=0.05)
    assert np.sum(angles["O", "Si", "O"].y) == pytest.approx(1)
    assert analysis.bond_lengths(atoms)["O", "Si"].mean == pytest.approx(si_o, abs=0.002)


def test_chain_is_q2():
    atoms = chain()
    bonds = {("Si", "O"): 1.9}
    assert analysis.qn(atoms, bonds)["Si"][2] == 1
    oxygen = analysis.oxygen_speciation(atoms, bonds)
    assert (oxygen.bridging, oxygen.non_bridging) == pytest.approx((1 / 3, 2 / 3))


def test_free_oxygen_and_tricluster():
    trio = [[5 + 1.6 * np.cos(t), 5 + 1.6 * np.sin(t), 5] for t in np.radians([0, 120, 240])]
    atoms = Atoms("OSi3O", positions=[[5, 5, 5], *trio, [12, 12, 12]], cell=[20] * 3, pbc=True)
    oxygen = analysis.oxygen_speciation(atoms, {("O", "Si"): 2.0})
    assert (oxygen.tricluster, oxygen.free) == (0.5, 0.5)
    assert analysis.qn(atoms, {("O", "Si"): 2.0})["Si"][1] == 1


def test_aluminium_is_part_of_the_network():
    atoms = Atoms("SiOAl", positions=[[5, 5, 5], [6.6, 5, 5], [8.3, 5, 5]], cell=[20] * 3, pbc=True)
    populations = analysis.qn(atoms, {("O", "Si"): 2.0, ("Al", "O"): 2.0})
    assert populations["Si"][1] == populations["Al"][1] == 1


def test_cutoff_sits_in_the_gap_of_a_crystal_and_survives_noise():
    rng = np.random.default_rng(0)
    atoms = alpha_quartz().repeat(4)
    atoms.positions += rng.normal(0, 0.08, atoms.positions.shape)
    limits = analysis.cutoffs(atoms)
    assert 1.9 < limits["O", "Si"] < 2.9
    assert set(analysis.coordination(atoms, limits)["Si", "O"]) == {4}


def test_a_lone_pair_falls_back_to_covalent_radii():
    atoms = Atoms("NaO", positions=[[0, 0, 0], [10, 10, 10]], cell=[20] * 3, pbc=True)
    assert analysis.cutoffs(atoms)["Na", "O"] == pytest.approx(1.25 * (1.66 + 0.66))


def test_a_scarce_bond_falls_back_too():
    """Three sodium atoms have a few dozen oxygens around them: the first minimum of that g(r) is noise."""
    rng = np.random.default_rng(0)
    atoms = alpha_quartz().repeat(3) + Atoms("Na3", positions=rng.random((3, 3)) * 12)
    limits = analysis.cutoffs(atoms)
    assert limits["Na", "O"] == pytest.approx(1.25 * (1.66 + 0.66))
    assert limits["O", "Si"] != pytest.approx(1.25 * (1.11 + 0.66), abs=1e-6)


def test_glass_without_oxygen():
    atoms = bulk("Ge", "diamond", a=5.66, cubic=True).repeat(2)
    assert set(analysis.coordination(atoms)["Ge", "Ge"]) == {4}
    assert analysis.bond_angles(atoms)["Ge", "Ge", "Ge"].metadata["mean"] == pytest.approx(109.47, abs=0.01)
    with pytest.raises(InputError, match="no oxide network"):
        analysis.qn(atoms)


def test_frames_are_averaged():
    rng = np.random.default_rng(2)
    frames = []
    for _ in range(4):
        atoms = alpha_quartz().repeat(3)
        atoms.positions += rng.normal(0, 0.05, atoms.positions.shape)
        frames.append(atoms)
    each = [analysis.partial_rdf(a, 6.0)["O", "Si"].y for a in frames]
    pooled = analysis.partial_rdf(frames, 6.0)["O", "Si"]
    assert np.allclose(pooled.y, np.mean(each, axis=0))
    assert np.allclose(pooled.sigma, np.std(each, axis=0, ddof=1) / 2)
    assert analysis.coordination(frames)["Si", "O"].size == 4 * 81  # 27 cells of three


def test_displacement_leaves_out_drift_and_breathing():
    first = alpha_quartz().repeat(2)
    last = first.copy()
    last.set_cell(first.cell * 1.1, scale_atoms=True)
    last.positions += [3.0, 0, 0]
    assert np.allclose(analysis.squared_displacement(first, last), 0, atol=1e-20)
    last.positions[0] += [0, 0, 2.0]
    last.info["time"], first.info["time"] = 50.0, 10.0
    curves = analysis.mean_square_displacement([first, last])
    assert curves["Si"].x.tolist() == [0, 40]
    assert curves["Si"].y[1] == pytest.approx(4 / 24, rel=0.05)


def test_density():
    assert analysis.density(alpha_quartz()) == pytest.approx(2.646, abs=0.002)


@pytest.mark.parametrize("atoms", [Atoms(), Atoms("Si"), Atoms("Si", cell=[5, 5, 5]), Atoms("Si", positions=[[np.nan] * 3], cell=[5, 5, 5], pbc=True)])
def test_what_is_no_glass_is_refused(atoms):
    with pytest.raises(InputError):
        analysis.partial_rdf(atoms)
    with pytest.raises(InputError):
        analysis.partial_rdf([])


@pytest.mark.parametrize(("r_max", "bin_width"), [(0, 0.1), (5, 0), (5, -1), (np.inf, 0.1), (5, np.nan), (1e9, 1e-9), (None, 0.1), ("far", 0.1), ([5], 0.1)])
def test_impossible_bins_are_refused(r_max, bin_width):
    with pytest.raises(InputError):
        analysis.partial_rdf(alpha_quartz(), r_max, bin_width)
    with pytest.raises(InputError):
        analysis.t_of_r(alpha_quartz(), r_max, bin_width)


@pytest.mark.parametrize("q", [None, "all", [1, "two"], [[1, 2], [3]], [], [0.0, 1.0], [2.0, 1.0], 1j])
def test_impossible_wave_numbers_are_refused(q):
    with pytest.raises(InputError):
        analysis.structure_factor(alpha_quartz(), q)


def test_an_impossible_end_of_the_transform_is_refused():
    for q_max in (None, "20", 0.5):
        with pytest.raises(InputError):
            analysis.t_of_r(alpha_quartz(), q_max=q_max)


def test_configurations_of_different_composition_are_refused():
    other = alpha_quartz()
    other.symbols[0] = "Ge"
    with pytest.raises(InputError, match="Configuration 3 is"):
        analysis.partial_rdf([alpha_quartz(), alpha_quartz(), other])
    free = alpha_quartz()
    free.pbc = False
    with pytest.raises(InputError, match="no periodic cell"):
        analysis.partial_rdf([alpha_quartz(), free])
