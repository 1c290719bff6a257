"""Composition: what is read, what is refused, whole numbers of atoms, and the network expected from stoichiometry."""

from __future__ import annotations

import pickle
import time

import pytest

from glasswright.composition import Composition
from glasswright.errors import InputError


@pytest.mark.parametrize(
    ("spec", "formula"),
    [
        ("30Na2O-70SiO2", "30Na2O-70SiO2"),
        ("70SiO2-30Na2O", "30Na2O-70SiO2"),
        ("SiO2", "SiO2"),
        ("100SiO2", "SiO2"),
        ("0.3Na2O 0.7SiO2", "30Na2O-70SiO2"),
        ("30 Na2O 70 SiO2", "30Na2O-70SiO2"),
        ("Na2O 30 SiO2 70", "30Na2O-70SiO2"),
        ("Na2O 30, SiO2 70 mol%", "30Na2O-70SiO2"),
        ("30%Na2O + 70%SiO2", "30Na2O-70SiO2"),
        ("(Na2O)0.3(SiO2)0.7", "30Na2O-70SiO2"),
        ("3Na2O-7SiO2", "30Na2O-70SiO2"),
        ("30Na₂O–70SiO₂", "30Na2O-70SiO2"),
        ("30Na₂O·70SiO₂", "30Na2O-70SiO2"),
        ("Na2Si3O7", "25Na2O-75SiO2"),
        ("CaAl2Si2O8", "25CaO-25Al2O3-50SiO2"),
        ("2Na2O-4BO1.5-6SiO2", "20Na2O-20B2O3-60SiO2"),
        ("0CaO-30Na2O-70SiO2", "30Na2O-70SiO2"),
        ("Na2O-SiO2-2B2O3", "25Na2O-50B2O3-25SiO2"),
        ("Si 33.3 O 66.7 at%", "SiO2"),
        ("Ge20Se80", "Ge20Se80"),
        ("20Ge-80Se", "Ge20Se80"),
        ("GeSe2", "Ge33.333333Se66.666667"),
        ("Cu64.5Zr35.5", "Cu64.5Zr35.5"),
        ("Si", "Si"),
        ("10FeO-5Fe2O3-85SiO2", "10FeO-5Fe2O3-85SiO2"),
        ("FeSiO3", "50FeO-50SiO2"),
        ({"Na2O": 30, "SiO2": 70}, "30Na2O-70SiO2"),
        ({"Si": 1, "O": 2}, "SiO2"),
        ({"Ge": 0.2, "Se": 0.8}, "Ge20Se80"),
    ],
)
def test_is_read(spec, formula):
    assert Composition(spec).formula == formula


