"""Experiments from text, curves as CSV, and what the library has measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glasswright.composition import Composition
from glasswright.curve import Curve
from glasswright.errors import InputError
from glasswright.experiment import Experiment, read_columns
from glasswright.io.curves import read_curve, write_curve
from glasswright.library.measurements import facts, is_expected, measured_curves, measured_qn, measured_table, shipped_experiment
from glasswright.library.scattering import mean_squared_length


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_header_comments_and_separators(tmp_path):
    text = "made by an instrument\n463\nQ, i(Q), error\n0.5, -0.2, 0.01  # first\n\n1.0;0.1;0.01\n1.5\t0.2\t0.01\n"
    experiment = Experiment.from_file(write(tmp_path / "a.dat", text), "i(Q)", composition="SiO2", density="2.2 g/cm3")
    assert experiment.curve.x.tolist() == [0.5, 1.0, 1.5]
    assert experiment.curve.sigma.tolist() == [0.01] * 3
    assert experiment.density == 2.2
    assert experiment.in_q


def test_q_range_drops_rows_without_data(tmp_path):
    path = write(tmp_path / "a.dat", "0.0 0\n0.5 0\n1.0 0.1\n2.0 0.2\n3.0 0.3\n")
    experiment = Experiment.from_file(path, "S(Q)", composition="SiO2", q_range=(0.8, 2.5))
    assert experiment.curve.x.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no row of numbers"),
        ("only words\n", "no row of numbers"),
        ("1 2\n3 nan\n", "not finite"),
        ("1 2\n3 inf\n", "not finite"),
        ("2 1\n1 1\n", "does not increase"),
        ("1 1\n1 2\n", "does not increase"),
        ("-1 1\n1 2\n", "must be positive"),
        ("0 1\n1 2\n", "must be positive"),
        ("1 2\n3 4 5\n", "not a row"),
        ("1 2 3 4\n", "not a row"),
        ("1 2\nbroken\n", "not a row"),
    ],
)
def test_bad_data_are_refused(tmp_path, text, said):
    with pytest.raises(InputError, match=said):
        Experiment.from_file(write(tmp_path / "a.dat", text), "S(Q)", composition="SiO2")


@pytest.mark.parametrize(
    "arguments",
    [
        {"kind": "q(S)"},
        {"kind": "S(Q)", "radiation": "light"},
        {"kind": "S(Q)", "window": "hann"},
        {"kind": "S(Q)", "q_range": (3.0, 1.0)},
        {"kind": "S(Q)", "q_range": (30.0, 40.0)},
        {"kind": "S(Q)", "q_range": (1.0,)},
        {"kind": "S(Q)", "q_range": (None, 3.0)},
        {"kind": "S(Q)", "q_range": "all"},
        {"kind": "S(Q)", "q_range": 3.0},
        {"kind": "S(Q)", "density": 0.0},
        {"kind": "S(Q)", "density": -2.2},
        {"kind": "S(Q)", "composition": "SiO"},
        {"kind": "S(Q)", "composition": ""},
        {"kind": "S(Q)", "density": "heavy"},
        {"kind": "S(Q)", "resolution": -1.0},
        {"kind": "T(r)", "radiation": "xray"},
    ],
)
def test_impossible_descriptions_are_refused(tmp_path, arguments):
    with pytest.raises(InputError):
        Experiment.from_file(write(tmp_path / "a.dat", "1 2\n2 3\n"), **{"composition": "SiO2", **arguments})


def test_missing_and_binary_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_columns(tmp_path / "absent.dat")
    (tmp_path / "binary.dat").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match="cannot be read"):
        read_columns(tmp_path / "binary.dat")


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet="0123456789.-+eEnaif \t,;#\n", max_size=80))
def test_any_text_is_read_or_refused(tmp_path_factory, text):
    path = write(tmp_path_factory.mktemp("any") / "a.dat", text)
    try:
        rows = read_columns(path)
    except InputError:
        return
    assert np.all(np.isfinite(rows))
    assert np.all(np.diff(rows[:, 0]) > 0)


@pytest.mark.parametrize("sigma", [None, [0.1, 0.2]])
def test_curve_round_trip(tmp_path, sigma):
    curve = Curve([1.0, 2.5], [0.123456789, -3e-7], sigma, "i(Q)", "1/Å", "barn/sr/atom", "neutron: ours", {"window": "none", "n": np.int64(3), "q": [1, 2]})
    write_curve(tmp_path / "c.csv", curve)
    again = read_curve(tmp_path / "c.csv")
    assert np.allclose(again.x, curve.x)
    assert np.allclose(again.y, curve.y, rtol=1e-8)
    assert (again.kind, again.x_unit, again.y_unit, again.label) == ("i(Q)", "1/Å", "barn/sr/atom", "neutron: ours")
    assert again.metadata == {"window": "none", "n": 3, "q": [1, 2]}
    assert (again.sigma is None) == (sigma is None)


@pytest.mark.parametrize("text", ["", "x,y\n1\n", "a,b\n1,2\n", "# metadata: {\nx,y\n1,2\n", "x,y\n2,1\n1,1\n"])
def test_what_is_no_curve_is_refused(tmp_path, text):
    with pytest.raises(InputError):
        read_curve(write(tmp_path / "c.csv", text))


def test_shipped_germania():
    """The low-Q limit of F(Q) is near -⟨b⟩², that of an incompressible glass."""
    for name, isotope in (("geo2-70ge", "70Ge"), ("geo2-73ge", "73Ge")):
        experiment = shipped_experiment(name)
        assert len(experiment.curve) == 463
        assert (experiment.curve.x[0], experiment.curve.x[-1]) == (0.40, 23.5)
        limit = -mean_squared_length({"Ge": 1 / 3, "O": 2 / 3}, {"Ge": isotope})
        assert experiment.curve.y[0] == pytest.approx(limit, rel=0.2)
        assert "CC BY 4.0" in experiment.source
    with pytest.raises(InputError):
        shipped_experiment("sio2-isis")


def test_facts_belong_to_their_glass():
    silica, silicate = facts(Composition("SiO2")), facts(Composition("30Na2O-70SiO2"))
    assert silica["Si-O-Si angle"].value == 147.1
    assert "Si-O-Si angle" not in silicate
    assert silicate["Na-O coordination"].value == 4.8
    assert facts(Composition("Ge20Se80")) == {}
    assert {f.status for f in silica.values()} <= {"READ", "DERIVED", "EXPECTED"}


@pytest.mark.parametrize("glass", ["SiO2", "30Na2O-70SiO2", "GeO2"])
def test_what_is_expected_is_not_called_measured(glass):
    known = facts(Composition(glass))
    assert all(is_expected(fact.source) == (fact.status == "EXPECTED") for fact in known.values())
    assert [name for name, fact in known.items() if fact.status == "EXPECTED"] == ([] if glass == "GeO2" else ["O-Si-O angle"])


def test_measured_curves_that_are_absent_say_where_to_get_them(monkeypatch, tmp_path):
    monkeypatch.setenv("GLASSWRIGHT_DATA", str(tmp_path))
    entries = [e for e in measured_curves(Composition("SiO2")) if e.elsewhere]
    assert entries
    for entry in entries:
        assert entry.load() is None
        assert "GLASSWRIGHT_DATA" in entry.where_to_get_it()
    assert "do not ship" in measured_qn(Composition("30Na2O-70SiO2"))


QN = "na2o_sio2/qn_nmr_sio2_na.csv"
POPULATIONS = "20,50,48,2,0,0\n40,2,67,29,2,0\n55.61,0,3,54,39,4\n33.2,9.5,81,9.5,0,0\nother data\n"


@pytest.mark.parametrize("header", ["", "Na2O [mol%],Q4,Q3,Q2,Q1,Q0\n", "# from the paper\nx;Q4;Q3;Q2;Q1;Q0\n"])
def test_measured_qn_are_read(monkeypatch, tmp_path, header):
    monkeypatch.setenv("GLASSWRIGHT_DATA", str(tmp_path))
    assert "mol% Na2O, then Q4, Q3, Q2, Q1 and Q0" in measured_qn(Composition("30Na2O-70SiO2"))
    (tmp_path / QN).parent.mkdir()
    write(tmp_path / QN, header + POPULATIONS)
    measured = measured_qn(Composition("30Na2O-70SiO2"))
    assert [measured.fractions[n] for n in (4, 3, 2, 1, 0)] == pytest.approx([0.26, 0.575, 0.155, 0.01, 0])
    assert measured_qn(Composition("50Na2O-50SiO2")).fractions[3] == pytest.approx(0.03 + 0.64 * 5.61 / 15.61)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no row"),
        ("Na2O,Q4\n", "no row"),
        ("20,50,48,2,0\n", "Line 1"),
        ("x,Q4,Q3,Q2,Q1,Q0\n20,50,48,2,0,0\n25,38,broken,1,0,0\n", "Line 3"),
        ("20,50,48,2,0,0\nbroken\n", "Line 2"),
        ("20,nan,48,2,0,0\n", "Line 1"),
        ("20,0,0,0,0,0\n", "Line 1"),
    ],
)
def test_odd_measured_qn_are_refused(monkeypatch, tmp_path, text, said):
    monkeypatch.setenv("GLASSWRIGHT_DATA", str(tmp_path))
    (tmp_path / QN).parent.mkdir()
    write(tmp_path / QN, text)
    with pytest.raises(InputError, match=f"{said}.*qn_nmr|qn_nmr.*{said}"):
        measured_qn(Composition("30Na2O-70SiO2"))


def test_elastic_table():
    table = measured_table("na2o_sio2_elastic")
    assert np.interp(30, table.columns["Na2O [mol%]"], table.columns["C44 [GPa]"]) == pytest.approx(25.1, abs=0.05)
    with pytest.raises(InputError):
        measured_table("gold")
