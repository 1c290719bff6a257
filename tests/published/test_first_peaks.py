"""First peaks of measured glasses, by the fit that simulated ones get too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from glasswright.analysis import convert, fit_first_peak
from glasswright.composition import Composition
from glasswright.library.measurements import measured_curves, shipped_experiment


def silica(kind: str):
    found = next(entry for entry in measured_curves(Composition("SiO2")) if entry.kind == kind and entry.radiation == "neutron").load()
    if found is None:
        pytest.skip("The measured curves of silica are not in the folder that GLASSWRIGHT_DATA names.")
    return found


def test_silica_has_the_published_area_distance_and_width() -> None:
    """ISIS T(r): area from 1.40 to 1.85 Å 3.88 oxygens; Si-O 1.608 ± 0.004 Å in the literature (Grimley, Wright and Sinclair, doi
    10.1016/0022-3093(90)90240-M), whose width of 0.047 ± 0.004 Å the fit finds only when the Q range of the data is the right one."""
    found = fit_first_peak(silica("T(r)"), ("Si", "O"), (1.40, 1.85))
    assert found.counted == pytest.approx(3.88, abs=0.02)
    assert found.number == pytest.approx(3.88, abs=0.03)
    assert found.position == pytest.approx(1.615, abs=0.005)
    assert found.width == pytest.approx(0.045, abs=0.004)
    assert fit_first_peak(silica("T(r)"), ("Si", "O")).number == pytest.approx(found.number, abs=0.01)


def test_the_peak_of_silica_does_not_depend_on_where_q_ends() -> None:
    """The published T(r), made up to 51 1/Å, and our transform of i(Q) up to 30 1/Å, whose peak is twice as broad as it stands."""
    t, measured = silica("T(r)"), silica("i(Q)")
    assert t.q_range == (0.54, 51.0) and t.window == "lorch"
    same = fit_first_peak(t, ("Si", "O"))
    short = convert(measured.curve, "T(r)", "SiO2", 2.20, window="lorch", q_max=30.0)
    again = fit_first_peak(short, ("Si", "O"), same.r_range, fractions=t.composition.atom_fractions, density=t.number_density, q_max=30.0, window="lorch")
    assert again.number == pytest.approx(same.number, abs=0.1)
    assert again.position == pytest.approx(same.position, abs=0.003)
    assert again.width == pytest.approx(same.width, abs=0.012)


def test_two_isotopes_of_germania_give_one_bond() -> None:
    """70Ge and 73Ge: the bond is the same, whatever scatters."""
    found = []
    for name in ("geo2-70ge", "geo2-73ge"):
        experiment = shipped_experiment(name)
        t = convert(experiment.curve, "T(r)", experiment.composition, experiment.density, isotopes=experiment.isotopes, window="lorch")
        end = float(experiment.curve.x[-1])
        found.append(fit_first_peak(replace(experiment, curve=t, window="lorch", q_range=(0.4, end)), ("Ge", "O")))
    assert found[0].position == pytest.approx(found[1].position, abs=0.001)
    assert found[0].position == pytest.approx(1.74, abs=0.005)
    assert [f.number for f in found] == pytest.approx([3.89, 3.98], abs=0.1)  # areas by transform, as the data were published
    assert [f.width for f in found] == pytest.approx([0.055, 0.055], abs=0.005)