def test_weights_are_converted_with_molar_masses():
    # Molar masses by hand from the 2021 IUPAC weights: Na2O 61.979, SiO2 60.084 g/mol.
    na2o, sio2 = 30 / 61.979, 70 / 60.084
    for composition in (Composition("Na2O 30 SiO2 70 wt%"), Composition({"Na2O": 30, "SiO2": 70}, basis="wt%")):
        assert composition.oxides["Na2O"] == pytest.approx(na2o / (na2o + sio2), rel=2e-5)
    assert Composition("Ge 20 Se 80 wt%").atom_fractions["Ge"] == pytest.approx((20 / 72.63) / (20 / 72.63 + 80 / 78.971), rel=1e-4)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("Na2O-CaO", "no network former"),
        ("10Na2O-90CaO", "no network former"),
        ("SiO3", "Did you mean SiO2?"),
        ("30Na2O-70SiO3", "Did you mean SiO2?"),
        ("30NaO2-70SiO2", "Did you mean Na2O?"),
        ("Na20", "Did you mean Na2O?"),
        ("30Na20-70SiO2", "digit 0"),
        ("sio2", "Did you mean SiO2?"),
        ("30na2o-70SiO2", "Did you mean Na2O?"),
        ("SIO2", "Did you mean SiO2?"),
        ("30Na2O-60SiO2", "add to 90"),
        ("0.3Na2O-0.6SiO2", "add to 0.9"),
        ("70SiO2", "add to 70"),
        ("20Na2O 60SiO2 mol%", "add to 80"),
        ("30%Na2O-40%SiO2", "add to 70"),
        ("Ge20Se70", "add to 90"),
        ("Na2O-SiO2", "names a system"),
        ("SiO2 70 Na2O", "amount"),
        ("30Na2O--70SiO2", "empty component"),
        ("30,5Na2O-69,5SiO2", "'30'"),
        ("10Na2O-20Na2O-70SiO2", "twice"),
        ("30Na2O-70", "'70'"),
        ("30Na-70SiO2", "Did you mean Na2O?"),
        ("30CaF2-70SiO2", "Leave out CaF2"),
        ("30Na2O wt% 70SiO2 mol%", "mixes"),
        ("Si 30 O 70 at%", "do not balance"),
        ("30Na2O-70SiO2 at%", "need elements"),
        ("Ge20Se80 wt%", "count atoms"),
        ("O2", "no oxide"),
        ("N1 O", "N cannot be written as oxides"),
        ("O1 O2", "do not balance"),
        ("", "empty"),
        ("Quartz", "not a chemical formula"),
        ({}, "0 components"),
        ({"SiO2": -1}, "-1"),
        ({"SiO2": float("nan")}, "nan"),
        ({"SiO2": "70"}, "70"),
        ({7: 1}, "7"),
        (7, "int"),
        (None, "NoneType"),
        ("SiO2" * 200, "800 characters"),
    ],
)
def test_is_refused_with_reason(spec, words):
    with pytest.raises(InputError) as caught:
        Composition(spec)
    assert words in str(caught.value)
    assert caught.value.exit_status == 2


def test_unknown_basis_is_refused():
    with pytest.raises(InputError, match="basis"):
        Composition("SiO2", basis="vol%")


def test_same_glass_compares_equal_and_survives_pickle():
    a, b = Composition("30Na2O-70SiO2"), Composition({"SiO2": 7, "Na2O": 3})
    assert a == b
    assert hash(a) == hash(b)
    assert pickle.loads(pickle.dumps(a)) == a
    assert Composition(a) == a
    assert repr(a) == "Composition('30Na2O-70SiO2')"


def test_fractions():
    glass = Composition("30Na2O-70SiO2")
    assert dict(glass.oxides) == {"Na2O": 0.3, "SiO2": 0.7}
    assert dict(glass.atom_fractions) == pytest.approx({"Na": 0.2, "O": 1.7 / 3, "Si": 0.7 / 3})
    assert dict(Composition("Ge20Se80").oxides) == {}
    assert glass.formers == {"Si"}
    assert Composition("40CaO-60Al2O3").formers == {"Al"}
    assert Composition("20Na2O-20B2O3-60SiO2").formers == {"B", "Si"}


@pytest.mark.parametrize(
    ("spec", "n_atoms", "counts"),
    [
        ("SiO2", 3000, {"Si": 1000, "O": 2000}),
        ("SiO2", 100, {"Si": 33, "O": 66}),
        ("30Na2O-70SiO2", 3000, {"Na": 600, "Si": 700, "O": 1700}),
        ("1Na2O-2SiO2", 3000, {"Na": 666, "Si": 666, "O": 1665}),
        ("Ge20Se80", 1000, {"Ge": 200, "Se": 800}),
        ("CaAl2Si2O8", 13, {"Ca": 1, "Al": 2, "Si": 2, "O": 8}),
    ],
)
def test_whole_numbers_of_atoms(spec, n_atoms, counts):
    assert dict(Composition(spec).counts(n_atoms).counts) == counts


def test_deviation_is_stated():
    exact, rough = Composition("30Na2O-70SiO2").counts(3000), Composition("30Na2O-70SiO2").counts(100)
    assert exact.deviation < 1e-7
    assert "300 Na2O + 700 SiO2, exactly as asked" in exact.sentence
    assert rough.deviation == pytest.approx(10 / 33 - 0.3)
    assert "0.3 mol% off (Na2O 30.303 instead of 30 mol%)" in rough.sentence


