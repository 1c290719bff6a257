"""Every format gives the same known curve back, says what it concluded, and refuses what it cannot know."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glasswright.errors import InputError
from glasswright.experiment import FORMATS, KINDS, Experiment, kind_of
from reference import formats

SILICA = {"composition": "SiO2", "density": 2.2}


def said(experiment: Experiment) -> str:
    return "; ".join(experiment.curve.metadata["concluded"])


def test_gudrun(tmp_path):
    experiment = Experiment.from_file(formats.gudrun(tmp_path / "a.mint01"), "i(Q)", "neutron", **SILICA)
    curve = experiment.curve
    assert np.allclose(curve.x, formats.Q)
    assert np.allclose(curve.y, formats.BARN * (formats.S - 1), atol=1e-7)
    assert np.allclose(curve.sigma, formats.ERROR)
    assert "format: gudrun" in said(experiment)
    assert "2 leading rows of zeros" in said(experiment)
    assert experiment.doubts == ()


def test_gudrun_with_groups_asks_which(tmp_path):
    path = formats.gudrun(tmp_path / "a.dat", groups=3)
    with pytest.raises(InputError, match=r"3 data sets.*group 2.*dataset"):
        Experiment.from_file(path, "i(Q)", **SILICA)
    chosen = Experiment.from_file(path, "i(Q)", **SILICA, dataset=2)
    assert np.allclose(chosen.curve.y, formats.BARN * (formats.S - 1), atol=1e-7)
    assert "data set: group 2" in said(chosen)
    for wrong in (0, 4, "group 9", True, 1.5):
        with pytest.raises(InputError, match="no data set"):
            Experiment.from_file(path, "i(Q)", **SILICA, dataset=wrong)


def test_gudrun_cross_sections_still_hold_the_self_scattering(tmp_path):
    with pytest.raises(InputError, match="self scattering"):
        Experiment.from_file(formats.gudrun(tmp_path / "a.mdcs01"), "i(Q)", **SILICA)


def test_epsr(tmp_path):
    path = formats.epsr(tmp_path / "a.EPSR.t01")
    curve = Experiment.from_file(path, "S(Q)-1", "neutron", **SILICA).curve
    assert np.allclose(curve.y, formats.S - 1, atol=1e-7)
    assert curve.metadata["format"] == "epsr"
    two = formats.epsr(tmp_path / "b.EPSR.t01", ("Neutron SiO2", "X-ray SiO2"))
    with pytest.raises(InputError, match=r"1 \(Neutron SiO2\), 2 \(X-ray SiO2\)"):
        Experiment.from_file(two, "S(Q)-1", **SILICA)
    assert np.allclose(Experiment.from_file(two, "S(Q)-1", **SILICA, dataset="X-ray SiO2").curve.y, 2 * (formats.S - 1), atol=1e-6)


def test_three_named_columns_are_not_taken_for_epsr(tmp_path):
    experiment = Experiment.from_file(text(tmp_path, "#  Q    S(Q)\n1.0 1.1 0.1\n2.0 0.9 0.1\n"), "S(Q)", **SILICA)
    assert experiment.curve.metadata["format"] == "columns"


def test_epsr_partials_are_no_measurement(tmp_path):
    path = formats.epsr(tmp_path / "a.EPSR.f01", ("Si-Si", "Si-O", "O-O"))
    with pytest.raises(InputError, match="partial functions"):
        Experiment.from_file(path, "S(Q)-1", **SILICA)


def test_rmcprofile(tmp_path):
    experiment = Experiment.from_file(formats.rmc(tmp_path / "a.fq"), "F(Q)", "neutron", **SILICA)
    assert np.allclose(experiment.curve.y, formats.BARN * (formats.S - 1), atol=1e-7)
    assert experiment.curve.metadata["format"] == "rmc"
    assert experiment.curve.metadata["header"] == "vitreous silica, F(Q) in barn"
    with pytest.raises(InputError, match="cut short"):
        Experiment.from_file(formats.rmc(tmp_path / "b.fq", points=10_000), "F(Q)", **SILICA)
    assert any("GK(r)" in d for d in Experiment.from_file(formats.rmc(tmp_path / "c.gr"), "G(r)", **SILICA).doubts)


def test_pdfgetx3_says_it_all(tmp_path):
    experiment = Experiment.from_file(formats.pdfgetx3(tmp_path / "a.gr"), density=2.2)
    assert (experiment.curve.kind, experiment.radiation, str(experiment.composition)) == ("G(r)", "xray", "SiO2")
    assert experiment.q_range == (0.6, 24.0)
    assert np.allclose(experiment.curve.y, formats.G[1:], rtol=1e-5, atol=1e-9)
    assert experiment.curve.y_unit == "1/Å²"
    for words in ("kind: G(r), defined by the format", "radiation: xray", "composition: SiO2", "0.6 to 24", "r = 0"):
        assert words in said(experiment)


@pytest.mark.parametrize(("output", "kind", "values"), [("sq", "S(Q)", formats.S), ("fq", "Q[S(Q)-1]", formats.Q * (formats.S - 1))])
def test_pdfgetx3_in_q(tmp_path, output, kind, values):
    experiment = Experiment.from_file(formats.pdfgetx3(tmp_path / "a.dat", output))
    assert experiment.curve.kind == kind
    assert np.allclose(experiment.curve.y, values, rtol=1e-5, atol=1e-6)


def test_the_f_of_pdfgetx_is_not_that_of_keen(tmp_path):
    with pytest.raises(InputError, match=r"its F\(Q\) is Q\[S\(Q\)-1\]"):
        Experiment.from_file(formats.pdfgetx3(tmp_path / "a.fq", "fq"), "F(Q)")


def test_pdfgetx3_intensities_are_not_normalised(tmp_path):
    with pytest.raises(InputError, match="not normalised"):
        Experiment.from_file(formats.pdfgetx3(tmp_path / "a.iq", "iq"))


@pytest.mark.parametrize(
    ("write", "radiation", "q_range"), [(formats.pdfgetn, "neutron", (2, 32)), (formats.pdfgetx2, "xray", (1, 40)), (formats.gsas, "xray", (0.5, 24.5))]
)
def test_other_programs_of_pair_distribution_functions(tmp_path, write, radiation, q_range):
    experiment = Experiment.from_file(write(tmp_path / "a.gr"), **SILICA)
    assert (experiment.curve.kind, experiment.radiation, experiment.q_range) == ("G(r)", radiation, q_range)
    assert np.allclose(experiment.curve.y, formats.G[1:], atol=6e-5)
    if write is not formats.gsas:
        assert np.allclose(experiment.curve.sigma, 0.1 + 0.001 * formats.R[1:], atol=6e-5)


def test_damping_in_the_header_is_the_resolution(tmp_path):
    path = formats.pdfgetx3(tmp_path / "a.gr")
    path.write_text(path.read_text().replace("qmin = 0.6", "qdamp = 0.031\nqmin = 0.6"))
    assert Experiment.from_file(path).resolution == 0.031
    assert Experiment.from_file(path, resolution=0.02).resolution == 0.02


def test_what_contradicts_the_file_is_refused(tmp_path):
    path = formats.pdfgetx3(tmp_path / "a.gr")
    with pytest.raises(InputError, match="measured with xrays"):
        Experiment.from_file(path, radiation="neutron")
    with pytest.raises(InputError, match=r"holds a G\(r\), not a g\(r\)"):
        Experiment.from_file(path, "g(r)")


def test_another_sample_than_the_header_says_is_pointed_out(tmp_path):
    path = formats.pdfgetx3(tmp_path / "a.gr")
    assert "the sample is SiO2, not GeO2" in " ".join(Experiment.from_file(path, composition="GeO2").doubts)
    assert Experiment.from_file(path, composition="SiO2").doubts == ()
    path.write_text(path.read_text().replace("composition = SiO2", "composition = whatever"))
    assert Experiment.from_file(path, composition="GeO2").doubts == ()
    with pytest.raises(InputError, match="whatever"):
        Experiment.from_file(path)


def test_the_kind_is_never_guessed(tmp_path):
    for write in (formats.gudrun, formats.epsr, formats.rmc):
        with pytest.raises(InputError, match="kind of curve in .* is missing"):
            Experiment.from_file(write(tmp_path / "a.dat"), **SILICA)


@pytest.mark.parametrize("name", [n for n in FORMATS if n != "columns"])
def test_a_file_of_another_format_is_refused_or_read(tmp_path, name):
    path = tmp_path / "a.dat"
    path.write_text("Q S\n1 1.1\n2 0.9\n3 1.0\n")
    if name in ("pdfget",):  # any header will do
        assert len(Experiment.from_file(path, "S(Q)", format=name, **SILICA).curve) == 3
        return
    with pytest.raises(InputError):
        Experiment.from_file(path, "S(Q)", format=name, **SILICA)


def text(tmp_path, content, encoding="utf-8"):
    path = tmp_path / "a.dat"
    path.write_bytes(content.encode(encoding))
    return path


TABLE = "".join(f"{q:.3f} {1 + 0.1 * np.sin(q):.6f} 0.01\n" for q in np.arange(0.5, 20, 0.05))


@pytest.mark.parametrize(
    ("content", "arguments", "expected"),
    [
        ("1 2 0.1\n2 3 -0.1\n", {}, "negative uncertainty"),
        ("1 2\n1 3\n", {}, "given twice"),
        ("2 2\n1 3\n", {}, "must be in the order"),
        ("1 2\n2 NaN\n", {}, "not finite"),
        ("1 2\n2 ****\n", {}, "not a row"),
        ("1 2\n2\n", {}, "not a row"),
        ("0,5 1,2\n1,0 1,1\n", {}, "written with a point"),
        ("-1 2\n2 3\n", {}, "must be positive"),
        ("", {}, "no row of numbers"),
        ("#\n#\n", {}, "no row of numbers"),
        ("1 0\n2 0\n3 0\n", {}, "zeros only"),
        ("<!DOCTYPE html><html>not found</html>", {}, "web page"),
        ("2theta intensity\n1 2\n2 3\n", {}, "is an angle"),
        ("2-Theta (deg) counts\n1 2\n2 3\n", {}, "is an angle"),
        ("Q(nm^-1) S(Q)\n1 2\n2 3\n", {}, "q_unit"),
        ("1 2\n2 3\n", {"q_unit": "furlong"}, "unit of Q"),
        ("1 2\n2 3\n", {"kind": "Q[S(Q)-1]", "q_unit": "1/nm"}, "nm is not supported"),
        ("1 2\n2 3\n", {"format": "gudran"}, "format 'gudran' is unknown"),
        ("1 2\n2 3\n", {"dataset": 2}, "one data set"),
        ("1 2\n2 3\n", {"isotopes": {"Ge": "73Ge"}}, "holds none"),
        ("1 2\n2 3\n", {"isotopes": {"Si": "73Ge"}}, "no isotope of Si"),
        ("1 2\n2 3\n", {"isotopes": {"Si": "99Si"}}, "99Si.*28Si, 29Si, 30Si"),
        ("1 2\n2 3\n", {"isotopes": {"Si": 29}}, "no isotope of Si"),
        ("1 2\n2 3\n", {"isotopes": {"Si": "29Si"}, "radiation": "xray"}, "electrons only"),
        ("1 2\n2 3\n", {"form_factors": {"Si": "Si4+"}}, "nuclei"),
        ("1 2\n2 3\n", {"divisor": "<f2>"}, "divisor"),
        ("1 2\n2 3\n", {"relative_resolution": 2.0}, "relative_resolution"),
        ("1 2\n2 3\n", {"resolution": "wide"}, "resolution = 'wide'"),
        ("1 2\n2 3\n", {"isotopes": {"Si": 29}, "radiation": "xray"}, "electrons only"),
        ("1 2\n2 3\n", {"radiation": "electron"}, "radiation"),
        ("1 2\n2 3\n", {"kind": "D(r)", "radiation": "xray"}, "not supported"),
    ],
)
def test_bad_data_say_what_is_wrong(tmp_path, content, arguments, expected):
    with pytest.raises(InputError, match=expected) as caught:
        Experiment.from_file(text(tmp_path, content), **{"kind": "S(Q)", **SILICA, **arguments})
    assert caught.value.what


def test_odd_encodings_and_fortran_exponents(tmp_path):
    curve = Experiment.from_file(text(tmp_path, "Q/Å S(Q)\n1.0D+00 1.5d-1\n2.0D+00 1.0\n", "latin-1"), "S(Q)", **SILICA).curve
    assert (curve.x.tolist(), curve.y.tolist()) == ([1, 2], [0.15, 1])
    assert len(Experiment.from_file(text(tmp_path, "1 2\n2 3\n", "utf-8-sig"), "S(Q)", **SILICA).curve) == 2


def test_nanometres(tmp_path):
    rows = "Q (nm^-1)\n" + "".join(f"{10 * float(line.split()[0])} {line.split()[1]}\n" for line in TABLE.splitlines())
    experiment = Experiment.from_file(text(tmp_path, rows), "S(Q)", **SILICA, q_unit="1/nm")
    assert (experiment.curve.x[0], experiment.curve.x[-1]) == pytest.approx((0.5, 19.95))
    in_r = Experiment.from_file(text(tmp_path, "0.1 0\n0.2 1\n"), "g(r)", **SILICA, q_unit="1/nm")
    assert in_r.curve.x == pytest.approx([1, 2])


@pytest.mark.parametrize(
    ("factor", "shift", "kind", "expected"),
    [(10, 0, "S(Q)", "1/nm"), (0.1, 0, "S(Q)", "unit"), (1, -1, "S(Q)", "S(Q)-1"), (1, 0, "i(Q)", "is it a S(Q)"), (1, 0, "S(Q)", None), (1, -1, "i(Q)", None)],
)
def test_what_looks_odd_is_pointed_out(tmp_path, factor, shift, kind, expected):
    rows = np.array([line.split() for line in TABLE.splitlines()], float)
    content = "".join(f"{q * factor} {y + shift} {e}\n" for q, y, e in rows)
    doubts = " ".join(Experiment.from_file(text(tmp_path, content), kind, **SILICA).doubts)
    assert (expected in doubts) if expected else doubts == ""


def test_uncertainty_of_zeros_is_unknown(tmp_path):
    experiment = Experiment.from_file(text(tmp_path, "1 2 0\n2 3 0\n"), "S(Q)", **SILICA)
    assert experiment.curve.sigma is None
    assert "unknown" in said(experiment)


def test_kinds_forgive_blanks_only():
    assert kind_of("Q [S(Q) - 1]").name == "Q[S(Q)-1]"
    for wrong in ("s(q)", "q", "", None, 3):
        with pytest.raises(InputError, match="unknown"):
            kind_of(wrong)
    assert all(kind.definition for kind in KINDS.values())


@settings(max_examples=300, deadline=None)
@given(content=st.text(alphabet="0123456789.-+eEdDnaif \t,;#\nQrSL=()/[]", max_size=120) | st.binary(max_size=200))
def test_any_content_is_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "a.dat"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for name in ("auto", *FORMATS):
        try:
            curve = Experiment.from_file(path, "S(Q)", **SILICA, format=name).curve
        except InputError:
            continue
        assert np.all(np.isfinite(curve.y))
        assert np.all(np.diff(curve.x) > 0)
        assert curve.x[0] > 0