def test_iron_carries_its_valence():
    counts = Composition("5Fe3O4-95SiO2").counts(3000)
    assert counts.species["Fe3"] == 2 * counts.species["Fe2"]
    assert counts.counts["Fe"] == counts.species["Fe2"] + counts.species["Fe3"]
    assert 2 * counts.species["Fe2"] + 3 * counts.species["Fe3"] + 4 * counts.counts["Si"] == 2 * counts.counts["O"]
    assert "Na" in Composition("30Na2O-70SiO2").counts(300).species


@pytest.mark.parametrize("spec", ["30Na2O-70SiO2", "Ge20Se80", "Si", "10FeO-20Na2O-70SiO2", "5Fe2O3-15FeO-20Na2O-60SiO2"])
def test_counts_lead_back_to_the_composition(spec):
    glass = Composition(spec)
    assert dict(Composition.from_counts(glass.counts(32400).counts).components) == pytest.approx(dict(glass.components), abs=1e-4)


def test_a_box_that_is_not_neutral_has_no_composition():
    with pytest.raises(InputError, match="neutral"):
        Composition.from_counts({"Si": 36, "O": 71})
    with pytest.raises(InputError, match="no atoms"):
        Composition.from_counts({})
    assert Composition.from_counts({"Ge": 36, "Se": 72}) == Composition("GeSe2")


@pytest.mark.parametrize("n_atoms", [0, -3, 2.5, True, "100", 10**12])
def test_senseless_numbers_of_atoms_are_refused(n_atoms):
    with pytest.raises(InputError, match="number of atoms"):
        Composition("SiO2").counts(n_atoms)


def test_a_box_too_small_for_a_component_is_refused_with_a_size_that_works():
    glass = Composition("1P2O5-99SiO2")
    with pytest.raises(InputError, match="Not even one unit of P2O5") as caught:
        glass.counts(30)
    enough = int(caught.value.mend.split()[2])
    assert glass.counts(enough).counts["P"] >= 2


@pytest.mark.parametrize(
    ("spec", "nbo", "mean_qn"),
    [
        # NBO/O = 2x/(2-x) and <n> = 4 - 2x/(1-x) in xNa2O-(1-x)SiO2.
        ("SiO2", 0.0, 4.0),
        ("20Na2O-80SiO2", 0.4 / 1.8, 3.5),
        ("30Na2O-70SiO2", 0.6 / 1.7, 4 - 0.6 / 0.7),
        ("50CaO-50SiO2", 1.0 / 1.5, 2.0),
        ("2MgO-1SiO2", 1.0, 0.0),  # forsterite: isolated tetrahedra
        ("NaAlSi3O8", 0.0, 4.0),  # albite: every Al is compensated
        ("30Na2O-10Al2O3-60SiO2", 0.4 / 1.8, 4 - 0.4 / 0.8),  # 0.2 of 0.6 Na compensate Al
        ("NaPO3", 2 / 3, 2.0),  # chains of Q2, two terminal oxygens each
        ("P2O5", 0.4, 3.0),
        ("B2O3", 0.0, 3.0),
        ("20Na2O-20B2O3-60SiO2", None, None),  # boron's coordination is not a matter of stoichiometry
        ("20Na2O-80GeO2", None, None),
        ("10CaO-20Al2O3-70SiO2", None, None),  # peraluminous
        ("10Al2O3-90P2O5", None, None),  # nothing compensates Al, which is six-fold here
        ("80Na2O-20SiO2", None, None),  # more modifier than orthosilicate
        ("10TiO2-90SiO2", None, None),
        ("Ge20Se80", None, None),
    ],
)
def test_network_from_stoichiometry(spec, nbo, mean_qn):
    glass = Composition(spec)
    assert glass.nbo_per_oxygen == (None if nbo is None else pytest.approx(nbo, abs=1e-7))
    assert glass.mean_qn == (None if mean_qn is None else pytest.approx(mean_qn, abs=1e-6))


def test_large_boxes_are_counted_at_once():
    start = time.perf_counter()
    Composition("24.4Na2O-26.9CaO-46.1SiO2-2.6P2O5").counts(10**9)
    assert time.perf_counter() - start < 1.0
